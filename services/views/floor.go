package views

import (
	"math"
	"slices"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter shows the meeting as it goes on: how long everyone has spoken, who speaks, who asks to and who could be next; and, once it is
// over, who approved the minutes as they stand.

// talk is how long people and perspectives have spoken in one session.
type talk struct {
	item.Spoken
	// people who spoke and perspectives that were there, in the order in which they are shown.
	people, perspectives []string
	// times counts contributions, of people and of perspectives.
	times, timesOf map[string]uint32
}

// talkOf measures a session. A perspective is that of the seat; somebody without one has the capacity of the roll.
func talkOf(s *aggregate.Aggregate, home *initiative.State, items []*aggregate.Aggregate) *talk {
	t := &talk{Spoken: item.Spoken{Perspective: map[string]string{}, Seconds: map[string]uint64{}, Heard: map[string]item.Heard{}}, times: map[string]uint32{}, timesOf: map[string]uint32{}}
	var order []string
	place := func(participant, code string, here int) {
		if _, known := t.Perspective[participant]; known {
			return
		}
		t.Perspective[participant] = code
		order = append(order, participant)
		if !slices.Contains(t.perspectives, code) {
			t.perspectives = append(t.perspectives, code)
		}
		h := t.Heard[code]
		h.People += here
		t.Heard[code] = h
	}
	for _, seat := range s.Session.Seats {
		here := 1
		if seat.Left {
			here = 0
		}
		place(seat.Participant, seat.Constituency, here)
	}
	for _, m := range home.Members {
		place(m.Participant, m.Constituency, 0)
	}
	for _, i := range items {
		for _, c := range i.Item.In(s.ID) {
			code := t.Perspective[c.By]
			h := t.Heard[code]
			h.Seconds += uint64(c.Seconds)
			t.Heard[code] = h
			t.Seconds[c.By] += uint64(c.Seconds)
			t.times[c.By]++
			t.timesOf[code]++
		}
	}
	for _, p := range order {
		if t.times[p] > 0 {
			t.people = append(t.people, p)
		}
	}
	t.perspectives = slices.DeleteFunc(t.perspectives, func(code string) bool { return t.Heard[code].People == 0 && t.timesOf[code] == 0 })
	return t
}

// undeclared is the code that people who declared none have in common.
const undeclared = "undeclared"

func (t *talk) view() []*apiv1.TalkTime {
	var view []*apiv1.TalkTime
	for _, p := range t.people {
		view = append(view, &apiv1.TalkTime{Who: p, Seconds: atMost(t.Seconds[p]), Contributions: t.times[p], People: 1})
	}
	for _, code := range t.perspectives {
		h := t.Heard[code]
		line := &apiv1.TalkTime{Who: "constituency:" + code, Seconds: atMost(h.Seconds), Contributions: t.timesOf[code], People: uint32(h.People)}
		if code == "" {
			line.Who += undeclared
		}
		view = append(view, line)
	}
	return view
}

func atMost(seconds uint64) uint32 { return uint32(min(seconds, math.MaxUint32)) }

// floorOf shows the floor of the item that the meeting is at, nil when it is at none.
func floorOf(s *aggregate.Aggregate, items []*aggregate.Aggregate, t *talk) *apiv1.FloorView {
	at := slices.IndexFunc(items, func(a *aggregate.Aggregate) bool { return a.ID == s.Session.CurrentItem })
	if at < 0 {
		return nil
	}
	f := items[at].Item.Floor(s.ID)
	who, because := item.Suggest(f.Hands, t.Spoken)
	return &apiv1.FloorView{Speaking: f.Speaking, Since: timestamp(f.Since), Hands: f.Hands, Suggested: who, SuggestedBecause: string(because)}
}

// minutesSequence is the last commit that changed what the minutes say: of the session itself, of what was said in it, of its decisions and
// what became of them.
func minutesSequence(s *aggregate.Aggregate, items, decisions []*aggregate.Aggregate) uint64 {
	last := s.Session.MinutesSeq
	for _, i := range items {
		last = max(last, i.Item.SaidSeq[s.ID])
	}
	for _, d := range decisions {
		last = max(last, d.Seq)
	}
	return last
}

// approvedBy names who approved the minutes as they stand since a sequence. An approval from before was of other minutes.
func approvedBy(s *session.State, since uint64) []string {
	var by []string
	for _, a := range s.Approvals {
		if a.Seq > since {
			by = append(by, a.Participant)
		}
	}
	return by
}
