package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	commandv1 "tavolo/proto/tavolo/command/v1"
)

// This chapter reads one vote in every place that anyone may read, and puts together what each tells.

// cells are the counts of a vote that one place tells. Cells are named; a place that has no room for one says nothing of it.
type cells map[string]int

// groups of the example, with the constituency of each: relatives, professionals, users.
var groups = []struct {
	letter, code string
	people       int
}{{"f", "family", 12}, {"p", "professional", 7}, {"u", "user", 3}}

// groupMinutes writes the minutes of 12 relatives, 7 professionals and 3 users, who decide four times.
func groupMinutes() []byte {
	var b strings.Builder
	b.WriteString("format: tavolo-minutes/1\ndepartment: {id: dsm-esempio, name: DSM Esempio, region: Emilia-Romagna}\n" +
		"initiative: {id: csm-gruppi, title: Gruppi, scope: area, area: rehabilitation, stage: design}\n" +
		"session: {id: 2026-03-07, title: Incontro, kind: meeting, opened_at: 2026-03-07T16:00:00+01:00, closed_at: 2026-03-07T18:00:00+01:00}\nparticipants:\n")
	for _, g := range groups {
		for n := range g.people {
			fmt.Fprintf(&b, "  - {id: %s%d, constituency: %s}\n", g.letter, n, g.code)
		}
	}
	b.WriteString("items:\n")
	for _, own := range []string{"tutti", "assenti", "pesi", "due"} {
		fmt.Fprintf(&b, "  - id: i-%s\n    title: Punto\n    proposed_by: f0\n    decision:\n      id: %s\n      question: Aprire il sabato?\n"+
			"      charter: {rule: {method: majority, threshold: majority, base: cast}, ratification: none}\n      electorate:\n", own, own)
		for _, g := range groups {
			for n := range g.people {
				weight, ballot := "", "ballot: for"
				switch {
				case own == "due" && g.code == "user":
					continue
				case own == "assenti" && g.code == "family" && n < 2:
					ballot = "present: false"
				case n%3 == 0:
					ballot = "ballot: against"
				}
				if own == "pesi" && g.code == "family" && n == 1 {
					weight = "weight: 2, "
				}
				fmt.Fprintf(&b, "        - {participant: %s%d, standing: binding_vote, %s%s}\n", g.letter, n, weight, ballot)
			}
		}
	}
	return []byte(b.String())
}

// feedTells reads the figures of an entry.
func feedTells(t *testing.T, raw string) (decision string, all cells) {
	t.Helper()
	var n struct {
		Entry struct {
			Decision string
			Figures  struct {
				Voters               *int
				VotersByConstituency map[string]int
				Tally                map[string]string
				TallyByConstituency  map[string]map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(raw), &n); err != nil {
		t.Fatal(err)
	}
	f := n.Entry.Figures
	all = cells{}
	if f.Voters != nil {
		all["voters"] = *f.Voters
	}
	for code, n := range f.VotersByConstituency {
		all["voters "+code] = n
	}
	tally := func(of string, counts map[string]string) {
		for choice, n := range counts {
			all[of+choice], _ = strconv.Atoi(n)
		}
	}
	tally("", f.Tally)
	for code, counts := range f.TallyByConstituency {
		tally(code+" ", counts)
	}
	return n.Entry.Decision, all
}

// pageTells reads the public page of a decision.
func pageTells(t *testing.T, page string) cells {
	t.Helper()
	all := cells{}
	for words, name := range map[string]string{"Family members": "voters family", "Professionals": "voters professional", "People who use the services": "voters user", "<strong>In all</strong>": "voters"} {
		row := regexp.MustCompile(regexp.QuoteMeta(words) + `</th><td role="cell"><span class="of" aria-hidden="true">With a vote</span>(?:<strong>)?([^<]+)<`).FindStringSubmatch(page)
		if row == nil {
			continue // nobody of these
		}
		if n, err := strconv.Atoi(row[1]); err == nil {
			all[name] = n
		}
	}
	if x := regexp.MustCompile(`For (\d+), against (\d+), abstained (\d+)\.`).FindStringSubmatch(page); x != nil {
		for i, choice := range []string{"for", "against", "abstain"} {
			all[choice], _ = strconv.Atoi(x[i+1])
		}
	}
	return all
}

// popoloTells reads a file of votes, by decision.
func popoloTells(t *testing.T, data []byte) map[string]cells {
	t.Helper()
	var file struct {
		VoteEvents []struct {
			ID     string
			Counts []struct {
				Option  string
				Value   int
				GroupID string `json:"group_id"`
			}
		} `json:"vote_events"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	votes := map[string]cells{}
	for _, v := range file.VoteEvents {
		all := cells{}
		for _, c := range v.Counts {
			_, group, _ := strings.Cut(c.GroupID, "/constituency/")
			all[strings.TrimSpace(group+" "+map[string]string{"yes": "for", "no": "against", "abstain": "abstain"}[c.Option])] = c.Value
		}
		votes[strings.TrimPrefix(v.ID, "dsm-esempio/")] = all
	}
	return votes
}

// only keeps the cells that a place has room for.
func (c cells) only(room func(name string) bool) cells {
	kept := maps.Clone(c)
	maps.DeleteFunc(kept, func(name string, _ int) bool { return !room(name) })
	return kept
}

// What the feed, the page, the packages and the votes in Popolo tell of one vote is told by one rule: none of them shows a cell that another hides.
func TestNoPlaceShowsTheSmallCellThatAnotherHides(t *testing.T) {
	f := openFeedHouse(t)
	if _, err := (importer{nc: f.room.ledger}).record(t.Context(), "m.yaml", groupMinutes(), anyone); err != nil {
		t.Fatal(err)
	}
	f.do(&commandv1.Command{Of: &commandv1.Command_SetPublication{SetPublication: &commandv1.SetPublication{Workspace: "dsm-esempio", Initiative: "csm-gruppi", Public: true}}})
	fed := map[string]cells{}
	for _, raw := range f.await(f.subscribe(`{}`).Token, 4) {
		decision, all := feedTells(t, raw)
		fed[decision] = all
	}
	operator, err := operatorToken(f.plan.Dir)
	if err != nil {
		t.Fatal(err)
	}
	_, open := f.get("", "/open-data/dsm-esempio/download?format=popolo")
	_, read := f.get(operator, "/v1/workspaces/dsm-esempio/export/tavolo-votes.json")
	files := map[string]map[string]cells{"open data": popoloTells(t, open), "the file of votes": popoloTells(t, read)}
	ballots := func(name string) bool { return !strings.HasPrefix(name, "voters") }
	for own, want := range map[string]cells{
		"tutti":   {"voters": 22, "voters professional": 7, "for": 14, "against": 8, "abstain": 0}, // three users: neither they nor the relatives, who would follow
		"assenti": {"for": 13, "against": 7, "abstain": 0},                                         // two stayed away: not how many could have come
		"pesi":    {"voters": 22, "voters professional": 7},                                        // weights are no heads
		"due": {"voters": 19, "voters family": 12, "voters professional": 7, "for": 12, "against": 7, "abstain": 0,
			"family for": 8, "family against": 4, "family abstain": 0, "professional for": 4, "professional against": 3, "professional abstain": 0},
	} {
		id := "csm-gruppi:2026-03-07:" + own
		if got := fed[id]; !maps.Equal(got, want) {
			t.Errorf("%s: the feed tells %v, want %v", own, got, want)
		}
		_, page := f.get("", "/w/dsm-esempio/d/"+id+"/page?lang=en")
		if got := pageTells(t, string(page)); !maps.Equal(got, want.only(func(name string) bool { return !ballots(name) || !strings.Contains(name, " ") })) {
			t.Errorf("%s: the page tells %v, want %v", own, got, want)
		}
		for place, votes := range files {
			if got, known := votes[id]; !known || !maps.Equal(got, want.only(ballots)) {
				t.Errorf("%s: %s tells %v, want %v", own, place, got, want.only(ballots))
			}
		}
	}
	packageCountsNobody(t, f)
}

// packageCountsNobody reads the tables of a package of open data: they hold codes, names, days and the number of a rule.
func packageCountsNobody(t *testing.T, f *feedHouse) {
	t.Helper()
	_, data := f.get("", "/open-data/dsm-esempio/download")
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, x := range z.File {
		if !strings.HasPrefix(x.Name, "data/") {
			continue
		}
		r, err := x.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		head, rows, _ := strings.Cut(string(text), "\r\n")
		tables = append(tables, x.Name)
		if head != "workspace,region,initiative,session,decision,scope,area,stage,closed_on,outcome,who,role,rule,reason" || !strings.Contains(rows, ",tutti,") {
			t.Errorf("%s: %s\n%s", x.Name, head, rows)
		}
	}
	if !slices.Equal(tables, []string{"data/roles.csv"}) {
		t.Errorf("tables %v", tables)
	}
}
