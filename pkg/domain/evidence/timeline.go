package evidence

import (
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter remembers when things were fixed before a vote. The folds of the deciders keep what holds; an auditor asks what held the day before.

// Before is what changed within Shortly before a vote opened.
type Before struct {
	// Rule are the commits that show that the rule was replaced.
	Rule []uint64
	// Came are those who came onto the roll or changed for whom they sit, with the commit of it, in a group that had voted before: those who come to a first
	// meeting together were not added to it.
	Came map[string]uint64
}

// Charters are those of one decision, in their order.
type Charters struct{ written []written }

// written is one charter of a decision.
type written struct {
	at   time.Time
	rule *eventv1.Rule
	seq  uint64
}

// Note folds one event of the decision.
func (c *Charters) Note(seq uint64, event *eventv1.Event) {
	switch e := event.Fact.(type) {
	case *eventv1.Event_CharterWritten:
		c.written = append(c.written, written{event.OccurredAt.AsTime(), e.CharterWritten.Charter.GetRule(), seq})
	case *eventv1.Event_DecisionCorrected: // the record was wrong, not the rule changed
		c.written = nil
	}
}

// Changed finds a change of rule within Shortly before a vote opened, and what proves it.
func (c *Charters) Changed(opened time.Time) []uint64 {
	var proof []uint64
	for i := 1; i < len(c.written); i++ {
		before, now := c.written[i-1], c.written[i]
		if before.rule != nil && !proto.Equal(before.rule, now.rule) && shortly(now.at, opened) {
			proof = append(proof, before.seq, now.seq)
		}
	}
	return proof
}

// Entered is when somebody came onto the roll of an initiative or changed for whom they sit, and the commit that proves it.
type Entered struct {
	Participant string
	At          time.Time
	Seq         uint64
}

// Enters reads an event of an initiative as an entry on its roll.
func Enters(seq uint64, event *eventv1.Event) (Entered, bool) {
	switch e := event.Fact.(type) {
	case *eventv1.Event_ParticipantEnrolled:
		return Entered{e.ParticipantEnrolled.Participant, event.OccurredAt.AsTime(), seq}, true
	case *eventv1.Event_CapacityDeclared:
		return Entered{e.CapacityDeclared.Participant, event.OccurredAt.AsTime(), seq}, true
	}
	return Entered{}, false
}

// Came picks from the entries of a roll, in the order of the log, those within Shortly before a vote opened; of one person the last counts. firstVote is
// when the initiative voted first, zero when it did not yet.
func Came(roll []Entered, opened, firstVote time.Time) map[string]uint64 {
	came := map[string]uint64{}
	for _, e := range roll {
		if !shortly(e.At, opened) {
			continue
		}
		delete(came, e.Participant)
		if !firstVote.IsZero() && firstVote.Before(e.At) {
			came[e.Participant] = e.Seq
		}
	}
	return came
}

// Timeline is a fold of the events of one workspace, beside those of the deciders.
type Timeline struct {
	charters map[string]*Charters
	roll     map[string][]Entered
	first    map[string]time.Time // by initiative: when its first vote opened
}

// Note folds one event of an aggregate. Events of one aggregate come in their order.
func (t *Timeline) Note(key aggregate.Key, f decider.Fact) {
	if t.charters == nil {
		t.charters, t.roll, t.first = map[string]*Charters{}, map[string][]Entered{}, map[string]time.Time{}
	}
	home, _ := key.InitiativeKey()
	if e, enters := Enters(f.Seq, f.Event); enters {
		t.roll[home.ID] = append(t.roll[home.ID], e)
	}
	if key.Kind != aggregate.Decision {
		return
	}
	if t.charters[key.ID] == nil {
		t.charters[key.ID] = &Charters{}
	}
	t.charters[key.ID].Note(f.Seq, f.Event)
	if at := f.Event.OccurredAt.AsTime(); f.Event.GetVotingOpened() != nil && (t.first[home.ID].IsZero() || at.Before(t.first[home.ID])) {
		t.first[home.ID] = at
	}
}

// before says what changed shortly before the vote of a decision; nil knows of nothing.
func (t *Timeline) before(d *aggregate.Aggregate) (b Before) {
	if t == nil {
		return b
	}
	home, _ := d.InitiativeKey()
	if c := t.charters[d.ID]; c != nil {
		b.Rule = c.Changed(d.Decision.OpenedAt)
	}
	b.Came = Came(t.roll[home.ID], d.Decision.OpenedAt, t.first[home.ID])
	return b
}

// Shortly is how long before a vote a change is worth a look.
const Shortly = 48 * time.Hour

func shortly(at, opened time.Time) bool { return !at.After(opened) && opened.Sub(at) <= Shortly }
