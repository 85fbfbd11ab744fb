package decision

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is what becomes of a decision: objections and how they were settled, what an authority did, whether it was carried out.

// The life of an objection.
const (
	raised     = eventv1.ActKind_ACT_KIND_OBJECTION_RAISED
	integrated = eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED
	withdrawn  = eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN
	dismissed  = eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED
)

// Act is something that became of the decision.
type Act struct {
	*eventv1.ActRecorded
	At time.Time
	// Words are the reason given, as they stand in the log.
	Words decider.Words
	Seq   uint64
	// Number is how many acts came before it, Round the consent round it belongs to, Late that voting was closed by then.
	Number int
	Round  int
	Late   bool
}

func recordAct(s *State, c *commandv1.RecordAct, actor *eventv1.Actor, roll Roll, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	act := &eventv1.ActRecorded{}
	proto.Merge(act, c.Act)
	act.Reason = c.Reason.GetSealed()
	for _, id := range []string{act.By, act.Owner, act.Objector} {
		if err := enrolled(roll, id); err != nil {
			return nil, err
		}
	}
	switch act.Kind {
	case eventv1.ActKind_ACT_KIND_UNSPECIFIED:
		return nil, decider.Refuse("decision/act-without-kind")
	case raised, integrated, withdrawn, dismissed:
		if act.Objector == "" {
			return nil, decider.Refuse("decision/act-without-objector")
		}
	case eventv1.ActKind_ACT_KIND_REVERSED:
		if act.By == "" && !act.ByElectorate {
			return nil, decider.Refuse("decision/act-without-author")
		}
	case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE:
		if err := checkDue(act.Due, s.OpenedAt); err != nil {
			return nil, err
		}
	}
	if err := s.timely(act.Kind); err != nil {
		return nil, err
	}
	if who, seated := participant(actor); seated {
		if err := s.theirs(act, who); err != nil {
			return nil, err
		}
	}
	if act.Kind == raised && inTheRoom(actor) && !s.mayObject(act.Objector) {
		return nil, decider.Refuse("decision/objection-without-vote", "participant", act.Objector)
	}
	return event(act), nil
}

// mayObject reports whether somebody's objection can count: it stands in the way of a decision, so it belongs to who has a vote in it. Everyone else is
// heard by what they say on the item, or as advice.
func (s *State) mayObject(participant string) bool {
	e := s.Standing(participant)
	return e != nil && Binding(e.Standing) && !e.Recused
}

// inTheRoom reports whether somebody does this as the meeting goes on, and can be told how it is done instead. Minutes say what was, and are believed.
func inTheRoom(actor *eventv1.Actor) bool {
	c := actor.GetCapacity()
	return c == eventv1.Capacity_CAPACITY_PARTICIPANT || c == eventv1.Capacity_CAPACITY_FACILITATOR
}

// timely refuses an act that cannot have happened yet: what became of a decision presupposes that there is one.
func (s *State) timely(kind eventv1.ActKind) error {
	switch kind {
	case eventv1.ActKind_ACT_KIND_DEFERRED:
		return nil
	case raised, integrated, withdrawn, dismissed:
		if s.Phase == Posed {
			return decider.Refuse("decision/not-open")
		}
	default:
		if s.Phase != Closed {
			return decider.Refuse("decision/not-closed")
		}
	}
	return nil
}

// theirs refuses an act that is not for this participant to record: people speak of their own objection, of that of who gave them a proxy, and of what
// they carry out.
func (s *State) theirs(a *eventv1.ActRecorded, who string) error {
	mine := false
	switch a.Kind {
	case eventv1.ActKind_ACT_KIND_IMPLEMENTED, eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
		owner, _ := s.Implementation()
		mine = owner == who
	case raised, withdrawn:
		mine = s.castsFor(who, a.Objector)
	}
	if !mine || who == "" {
		return decider.Refuse("decision/not-yours-to-record")
	}
	if a.Kind == raised && a.Reason == nil {
		return decider.Refuse("decision/objection-without-reason")
	}
	return nil
}

// Implementation says who carries the decision out and by when (see DueEnd): what was recorded as due last, otherwise what the charter says.
func (s *State) Implementation() (owner, due string) {
	owner, due = s.Charter.GetImplementer(), s.Charter.GetDue()
	for _, a := range s.Acts {
		if a.Kind == eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE {
			due = a.Due
			if a.Owner != "" {
				owner = a.Owner
			}
		}
	}
	return owner, due
}

// isObjection reports whether an act is about an objection.
func isObjection(k eventv1.ActKind) bool {
	return k == raised || settles(k)
}

// settles reports whether after such an act an objection no longer stands.
func settles(k eventv1.ActKind) bool {
	return k == integrated || k == withdrawn || k == dismissed
}

// Choice gives the standing ballot of a participant: the last one cast, with objections that were integrated, withdrawn or set aside
// after it and before the close no longer standing.
func (s *State) Choice(participant string) eventv1.Choice {
	c := s.Ballots[participant].Choice
	if c != eventv1.Choice_CHOICE_AGAINST || !byObjection(s.Charter.GetRule()) {
		return c
	}
	for _, a := range s.Acts {
		inTime := !a.Late && (s.ClosedAt.IsZero() || !a.At.After(s.ClosedAt))
		if settles(a.Kind) && a.Objector == participant && inTime && !s.Superseded(a) {
			return eventv1.Choice_CHOICE_ABSTAIN
		}
	}
	return c
}

func byObjection(r *eventv1.Rule) bool {
	return r.GetMethod() == eventv1.Method_METHOD_CONSENT || r.GetMethod() == eventv1.Method_METHOD_CONSENSUS
}

// Superseded reports whether an act about an objection says nothing any more, because its objector cast a ballot afterwards: in a later consent
// round, where everyone was asked anew; or in the same round, where a new ballot is not settled by what came before it. That somebody's objection
// was set aside and they then let the proposal pass in the same round stays: it is for the role rules to look at.
func (s *State) Superseded(a Act) bool {
	b, cast := s.Ballots[a.Objector]
	if !isObjection(a.Kind) || !cast || a.Number >= b.Acts {
		return false
	}
	switch {
	case a.Round < s.ConsentRound:
		return true
	case a.Kind == raised:
		return false
	case a.Kind == dismissed:
		return b.Choice == eventv1.Choice_CHOICE_AGAINST
	default:
		return true
	}
}

// Final gives the outcome as it stands: what the close computed, or no decision when it was put off later.
func (s *State) Final() eventv1.Outcome {
	if s.Phase == Closed && slices.ContainsFunc(s.Acts, func(a Act) bool { return a.Kind == eventv1.ActKind_ACT_KIND_DEFERRED }) {
		return eventv1.Outcome_OUTCOME_NO_DECISION
	}
	return s.Outcome
}

// checkDue refuses what is no date (decision/due-date-missing), and one that was over at a moment (decision/due-date-past): most likely the wrong year.
func checkDue(due string, at time.Time) error {
	end, err := DueEnd(due)
	switch {
	case err != nil:
		return decider.Refuse("decision/due-date-missing")
	case !end.After(at):
		return decider.Refuse("decision/due-date-past")
	}
	return nil
}

// DueEnd gives the moment from which what was due is late: the end (UTC) of a day written yyyy-mm-dd, or the moment itself.
func DueEnd(due string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, due); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, due)
}
