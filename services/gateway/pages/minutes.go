package pages

import (
	"strconv"
	"strings"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// The minutes of a session, assembled from the record: nobody writes them. While the session is open they are what is recorded so far.

// MinutesInput is what minutes are made of.
type MinutesInput struct {
	// Workspace is the department's id.
	Workspace  string
	Session    *apiv1.SessionView
	Initiative *apiv1.InitiativeView
	// Roles are those in the decisions of this session.
	Roles []*apiv1.DecisionRoles
}

// Minutes writes the minutes of a session.
func Minutes(lang string, in MinutesInput) Doc {
	l, s := tongue(lang), in.Session.GetSession()
	p := peopleOf(l, in.Initiative.GetParticipants())
	p.minutes = true
	m := record{people: p, in: in}
	doc := Doc{Kind: l.say("page/minutes"), Title: said(s.GetTitle())}
	if s.GetTitle() == "" {
		doc.Title = plain(l.say("page/session"))
	}
	doc.Blocks = append(doc.Blocks, m.head())
	switch s.GetPhase() {
	case apiv1.SessionPhase_SESSION_PHASE_PREPARED:
		doc.Blocks = append(doc.Blocks, notice(l.say("page/session-prepared")))
	case apiv1.SessionPhase_SESSION_PHASE_OPEN:
		doc.Blocks = append(doc.Blocks, notice(l.say("page/session-open")))
	}
	doc.Blocks = append(doc.Blocks,
		section("people", plain(l.say("page/people")), m.present()...),
		section("agenda", plain(l.say("page/agenda")), m.agenda()...),
	)
	for i, item := range in.Session.GetItems() {
		title := append(plain(strconv.Itoa(i+1)+". "), said(item.Title)...)
		doc.Blocks = append(doc.Blocks, section("item-"+strconv.Itoa(i+1), title, m.item(item)...))
	}
	if t := m.talk(); t != nil {
		doc.Blocks = append(doc.Blocks, section("talk", plain(l.say("page/talk")), Block{Table: t}))
	}
	doc.Blocks = append(doc.Blocks, section("approval", plain(l.say("page/approval")), m.approval()...))
	file := "/v1/workspaces/" + in.Workspace + "/sessions/" + s.GetId() + "/minutes."
	doc.Actions = Line{{Text: l.say("page/as-markdown"), Href: file + "md?lang=" + lang}}
	if s.GetPhase() != apiv1.SessionPhase_SESSION_PHASE_PREPARED {
		doc.Actions = append(doc.Actions, Piece{Text: l.say("page/as-json"), Href: file + "json"})
	}
	level(doc.Blocks, 2)
	return doc
}

// record is a session on a page.
type record struct {
	people
	in MinutesInput
}

func (m record) head() Block {
	s := m.in.Session.GetSession()
	when := m.moment(s.GetStartsAt())
	if s.GetOpenedAt() != nil {
		when = m.moment(s.OpenedAt)
	}
	if s.GetClosedAt() != nil {
		when = m.say("page/from-to", "from", when, "to", clock(s.ClosedAt))
		if m.date(s.OpenedAt) != m.date(s.ClosedAt) {
			when = m.say("page/from-to", "from", m.moment(s.OpenedAt), "to", m.moment(s.ClosedAt))
		}
	}
	return facts(
		Fact{m.say("page/initiative"), orNone(said(m.in.Initiative.GetInitiative().GetTitle()))},
		fact(m.say("page/session-kind"), m.label(s.GetKind())),
		fact(m.say("page/when"), when),
		Fact{m.say("page/where"), orNone(said(s.GetPlace()))},
	)
}

// present says who was there, by perspective.
func (m record) present() []Block {
	seats := m.in.Session.GetSeats()
	if len(seats) == 0 {
		return []Block{nothing(m.say("page/nobody-yet"))}
	}
	var codes []string
	by := map[string][]*apiv1.ParticipantView{}
	for _, s := range seats {
		if by[s.Constituency] == nil {
			codes = append(codes, s.Constituency)
		}
		by[s.Constituency] = append(by[s.Constituency], s)
	}
	var f []Fact
	for _, code := range codes {
		var lines []Line
		came := 0
		for _, s := range by[code] {
			if !s.Absent {
				came++
			}
			lines = append(lines, m.seat(s))
		}
		f = append(f, Fact{counted(m.constituency(code), came), lines})
	}
	return []Block{facts(f...)}
}

func (m record) seat(s *apiv1.ParticipantView) Line {
	l := plain(m.name(s.Participant))
	for _, o := range s.Offices {
		l = append(l, Piece{Text: ". " + m.label(o)})
	}
	if s.EmployedByDepartment {
		l = append(l, Piece{Text: ". " + m.say("page/employed")})
	}
	switch {
	case s.Absent:
		l = append(l, Piece{Text: ". " + m.say("page/is-away")})
	case !s.Present && m.in.Session.GetSession().GetPhase() == apiv1.SessionPhase_SESSION_PHASE_OPEN:
		l = append(l, Piece{Text: ". " + m.say("page/has-left")})
	}
	return l
}

func (m record) agenda() []Block {
	var items []Line
	for _, i := range m.in.Session.GetItems() {
		l := said(i.Title)
		if i.ProposedBy != "" {
			l = append(l, Piece{Text: " – " + m.say("page/proposed-by", "who", m.name(i.ProposedBy))})
		}
		if i.Minutes > 0 {
			l = append(l, Piece{Text: " – " + m.say("page/estimated", "time", m.say("page/minutes-n", "n", n(i.Minutes)))})
		}
		items = append(items, l)
	}
	if len(items) == 0 {
		return []Block{nothing(m.say("page/no-agenda"))}
	}
	return []Block{numbered(items)}
}

// item is what was said and what was decided on one item.
func (m record) item(i *apiv1.ItemView) (all []Block) {
	for _, a := range i.Attachments {
		all = append(all, para(append(plain(m.say("page/attachment")+" "), said(a.Title+" – "+a.Url)...)))
	}
	var lines []Line
	for _, c := range i.Contributions {
		lines = append(lines, m.contribution(c, i.Contributions))
	}
	if len(lines) > 0 {
		all = append(all, numbered(lines))
	} else {
		all = append(all, nothing(m.say("page/nothing-said")))
	}
	for _, d := range i.Decisions {
		all = append(all, m.decision(d))
	}
	return all
}

func (m record) contribution(c *apiv1.ContributionView, all []*apiv1.ContributionView) Line {
	l := strong(m.name(c.By))
	about := m.label(c.Kind)
	if c.Seconds > 0 {
		about = m.say("page/kind-and-time", "kind", about, "time", m.duration(c.Seconds))
	}
	l = append(l, Piece{Text: " (" + about + "): "})
	if words := m.words(c.By, c.Text); words != nil {
		l = append(l, words...)
	} else {
		l = append(l, Piece{Text: m.say("page/no-words")})
	}
	for _, to := range all {
		if c.Answers > 0 && to.Number == c.Answers {
			text := m.say("page/answers", "n", n(to.Number), "who", m.name(to.By))
			if reply := m.label(c.Reply); reply != "" {
				text += " " + reply + "."
			}
			l = append(l, Piece{Text: " " + text})
		}
	}
	if c.Amends > 0 {
		l = append(l, Piece{Text: " " + m.say("page/amends", "n", n(c.Amends))})
	}
	if c.TakesUp > 0 {
		l = append(l, Piece{Text: " " + m.say("page/takes-up", "n", n(c.TakesUp))})
	}
	if c.EnteredBy != "" && c.EnteredBy != c.By {
		l = append(l, Piece{Text: " " + m.say("page/entered-by", "who", m.name(c.EnteredBy))})
	}
	return l
}

// decision is the whole of a decision, as on its own page, and with the role of each person.
func (m record) decision(d *apiv1.DecisionView) Block {
	c := chapter{people: m.people, d: d}
	for _, r := range m.in.Roles {
		if r.Initiative+":"+r.Session+":"+r.Id == d.Id {
			c.roles = r.Roles
		}
	}
	id := "decision-" + strings.TrimPrefix(d.Id, sessionOf(d.Id)+":")
	title := append(plain(m.say("page/decision")+": "), said(d.Question)...)
	blocks := append([]Block{facts(fact(m.say("page/state"), c.state()))}, c.warnings()...)
	if d.Proposal != "" {
		blocks = append(blocks, section(id+"-proposal", plain(m.say("page/proposal")), para(said(d.Proposal))))
	}
	for _, a := range d.Amendments {
		text := m.say("page/amended", "when", m.moment(a.At))
		if a.TakesUp > 0 {
			text += " " + m.say("page/takes-up", "n", n(a.TakesUp))
		}
		if a.Objector != "" {
			text += " " + m.say("page/act-objector", "who", m.name(a.Objector))
		}
		blocks = append(blocks, note(text))
	}
	blocks = append(blocks,
		section(id+"-outcome", plain(m.say("page/outcome")), c.outcome()...),
		section(id+"-charter", plain(m.say("page/charter")), c.charter()),
		section(id+"-electorate", plain(m.say("page/electorate")), c.electorate()...),
		section(id+"-roles", plain(m.say("page/roles")), append(c.groupRoles(""), c.personRoles()...)...),
		section(id+"-follow-up", plain(m.say("page/follow-up")), c.acts()...),
	)
	return section(id, title, blocks...)
}

// talk is the speaking time, by person and by perspective; nil when nothing was measured.
func (m record) talk() *Table {
	t := &Table{Caption: m.say("page/talk-caption"), Columns: []string{m.say("page/who"), m.say("page/time"), m.say("page/contributions")}}
	measured := false
	for _, x := range m.in.Session.GetTalk() {
		measured = measured || x.Seconds > 0
		who := m.party(&apiv1.Judgement{Who: x.Who})
		if m.of[x.Who] != nil {
			who = m.name(x.Who)
		}
		t.Rows = append(t.Rows, []Line{plain(who), plain(m.duration(x.Seconds)), plain(n(x.Contributions))})
	}
	if !measured {
		return nil
	}
	return t
}

// approval says who approved the minutes and what is contested.
func (m record) approval() (all []Block) {
	by := m.in.Session.GetApprovedBy()
	if len(by) == 0 {
		all = append(all, nothing(m.say("page/not-approved")))
	} else {
		came := 0 // who was expected and never was there approves nothing
		for _, s := range m.in.Session.GetSeats() {
			if !s.Absent {
				came++
			}
		}
		all = append(all, para(plain(m.say("page/approved-by", "n", strconv.Itoa(len(by)), "all", strconv.Itoa(came), "who", m.names(by)))))
	}
	var contested []Line
	for _, i := range m.in.Session.GetItems() {
		for _, d := range i.Decisions {
			if d.Contested {
				contested = append(contested, said(d.Question))
			}
		}
	}
	if len(contested) > 0 {
		all = append(all, notice(m.say("page/contested-list")), bullets(contested))
	}
	return append(all, note(m.say("page/up-to", "sequence", n(m.in.Session.GetSequence()))))
}
