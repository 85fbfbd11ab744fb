// Package initiative decides who belongs to a co-design process and in which capacity.
//
// A participant is a random pseudonym; the short id and the name are sealed. The constituency (user, family, psw, professional, …) and
// whether somebody is employed by the deciding department are structure, because roles are derived from them: they say for whom somebody
// sits, never who they are. A change of capacity holds from then on; votes opened earlier keep what held when they opened.
//
// Consents are stated one by one, and the last statement of a code holds. Nobody needs to consent in order to take part.
//
// A record shows only what was put into it. So whoever belongs may report that a decision was taken outside: the report is counted and shown, and
// nothing is judged by it.
//
// A tutor is another member whom a member chose to stand beside them. It is the member's own relation: it has no place among what an initiative shows of its
// members, decides nothing, and gives the tutor one thing alone, to read the signals that concern the member while the choice holds.
//
// Not here: who sits in which meeting (package session).
package initiative

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// State is an initiative as its events tell it. Its owner may change it only through Evolve.
type State struct {
	Opened bool
	Title  decider.Words
	Scope  eventv1.Scope
	Area   eventv1.Area
	Stage  eventv1.Stage
	// Public: anyone may read the decisions, without persons.
	Public bool
	// Members in the order of enrolment.
	Members []Member
	index   map[string]int
	// Unlogged are the reports of decisions that are not in the record, oldest first.
	Unlogged []Unlogged
	// tutors are those chosen, by who chose. Apart from Members, so that showing a member cannot show them.
	tutors map[string]string
}

// Unlogged is one report of a decision that is not in the record.
type Unlogged struct {
	By      string
	Text    decider.Words
	TakenOn string // yyyy-mm-dd; "" when it is not known
	At      time.Time
	Seq     uint64
}

// Member is one person, or one organisation's seat.
type Member struct {
	Participant          string
	Ref                  decider.Words
	Name                 decider.Words
	Constituency         string
	EmployedByDepartment bool
	// Consents stated, one a code, in the order in which the codes first came.
	Consents []Consent
}

// Consent is the last statement of one code.
type Consent struct {
	Code    string
	Version uint32 // of the wording that was shown
	Given   bool
}

// Codes of consents that the program itself honours, in what it writes as minutes. A department's list may hold others.
const (
	NameInMinutes  = "name_in_minutes"
	WordsInMinutes = "words_in_minutes"
)

// Refuses reports whether the member refused a consent. Who never stated it has not refused.
func (m *Member) Refuses(code string) bool {
	i := m.consent(code)
	return i >= 0 && !m.Consents[i].Given
}

func (m *Member) consent(code string) int {
	return slices.IndexFunc(m.Consents, func(c Consent) bool { return c.Code == code })
}

// Clone copies the state so that a trial fold leaves the original alone.
func (s *State) Clone() *State {
	c := *s
	c.Members = append([]Member(nil), s.Members...)
	for i := range c.Members {
		c.Members[i].Consents = slices.Clone(c.Members[i].Consents)
	}
	c.index, c.Unlogged, c.tutors = maps.Clone(s.index), slices.Clone(s.Unlogged), maps.Clone(s.tutors)
	return &c
}

// Tutor gives whom a member chose; "" for nobody.
func (s *State) Tutor(participant string) string { return s.tutors[participant] }

// ChosenBy lists who chose a member as tutor, in the order of enrolment.
func (s *State) ChosenBy(tutor string) (all []string) {
	for _, m := range s.Members {
		if tutor != "" && s.tutors[m.Participant] == tutor {
			all = append(all, m.Participant)
		}
	}
	return all
}

// Roll looks up the capacity of a member.
func (s *State) Roll(participant string) (decision.Capacity, bool) {
	i, ok := s.index[participant]
	if !ok {
		return decision.Capacity{}, false
	}
	return decision.Capacity{Constituency: s.Members[i].Constituency, EmployedByDepartment: s.Members[i].EmployedByDepartment}, true
}

// ownCode is the form of a code in a list that a department can extend: of constituencies, of consents.
var ownCode = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

func checkConstituency(code string) error {
	if code != "" && !ownCode.MatchString(code) {
		return decider.Refuse("initiative/constituency-malformed")
	}
	return nil
}

// Decide says which events a command makes, or refuses it.
func Decide(s *State, cmd *commandv1.Command, now time.Time) ([]*eventv1.Event, error) {
	at := cmd.OccurredAt
	if at == nil {
		at = timestamppb.New(now)
	}
	if c, ok := cmd.Of.(*commandv1.Command_OpenInitiative); ok {
		if s.Opened {
			return nil, decider.Refuse("initiative/already-open", "initiative", c.OpenInitiative.Initiative)
		}
		o := c.OpenInitiative
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.InitiativeOpened{Title: o.Title.GetSealed(), Scope: o.Scope, Area: o.Area, Stage: o.Stage})}, nil
	}
	if !s.Opened {
		return nil, decider.Refuse("initiative/unknown")
	}
	switch c := cmd.Of.(type) {
	case *commandv1.Command_DescribeInitiative:
		d := c.DescribeInitiative
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.InitiativeDescribed{Title: d.Title.GetSealed(), Scope: d.Scope, Area: d.Area, Stage: d.Stage})}, nil
	case *commandv1.Command_EnrolParticipants:
		return enrol(s, c.EnrolParticipants, at)
	case *commandv1.Command_DeclareCapacity:
		d := c.DeclareCapacity
		if err := s.known(d.Participant); err != nil {
			return nil, err
		}
		if err := checkConstituency(d.Constituency); err != nil {
			return nil, err
		}
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.CapacityDeclared{Participant: d.Participant, Constituency: d.Constituency, EmployedByDepartment: d.EmployedByDepartment})}, nil
	case *commandv1.Command_NameParticipant:
		if err := s.known(c.NameParticipant.Participant); err != nil {
			return nil, err
		}
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.ParticipantNamed{Participant: c.NameParticipant.Participant, Name: c.NameParticipant.Name.GetSealed()})}, nil
	case *commandv1.Command_StateConsents:
		return state(s, c.StateConsents, at)
	case *commandv1.Command_ReportUnloggedDecision:
		return report(s, c.ReportUnloggedDecision, at)
	case *commandv1.Command_ChooseTutor:
		return choose(s, c.ChooseTutor, at)
	case *commandv1.Command_SetPublication:
		if c.SetPublication.Public == s.Public {
			return nil, nil // as it is already
		}
		return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.PublicationSet{Public: c.SetPublication.Public})}, nil
	}
	return nil, decider.Refuse("initiative/not-its-command")
}

func (s *State) known(participant string) error {
	if _, ok := s.index[participant]; !ok {
		return decider.Refuse("initiative/not-enrolled", "participant", participant)
	}
	return nil
}

func enrol(s *State, c *commandv1.EnrolParticipants, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if len(c.Enrolments) == 0 {
		return nil, decider.Refuse("initiative/nobody-named")
	}
	var events []*eventv1.Event
	seen := map[string]bool{}
	for _, e := range c.Enrolments {
		if e.Participant == "" {
			return nil, decider.Refuse("initiative/nobody-named")
		}
		if _, already := s.index[e.Participant]; already || seen[e.Participant] {
			return nil, decider.Refuse("initiative/already-enrolled", "participant", e.Participant)
		}
		seen[e.Participant] = true
		if err := checkConstituency(e.Constituency); err != nil {
			return nil, err
		}
		events = append(events, eventv1.NewEvent(at, &eventv1.ParticipantEnrolled{
			Participant: e.Participant, Ref: e.Ref.GetSealed(), Name: e.Name.GetSealed(),
			Constituency: e.Constituency, EmployedByDepartment: e.EmployedByDepartment,
		}))
	}
	return events, nil
}

// state records consents given and refused. What was stated in the same words before makes no event.
func state(s *State, c *commandv1.StateConsents, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.known(c.Participant); err != nil {
		return nil, err
	}
	if len(c.Consents) == 0 {
		return nil, decider.Refuse("initiative/no-consent-named")
	}
	so := Member{Consents: slices.Clone(s.Members[s.index[c.Participant]].Consents)}
	var events []*eventv1.Event
	for _, x := range c.Consents {
		if !ownCode.MatchString(x.Consent) {
			return nil, decider.Refuse("initiative/consent-malformed")
		}
		if so.stated(Consent{x.Consent, x.Version, x.Given}) {
			events = append(events, eventv1.NewEvent(at, &eventv1.ConsentStated{Participant: c.Participant, Consent: x.Consent, Version: x.Version, Given: x.Given}))
		}
	}
	return events, nil
}

// report records that a decision was taken outside. Two people may report the same one: nobody here can tell.
func report(s *State, c *commandv1.ReportUnloggedDecision, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.known(c.By); err != nil {
		return nil, err
	}
	if c.Text.GetSealed() == nil {
		return nil, decider.Refuse("initiative/report-without-words")
	}
	if c.TakenOn != "" {
		day, err := time.Parse(time.DateOnly, c.TakenOn)
		if err != nil {
			return nil, decider.Refuse("initiative/report-day")
		}
		if day.After(at.AsTime().Add(dayAhead)) {
			return nil, decider.Refuse("initiative/report-ahead")
		}
	}
	return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.UnloggedDecisionReported{By: c.By, Text: c.Text.GetSealed(), TakenOn: c.TakenOn})}, nil
}

// dayAhead is how far ahead of UTC a calendar can be.
const dayAhead = 14 * time.Hour

// choose records whom a member wants beside them. Choosing the same again makes no event. Whether it is the member who asks, the gateway has checked.
func choose(s *State, c *commandv1.ChooseTutor, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.known(c.Participant); err != nil {
		return nil, err
	}
	switch {
	case c.Tutor == c.Participant:
		return nil, decider.Refuse("initiative/tutor-oneself")
	case c.Tutor == s.tutors[c.Participant]:
		return nil, nil
	case c.Tutor != "" && s.known(c.Tutor) != nil:
		return nil, decider.Refuse("initiative/tutor-unknown")
	}
	return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.TutorChosen{Participant: c.Participant, Tutor: c.Tutor})}, nil
}

// stated notes a consent and reports whether that changes anything.
func (m *Member) stated(c Consent) bool {
	i := m.consent(c.Code)
	if i < 0 {
		m.Consents = append(m.Consents, c)
		return true
	}
	changed := m.Consents[i] != c
	m.Consents[i] = c
	return changed
}

// Evolve folds one event into the state.
func Evolve(s *State, f decider.Fact) {
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_InitiativeOpened:
		s.Opened, s.Title, s.Scope, s.Area, s.Stage = true, f.Words("title", e.InitiativeOpened.Title), e.InitiativeOpened.Scope, e.InitiativeOpened.Area, e.InitiativeOpened.Stage
	case *eventv1.Event_InitiativeDescribed:
		s.Title, s.Scope, s.Area, s.Stage = f.Words("title", e.InitiativeDescribed.Title), e.InitiativeDescribed.Scope, e.InitiativeDescribed.Area, e.InitiativeDescribed.Stage
	case *eventv1.Event_ParticipantEnrolled:
		if s.index == nil {
			s.index = map[string]int{}
		}
		p := e.ParticipantEnrolled
		s.index[p.Participant] = len(s.Members)
		s.Members = append(s.Members, Member{Participant: p.Participant, Ref: f.Words("ref", p.Ref), Name: f.Words("name", p.Name), Constituency: p.Constituency, EmployedByDepartment: p.EmployedByDepartment})
	case *eventv1.Event_CapacityDeclared:
		if i, ok := s.index[e.CapacityDeclared.Participant]; ok {
			s.Members[i].Constituency, s.Members[i].EmployedByDepartment = e.CapacityDeclared.Constituency, e.CapacityDeclared.EmployedByDepartment
		}
	case *eventv1.Event_ParticipantNamed:
		if i, ok := s.index[e.ParticipantNamed.Participant]; ok {
			s.Members[i].Name = f.Words("name", e.ParticipantNamed.Name)
		}
	case *eventv1.Event_ConsentStated:
		c := e.ConsentStated
		if i, ok := s.index[c.Participant]; ok {
			s.Members[i].stated(Consent{c.Consent, c.Version, c.Given})
		}
	case *eventv1.Event_UnloggedDecisionReported:
		u := e.UnloggedDecisionReported
		s.Unlogged = append(s.Unlogged, Unlogged{By: u.By, Text: f.Words("text", u.Text), TakenOn: u.TakenOn, At: f.Event.OccurredAt.AsTime(), Seq: f.Seq})
	case *eventv1.Event_TutorChosen:
		if s.tutors == nil {
			s.tutors = map[string]string{}
		}
		s.tutors[e.TutorChosen.Participant] = e.TutorChosen.Tutor
	case *eventv1.Event_PublicationSet:
		s.Public = e.PublicationSet.Public
	}
}
