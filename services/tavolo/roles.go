package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/minutes"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

// format is how an answer is written.
type format struct {
	Format string `help:"How to write the answer: table for people, json for programs, csv for spreadsheets." enum:"table,json,csv" default:"table"`
}

// moment is a date or a date-time on the command line. A date means the whole day: --as-of 2026-03-19 sees what happened that day.
type moment struct{ time.Time }

func (m *moment) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		day, dayErr := time.Parse(time.DateOnly, string(text))
		if dayErr != nil {
			return fmt.Errorf("%q is not a date. Write a day such as 2026-03-19, or a moment such as 2026-03-19T18:00:00+01:00", text)
		}
		t = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	m.Time = t
	return nil
}

func (m *moment) message() *timestamppb.Timestamp {
	if m == nil || m.IsZero() {
		return nil
	}
	return timestamppb.New(m.Time)
}

// auditCmd judges minutes files with nothing installed or running.
type auditCmd struct {
	Files []string `arg:"" name:"file" help:"Minutes files (tavolo-minutes/1), YAML or JSON."`
	AsOf  *moment  `help:"Read the record as it stood at the end of this day, or at this moment. Default: now."`
	format
}

func (c *auditCmd) Run(ctx context.Context, t *terminal) error {
	files, err := readFiles(c.Files)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(inMemory(), "tavolo-audit-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := houseDesk(ctx, plan{Dir: dir, Services: inside, Temporary: true, Logger: quiet(t.err)})
	if err != nil {
		return err
	}
	err = d.all(ctx, t, files, func(*commandv1.Receipt) {})
	var list *apiv1.ListRolesResponse
	if err == nil {
		list, err = d.ask.roles(ctx, &apiv1.ListRolesRequest{AsOf: c.AsOf.message()})
	}
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	return c.write(t.out, list)
}

// inMemory gives a folder that lies in memory, where the machine has one: an audit keeps nothing, so it need not wait for a disk.
func inMemory() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

// rolesCmd says who had which role in everything recorded.
type rolesCmd struct {
	source
	Workspace  string  `help:"Only this department's id."`
	Initiative string  `help:"Only this initiative's id."`
	Session    string  `help:"Only this session: its id, or initiative:session."`
	Decision   string  `help:"Only this decision: initiative:session:decision."`
	Who        string  `help:"Only this person's short id, or a group such as users:strict."`
	From       *moment `help:"Decisions closed on or after this day."`
	To         *moment `help:"Decisions closed up to the end of this day."`
	AsOf       *moment `help:"Read the record as it stood at the end of this day, or at this moment. Default: now."`
	Summary    bool    `help:"The median role of the users over all these decisions instead of each decision."`
	format
}

func (c *rolesCmd) question() *apiv1.ListRolesRequest {
	q := &apiv1.ListRolesRequest{Workspace: c.Workspace, Initiative: c.Initiative, Session: c.Session, Decision: c.Decision, Who: c.Who, AsOf: c.AsOf.message()}
	if c.From != nil {
		from := c.From.Time
		if from.Equal(from.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(-time.Second)) { // a whole day: from its beginning
			from = from.UTC().Truncate(24 * time.Hour)
		}
		q.From = timestamppb.New(from)
	}
	if c.To != nil {
		q.To = timestamppb.New(c.To.Add(time.Second))
	}
	return q
}

func (c *rolesCmd) Run(ctx context.Context, t *terminal) error {
	d, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	if c.Summary {
		s, err := d.ask.summary(ctx, &apiv1.SummariseRolesRequest{Decisions: c.question()})
		if err = errors.Join(err, d.close()); err != nil {
			return err
		}
		return c.writeSummary(t.out, s)
	}
	list, err := d.ask.roles(ctx, c.question())
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	return c.write(t.out, list)
}

func (f format) write(w io.Writer, list *apiv1.ListRolesResponse) error {
	answer := minutes.AnswerOf(list)
	switch f.Format {
	case "json":
		return answer.WriteJSON(w)
	case "csv":
		return answer.WriteCSV(w)
	}
	lang := language()
	for i, d := range answer.Decisions {
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintf(w, "%s:%s:%s  %s\n", d.Initiative, d.Session, d.ID, list.Decisions[i].Question)
		_, _ = fmt.Fprintf(w, "%s, %s\n", label("outcome", string(d.Outcome), lang), d.ClosedAt.Format(time.DateOnly))
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range d.Roles {
			_, _ = fmt.Fprintf(table, "  %s\t%s\tR%d %s\t%s\t%s\n", r.Who, label("role", r.Role, lang), r.Rule, r.Reason, cmp.Or(r.Power, "-"), strings.Join(r.Flags, " "))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	if len(answer.Decisions) == 0 {
		_, _ = fmt.Fprintln(w, sentence("cli/no-decisions", lang, nil))
	}
	_, err := fmt.Fprintf(w, "\n%s, %s\n", answer.Rules, answer.AsOf.Format(time.RFC3339))
	return err
}

func (f format) writeSummary(w io.Writer, s *apiv1.SummariseRolesResponse) error {
	switch f.Format {
	case "json":
		return writeMessage(w, s)
	case "csv":
		return refused{"tavolo: a summary is written as table or json. Leave --summary out for a csv of every role."}
	}
	lang := language()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range s.Summaries {
		var parts []string
		for _, r := range []string{"decisive", "consultative", "none"} {
			parts = append(parts, fmt.Sprintf("%s %d", label("role", r, lang), x.Distribution[r]))
		}
		excluded := 0
		for _, n := range x.Excluded {
			excluded += int(n)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\tn=%d\t%s\texcluded %d\tbest %s, worst %s\n", x.Who, label("role", x.Role, lang), x.Included, strings.Join(parts, ", "), excluded, cmp.Or(x.Best, "-"), cmp.Or(x.Worst, "-"))
	}
	return table.Flush()
}

// whyCmd explains one answer.
type whyCmd struct {
	Decision string `arg:"" help:"The decision: initiative:session:decision, or its own id where only one decision has it."`
	Who      string `arg:"" help:"A person's short id, or a group such as users:strict."`
	source
	Workspace string  `help:"The department's id, where several have such a decision."`
	AsOf      *moment `help:"Read the record as it stood at the end of this day, or at this moment. Default: now."`
	Format    string  `help:"How to write the answer." enum:"table,json" default:"table"`
}

func (c *whyCmd) Run(ctx context.Context, t *terminal) error {
	d, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	answer, id, err := c.answer(ctx, d)
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if c.Format == "json" {
		return writeWhy(t.out, answer)
	}
	return tellWhy(t.out, id, answer)
}

// answer finds the decision that is meant and asks about it.
func (c *whyCmd) answer(ctx context.Context, d *desk) (*apiv1.WhyResponse, string, error) {
	q := &apiv1.ListRolesRequest{Workspace: c.Workspace, Who: "users:strict"}
	if strings.Count(c.Decision, ":") == 2 {
		q.Decision = c.Decision
	}
	list, err := d.ask.roles(ctx, q)
	if err != nil {
		return nil, "", err
	}
	var found []*apiv1.DecisionRoles
	for _, x := range list.Decisions {
		if q.Decision != "" || x.Id == c.Decision {
			found = append(found, x)
		}
	}
	switch {
	case len(found) == 0:
		return nil, "", refused{fmt.Sprintf("tavolo: no closed decision is called %q. `tavolo roles` lists them.", c.Decision)}
	case len(found) > 1:
		var ids []string
		for _, x := range found {
			ids = append(ids, x.Initiative+":"+x.Session+":"+x.Id)
		}
		slices.Sort(ids)
		return nil, "", refused{fmt.Sprintf("tavolo: several decisions are called %q. Write one of them in full (and --workspace where departments share it): %s", c.Decision, strings.Join(slices.Compact(ids), ", "))}
	}
	x := found[0]
	id := x.Initiative + ":" + x.Session + ":" + x.Id
	answer, err := d.ask.why(ctx, &apiv1.WhyRequest{Workspace: x.Workspace, Decision: id, Who: c.Who, AsOf: c.AsOf.message()})
	return answer, id, err
}

// whyAnswer is the public form of Why.
type whyAnswer struct {
	minutes.AnswerRole
	RuleSays        string          `json:"rule_says"`
	Proof           []whyProof      `json:"proof"`
	Obstacles       []whyObstacle   `json:"obstacles"`
	DecisiveWithout bool            `json:"decisive_without"`
	Strength        *apiv1.Strength `json:"strength,omitempty"`
}

type whyProof struct {
	Sequence   uint64    `json:"sequence"`
	Events     []string  `json:"events"`
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
}

type whyObstacle struct {
	Rule   uint32 `json:"rule"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy"`
}

func writeWhy(w io.Writer, a *apiv1.WhyResponse) error {
	out := whyAnswer{AnswerRole: minutes.RoleOf(a.Judgement), RuleSays: a.RuleSays, Proof: []whyProof{}, Obstacles: []whyObstacle{}, DecisiveWithout: a.DecisiveWithout, Strength: a.Strength}
	for _, p := range a.Proof {
		out.Proof = append(out.Proof, whyProof{p.Sequence, p.Events, p.OccurredAt.AsTime(), p.RecordedAt.AsTime()})
	}
	for _, o := range a.Obstacles {
		out.Obstacles = append(out.Obstacles, whyObstacle{o.Rule, o.Reason, o.Remedy})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

// tellWhy says it in sentences.
func tellWhy(w io.Writer, id string, a *apiv1.WhyResponse) error {
	lang, j := language(), a.Judgement
	_, _ = fmt.Fprintf(w, "%s  %s: %s\n", id, j.Who, label("role", j.Role, lang))
	_, _ = fmt.Fprintf(w, "R%d %s: %s\n", j.Rule, j.Reason, sentence("reason/"+j.Reason, lang, nil))
	if j.RoleAtDecision != j.Role {
		_, _ = fmt.Fprintln(w, sentence("why/at-decision", lang, map[string]string{"role": label("role", j.RoleAtDecision, lang)}))
	}
	if j.Power != "" {
		_, _ = fmt.Fprintln(w, sentence("why/power", lang, map[string]string{"power": j.Power}))
	}
	for _, f := range j.Flags {
		_, _ = fmt.Fprintf(w, "%s: %s\n", f, sentence("flag/"+f, lang, nil))
	}
	if len(a.Obstacles) > 0 {
		var remedies []string
		for _, o := range a.Obstacles {
			remedies = append(remedies, sentence("remedy/"+o.Remedy, lang, nil))
		}
		_, _ = fmt.Fprintf(w, "\n%s\n", sentence("why/in-the-way", lang, nil))
		for i, o := range a.Obstacles {
			_, _ = fmt.Fprintf(w, "  R%d %s: %s\n", o.Rule, o.Reason, remedies[i])
		}
		if a.DecisiveWithout {
			_, _ = fmt.Fprintln(w, sentence("why/otherwise-decisive", lang, nil))
		}
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", sentence("why/proof", lang, nil))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range a.Proof {
		_, _ = fmt.Fprintf(table, "  %d\t%s\t%s\n", p.Sequence, p.OccurredAt.AsTime().Format(time.RFC3339), strings.Join(p.Events, ", "))
	}
	return table.Flush()
}
