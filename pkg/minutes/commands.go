package minutes

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter turns a minutes file into the commands that record it: the same ones that the web client sends. What the record says
// already is compared first, so that the same file twice asks for nothing, and a corrected one for corrections.

// Step is one command and the place in the file that it comes from.
type Step struct {
	Path    string
	Command *commandv1.Command
}

// Recorded is what the record says already of the initiative and of this session.
type Recorded struct {
	// Department and Initiative as recorded; nil when not yet.
	Department *Department
	Initiative *Initiative
	// Members of the initiative by their id in the file.
	Members map[string]Member
	// Items of the initiative by their id in the file, without contributions and decisions.
	Items map[string]Item
	// Session is the whole session as a file, nil when it was never recorded. Its participants have the capacity held then.
	Session *File
	// Frozen is the capacity that each decision's electors had when voting opened, by the decision's id and the elector's.
	Frozen map[string]map[string]Member
	// Unfinished are the decisions that are not closed, by their own id: a file that the record wrote leaves them out, and that strikes nothing.
	Unfinished []string
}

// Member is what the roll says of somebody.
type Member struct {
	Participant          string // pseudonym
	Name                 string
	Constituency         Constituency
	EmployedByDepartment bool
}

// plan collects the steps of one file.
type plan struct {
	file      *File
	recorded  *Recorded
	pseudonym map[string]string
	steps     []Step
	opened    *timestamppb.Timestamp
	closed    *timestamppb.Timestamp
}

// Steps says which commands make the record say what the file says; none when it does already. pseudonyms maps every participant's id in
// the file to the pseudonym that people gave. Texts are in clear: they must be sealed before the commands are sent.
func Steps(f *File, recorded *Recorded, pseudonyms map[string]string) []Step {
	f = normal(f)
	p := &plan{file: f, recorded: recorded, pseudonym: pseudonyms, opened: timestamppb.New(f.Session.OpenedAt), closed: timestamppb.New(f.end())}
	p.workspace()
	p.initiative()
	p.members()
	before := recorded.Session
	if before == nil {
		p.newSession()
	} else {
		before = normal(before)
		p.corrections(before)
	}
	return p.steps
}

// end is when the session ended, or began when no end is stated: decisions are dated then.
func (f *File) end() time.Time {
	if f.Session.ClosedAt.IsZero() {
		return f.Session.OpenedAt
	}
	return f.Session.ClosedAt
}

// normal gives the file with all times in UTC and undated acts dated at the session's end, so that two files that say the same are equal.
func normal(f *File) *File {
	n := *f
	n.root = nil
	n.Session.OpenedAt = f.Session.OpenedAt.UTC()
	if !f.Session.ClosedAt.IsZero() {
		n.Session.ClosedAt = f.Session.ClosedAt.UTC()
	}
	n.Items = slices.Clone(f.Items)
	for i := range n.Items {
		n.Items[i].Decisions = slices.Clone(n.Items[i].Decisions)
		for d := range n.Items[i].Decisions {
			acts := slices.Clone(n.Items[i].Decisions[d].Acts)
			for a := range acts {
				if acts[a].At.IsZero() {
					acts[a].At = f.end()
				}
				acts[a].At = acts[a].At.UTC()
				if !acts[a].Due.WholeDay && !acts[a].Due.At.IsZero() {
					acts[a].Due.At = acts[a].Due.At.UTC()
				}
			}
			n.Items[i].Decisions[d].Acts = inOrder(acts, f.end())
		}
	}
	return &n
}

// inOrder puts acts that happened up to the close of the vote before the others, otherwise keeping the order of the file: it is the order
// in which they are recorded.
func inOrder(acts []Act, end time.Time) []Act {
	var before, after []Act
	for _, a := range acts {
		if beforeClose(a, end) {
			before = append(before, a)
		} else {
			after = append(after, a)
		}
	}
	return append(before, after...)
}

func beforeClose(a Act, end time.Time) bool {
	switch a.Kind {
	case ActDeferred, ActObjectionRaised, ActObjectionIntegrated, ActObjectionWithdrawn, ActObjectionDismissed:
		return !a.At.After(end)
	}
	return false
}

func (p *plan) add(path string, at *timestamppb.Timestamp, c *commandv1.Command) {
	c.OccurredAt = at
	p.steps = append(p.steps, Step{path, c})
}

func (p *plan) ws() string      { return p.file.Department.ID }
func (p *plan) session() string { return p.file.Initiative.ID + ":" + p.file.Session.ID }
func (p *plan) item(id string) string {
	return p.file.Initiative.ID + ":" + id
}

func (p *plan) workspace() {
	d := p.file.Department
	switch was := p.recorded.Department; {
	case was == nil:
		p.add("department", p.opened, &commandv1.Command{Of: &commandv1.Command_FoundWorkspace{FoundWorkspace: &commandv1.FoundWorkspace{Workspace: d.ID, Name: words(d.Name), Region: d.Region}}})
	case d.Name != "" && d.Name != was.Name, d.Region != "" && d.Region != was.Region:
		p.add("department", p.opened, &commandv1.Command{Of: &commandv1.Command_DescribeWorkspace{DescribeWorkspace: &commandv1.DescribeWorkspace{Workspace: d.ID, Name: words(or(d.Name, was.Name)), Region: or(d.Region, was.Region)}}})
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (p *plan) initiative() {
	i := p.file.Initiative
	scope, area, stage := value[eventv1.Scope](i.Scope), value[eventv1.Area](i.Area), value[eventv1.Stage](i.Stage)
	switch was := p.recorded.Initiative; {
	case was == nil:
		p.add("initiative", p.opened, &commandv1.Command{Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: p.ws(), Initiative: i.ID, Title: words(i.Title), Scope: scope, Area: area, Stage: stage}}})
	case *was != i:
		p.add("initiative", p.opened, &commandv1.Command{Of: &commandv1.Command_DescribeInitiative{DescribeInitiative: &commandv1.DescribeInitiative{Workspace: p.ws(), Initiative: i.ID, Title: words(i.Title), Scope: scope, Area: area, Stage: stage}}})
	}
}

// members enrols who is new and declares capacities that changed. A capacity that this session had recorded already is not declared
// again, so that reading an old file after a newer one changes nothing.
func (p *plan) members() {
	then := map[string]Participant{}
	if s := p.recorded.Session; s != nil {
		for _, x := range s.Participants {
			then[x.ID] = x
		}
	}
	enrol := &commandv1.EnrolParticipants{Workspace: p.ws(), Initiative: p.file.Initiative.ID}
	var later []Step
	for n, x := range p.file.Participants {
		path := "participants[" + strconv.Itoa(n) + "]"
		was, known := p.recorded.Members[x.ID]
		if !known {
			enrol.Enrolments = append(enrol.Enrolments, &commandv1.Enrolment{Participant: p.pseudonym[x.ID], Ref: words(x.ID), Name: words(x.Name), Constituency: string(x.Constituency), EmployedByDepartment: x.EmployedByDepartment})
			continue
		}
		old, had := then[x.ID]
		same := was.Constituency == x.Constituency && was.EmployedByDepartment == x.EmployedByDepartment ||
			had && old.Constituency == x.Constituency && old.EmployedByDepartment == x.EmployedByDepartment
		if !same {
			later = append(later, Step{path, &commandv1.Command{OccurredAt: p.opened, Of: &commandv1.Command_DeclareCapacity{DeclareCapacity: &commandv1.DeclareCapacity{Workspace: p.ws(), Initiative: p.file.Initiative.ID, Participant: was.Participant, Constituency: string(x.Constituency), EmployedByDepartment: x.EmployedByDepartment}}}})
		}
		if x.Name != "" && x.Name != was.Name {
			later = append(later, Step{path, &commandv1.Command{OccurredAt: p.opened, Of: &commandv1.Command_NameParticipant{NameParticipant: &commandv1.NameParticipant{Workspace: p.ws(), Initiative: p.file.Initiative.ID, Participant: was.Participant, Name: words(x.Name)}}}})
		}
	}
	if len(enrol.Enrolments) > 0 {
		p.add("participants", p.opened, &commandv1.Command{Of: &commandv1.Command_EnrolParticipants{EnrolParticipants: enrol}})
	}
	p.steps = append(p.steps, later...)
}

func (p *plan) newSession() {
	f, ws, id := p.file, p.ws(), p.session()
	p.add("session", p.opened, &commandv1.Command{Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: ws, Session: id, Title: words(f.Session.Title), Kind: value[eventv1.SessionKind](f.Session.Kind), StartsAt: p.opened}}})
	p.add("session", p.opened, &commandv1.Command{Of: &commandv1.Command_OpenSession{OpenSession: &commandv1.OpenSession{Workspace: ws, Session: id}}})
	if len(f.Participants) > 0 {
		p.add("participants", p.opened, &commandv1.Command{Of: &commandv1.Command_SeatParticipants{SeatParticipants: &commandv1.SeatParticipants{Workspace: ws, Session: id, Seats: p.seats()}}})
	}
	if len(f.Items) > 0 {
		p.add("items", p.opened, &commandv1.Command{Of: &commandv1.Command_SetAgenda{SetAgenda: &commandv1.SetAgenda{Workspace: ws, Session: id, Items: p.agenda()}}})
	}
	for n := range f.Items {
		p.wording(n)
		if said := p.contributions(&f.Items[n]); len(said) > 0 {
			p.add("items["+strconv.Itoa(n)+"].contributions", p.opened, &commandv1.Command{Of: &commandv1.Command_RecordContributions{RecordContributions: &commandv1.RecordContributions{Workspace: ws, Item: p.item(f.Items[n].ID), Session: id, Contributions: said}}})
		}
		for d := range f.Items[n].Decisions {
			p.steps = append(p.steps, p.decision(n, d)...)
		}
	}
	if !f.Session.ClosedAt.IsZero() {
		p.add("session.closed_at", p.closed, &commandv1.Command{Of: &commandv1.Command_CloseSession{CloseSession: &commandv1.CloseSession{Workspace: ws, Session: id}}})
	}
}

// wording proposes an item, or corrects what is recorded of it.
func (p *plan) wording(n int) {
	x, path := p.file.Items[n], "items["+strconv.Itoa(n)+"]"
	was, known := p.recorded.Items[x.ID]
	switch {
	case !known:
		p.add(path, p.opened, &commandv1.Command{Of: &commandv1.Command_ProposeItem{ProposeItem: &commandv1.ProposeItem{Workspace: p.ws(), Item: p.item(x.ID), Title: words(x.Title), ProposedBy: p.pseudonym[x.ProposedBy]}}})
	case x.Title != was.Title || x.ProposedBy != was.ProposedBy:
		p.add(path, p.opened, &commandv1.Command{Of: &commandv1.Command_DescribeItem{DescribeItem: &commandv1.DescribeItem{Workspace: p.ws(), Item: p.item(x.ID), Title: words(x.Title), ProposedBy: p.pseudonym[x.ProposedBy]}}})
	}
}

// corrections compares session, items and decisions with the record, part by part.
func (p *plan) corrections(before *File) {
	f, ws, id := p.file, p.ws(), p.session()
	if f.Session != before.Session || !alike(seating(f), seating(before)) || !slices.EqualFunc(f.Items, before.Items, func(a, b Item) bool { return a.ID == b.ID }) {
		c := &commandv1.CorrectSession{Workspace: ws, Session: id, Title: words(f.Session.Title), Kind: value[eventv1.SessionKind](f.Session.Kind), OpenedAt: p.opened, Seats: p.seats(), Items: p.agenda()}
		if !f.Session.ClosedAt.IsZero() {
			c.ClosedAt = p.closed
		}
		p.add("session", p.opened, &commandv1.Command{Of: &commandv1.Command_CorrectSession{CorrectSession: c}})
	}
	old, struck := map[string]Item{}, map[string]bool{}
	oldDecision := map[string]Decision{}
	for _, x := range before.Items {
		old[x.ID] = x
		for _, d := range x.Decisions {
			oldDecision[d.ID], struck[d.ID] = d, !slices.Contains(p.recorded.Unfinished, d.ID)
		}
	}
	for n, x := range f.Items {
		p.wording(n)
		if !alike(x.Contributions, old[x.ID].Contributions) {
			p.add("items["+strconv.Itoa(n)+"].contributions", p.opened, &commandv1.Command{Of: &commandv1.Command_CorrectContributions{CorrectContributions: &commandv1.CorrectContributions{Workspace: ws, Item: p.item(x.ID), Session: id, Contributions: p.contributions(&f.Items[n])}}})
		}
		delete(old, x.ID)
		for d, decision := range x.Decisions {
			was, known := oldDecision[decision.ID]
			delete(struck, decision.ID)
			steps := p.decision(n, d)
			switch {
			case !known:
				p.steps = append(p.steps, steps...)
			case !alike(was, decision) || !p.sameCapacities(decision):
				c := &commandv1.CorrectDecision{Workspace: ws, Decision: p.decisionID(decision.ID)}
				for _, s := range steps {
					c.Steps = append(c.Steps, s.Command)
				}
				p.add(f.DecisionPath(n, d), p.opened, &commandv1.Command{Of: &commandv1.Command_CorrectDecision{CorrectDecision: c}})
			}
		}
	}
	for _, x := range before.Items { // in the order of the record
		if _, gone := old[x.ID]; gone && len(x.Contributions) > 0 {
			p.add("items", p.opened, &commandv1.Command{Of: &commandv1.Command_CorrectContributions{CorrectContributions: &commandv1.CorrectContributions{Workspace: ws, Item: p.item(x.ID), Session: id}}})
		}
		for _, d := range x.Decisions {
			if struck[d.ID] {
				p.add("items", p.opened, &commandv1.Command{Of: &commandv1.Command_StrikeDecision{StrikeDecision: &commandv1.StrikeDecision{Workspace: ws, Decision: p.decisionID(d.ID), Reason: words("not in the corrected minutes")}}})
			}
		}
	}
}

// seating is what a session records of who was there: names belong to the initiative.
func seating(f *File) []Participant {
	seats := slices.Clone(f.Participants)
	for i := range seats {
		seats[i].Name = ""
	}
	return seats
}

func alike(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// sameCapacities: whoever is in the electorate had, when voting opened, the capacity that the file states.
func (p *plan) sameCapacities(d Decision) bool {
	stated := map[string]Participant{}
	for _, x := range p.file.Participants {
		stated[x.ID] = x
	}
	for id, was := range p.recorded.Frozen[d.ID] {
		if x := stated[id]; x.Constituency != was.Constituency || x.EmployedByDepartment != was.EmployedByDepartment {
			return false
		}
	}
	return true
}

func (p *plan) seats() []*eventv1.ParticipantSeated {
	var seats []*eventv1.ParticipantSeated
	for _, x := range p.file.Participants {
		seat := &eventv1.ParticipantSeated{Participant: p.pseudonym[x.ID]}
		for _, o := range x.Appointed {
			seat.Offices = append(seat.Offices, value[eventv1.Office](o))
		}
		seats = append(seats, seat)
	}
	return seats
}

func (p *plan) agenda() []string {
	var items []string
	for _, x := range p.file.Items {
		items = append(items, p.item(x.ID))
	}
	return items
}

func (p *plan) contributions(x *Item) []*commandv1.Contribution {
	var said []*commandv1.Contribution
	for _, c := range x.Contributions {
		said = append(said, &commandv1.Contribution{By: p.pseudonym[c.By], Kind: value[eventv1.ContributionKind](c.Kind), Seconds: uint32(c.Seconds), Text: words(c.Text), Answers: uint32(c.Answers), Reply: value[eventv1.Reply](c.Reply)})
	}
	return said
}

func (p *plan) decisionID(own string) string { return p.session() + ":" + own }

// decision gives the commands of one decision, from the question to what became of it.
func (p *plan) decision(n, d int) []Step {
	x, path := p.file.Items[n].Decisions[d], p.file.DecisionPath(n, d)
	ws, id := p.ws(), p.decisionID(x.ID)
	var steps []Step
	add := func(place string, at *timestamppb.Timestamp, c *commandv1.Command) {
		c.OccurredAt = at
		steps = append(steps, Step{place, c})
	}
	add(path, p.opened, &commandv1.Command{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: ws, Decision: id, Item: p.item(p.file.Items[n].ID), Question: words(x.Question)}}})
	if x.Charter != nil {
		add(path+".charter", p.opened, &commandv1.Command{Of: &commandv1.Command_WriteCharter{WriteCharter: &commandv1.WriteCharter{Workspace: ws, Decision: id, Charter: p.charter(x.Charter)}}})
	}
	open, cast, advice, took := &commandv1.OpenVoting{Workspace: ws, Decision: id}, &commandv1.CastBallots{Workspace: ws, Decision: id}, &commandv1.GiveAdvice{Workspace: ws, Decision: id}, []string(nil)
	for _, e := range x.Electorate {
		who := p.pseudonym[e.Participant]
		elector := &eventv1.Elector{Participant: who, Standing: value[eventv1.Standing](e.Standing), Weight: uint64(e.Weight), Present: e.Present, Recused: e.Recused, Mandate: e.Mandate}
		if e.Proxy != nil {
			elector.Proxy = &eventv1.Proxy{To: p.pseudonym[e.Proxy.To], Instructed: e.Proxy.Instructed}
		}
		open.Electors = append(open.Electors, elector)
		if e.Ballot != "" {
			cast.Ballots = append(cast.Ballots, &eventv1.BallotCast{Participant: who, Choice: value[eventv1.Choice](e.Ballot)})
		}
		if e.Advice != "" {
			advice.Advice = append(advice.Advice, &eventv1.AdviceGiven{Participant: who, Advice: value[eventv1.Choice](e.Advice)})
		}
		if e.Cast {
			took = append(took, who)
		}
	}
	add(path+".electorate", p.opened, &commandv1.Command{Of: &commandv1.Command_OpenVoting{OpenVoting: open}})
	if len(advice.Advice) > 0 {
		add(path+".electorate", p.opened, &commandv1.Command{Of: &commandv1.Command_GiveAdvice{GiveAdvice: advice}})
	}
	if len(cast.Ballots) > 0 {
		add(path+".electorate", p.closed, &commandv1.Command{Of: &commandv1.Command_CastBallots{CastBallots: cast}})
	}
	if x.Tally != nil || len(took) > 0 {
		report := &eventv1.TallyReported{Total: tally(x.Tally), TookPart: took}
		for code, part := range x.TallyByConstituency {
			if report.ByConstituency == nil {
				report.ByConstituency = map[string]*eventv1.Tally{}
			}
			report.ByConstituency[string(code)] = tally(&part)
		}
		add(path+".tally", p.closed, &commandv1.Command{Of: &commandv1.Command_ReportTally{ReportTally: &commandv1.ReportTally{Workspace: ws, Decision: id, Tally: report}}})
	}
	if x.ClaimedConsensus {
		add(path+".claimed_outcome", p.closed, &commandv1.Command{Of: &commandv1.Command_ClaimConsensus{ClaimConsensus: &commandv1.ClaimConsensus{Workspace: ws, Decision: id, Outcome: value[eventv1.Outcome](x.ClaimedOutcome)}}})
	}
	closing := func() {
		add(path, p.closed, &commandv1.Command{Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: ws, Decision: id}}})
	}
	closedYet := false
	for a, act := range x.Acts {
		if !closedYet && !beforeClose(act, p.file.end()) {
			closing()
			closedYet = true
		}
		add(path+".acts["+strconv.Itoa(a)+"]", timestamppb.New(act.At), &commandv1.Command{Of: &commandv1.Command_RecordAct{RecordAct: &commandv1.RecordAct{Workspace: ws, Decision: id, Act: p.act(act)}}})
	}
	if !closedYet {
		closing()
	}
	return steps
}

func (p *plan) act(a Act) *eventv1.ActRecorded {
	r := &eventv1.ActRecorded{Kind: value[eventv1.ActKind](a.Kind), Owner: p.pseudonym[a.Owner], Due: a.Due.words(), Objector: p.pseudonym[a.Objector], AllowedByRule: a.AllowedByRule, SameAsOutcome: a.SameAsOutcome != nil && *a.SameAsOutcome}
	if a.By == Electorate {
		r.ByElectorate = true
	} else {
		r.By = p.pseudonym[a.By]
	}
	return r
}

func (d Deadline) words() string {
	if d.At.IsZero() {
		return ""
	}
	return d.String()
}

func (p *plan) charter(c *Charter) *eventv1.Charter {
	return &eventv1.Charter{Rule: p.rule(c.Rule), Ratification: value[eventv1.Ratification](c.Ratification), Secret: c.Secret, PrecommittedBy: p.pseudonym[c.PrecommittedBy]}
}

func (p *plan) rule(r *Rule) *eventv1.Rule {
	if r == nil {
		return nil
	}
	m := &eventv1.Rule{
		Method: value[eventv1.Method](r.Method), Threshold: threshold(r.Threshold), Base: value[eventv1.Base](r.Base), Tie: value[eventv1.Tie](r.Tie),
		MinMembersFor: uint32(r.MinMembersFor), Chair: p.pseudonym[r.Chair], Holder: p.pseudonym[r.Holder],
	}
	for _, id := range r.Veto {
		m.Veto = append(m.Veto, p.pseudonym[id])
	}
	for _, id := range r.RequiresFor {
		m.RequiresFor = append(m.RequiresFor, p.pseudonym[id])
	}
	for _, c := range r.Constituencies {
		x := &eventv1.ConstituencyRule{Threshold: threshold(c.Threshold), Base: value[eventv1.Base](c.Base), MinPresent: uint32(c.MinPresent)}
		for _, code := range c.Of {
			x.Of = append(x.Of, string(code))
		}
		m.Constituencies = append(m.Constituencies, x)
	}
	if q := r.Quorum; q != nil {
		m.Quorum = &eventv1.Quorum{Count: uint32(q.Count), Fraction: fraction(q.Fraction)}
		for code, n := range q.Constituencies {
			if m.Quorum.Constituencies == nil {
				m.Quorum.Constituencies = map[string]uint32{}
			}
			m.Quorum.Constituencies[string(code)] = uint32(n)
		}
	}
	return m
}

func threshold(t Threshold) *eventv1.Threshold {
	switch t.Kind {
	case ThresholdMajority:
		return &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}
	case ThresholdVotes:
		return &eventv1.Threshold{Of: &eventv1.Threshold_Votes{Votes: uint64(t.Votes)}}
	case ThresholdFraction:
		return &eventv1.Threshold{Of: &eventv1.Threshold_Fraction{Fraction: fraction(t.Fraction)}}
	}
	return nil
}

func fraction(f Fraction) *eventv1.Fraction {
	if f == (Fraction{}) {
		return nil
	}
	return &eventv1.Fraction{Numerator: uint32(f.Num), Denominator: uint32(f.Den)}
}

func tally(t *Tally) *eventv1.Tally {
	if t == nil {
		return nil
	}
	return &eventv1.Tally{For: uint64(t.For), Against: uint64(t.Against), Abstain: uint64(t.Abstain)}
}

func words(s string) *commandv1.Text {
	if s == "" {
		return nil
	}
	return &commandv1.Text{Form: &commandv1.Text_Clear{Clear: s}}
}

type enum interface {
	~int32
	protoreflect.Enum
}

// value gives the enum value of a word of the format: binding_vote is STANDING_BINDING_VOTE. An empty word is the unspecified value; Parse
// lets no other word through.
func value[E enum, W ~string](word W) E {
	var e E
	if word == "" {
		return e
	}
	values := e.Descriptor().Values()
	prefix := strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
	if v := values.ByName(protoreflect.Name(prefix + strings.ToUpper(string(word)))); v != nil {
		return E(v.Number())
	}
	return e
}

// Word gives the word of the format for an enum value: the reverse of value, empty for the unspecified one.
func Word(e protoreflect.Enum) string {
	values := e.Descriptor().Values()
	v := values.ByNumber(e.Number())
	if v == nil || v.Number() == 0 {
		return ""
	}
	prefix := strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
	return strings.ToLower(strings.TrimPrefix(string(v.Name()), prefix))
}

// CharterOf is what a file says of one decision before the vote.
type CharterOf struct {
	// Decision is the full id; Path its place in the file.
	Decision, Path string
	// Rule is nil when none was recorded. Participants are named by their ids in the file.
	Rule     *eventv1.Rule
	Electors []*eventv1.Elector
}

// Charters gives charter and electorate of every decision of the file, with constituencies filled in.
func Charters(f *File) []CharterOf {
	p := &plan{file: f, recorded: &Recorded{}, pseudonym: map[string]string{}}
	capacity := map[string]Participant{}
	for _, x := range f.Participants {
		p.pseudonym[x.ID], capacity[x.ID] = x.ID, x
	}
	var all []CharterOf
	for n := range f.Items {
		for d := range f.Items[n].Decisions {
			c := CharterOf{Decision: p.decisionID(f.Items[n].Decisions[d].ID), Path: f.DecisionPath(n, d)}
			for _, s := range p.decision(n, d) {
				if w := s.Command.GetWriteCharter(); w != nil {
					c.Rule = w.Charter.GetRule()
				}
				if o := s.Command.GetOpenVoting(); o != nil {
					c.Electors = o.Electors
				}
			}
			for _, e := range c.Electors {
				e.Constituency, e.EmployedByDepartment = string(capacity[e.Participant].Constituency), capacity[e.Participant].EmployedByDepartment
			}
			all = append(all, c)
		}
	}
	return all
}
