package pages

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The page of a decision: the question, how it was to be decided, who could vote, what came out and how it was counted, which role the groups had and
// why, what became of it. The same sections stand in the minutes of the session.

// DecisionInput is what a decision's page is made of.
type DecisionInput struct {
	// Workspace is the department's id.
	Workspace string
	Decision  *apiv1.DecisionView
	// Initiative has the title and the people.
	Initiative *apiv1.InitiativeView
	// Roles in this decision.
	Roles []*apiv1.Judgement
	// Me is the pseudonym of who reads; "" for somebody without a seat.
	Me string
	// Public: anyone may read the page, so that nobody is on it.
	Public bool
}

// Decision writes the page of a decision.
func Decision(lang string, in DecisionInput) Doc {
	l, d := tongue(lang), in.Decision
	p := peopleOf(l, in.Initiative.GetParticipants())
	p.nobody = in.Public
	c := chapter{people: p, d: d, roles: in.Roles}
	if in.Public {
		c.roles = PublicRoles(d, in.Roles)
	}
	doc := Doc{Kind: l.say("page/decision"), Title: said(d.Question)}
	if d.Question == "" {
		doc.Title = plain(l.say("page/decision"))
	}
	doc.Blocks = append(doc.Blocks, facts(
		Fact{l.say("page/initiative"), orNone(said(in.Initiative.GetInitiative().GetTitle()))},
		Fact{l.say("page/session"), orNone(sessionLine(l, d.Id, in))},
		fact(l.say("page/state"), c.state()),
	))
	if in.Public {
		doc.Blocks = append(doc.Blocks, note(l.say("page/public-what")))
	}
	doc.Blocks = append(doc.Blocks, c.warnings()...)
	if d.Proposal != "" && !in.Public {
		doc.Blocks = append(doc.Blocks, section("proposal", plain(l.say("page/proposal")), para(said(d.Proposal))))
	}
	doc.Blocks = append(doc.Blocks,
		section("outcome", plain(l.say("page/outcome")), c.outcome()...),
		section("charter", plain(l.say("page/charter")), c.charter()),
		section("electorate", plain(l.say("page/electorate")), c.electorate()...),
		section("roles", plain(l.say("page/roles")), c.groupRoles(in.Me)...),
		section("follow-up", plain(l.say("page/follow-up")), c.acts()...),
	)
	page := "/w/" + in.Workspace + "/d/" + d.Id
	if d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN && in.Me != "" && !in.Public {
		doc.Actions = append(doc.Actions, Piece{Text: l.say("page/to-ballot"), Href: page + "/ballot"})
	}
	if !in.Public {
		doc.Actions = append(doc.Actions, Piece{Text: l.say("page/to-minutes"), Href: "/w/" + in.Workspace + "/s/" + sessionOf(d.Id) + "/minutes"})
	}
	level(doc.Blocks, 2)
	return doc
}

// sessionOf gives the full id of a decision's session: csm-orari:2026-03-05 of csm-orari:2026-03-05:apertura.
func sessionOf(decision string) string { return decision[:max(0, strings.LastIndex(decision, ":"))] }

// sessionLine says in which session it was, on a public page only when: a title may name somebody.
func sessionLine(l tongue, decision string, in DecisionInput) Line {
	for _, s := range in.Initiative.GetSessions() {
		if s.Id != sessionOf(decision) {
			continue
		}
		when := started(s)
		switch {
		case in.Public || s.Title == "":
			return plain(l.date(when))
		case when == nil:
			return said(s.Title)
		}
		return append(said(s.Title), Piece{Text: " – " + l.date(when)})
	}
	return nil
}

// started is when a session began, or is meant to; nil when neither is known.
func started(s *apiv1.SessionSummary) *timestamppb.Timestamp {
	if s.OpenedAt != nil {
		return s.OpenedAt
	}
	return s.StartsAt
}

func orNone(l Line) []Line {
	if len(l) == 0 || l[0].Text == "" {
		return nil
	}
	return []Line{l}
}

// chapter is one decision on a page.
type chapter struct {
	people
	d     *apiv1.DecisionView
	roles []*apiv1.Judgement
}

func (c chapter) state() string {
	d := c.d
	switch {
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN && d.ClosesAt != nil:
		return c.say("page/open-until", "when", c.moment(d.ClosesAt))
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN:
		return c.say("page/open")
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_CLOSED && d.ClosedAt != nil:
		return c.say("page/closed-at", "when", c.moment(d.ClosedAt))
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_CLOSED:
		return c.say("page/closed")
	case d.Phase == apiv1.DecisionPhase_DECISION_PHASE_STRUCK:
		return c.say("page/struck")
	}
	return c.say("page/not-open")
}

// warnings are what a reader must know before the rest.
func (c chapter) warnings() (all []Block) {
	if c.d.Contested {
		l := plain(c.say("page/contested"))
		if c.d.ContestedBy != "" && !c.nobody {
			l = append(l, Piece{Text: " " + c.say("page/contested-by", "who", c.name(c.d.ContestedBy)) + " "})
			l = append(l, c.words(c.d.ContestedBy, c.d.Contest)...)
		}
		all = append(all, Block{Para: &Para{Line: l, Class: "notice"}})
	}
	for _, x := range c.d.Disputes {
		if c.nobody {
			break // what was said is of people
		}
		l := append(plain(c.say("page/was-contested", "who", c.name(x.By))+" "), c.words(x.By, x.Text)...)
		l = append(append(l, Piece{Text: " " + c.say("page/was-settled") + " "}), c.words(x.SettledBy, x.How)...)
		all = append(all, Block{Para: &Para{Line: l, Class: "note"}})
	}
	if c.d.Corrections > 0 {
		all = append(all, note(c.say("page/corrected", "n", n(c.d.Corrections))))
	}
	return all
}

// outcome says what came out, and every figure that it rests on as it was computed.
func (c chapter) outcome() (all []Block) {
	d := c.d
	if d.Phase != apiv1.DecisionPhase_DECISION_PHASE_CLOSED {
		if d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN {
			all = append(all, nothing(c.say("page/no-count-yet")))
		} else {
			all = append(all, nothing(c.say("page/no-outcome-yet")))
		}
		return all
	}
	l := strong(c.label(d.Outcome))
	if why := c.label(d.OutcomeReason); why != "" {
		l = append(l, Piece{Text: ". " + why + "."})
	}
	all = append(all, Block{Para: &Para{Line: l, Class: "outcome"}})
	var f []Fact
	if t := d.Tally; t.GetFor()+t.GetAgainst()+t.GetAbstain() > 0 {
		says := c.say("page/tally", "for", n(t.For), "against", n(t.Against), "abstain", n(t.Abstain))
		if c.figures().Tally == nil {
			says = c.say("page/few")
		}
		f = append(f, fact(c.say("page/votes"), says))
	}
	if count := d.Count; count != nil {
		f = append(f, Fact{c.say("page/quorum"), c.quorum(count)}, Fact{c.say("page/thresholds"), c.conditions(count)})
		if count.Tie {
			f = append(f, fact(c.say("page/tie"), c.say("page/tie-was")))
		}
	}
	if b := facts(f...); len(b.Facts) > 0 {
		all = append(all, b)
	}
	return all
}

func (c chapter) quorum(count *apiv1.CountView) (lines []Line) {
	reached := func(there, needed uint32) string {
		if there >= needed {
			return " " + c.say("page/quorum-met")
		}
		return " " + c.say("page/quorum-missed")
	}
	if count.QuorumNeeded > 0 {
		text := c.say("page/quorum-was", "there", n(count.QuorumPresent), "needed", n(count.QuorumNeeded))
		if !c.showsPresence(count.QuorumPresent, c.figures().Voters) {
			text = c.say("page/few")
		}
		lines = append(lines, plain(text+reached(count.QuorumPresent, count.QuorumNeeded)))
	}
	for _, q := range count.Quorums {
		who := c.constituency(q.Constituency)
		text := c.say("page/quorum-was-of", "who", who, "there", n(q.Present), "needed", n(q.Needed))
		if !c.showsPresence(q.Present, c.sizeOf(q.Constituency)) {
			text = c.say("page/quorum-of", "who", who, "needed", n(q.Needed))
		}
		lines = append(lines, plain(text+reached(q.Present, q.Needed)))
	}
	if len(lines) == 0 {
		lines = append(lines, plain(c.say("page/quorum-none")))
	}
	return lines
}

func (c chapter) conditions(count *apiv1.CountView) (lines []Line) {
	for k, x := range count.Conditions {
		passed := c.say("page/threshold-missed")
		if x.Passed {
			passed = c.say("page/threshold-met")
		}
		text := ""
		if len(x.Of) > 0 {
			var of []string
			for _, code := range x.Of {
				of = append(of, c.constituency(code))
			}
			text = c.list(of) + ": "
		}
		if !c.tells(k, x) {
			lines = append(lines, plain(text+c.say("page/few")+" "+passed))
			continue
		}
		lines = append(lines, plain(text+c.say("page/threshold-was", "for", n(x.For), "base", n(x.Base), "needed", n(x.Needed))+" "+passed))
	}
	return lines
}

// electorate counts who could vote, by perspective, and says who that was where people are named.
func (c chapter) electorate() []Block {
	voters := export.Voters(c.d)
	if len(export.Electors(c.d)) == 0 {
		return []Block{nothing(c.say("page/no-electorate"))}
	}
	var codes []string
	heads := map[string]int{}
	for _, e := range voters {
		if heads[e.Constituency] == 0 {
			codes = append(codes, e.Constituency)
		}
		heads[e.Constituency]++
	}
	told, withheld := c.figures(), false
	t := &Table{Caption: c.say("page/electorate-caption"), Columns: []string{c.say("page/constituency"), c.say("page/with-vote")}}
	shown := func(count int, known bool) string {
		if !known {
			withheld = true
			return c.say("page/withheld")
		}
		return strconv.Itoa(count)
	}
	for _, code := range codes {
		size, known := told.Sizes[code]
		t.Rows = append(t.Rows, []Line{plain(c.constituency(code)), plain(shown(size, known))})
	}
	total := shown(len(voters), told.Voters != nil)
	t.Rows = append(t.Rows, []Line{strong(c.say("page/total")), strong(total)})
	blocks := []Block{{Table: t}}
	if c.nobody {
		if withheld {
			blocks = append(blocks, note(c.say("page/withheld-why")))
		}
		return blocks
	}
	return append(blocks, Block{Table: c.ballots()})
}

// ballots says who was asked, and how they voted once the vote is closed.
func (c chapter) ballots() *Table {
	t := &Table{Caption: c.say("page/electors-caption"), Columns: []string{c.say("page/who"), c.say("page/constituency"), c.say("page/standing"), c.say("page/ballot")}}
	for _, e := range export.Electors(c.d) {
		t.Rows = append(t.Rows, []Line{plain(c.name(e.Participant)), plain(c.constituency(e.Constituency)), plain(c.standing(e)), plain(c.ballot(e))})
	}
	return t
}

func (c chapter) standing(e *eventv1.Elector) string {
	if e.Recused {
		return c.say("page/recused")
	}
	says := c.label(e.Standing)
	if says == "" {
		says = c.say("standing/none")
	}
	if e.Proxy.GetTo() != "" {
		says += ". " + c.say("page/proxy-to", "who", c.name(e.Proxy.To))
	}
	if e.Weight > 1 {
		says += ". " + c.say("page/weight", "n", n(e.Weight))
	}
	return says
}

func (c chapter) ballot(e *eventv1.Elector) string {
	for _, a := range c.d.Advice {
		if a.Participant == e.Participant {
			return c.say("page/advice", "choice", c.label(a.Advice))
		}
	}
	for _, b := range c.d.Ballots {
		switch {
		case b.Participant != e.Participant:
		case b.Choice == eventv1.Choice_CHOICE_UNSPECIFIED || c.d.Phase == apiv1.DecisionPhase_DECISION_PHASE_OPEN:
			return c.say("page/has-voted")
		case b.EnteredBy != "":
			return choice(c.tongue, c.d, b.Choice) + ". " + c.say("page/entered-by", "who", c.name(b.EnteredBy))
		default:
			return choice(c.tongue, c.d, b.Choice)
		}
	}
	if c.d.Charter.GetSecret() {
		return c.say("page/secret")
	}
	return c.say("page/no-ballot")
}

// asksConsent reports whether people are asked for consent and not for a vote.
func asksConsent(d *apiv1.DecisionView) bool {
	m := d.Charter.GetRule().GetMethod()
	return m == eventv1.Method_METHOD_CONSENT || m == eventv1.Method_METHOD_CONSENSUS
}

// choice says a choice in the words of the rule.
func choice(l tongue, d *apiv1.DecisionView, x eventv1.Choice) string {
	if asksConsent(d) {
		return l.say(map[eventv1.Choice]string{
			eventv1.Choice_CHOICE_FOR: "page/consent", eventv1.Choice_CHOICE_AGAINST: "page/objection", eventv1.Choice_CHOICE_ABSTAIN: "page/stand-aside",
		}[x])
	}
	return l.label(x)
}

// groupRoles is the role of each group with its reason, and that of who reads.
func (c chapter) groupRoles(me string) []Block {
	var rows [][]Line
	for _, j := range inOrder(c.roles) {
		switch {
		case j.Participant == "":
			rows = append(rows, c.judgement(plain(c.party(j)), j))
		case j.Participant == me && me != "":
			rows = append(rows, c.judgement(strong(c.say("page/me", "who", c.name(me))), j))
		}
	}
	if len(rows) == 0 {
		return []Block{nothing(c.say("page/no-roles-yet"))}
	}
	return []Block{note(c.say("page/users-what")), c.roleTable(c.say("page/roles-caption"), rows)}
}

// personRoles is the role of each person, with its reason.
func (c chapter) personRoles() []Block {
	var rows [][]Line
	for _, j := range inOrder(c.roles) {
		if j.Participant != "" {
			rows = append(rows, c.judgement(plain(c.party(j)), j))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return []Block{c.roleTable(c.say("page/person-roles-caption"), rows)}
}

func (c chapter) roleTable(caption string, rows [][]Line) Block {
	return Block{Table: &Table{Caption: caption, Columns: []string{c.say("page/who"), c.say("page/role"), c.say("page/reason")}, Rows: rows}}
}

func (c chapter) judgement(who Line, j *apiv1.Judgement) []Line {
	why := c.say("reason/" + j.Reason)
	for _, f := range j.Flags {
		why += " " + c.say("flag/"+f)
	}
	if j.RoleAtDecision != "" && j.RoleAtDecision != j.Role {
		why += " " + c.say("why/at-decision", "role", strings.ToLower(c.say("role/"+j.RoleAtDecision)))
	}
	return []Line{who, strong(c.say("role/" + j.Role)), plain(why)}
}

// inOrder puts users:strict first, then users:broad, the constituencies, the people.
func inOrder(all []*apiv1.Judgement) []*apiv1.Judgement {
	place := func(j *apiv1.Judgement) int {
		switch {
		case j.Who == usersStrict:
			return 0
		case j.Who == usersBroad:
			return 1
		case j.Participant == "":
			return 2
		}
		return 3
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *apiv1.Judgement) int { return place(a) - place(b) })
	return sorted
}
