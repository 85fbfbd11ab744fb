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
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is for evaluators: a report on a period, and files for their programs.

// evaluator answers what evaluators ask; over HTTP it is the generated client.
type evaluator interface {
	ListRoleLedger(context.Context, *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error)
	GetTable3(context.Context, *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error)
	ListFindings(context.Context, *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error)
	GetFigures(context.Context, *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error)
	ListWorkspaces(context.Context, *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error)
	GetDecision(context.Context, *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error)
}

func (a natsAsker) ListRoleLedger(ctx context.Context, q *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error) {
	out := &apiv1.ListRoleLedgerResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_role_ledger", q, out)
}

func (a natsAsker) GetTable3(ctx context.Context, q *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error) {
	out := &apiv1.GetTable3Response{}
	return out, bus.Request(ctx, a.nc, "query.get_table3", q, out)
}

func (a natsAsker) ListFindings(ctx context.Context, q *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error) {
	out := &apiv1.ListFindingsResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_findings", q, out)
}

func (a natsAsker) GetFigures(ctx context.Context, q *apiv1.GetFiguresRequest) (*apiv1.GetFiguresResponse, error) {
	out := &apiv1.GetFiguresResponse{}
	return out, bus.Request(ctx, a.nc, "query.get_figures", q, out)
}

func (a natsAsker) ListWorkspaces(ctx context.Context, q *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error) {
	out := &apiv1.ListWorkspacesResponse{}
	return out, bus.Request(ctx, a.nc, "query.list_workspaces", q, out)
}

func (a natsAsker) GetDecision(ctx context.Context, q *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error) {
	out := &apiv1.DecisionView{}
	return out, bus.Request(ctx, a.nc, "query.get_decision", q, out)
}

// span is the period and the departments of a report or an export.
type span struct {
	source
	Workspace string   `help:"Only this department's id. Default: all that may be read."`
	Region    []string `help:"Only departments of these regions."`
	Who       string   `help:"Which view of users." enum:"users:strict,users:broad" default:"users:strict"`
	From      *moment  `help:"What was decided on or after this day."`
	To        *moment  `help:"What was decided up to the end of this day."`
	AsOf      *moment  `help:"Read the record as it stood at the end of this day, or at this moment. Default: now."`
}

// period writes the span as the API asks for it. The days are those of rolesCmd.
func (s *span) period() *apiv1.EvidencePeriod {
	q := (&rolesCmd{From: s.From, To: s.To, AsOf: s.AsOf}).question()
	return &apiv1.EvidencePeriod{Regions: s.Region, Who: s.Who, From: q.From, To: q.To, AsOf: q.AsOf, CaughtUp: true}
}

// evaluation asks everything that a report and an export are made of.
func (s *span) evaluation(ctx context.Context, d *desk) (*export.Evaluation, error) {
	p := s.period()
	e := &export.Evaluation{From: at(p.From), To: at(p.To)}
	var err error
	if e.Departments, err = d.ask.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	p.AsOf = e.Departments.AsOf // everything else is read as it stood at the same instant
	if e.Table3, err = d.ask.GetTable3(ctx, &apiv1.GetTable3Request{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	if e.Findings, err = d.ask.ListFindings(ctx, &apiv1.ListFindingsRequest{Workspace: s.Workspace, Period: p}); err != nil {
		return nil, err
	}
	if e.Workspaces, err = d.ask.ListWorkspaces(ctx, &apiv1.ListWorkspacesRequest{}); err != nil {
		return nil, err
	}
	known := map[string]*apiv1.DecisionRoles{}
	for _, who := range []string{evidence.Strict, evidence.Broad} {
		list, err := d.ask.roles(ctx, &apiv1.ListRolesRequest{Workspace: s.Workspace, Who: who, From: p.From, To: p.To, AsOf: p.AsOf})
		if err != nil {
			return nil, err
		}
		for _, x := range list.Decisions {
			id := x.Workspace + "/" + x.Initiative + ":" + x.Session + ":" + x.Id
			switch first := known[id]; {
			case first != nil:
				first.Roles = append(first.Roles, x.Roles...)
			case e.Roles == nil:
				known[id] = x
			}
		}
		if e.Roles == nil {
			e.Roles = list
		}
	}
	e.Roles.Decisions = slices.DeleteFunc(e.Roles.Decisions, func(x *apiv1.DecisionRoles) bool {
		return !slices.ContainsFunc(e.Departments.Rows, func(r *apiv1.LedgerRow) bool { return r.Key == x.Workspace })
	})
	return e, nil
}

func at(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

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

// reportCmd prints what evaluators ask.
type reportCmd struct {
	span
	Format string `help:"How to write the answer." enum:"table,json" default:"table"`
}

func (c *reportCmd) Run(ctx context.Context, t *terminal) error {
	d, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	e, err := c.evaluation(ctx, d)
	var figures *apiv1.GetFiguresResponse
	if err == nil && len(e.Departments.Rows) == 1 {
		p := c.period()
		p.AsOf = e.Departments.AsOf
		figures, err = d.ask.GetFigures(ctx, &apiv1.GetFiguresRequest{Workspace: e.Departments.Rows[0].Key, Period: p})
	}
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if c.Format == "json" {
		return writeEvaluation(t.out, e, figures)
	}
	return tellEvaluation(t.out, e, figures)
}

// writeEvaluation writes the answers as one JSON object a line.
func writeEvaluation(w io.Writer, e *export.Evaluation, figures *apiv1.GetFiguresResponse) error {
	err := errors.Join(writeMessage(w, e.Departments), writeMessage(w, e.Table3), writeMessage(w, e.Findings))
	if figures != nil {
		err = errors.Join(err, writeMessage(w, figures))
	}
	return err
}

func tellEvaluation(w io.Writer, e *export.Evaluation, figures *apiv1.GetFiguresResponse) error {
	lang := language()
	heading := func(code string) { _, _ = fmt.Fprintf(w, "\n%s\n", sentence("report/"+code, lang, nil)) }
	_, _ = fmt.Fprintf(w, "%s, %s, %s\n", e.Departments.Who, e.Departments.Rules, e.Departments.AsOf.AsTime().Format(time.RFC3339))
	heading("departments")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range e.Departments.Rows {
		excluded := 0
		for _, n := range r.Excluded {
			excluded += int(n)
		}
		few := ""
		if r.TooFew {
			few = sentence("report/too-few", lang, nil)
		}
		_, _ = fmt.Fprintf(table, "  %s\t%s\tn=%d\t%s\texcluded %d\t%s\n", r.Key, label("role", r.Role, lang), r.Included, distribution(r.Distribution, lang), excluded, few)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	heading("table3")
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range e.Table3.Rows {
		if r.Evidenced == nil {
			continue
		}
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%d/%d\t%s%%\t%s–%s\t%s\t%s%%\t\n", r.Item, r.Option, r.Evidenced.N, r.Evidenced.Of, percentOf(r.Evidenced), r.Sampled.Low, r.Sampled.High, finite(r), percentOf(r.Published))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w, sentence("report/columns", lang, nil))
	heading("findings")
	for _, f := range e.Findings.Findings {
		_, _ = fmt.Fprintf(w, "  %s  %s %s\n    %s\n", f.At.AsTime().Format(time.DateOnly), f.Workspace, strings.Join(f.Decisions, " "), sentence("finding/"+f.Code, lang, nil))
	}
	if len(e.Findings.Findings) == 0 {
		_, _ = fmt.Fprintln(w, "  "+sentence("report/no-findings", lang, nil))
	}
	if figures != nil {
		heading("figures")
		return tellFigures(w, figures, lang)
	}
	return nil
}

func distribution(by map[string]uint32, lang string) string {
	var parts []string
	for _, r := range []string{"decisive", "consultative", "none", "other"} {
		parts = append(parts, fmt.Sprintf("%s %d", label("role", r, lang), by[r]))
	}
	return strings.Join(parts, ", ")
}

func percentOf(s *apiv1.TableShare) string {
	if s.GetPercent() == "" {
		return "-"
	}
	return s.Percent
}

func finite(r *apiv1.Table3Row) string {
	if r.Finite == nil {
		return "-"
	}
	return r.Finite.Low + "–" + r.Finite.High
}

func tellFigures(w io.Writer, f *apiv1.GetFiguresResponse, lang string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	share := func(code string, s *apiv1.TableShare) {
		_, _ = fmt.Fprintf(table, "  %s\t%d/%d\t%s%%\n", sentence("figure/"+code, lang, nil), s.GetN(), s.GetOf(), percentOf(s))
	}
	if f.Enough {
		share("conditional-success", f.ConditionalSuccess)
	} else {
		_, _ = fmt.Fprintf(table, "  %s\t%d\t%s\n", sentence("figure/conditional-success", lang, nil), f.ConditionalSuccess.GetOf(), sentence("figure/not-enough", lang, nil))
	}
	share("agenda", f.Agenda)
	share("refused", f.Refused)
	share("turns", f.Turns)
	if f.Voice != nil {
		_, _ = fmt.Fprintf(table, "  %s\t%.2f\t\n", sentence("figure/voice", lang, nil), *f.Voice)
	}
	share("answered", f.Answered)
	share("implemented", f.Implemented)
	return table.Flush()
}
