package item

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is what was said to the item: contributions numbered 1, 2, 3 … within each session. A proposal may replace an earlier one and
// name the contribution that it takes up. A turn is recorded when it ends and can be given its words later.

// Contribution is one thing that was said, when, and which commit proves it.
type Contribution struct {
	*eventv1.ContributionRecorded
	At time.Time
	// Words are what was said, as they stand in the log.
	Words decider.Words
	Seq   uint64
	// SortedSeq is the commit that changed its kind last, SortedAt the latest moment at which it was changed: changes may be recorded in another order than they
	// happened. Both are zero when it is as first recorded.
	SortedAt  time.Time
	SortedSeq uint64
}

// In gives the contributions of one session, in order.
func (s *State) In(session string) []Contribution {
	var in []Contribution
	for _, c := range s.Contributions {
		if c.Session == session {
			in = append(in, c)
		}
	}
	return in
}

func record(s *State, c *commandv1.RecordContributions, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	if err := s.discussed(); err != nil {
		return nil, err
	}
	if len(c.Contributions) == 0 {
		return nil, decider.Refuse("item/nothing-said")
	}
	said := s.saidIn(c.Session)
	var events []*eventv1.Event
	for _, x := range c.Contributions {
		r, err := contribution(x, c.Session, said, roll)
		if err != nil {
			return nil, err
		}
		said = append(said, r)
		events = append(events, eventv1.NewEvent(at, r))
	}
	return events, nil
}

func correct(c *commandv1.CorrectContributions, roll decision.Roll) (*eventv1.ContributionsCorrected, error) {
	fact := &eventv1.ContributionsCorrected{Session: c.Session}
	for _, x := range c.Contributions {
		r, err := contribution(x, c.Session, fact.Contributions, roll)
		if err != nil {
			return nil, err
		}
		fact.Contributions = append(fact.Contributions, r)
	}
	return fact, nil
}

// discussed refuses an item that is on no agenda.
func (s *State) discussed() error {
	if s.Phase == Withdrawn || s.Phase == Refused {
		return decider.Refuse("item/not-on-any-agenda")
	}
	return nil
}

func (s *State) saidIn(session string) []*eventv1.ContributionRecorded {
	var said []*eventv1.ContributionRecorded
	for _, c := range s.In(session) {
		said = append(said, c.ContributionRecorded)
	}
	return said
}

// contribution gives the next one after those said in the session before it.
func contribution(c *commandv1.Contribution, session string, before []*eventv1.ContributionRecorded, roll decision.Roll) (*eventv1.ContributionRecorded, error) {
	for _, id := range []string{c.By, c.EnteredBy} {
		if err := enrolled(roll, id); err != nil {
			return nil, err
		}
	}
	number := len(before) + 1
	switch {
	case c.By == "":
		return nil, decider.Refuse("item/nobody-said-it")
	case c.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_UNSPECIFIED:
		return nil, decider.Refuse("item/contribution-without-kind")
	case int(c.Answers) >= number:
		return nil, decider.Refuse("item/answers-nothing", "answers", strconv.Itoa(int(c.Answers)))
	case c.Reply != eventv1.Reply_REPLY_UNSPECIFIED && c.Answers == 0:
		return nil, decider.Refuse("item/reply-without-answer")
	case int(c.TakesUp) >= number:
		return nil, decider.Refuse("item/takes-up-nothing", "number", strconv.Itoa(int(c.TakesUp)))
	case c.Amends != 0 && c.Kind != proposal:
		return nil, decider.Refuse("item/amends-without-proposal")
	case c.Amends != 0 && (int(c.Amends) >= number || before[c.Amends-1].Kind != proposal):
		return nil, decider.Refuse("item/amends-nothing", "number", strconv.Itoa(int(c.Amends)))
	}
	return &eventv1.ContributionRecorded{
		Session: session, Number: uint32(number), By: c.By, Kind: c.Kind, Seconds: c.Seconds,
		Text: c.Text.GetSealed(), Answers: c.Answers, Reply: c.Reply, EnteredBy: c.EnteredBy, Amends: c.Amends, TakesUp: c.TakesUp,
	}, nil
}

const proposal = eventv1.ContributionKind_CONTRIBUTION_KIND_PROPOSAL

// word gives words to a contribution, or says better what kind it was. Whose words they are does not change, nor what was amended.
func word(s *State, c *commandv1.WordContribution, roll decision.Roll, at *timestamppb.Timestamp) ([]*eventv1.Event, error) {
	i := s.contribution(c.Session, c.Number)
	if i < 0 {
		return nil, decider.Refuse("item/no-such-contribution", "number", strconv.Itoa(int(c.Number)))
	}
	if err := enrolled(roll, c.EnteredBy); err != nil {
		return nil, err
	}
	said, kind := s.Contributions[i], c.Kind
	if kind == eventv1.ContributionKind_CONTRIBUTION_KIND_UNSPECIFIED {
		kind = said.Kind
	}
	amended := slices.ContainsFunc(s.In(c.Session), func(x Contribution) bool { return x.Amends == c.Number })
	switch {
	case c.By != said.By:
		return nil, decider.Refuse("item/not-their-words", "number", strconv.Itoa(int(c.Number)))
	case kind != proposal && (said.Amends != 0 || amended):
		return nil, decider.Refuse("item/amends-without-proposal")
	case c.Text.GetSealed() == nil && c.Kind == eventv1.ContributionKind_CONTRIBUTION_KIND_UNSPECIFIED:
		return nil, decider.Refuse("item/nothing-said")
	case c.Text.GetSealed() == nil && kind == said.Kind:
		return nil, nil // it is of that kind already
	}
	return []*eventv1.Event{eventv1.NewEvent(at, &eventv1.ContributionWorded{Session: c.Session, Number: c.Number, Kind: kind, Text: c.Text.GetSealed(), EnteredBy: c.EnteredBy})}, nil
}

func (s *State) contribution(session string, number uint32) int {
	return slices.IndexFunc(s.Contributions, func(c Contribution) bool { return c.Session == session && c.Number == number })
}

// hear folds what was said.
func (s *State) hear(f decider.Fact) {
	at, session := f.Event.OccurredAt.AsTime(), ""
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_ContributionRecorded:
		session = e.ContributionRecorded.Session
		s.Contributions = append(s.Contributions, heard(e.ContributionRecorded, at, f))
	case *eventv1.Event_ContributionsCorrected:
		session = e.ContributionsCorrected.Session
		kept := slices.DeleteFunc(slices.Clone(s.Contributions), func(c Contribution) bool { return c.Session == session })
		for _, c := range e.ContributionsCorrected.Contributions {
			kept = append(kept, heard(c, at, f))
		}
		s.Contributions = kept
	case *eventv1.Event_ContributionWorded:
		session = e.ContributionWorded.Session
		i := s.contribution(session, e.ContributionWorded.Number)
		if i < 0 {
			return
		}
		s.Contributions[i] = reworded(s.Contributions[i], e.ContributionWorded, at, f)
	default:
		return
	}
	if s.SaidSeq == nil {
		s.SaidSeq = map[string]uint64{}
	}
	s.SaidSeq[session] = f.Seq
}

func heard(c *eventv1.ContributionRecorded, at time.Time, f decider.Fact) Contribution {
	return Contribution{ContributionRecorded: c, At: at, Words: f.Words("text", c.Text), Seq: f.Seq}
}

// reworded is the contribution with its new words or kind. The recorded one is shared with other copies of the state and stays as it is.
func reworded(c Contribution, w *eventv1.ContributionWorded, at time.Time, f decider.Fact) Contribution {
	r := proto.CloneOf(c.ContributionRecorded)
	if w.Kind != r.Kind {
		r.Kind, c.SortedSeq = w.Kind, f.Seq
		if at.After(c.SortedAt) {
			c.SortedAt = at
		}
	}
	if w.Text != nil {
		r.Text, r.EnteredBy, c.Words = w.Text, w.EnteredBy, f.Words("text", w.Text)
	}
	c.ContributionRecorded = r
	return c
}
