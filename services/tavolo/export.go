package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// exportCmd writes files for other programs.
type exportCmd struct {
	span
	Format string `help:"sav (SPSS), xlsx (Excel), csv (for programs), csv-it (for Italian spreadsheets), zip (data package with all tables), popolo (motions and votes)." enum:"sav,xlsx,csv,csv-it,zip,popolo" required:""`
	Table  string `help:"Which table, for sav and csv." enum:"roles,departments,table3,findings" default:"roles"`
	Labels bool   `help:"Labels instead of codes, in csv and xlsx." negatable:"" default:"true"`
	Out    string `help:"File to write. Default: a name that begins with tavolo, in this folder; - writes to the terminal or a pipe." short:"o"`
}

func (c *exportCmd) Run(ctx context.Context, t *terminal) (err error) {
	d, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	e, err := c.evaluation(ctx, d)
	var votes *export.Published
	if err == nil && c.Format == "popolo" {
		votes, err = published(ctx, t, d, e)
	}
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if c.Out == "-" {
		return c.write(t.out, e, votes)
	}
	name := c.Out
	if name == "" {
		name = map[string]string{"sav": "tavolo-" + c.Table + ".sav", "csv": "tavolo-" + c.Table + ".csv", "csv-it": "tavolo-" + c.Table + ".csv", "xlsx": "tavolo.xlsx", "zip": "tavolo-data.zip", "popolo": "tavolo-votes.json"}[c.Format]
	}
	// Written beside and then renamed: who finds the file finds a whole one.
	f, err := os.CreateTemp(filepath.Dir(name), ".tavolo-export-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err = errors.Join(c.write(f, e, votes), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %s, %s.\n", name, count(len(e.Roles.Decisions), "decision"), count(len(e.Departments.Rows), "department"))
	return err
}

func (c *exportCmd) write(w io.Writer, e *export.Evaluation, votes *export.Published) error {
	doc, lang := e.Document(), export.English
	if strings.HasPrefix(language(), export.Italian) {
		lang = export.Italian
	}
	one := &doc.Tables[slices.IndexFunc(doc.Tables, func(t export.Table) bool { return t.Name == c.Table })]
	switch c.Format {
	case "sav":
		return export.WriteSAV(w, one, lang, doc.At)
	case "xlsx":
		return export.WriteXLSX(w, doc, lang, c.Labels)
	case "csv":
		return export.CSV{}.Write(w, one)
	case "csv-it":
		return export.CSV{Spreadsheet: true, Labels: c.Labels, Lang: export.Italian}.Write(w, one)
	case "zip":
		return export.WritePackage(w, doc, lang)
	default:
		return export.WritePopolo(w, votes)
	}
}

// published reads the votes for Popolo, one by one: ballots are counted by constituency and forgotten.
func published(ctx context.Context, t *terminal, d *desk, e *export.Evaluation) (*export.Published, error) {
	p := &export.Published{Departments: map[string]string{}, Threshold: disclosure.People}
	for _, w := range e.Workspaces.Workspaces {
		p.Departments[w.Id] = w.Name
	}
	var bar *progressbar.ProgressBar
	if f, ok := t.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		bar = progressbar.NewOptions(len(e.Roles.Decisions), progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("votes"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	for _, x := range e.Roles.Decisions {
		session := x.Initiative + ":" + x.Session
		view, err := d.ask.GetDecision(ctx, &apiv1.GetDecisionRequest{Workspace: x.Workspace, Decision: session + ":" + x.Id})
		if err != nil {
			return nil, err
		}
		v := export.Vote{Workspace: x.Workspace, Initiative: x.Initiative, Session: session, Decision: session + ":" + x.Id, Rule: enumWord(view.Charter.GetRule().GetMethod().String()), Outcome: enumWord(x.Outcome.String()),
			Opened: at(view.OpenedAt), Closed: at(x.ClosedAt), By: talliesOf(view)}
		for _, j := range x.Roles {
			if j.Who == evidence.Strict {
				v.Role, v.Reason = j.Role, j.Reason
			}
		}
		p.Votes = append(p.Votes, v)
		if bar != nil {
			_ = bar.Add(1)
		}
	}
	return p, nil
}

// enumWord is the last part of an enum's value, in small letters: METHOD_MAJORITY is majority. Empty when it is not stated.
func enumWord(name string) string {
	_, word, _ := strings.Cut(name, "_")
	if word == "UNSPECIFIED" {
		return ""
	}
	return strings.ToLower(word)
}

// talliesOf counts open ballots by the constituency of the voter, by head; nil when there are none.
func talliesOf(view *apiv1.DecisionView) map[string]disclosure.Tally {
	constituency := map[string]string{}
	for _, e := range view.Electors {
		constituency[e.Participant] = e.Constituency
		if e.Constituency == "" {
			constituency[e.Participant] = "undeclared"
		}
	}
	var by map[string]disclosure.Tally
	for _, b := range view.Ballots {
		if by == nil {
			by = map[string]disclosure.Tally{}
		}
		t := by[constituency[b.Participant]]
		switch b.Choice {
		case eventv1.Choice_CHOICE_FOR:
			t.For++
		case eventv1.Choice_CHOICE_AGAINST:
			t.Against++
		default:
			t.Abstain++
		}
		by[constituency[b.Participant]] = t
	}
	return by
}
