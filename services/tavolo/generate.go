package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/territory"
)

// This chapter makes up a plausible year of many departments, as minutes files: to try reports on, and to measure with. Nothing in it happened. `tavolo
// import` records the files as it records any others, so what follows from them follows from real commands.

// generateCmd writes the files.
type generateCmd struct {
	Out         string `arg:"" help:"Folder to write minutes files to. It is made when it is not there."`
	Departments int    `help:"How many departments." default:"61"`
	Decisions   int    `help:"About how many decisions each." default:"330"`
	Year        int    `help:"Which year." default:"2026"`
	Seed        uint64 `help:"The same seed makes the same files." default:"1"`
}

const (
	// itemsPerSession is how many decisions one session takes.
	itemsPerSession = 10
	// others is how many of these are of another kind than the department's own: none is all alike, and each comes out as chosen.
	others = 3
)

// targets are the median roles of the departments as the survey published them (Table 3), in a row that is gone round: 21 none, 35 consultative, 4
// decisive, 1 other.
var targets = strings.Repeat("N", 21) + strings.Repeat("C", 35) + strings.Repeat("D", 4) + "X"

func (c *generateCmd) Run(_ context.Context, t *terminal) error {
	if c.Departments < 1 || c.Decisions < 1 {
		return refused{"tavolo: state at least one department and one decision."}
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return err
	}
	files, decisions := 0, 0
	for d := range c.Departments {
		sessions := (c.Decisions + itemsPerSession - 1) / itemsPerSession
		for s := range sessions {
			id, text := generated(c, d, s, sessions)
			if err := os.WriteFile(filepath.Join(c.Out, id+".yaml"), []byte(text), 0o600); err != nil {
				return err
			}
			files++
			decisions += strings.Count(text, "    decision:\n")
		}
	}
	_, err := fmt.Fprintf(t.out, "%s: %s of %s, %s. Record them with: tavolo import %s\n", c.Out, count(files, "session"), count(c.Departments, "department"), count(decisions, "decision"), filepath.Join(c.Out, "*.yaml"))
	return err
}

// generated writes one session of a department. What is drawn depends on the seed, the department and the session alone.
func generated(c *generateCmd, department, session, of int) (id, text string) {
	draw := rand.New(rand.NewPCG(c.Seed, uint64(department)<<32|uint64(session)))
	regions := territory.Regions()
	opened := time.Date(c.Year, 1, 7, 16, 0, 0, 0, time.UTC).Add(time.Duration(session) * 350 * 24 * time.Hour / time.Duration(of)).Truncate(time.Hour)
	kind := []string{"meeting", "working_group", "plenary"}[draw.IntN(3)]
	target := targets[department%len(targets)]
	if target == 'C' && draw.IntN(8) == 0 {
		kind = "focus_group"
	}
	var b strings.Builder
	own := fmt.Sprintf("dsm-%03d", department+1)
	fmt.Fprintf(&b, "# Generated. Nothing in this file happened.\nformat: tavolo-minutes/1\ndepartment: {id: %s, name: DSM generato %d, region: %q}\n", own, department+1, regions[department%len(regions)].It)
	b.WriteString("initiative: {id: piano, title: Piano del dipartimento, scope: strategic_planning, stage: design}\n")
	fmt.Fprintf(&b, "session: {id: s%03d, title: Incontro %d, kind: %s, opened_at: %s, closed_at: %s}\n", session+1, session+1, kind, opened.Format(time.RFC3339), opened.Add(2*time.Hour).Format(time.RFC3339))
	b.WriteString("participants:\n")
	for _, group := range groups {
		for n := range group.people {
			fmt.Fprintf(&b, "  - {id: %s%d, constituency: %s}\n", group.letter, n+1, group.constituency)
		}
	}
	b.WriteString("items:\n")
	another := draw.Perm(itemsPerSession)[:others]
	for n := range min(itemsPerSession, c.Decisions-session*itemsPerSession) {
		letter := target
		if letter != 'X' && slices.Contains(another, n) {
			letter = "NCDX"[draw.IntN(4)]
		}
		writeItem(&b, draw, session*itemsPerSession+n+1, letter)
	}
	return fmt.Sprintf("%s-%03d", own, session+1), b.String()
}

// groups are who sits in every department.
var groups = []struct {
	letter, constituency string
	people               int
}{{"u", "user", 5}, {"f", "family", 2}, {"p", "professional", 6}}

// writeItem writes an item and its decision: D users and professionals decide together, C users are asked for advice, N users are told, X put off.
func writeItem(b *strings.Builder, draw *rand.Rand, n int, letter byte) {
	rule, standing := "{method: majority}", "informed"
	switch letter {
	case 'D':
		rule, standing = "{method: constituencies, constituencies: [{of: [user]}, {of: [professional]}]}", "binding_vote"
	case 'C':
		standing = "consulted"
	}
	proposer, first := []string{"u1", "p1", "p2"}[draw.IntN(3)], fmt.Sprintf("u%d, kind: proposal", 1+draw.IntN(5))
	if letter == 'N' { // whoever is told has said nothing before
		proposer, first = "p1", "p1, kind: proposal"
	}
	fmt.Fprintf(b, "  - id: i%d\n    title: Punto %d\n    proposed_by: %s\n    contributions:\n", n, n, proposer)
	fmt.Fprintf(b, "      - {by: %s, seconds: %d}\n      - {by: p%d, kind: statement, seconds: %d", first, 20+draw.IntN(60), 2+draw.IntN(5), 20+draw.IntN(90))
	if draw.IntN(4) > 0 {
		b.WriteString(", answers: 1")
	}
	fmt.Fprintf(b, "}\n    decision:\n      id: d%d\n      question: Adottare la proposta %d?\n      charter: {rule: %s}\n      electorate:\n", n, n, rule)
	vote := func() string { return []string{"for", "for", "for", "against", "abstain"}[draw.IntN(5)] }
	for _, group := range groups {
		for i := range group.people {
			switch {
			case group.constituency == "professional", group.constituency == "user" && standing == "binding_vote":
				fmt.Fprintf(b, "        - {participant: %s%d, standing: binding_vote, ballot: %s}\n", group.letter, i+1, vote())
			case group.constituency == "user" && standing == "consulted":
				fmt.Fprintf(b, "        - {participant: %s%d, standing: consulted, advice: %s}\n", group.letter, i+1, vote())
			default:
				fmt.Fprintf(b, "        - {participant: %s%d, standing: informed}\n", group.letter, i+1)
			}
		}
	}
	if letter == 'X' {
		b.WriteString("      acts: [{kind: deferred}]\n")
	}
}
