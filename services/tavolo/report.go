package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

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
	share("changed", f.Changed)
	share("implemented", f.Implemented)
	return table.Flush()
}
