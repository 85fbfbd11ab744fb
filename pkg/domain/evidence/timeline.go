package evidence

import (
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter remembers when things were fixed before a vote. The folds of the deciders keep what holds; an auditor asks what held the day before.

// Timeline is a fold of the events of one workspace, beside those of the deciders.
type Timeline struct {
	charters map[string][]written
	roll     map[person]entered
	voting   map[string][]time.Time // by initiative: when its votes opened
}

// written is one charter of a decision.
type written struct {
	at   time.Time
	rule *eventv1.Rule
	seq  uint64
}

type person struct{ initiative, participant string }

// entered is when somebody last came onto the roll or changed for whom they sit, and what proves it.
type entered struct {
	at      time.Time
	changed bool // the capacity, not the person, is new
	seq     uint64
}

// Note folds one event of an aggregate. Events of one aggregate come in their order.
func (t *Timeline) Note(key aggregate.Key, f decider.Fact) {
	if t.charters == nil {
		t.charters, t.roll, t.voting = map[string][]written{}, map[person]entered{}, map[string][]time.Time{}
	}
	at := f.Event.OccurredAt.AsTime()
	switch e := f.Event.Fact.(type) {
	case *eventv1.Event_CharterWritten:
		t.charters[key.ID] = append(t.charters[key.ID], written{at, e.CharterWritten.Charter.GetRule(), f.Seq})
	case *eventv1.Event_DecisionCorrected: // the record was wrong, not the rule changed
		delete(t.charters, key.ID)
	case *eventv1.Event_VotingOpened:
		home, _ := key.InitiativeKey()
		t.voting[home.ID] = append(t.voting[home.ID], at)
	case *eventv1.Event_ParticipantEnrolled:
		t.roll[person{key.ID, e.ParticipantEnrolled.Participant}] = entered{at, false, f.Seq}
	case *eventv1.Event_CapacityDeclared:
		t.roll[person{key.ID, e.CapacityDeclared.Participant}] = entered{at, true, f.Seq}
	}
}

// ruleChanged finds a change of rule within Shortly before a vote opened, and what proves it.
func (t *Timeline) ruleChanged(decision string, opened time.Time) []uint64 {
	var proof []uint64
	charters := t.charters[decision]
	for i := 1; i < len(charters); i++ {
		before, now := charters[i-1], charters[i]
		if before.rule != nil && !proto.Equal(before.rule, now.rule) && shortly(now.at, opened) {
			proof = append(proof, before.seq, now.seq)
		}
	}
	return proof
}

// added reports whether somebody came onto the roll within Shortly before a vote opened, in a group that had voted before: those who come to a
// first meeting together were not added to it.
func (t *Timeline) added(initiative, participant string, opened time.Time) (entered, bool) {
	came, known := t.roll[person{initiative, participant}]
	if !known || !shortly(came.at, opened) {
		return came, false
	}
	for _, vote := range t.voting[initiative] {
		if vote.Before(came.at) {
			return came, true
		}
	}
	return came, false
}

// Shortly is how long before a vote a change is worth a look.
const Shortly = 48 * time.Hour

func shortly(at, opened time.Time) bool { return !at.After(opened) && opened.Sub(at) <= Shortly }
