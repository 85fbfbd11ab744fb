package minutes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tavolo/pkg/minutes"
)

var (
	// anyText is what people write, and what YAML finds hard: signs, numbers, words of older YAML, lines.
	anyText = rapid.OneOf(
		rapid.StringMatching(`[ -~]{0,12}`),
		rapid.StringMatching(`[\n\t àèé€😀"'\\#:,\[\]{}&*!|>%@-]{0,6}`),
		rapid.SampledFrom([]string{"", "no", "true", "null", "~", "12", "-", "- a", "a: b", "a #b", " a", "a ", "2026-03-05", "\u2028x",
			"\ufeff", "\ufffe", "\r\n", "'", "\"", "{}", "[a", "?", "? a", "<<", "=", "1e3", "0x1f", ".5", "1:30", "👩\u200d⚕️", "%", "---", "..."}),
		rapid.Custom(func(t *rapid.T) string { return legible(rapid.String().Draw(t, "any")) }),
	)
	anyID = rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_-]{0,20}`), rapid.SampledFrom([]string{"12", "no", "true", "1e3", "2026-03-05", "007", "null"}))
)

// legible takes away the characters that no minutes can hold.
func legible(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f && c <= 0x9f {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
}

func pick[W any](t *rapid.T, name string, words ...W) W {
	return rapid.SampledFrom(words).Draw(t, name)
}

func anyMoment(t *rapid.T, after time.Time) time.Time {
	moved := after.Add(time.Duration(rapid.Int64Range(0, 1e16).Draw(t, "later")))
	offset := rapid.IntRange(-14*60, 14*60).Draw(t, "offset")
	if offset == 0 {
		return moved.UTC()
	}
	return moved.In(time.FixedZone("", offset*60))
}

var opening = time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC)

// anyFile makes files that Parse accepts, with every key of the format now and then.
var anyFile = rapid.Custom(func(t *rapid.T) *minutes.File {
	opened := anyMoment(t, opening)
	f := &minutes.File{
		Format:     minutes.Format,
		Department: minutes.Department{ID: anyID.Draw(t, "department"), Name: anyText.Draw(t, "name"), Region: anyText.Draw(t, "region")},
		Initiative: minutes.Initiative{ID: anyID.Draw(t, "initiative"), Title: anyText.Draw(t, "title"), Stage: pick(t, "stage", "", minutes.StageAssess)},
		Session: minutes.Session{ID: anyID.Draw(t, "session"), Title: anyText.Draw(t, "title"), OpenedAt: opened,
			Kind: pick(t, "kind", "", minutes.SessionFocusGroup)},
	}
	if f.Initiative.Scope = pick(t, "scope", "", minutes.ScopeStrategicPlanning, minutes.ScopeArea); f.Initiative.Scope == minutes.ScopeArea {
		f.Initiative.Area = pick(t, "area", "", minutes.AreaCarePathways)
	}
	if rapid.Bool().Draw(t, "closed") {
		f.Session.ClosedAt = anyMoment(t, opened)
	}
	// Three voters are always there, so that every rule drawn can be fulfilled.
	for i := range rapid.IntRange(3, 6).Draw(t, "participants") {
		p := minutes.Participant{ID: fmt.Sprintf("u%d", i), Name: anyText.Draw(t, "name"), EmployedByDepartment: rapid.Bool().Draw(t, "employed"),
			Constituency: pick(t, "constituency", minutes.ConstituencyUser, minutes.ConstituencyPSW, "ward-3", "")}
		if rapid.Bool().Draw(t, "appointed") {
			p.Appointed = []minutes.Office{minutes.OfficeChair, minutes.OfficeObserver}
		}
		f.Participants = append(f.Participants, p)
	}
	f.Participants[0].Constituency = minutes.ConstituencyUser
	for i := range rapid.IntRange(0, 3).Draw(t, "items") {
		item := minutes.Item{ID: fmt.Sprintf("i%d", i), Title: anyText.Draw(t, "title"), ProposedBy: pick(t, "proposer", "", "u1")}
		for j := range rapid.IntRange(0, 3).Draw(t, "contributions") {
			said := minutes.Contribution{By: "u1", Kind: pick(t, "kind", minutes.ContributionAdvice, minutes.ContributionReport),
				Seconds: rapid.Int64Range(0, minutes.MaxNumber).Draw(t, "seconds"), Text: anyText.Draw(t, "text")}
			if said.Answers = rapid.Int64Range(0, int64(j)).Draw(t, "answers"); said.Answers > 0 {
				said.Reply = pick(t, "reply", "", minutes.ReplyPartly)
			}
			item.Contributions = append(item.Contributions, said)
		}
		for j := range rapid.IntRange(0, 2).Draw(t, "decisions") {
			item.Decisions = append(item.Decisions, anyDecision(t, fmt.Sprintf("d%d-%d", i, j), f.Participants, opened))
		}
		f.Items = append(f.Items, item)
	}
	return f
})

func anyDecision(t *rapid.T, id string, people []minutes.Participant, opened time.Time) minutes.Decision {
	d := minutes.Decision{ID: id, Question: anyText.Draw(t, "question")}
	secret := rapid.Bool().Draw(t, "secret")
	for i := range people {
		e := minutes.Elector{Participant: fmt.Sprintf("u%d", i), Standing: minutes.StandingBindingVote, Weight: 1, Present: true}
		if i > 2 {
			e.Standing = pick(t, "standing", minutes.StandingNone, minutes.StandingInformed, minutes.StandingConsulted, minutes.StandingVeto)
			e.Weight = rapid.Int64Range(1, 9).Draw(t, "weight")
		}
		switch {
		case e.Standing == minutes.StandingConsulted:
			e.Advice = pick(t, "advice", "", minutes.ChoiceAgainst)
		case e.Standing.HasVote() && i > 0 && rapid.Bool().Draw(t, "away"):
			e.Present, e.Mandate = rapid.Bool().Draw(t, "present"), pick(t, "mandate", "", "m1")
			e.Proxy = &minutes.Proxy{To: "u0", Instructed: rapid.Bool().Draw(t, "instructed")}
		case i > 2 && e.Standing.HasVote() && rapid.Bool().Draw(t, "recused"):
			e.Recused = true
		}
		if e.Standing.HasVote() && !e.Recused && secret {
			e.Cast = rapid.Bool().Draw(t, "cast")
		} else if e.Standing.HasVote() && !e.Recused {
			e.Ballot = pick(t, "ballot", "", minutes.ChoiceFor, minutes.ChoiceAbstain)
		}
		d.Electorate = append(d.Electorate, e)
	}
	if secret || rapid.Bool().Draw(t, "charter") {
		d.Charter = &minutes.Charter{Secret: secret, Ratification: pick(t, "ratification", minutes.RatificationNone, minutes.RatificationMerit),
			PrecommittedBy: pick(t, "precommitted", "", "u2")}
		if rapid.Bool().Draw(t, "rule") {
			d.Charter.Rule = anyRule(t, secret)
		}
	}
	if secret {
		d.Tally = &minutes.Tally{}
		for _, e := range d.Electorate {
			if e.Cast {
				d.Tally.For += e.Weight
				if i := int(e.Participant[1] - '0'); people[i].Constituency != "" {
					part := d.TallyByConstituency[people[i].Constituency]
					part.For += e.Weight
					if d.TallyByConstituency == nil {
						d.TallyByConstituency = map[minutes.Constituency]minutes.Tally{}
					}
					d.TallyByConstituency[people[i].Constituency] = part
				}
			}
		}
	}
	if rapid.Bool().Draw(t, "claim") {
		d.ClaimedConsensus, d.ClaimedOutcome = true, pick(t, "claimed", minutes.OutcomeAdopted, minutes.OutcomeRejected)
	}
	yes := rapid.Bool().Draw(t, "same")
	for _, act := range []minutes.Act{
		{Kind: minutes.ActFinalAct, By: "u0", SameAsOutcome: &yes, At: anyMoment(t, opened)},
		{Kind: minutes.ActObjectionDismissed, By: minutes.Electorate, Objector: "u1", AllowedByRule: yes},
		{Kind: minutes.ActImplementationDue, Owner: "u1", Due: minutes.Deadline{At: opened.UTC().AddDate(0, 0, 3).Truncate(24 * time.Hour), WholeDay: true}},
		{Kind: minutes.ActImplementationDue, Due: minutes.Deadline{At: anyMoment(t, opened.Add(1))}},
		{Kind: minutes.ActDeferred},
	} {
		if rapid.Bool().Draw(t, "act") {
			d.Acts = append(d.Acts, act)
		}
	}
	return d
}

// anyRule makes rules that three voters, one of them a user, can fulfil, with the defaults filled in. A
// secret vote has no rule that asks how single people voted.
func anyRule(t *rapid.T, secret bool) *minutes.Rule {
	threshold := rapid.SampledFrom([]minutes.Threshold{minutes.Majority, {Kind: minutes.ThresholdVotes, Votes: 1},
		{Kind: minutes.ThresholdFraction, Fraction: minutes.Fraction{Num: 4, Den: 6}}})
	r := &minutes.Rule{Method: pick(t, "method", minutes.MethodMajority, minutes.MethodUnanimity, minutes.MethodConsent, minutes.MethodConstituencies, minutes.MethodSole)}
	if secret && r.Method == minutes.MethodSole {
		r.Method = minutes.MethodConsensus
	}
	switch r.Method {
	case minutes.MethodMajority:
		r.Threshold, r.Base = threshold.Draw(t, "threshold"), pick(t, "base", minutes.BaseCast, minutes.BaseMembers)
		if r.Tie = pick(t, "tie", minutes.TieStatusQuo, minutes.TieChair, minutes.TieDefer); r.Tie == minutes.TieChair {
			r.Chair = "u1"
		}
	case minutes.MethodUnanimity:
		r.Base = pick(t, "base", minutes.BaseCast, minutes.BasePresent)
	case minutes.MethodConsent, minutes.MethodConsensus:
		r.Base = pick(t, "base", "", minutes.BaseMembers)
	case minutes.MethodConstituencies:
		r.Tie = pick(t, "tie", minutes.TieStatusQuo, minutes.TieDefer)
		if rapid.Bool().Draw(t, "overall") {
			r.Threshold, r.Base = threshold.Draw(t, "threshold"), pick(t, "base", minutes.BaseCast, minutes.BasePresent)
		}
		r.Constituencies = []minutes.ConstituencyRule{{Of: []minutes.Constituency{"user", "family"}, Threshold: threshold.Draw(t, "threshold"),
			Base: pick(t, "base", minutes.BaseCast, minutes.BasePresent), MinPresent: rapid.Int64Range(0, 1).Draw(t, "min_present")}}
	case minutes.MethodSole:
		r.Holder = "u0"
	}
	switch rapid.IntRange(0, 3).Draw(t, "quorum") {
	case 1:
		r.Quorum = &minutes.Quorum{Fraction: minutes.Fraction{Num: 1, Den: 2}, Constituencies: map[minutes.Constituency]int64{"user": 1}}
	case 2:
		r.Quorum = &minutes.Quorum{Count: 3}
	}
	if secret {
		return r
	}
	if rapid.Bool().Draw(t, "veto") {
		r.Veto, r.RequiresFor = []string{"u0", "u1"}, []string{"u2"}
	}
	if r.Method != minutes.MethodSole {
		r.MinMembersFor = rapid.Int64Range(0, 3).Draw(t, "min_members_for")
	}
	return r
}

// Parse(Write(f)) is f, in both formats and through encoding/json, and writing has one result.
func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	s := schemaOf(t, minutes.Schema)
	rapid.Check(t, func(t *rapid.T) {
		f := anyFile.Draw(t, "file")
		asJSON, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string][]byte{"encoding/json": asJSON}
		for _, format := range []string{"yaml", "json"} {
			var one, two bytes.Buffer
			if err := errors.Join(minutes.Write(&one, f, format), minutes.Write(&two, f, format)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one.Bytes(), two.Bytes()) {
				t.Fatalf("%s is written in two ways", format)
			}
			texts[format] = one.Bytes()
		}
		for format, text := range texts {
			again, err := minutes.Parse(format, text)
			if err != nil {
				t.Fatalf("%s is refused: %v\n%s", format, err, text)
			}
			if diff := cmp.Diff(f, again, sameFile); diff != "" {
				t.Fatalf("%s reads back as another file: %s\n%s", format, diff, text)
			}
			if format != "yaml" {
				if faults := s.check(text); len(faults) > 0 {
					t.Fatalf("%s does not satisfy the schema: %v", format, faults)
				}
			}
		}
	})
}

func TestTheWrittenYAMLLooksLikeTheFormatsExample(t *testing.T) {
	text := string(written(t, parse(t, "every-key.yaml", read(t, "every-key.yaml")), "yaml"))
	for _, line := range []string{
		"  - {id: u1, constituency: user, name: Prova Uno}\n",
		"  - {id: \"12\", constituency: family}\n",
		"session: {id: \"2026-03-05\", title: Terzo incontro, kind: meeting, opened_at: 2026-03-05T16:00:00+01:00, closed_at: 2026-03-05T18:00:00+01:00}\n",
		"      question: Aprire il Centro diurno il sabato mattina?\n",
		"      - {by: u1, kind: proposal, seconds: 90, text: \"Aprire anche di sabato: è il giorno più lungo\"}\n",
		"          quorum: {fraction: 1/2, constituencies: {user: 2}}\n",
		"        - {participant: u3, standing: binding_vote, proxy: {to: u1, instructed: true}, ballot: abstain, present: false}\n",
		"        - {kind: implementation_due, owner: p1, due: 2026-04-01}\n",
		"        tally_by_constituency: {professional: {for: 1, against: 1}, user: {for: 2, against: 1}}\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the text lacks %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestAnUnknownFormatIsNotWritten(t *testing.T) {
	if err := minutes.Write(io.Discard, &minutes.File{}, "xml"); err == nil || !strings.Contains(err.Error(), "yaml or json") {
		t.Errorf("writing XML says %v", err)
	}
}
