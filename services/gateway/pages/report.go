package pages

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// The report of a department on a period: which role users had, how it went over time, how strong it was, what an auditor would circle, and every
// decision behind it. What it says is counted by the views; here it is only put in order. Nobody's name is in it.

// ReportInput is what a report is made of, everything as it stood at one instant.
type ReportInput struct {
	Workspace *apiv1.WorkspaceView
	// From and To are the first and the last day, yyyy-mm-dd; "" where the period is open. Query is both of them and the rest, for links.
	From, To, Query string
	// Chosen is the question whose decisions it is about; nil: all of the period.
	Chosen *apiv1.ListRoleLedgerRequest
	// Department is the ledger's row for the view that was asked for, Other the one for the other view.
	Department, Other *apiv1.LedgerRow
	// Who is users:strict or users:broad.
	Who      string
	Rules    string
	AsOf     *timestamppb.Timestamp
	Quarters []*apiv1.LedgerRow
	Figures  *apiv1.GetFiguresResponse
	Findings []*apiv1.FindingView
	// Decisions of the period, with the role of the view alone.
	Decisions []*apiv1.DecisionRoles
}

// Report writes the report.
func Report(lang string, in ReportInput) Doc {
	r := report{tongue(lang), in}
	doc := Doc{Kind: r.say("page/report"), Title: said(in.Workspace.GetName())}
	if in.Workspace.GetName() == "" {
		doc.Title = plain(in.Workspace.GetId())
	}
	doc.Blocks = append(doc.Blocks,
		facts(fact(r.say("page/report-region"), in.Workspace.GetRegion()), fact(r.say("page/report-period"), r.period()), fact(r.say("page/report-only"), r.chosen()), fact(r.say("page/report-whose"), r.view(in.Who)),
			fact(r.say("page/report-as-of"), r.moment(in.AsOf)), fact(r.say("page/report-rules"), in.Rules)),
		section("role", plain(r.say("page/report-role")), r.role()...),
		section("trend", plain(r.say("page/report-trend")), r.trend()...),
		section("strength", plain(r.say("page/report-strength")), r.strength()...),
		section("findings", plain(r.say("page/report-findings")), r.findings()...),
		section("decisions", plain(r.say("page/report-decisions")), r.decisions()...),
		section("method", plain(r.say("page/report-method")), r.method()...),
	)
	files := "/v1/workspaces/" + in.Workspace.GetId() + "/export/"
	doc.Actions = Line{{Text: r.say("page/report-as-xlsx"), Href: files + "tavolo.xlsx" + in.Query}, {Text: r.say("page/report-as-zip"), Href: files + "tavolo-data.zip" + in.Query}}
	level(doc.Blocks, 2)
	return doc
}

// chosen names the decisions that were chosen, "" when it was all of them.
func (r report) chosen() string {
	c := r.in.Chosen
	if c == nil {
		return ""
	}
	var parts []string
	if c.Initiative != "" {
		parts = append(parts, c.Initiative)
		for _, i := range r.in.Workspace.GetInitiatives() {
			if i.Id == c.Initiative && i.Title != "" {
				parts[0] = i.Title
			}
		}
	}
	for _, e := range []protoreflect.Enum{c.Scope, c.Area, c.Stage, c.Kind} {
		if e.Number() != 0 {
			parts = append(parts, r.label(e))
		}
	}
	return strings.Join(parts, ", ")
}

// report is a report in a language.
type report struct {
	tongue
	in ReportInput
}

func (r report) period() string {
	from, to := r.due(r.in.From), r.due(r.in.To)
	switch {
	case from == "" && to == "":
		return r.say("page/report-ever")
	case from == "":
		return r.say("page/report-until", "to", to)
	case to == "":
		return r.say("page/report-since", "from", from)
	}
	return r.say("page/report-from-to", "from", from, "to", to)
}

func (r report) view(who string) string {
	if who == usersBroad {
		return r.say("page/users-broad")
	}
	return r.say("page/users-strict")
}

// roleLooks are the roles in the order of pictures and tables.
var roleLooks = []string{"decisive", "consultative", "none", "other"}

func (r report) parts(row *apiv1.LedgerRow) (all []Part) {
	for _, code := range roleLooks {
		all = append(all, Part{Name: r.say("role/" + code), Look: code, Value: int(row.GetDistribution()[code])})
	}
	return all
}

func (r report) chart(bars ...Bar) Block {
	return Block{Chart: &Chart{Bars: bars, Key: r.parts(nil)}}
}

func (r report) role() []Block {
	d := r.in.Department
	blocks := []Block{para(append(plain(r.say("page/report-median")+" "), Piece{Text: r.roleOf(d), Strong: true}, Piece{Text: ". " + r.say("page/report-stands-on", "n", n(d.GetIncluded()))}))}
	if d.GetTooFew() {
		blocks = append(blocks, notice(r.say("page/report-too-few")))
	}
	if d.GetIncluded() > 0 {
		blocks = append(blocks, r.chart(bar("", r.parts(d)...)))
		t := &Table{Caption: r.say("page/report-role-caption"), Columns: []string{r.say("page/role"), r.say("page/report-n"), r.say("page/report-percent"), r.say("page/report-interval")}}
		for _, s := range d.GetShares() {
			t.Rows = append(t.Rows, []Line{plain(r.say("role/" + s.Role)), plain(n(s.GetShare().GetN())), plain(r.percent(s.GetShare())), plain(r.interval(s.GetInterval()))})
		}
		blocks = append(blocks, Block{Table: t}, facts(
			Fact{r.say("page/report-best"), r.extreme(d.GetBest(), d.GetBestDecision())},
			Fact{r.say("page/report-worst"), r.extreme(d.GetWorst(), d.GetWorstDecision())},
		))
	}
	blocks = append(blocks, r.excluded(d)...)
	return append(blocks, note(r.say("page/report-other-view", "view", r.view(other(r.in.Who)), "role", r.roleOf(r.in.Other), "n", n(r.in.Other.GetIncluded()))))
}

func other(who string) string {
	if who == usersBroad {
		return usersStrict
	}
	return usersBroad
}

func (r report) roleOf(row *apiv1.LedgerRow) string {
	if row.GetRole() == "" {
		return r.say("role/other")
	}
	return r.say("role/" + row.GetRole())
}

func (r report) extreme(code, decision string) []Line {
	if code == "" {
		return nil
	}
	_, id, _ := strings.Cut(decision, "/")
	return []Line{{{Text: r.say("role/"+code) + ": "}, {Text: r.question(id), Href: r.href(id)}}}
}

func (r report) href(decision string) string {
	return "/w/" + r.in.Workspace.GetId() + "/d/" + decision + "/page"
}

// question of a decision of the period; its id when there are no words.
func (r report) question(id string) string {
	for _, d := range r.in.Decisions {
		if d.Initiative+":"+d.Session+":"+d.Id == id && d.Question != "" {
			return d.Question
		}
	}
	return id
}

func (r report) percent(s *apiv1.TableShare) string {
	if s.GetPercent() == "" {
		return "–"
	}
	return r.decimals(s.Percent) + "%"
}

func (r report) interval(i *apiv1.TableInterval) string {
	if i == nil {
		return "–"
	}
	return r.decimals(i.Low) + "–" + r.decimals(i.High) + "%"
}

// decimals writes a number with a point as the language does.
func (l tongue) decimals(number string) string {
	if l == "en" {
		return number
	}
	return strings.ReplaceAll(number, ".", ",")
}

func (r report) excluded(d *apiv1.LedgerRow) []Block {
	var lines []Line
	for _, reason := range sorted(d.GetExcluded()) {
		lines = append(lines, plain(n(d.Excluded[reason])+": "+r.say("reason/"+reason)))
	}
	if len(lines) == 0 {
		return []Block{note(r.say("page/report-nothing-excluded"))}
	}
	return []Block{para(plain(r.say("page/report-excluded"))), bullets(lines)}
}

func sorted(by map[string]uint32) (keys []string) {
	for k := range by {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (r report) trend() []Block {
	if len(r.in.Quarters) == 0 {
		return []Block{nothing(r.say("page/report-no-decisions"))}
	}
	t := &Table{Caption: r.say("page/report-trend-caption"), Columns: []string{r.say("page/report-quarter"), r.say("page/report-n")}}
	for _, code := range roleLooks {
		t.Columns = append(t.Columns, r.say("role/"+code))
	}
	t.Columns = append(t.Columns, r.say("page/report-median-short"))
	var bars []Bar
	for _, q := range r.in.Quarters {
		name := r.quarter(q.Key)
		bars = append(bars, bar(name, r.parts(q)...))
		row := []Line{plain(name), plain(n(q.Included))}
		for _, code := range roleLooks {
			row = append(row, plain(n(q.Distribution[code])))
		}
		median := r.roleOf(q)
		if q.TooFew {
			median = "–"
		}
		t.Rows = append(t.Rows, append(row, plain(median)))
	}
	return []Block{r.chart(bars...), {Table: t}, note(r.say("page/report-trend-what"))}
}

// quarter says dsm/2026-Q1 as people do.
func (r report) quarter(key string) string {
	_, at, _ := strings.Cut(key, "/")
	year, number, _ := strings.Cut(at, "-Q")
	return r.say("page/report-quarter-of", "n", number, "year", year)
}

// measure is a figure in a row: its name, what it is, what it means.
func (r report) measure(name, means, value string) []Line {
	return []Line{plain(r.say(name)), plain(value), plain(r.say(means))}
}

func (r report) of(s *apiv1.TableShare) string {
	if s.GetOf() == 0 {
		return r.say("page/strength-nothing")
	}
	return r.say("page/strength-of", "n", n(s.N), "all", n(s.Of), "percent", r.percent(s))
}

func (r report) number(v float64, digits int) string {
	return r.decimals(strconv.FormatFloat(v, 'f', digits, 64))
}

func (r report) strength() []Block {
	f := r.in.Figures
	over := func(value float64, digits int, decisions uint32) string {
		if decisions == 0 {
			return r.say("page/strength-nothing")
		}
		return r.say("page/strength-over", "value", r.number(value, digits), "n", n(decisions))
	}
	conditional := r.say("page/strength-needs-five", "n", n(f.GetConditionalSuccess().GetOf()))
	if f.GetEnough() {
		conditional = r.of(f.ConditionalSuccess) + ". " + r.say("page/strength-between", "interval", r.interval(f.ConditionalInterval))
	}
	voice := r.say("page/strength-nothing")
	if f.GetVoice() > 0 || f != nil && f.Voice != nil {
		voice = r.number(f.GetVoice(), 2)
	}
	middle := func(value float64, digits int, cases uint32) string {
		if cases == 0 {
			return r.say("page/strength-nothing")
		}
		return r.number(value, digits)
	}
	t := &Table{Caption: r.say("page/strength-caption"), Columns: []string{r.say("page/strength-measure"), r.say("page/strength-value"), r.say("page/strength-what")}, Rows: [][]Line{
		r.measure("page/strength-power", "page/strength-power-means", over(f.GetMedianPower()*100, 0, f.GetWithPower())),
		r.measure("page/strength-pivotal", "page/strength-pivotal-means", r.of(f.GetPivotal())),
		r.measure("page/strength-margin", "page/strength-margin-means", over(f.GetMedianMargin(), -1, f.GetWithMargin())),
		r.measure("page/strength-conditional", "page/strength-conditional-means", conditional),
		r.measure("page/strength-agenda", "page/strength-agenda-means", r.of(f.GetAgenda())),
		r.measure("page/strength-refused", "page/strength-refused-means", r.of(f.GetRefused())),
		r.measure("page/strength-voice", "page/strength-voice-means", voice),
		r.measure("page/strength-gini", "page/strength-gini-means", middle(f.GetGini(), 2, f.GetSeconds().GetOf())),
		r.measure("page/strength-answered", "page/strength-answered-means", r.of(f.GetAnswered())),
		r.measure("page/strength-days", "page/strength-days-means", middle(f.GetMedianDays(), 1, f.GetAnswered().GetN())),
		r.measure("page/strength-changed", "page/strength-changed-means", r.of(f.GetChanged())),
		r.measure("page/strength-implemented", "page/strength-implemented-means", r.of(f.GetImplemented())),
		r.measure("page/strength-delay", "page/strength-delay-means", middle(f.GetMedianDelay(), 1, f.GetWithDate())),
	}}
	return []Block{para(plain(r.say("page/strength-intro"))), {Table: t}}
}

func (r report) findings() []Block {
	if len(r.in.Findings) == 0 {
		return []Block{nothing(r.say("page/report-no-findings"))}
	}
	blocks := []Block{para(plain(r.say("page/report-findings-what")))}
	var codes []string
	by := map[string][]*apiv1.FindingView{}
	for _, f := range r.in.Findings {
		if by[f.Code] == nil {
			codes = append(codes, f.Code)
		}
		by[f.Code] = append(by[f.Code], f)
	}
	for _, code := range codes {
		var lines []Line
		for _, f := range by[code] {
			lines = append(lines, r.place(f))
		}
		blocks = append(blocks, section("finding-"+code, plain(r.say("finding/"+code)+" ("+strconv.Itoa(len(lines))+")"), bullets(lines)))
	}
	return blocks
}

// place says when and where a finding is.
func (r report) place(f *apiv1.FindingView) Line {
	l := plain(r.date(f.At))
	for _, d := range f.Decisions {
		l = append(l, Piece{Text: " – "}, Piece{Text: r.question(d), Href: r.href(d)})
	}
	if len(f.Decisions) == 0 {
		l = append(l, Piece{Text: " – " + r.say("page/report-in-initiative", "initiative", f.Initiative)})
	}
	return l
}

func (r report) decisions() []Block {
	if len(r.in.Decisions) == 0 {
		return []Block{nothing(r.say("page/report-no-decisions"))}
	}
	t := &Table{Caption: r.say("page/report-decisions-caption"), Columns: []string{r.say("page/decision"), r.say("page/report-closed"), r.say("page/outcome"), r.say("page/role"), r.say("page/why")}}
	for _, d := range r.in.Decisions {
		id := d.Initiative + ":" + d.Session + ":" + d.Id
		row := []Line{{{Text: r.question(id), Href: r.href(id)}}, plain(r.date(d.ClosedAt)), plain(r.label(d.Outcome))}
		var j *apiv1.Judgement
		for _, x := range d.Roles {
			if x.Who == r.in.Who {
				j = x
			}
		}
		if j == nil {
			row = append(row, plain("–"), plain(r.say("page/report-no-users")))
		} else {
			row = append(row, plain(r.say("role/"+j.Role)), plain(r.say("reason/"+j.Reason)))
		}
		t.Rows = append(t.Rows, row)
	}
	return []Block{{Table: t}}
}

func (r report) method() []Block {
	var lines []Line
	for _, key := range []string{"page/report-method-role", "page/report-method-median", "page/report-method-interval", "page/report-method-limits"} {
		lines = append(lines, plain(r.say(key)))
	}
	return []Block{bullets(lines)}
}
