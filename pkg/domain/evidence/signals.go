package evidence

import (
	"slices"
	"time"

	"tavolo/pkg/domain/session"
)

// This chapter finds what might keep one person from taking part: it is told to that person, who decides what to do with it, and to
// the tutor whom they chose. It is no verdict on anybody and
// counts for no figure.

// SignalCode names a kind of signal. Stable: clients translate it.
type SignalCode string

// The signals, in the order in which they are listed.
const (
	// LittleVoice: in each of the last LittleVoiceRunning measured sessions where the person sat, they spoke less than LittleVoiceBelow of an equal part.
	LittleVoice SignalCode = "little_voice"
	// OnlyExpert: the person was the only one there who knows it from their own life.
	OnlyExpert SignalCode = "only_expert"
	// OwnAdviceUnanswered: nobody answered the person's advice or proposal within AnswerWithin.
	OwnAdviceUnanswered SignalCode = "advice_unanswered"
	// InvitedLess: the person was expected at fewer sessions than those who sit for the same constituency, in the median, by InvitedLessBy or more.
	InvitedLess SignalCode = "invited_less"
)

// SignalCodes are all of them, in order.
var SignalCodes = []SignalCode{LittleVoice, OnlyExpert, OwnAdviceUnanswered, InvitedLess}

// What is little, and what is less.
const (
	LittleVoiceRunning = 3
	LittleVoiceBelow   = 0.5
	InvitedLessBy      = 2
)

// Signal is one of them.
type Signal struct {
	Code SignalCode
	// Sessions and Items that show it, full ids.
	Sessions, Items []string
	// Count is what was counted, Against what it is compared with.
	Count, Against int
}

// Signals reads the record of one initiative for one participant.
func (r *Record) Signals(participant string) []Signal {
	var found []Signal
	add := func(s Signal) {
		if s.Count > 0 || len(s.Sessions) > 0 {
			found = append(found, s)
		}
	}
	sat := r.sat(participant)
	add(r.littleVoice(participant, sat))
	add(onlyExpert(participant, sat))
	add(r.ownAdvice(participant))
	if s, less := r.invitedLess(participant); less {
		found = append(found, s)
	}
	return found
}

// attended is a session where somebody sat.
type attended struct {
	id string
	*session.State
}

// sat lists the sessions where somebody was in the room, in time.
func (r *Record) sat(participant string) []attended {
	var all []attended
	for _, s := range r.Sessions {
		if !s.Session.OpenedAt.IsZero() && slices.ContainsFunc(s.Session.Seats, func(x session.Seat) bool { return x.Participant == participant && !x.Absent }) {
			all = append(all, attended{s.ID, s.Session})
		}
	}
	slices.SortStableFunc(all, func(a, b attended) int { return a.OpenedAt.Compare(b.OpenedAt) })
	return all
}

func (r *Record) littleVoice(participant string, sat []attended) Signal {
	mine, all := map[string]int{}, map[string]int{}
	for _, i := range r.Items {
		for _, c := range i.Item.Contributions {
			all[c.Session] += int(c.Seconds)
			if c.By == participant {
				mine[c.Session] += int(c.Seconds)
			}
		}
	}
	s := Signal{Code: LittleVoice}
	for _, x := range slices.Backward(sat) {
		if all[x.id] == 0 || len(s.Sessions) == LittleVoiceRunning {
			continue
		}
		there := 0
		for _, seat := range x.Seats {
			if !seat.Absent {
				there++
			}
		}
		if float64(mine[x.id]*there) >= LittleVoiceBelow*float64(all[x.id]) {
			return Signal{}
		}
		s.Sessions = append(s.Sessions, x.id)
	}
	if len(s.Sessions) < LittleVoiceRunning {
		return Signal{}
	}
	slices.Reverse(s.Sessions)
	return s
}

func onlyExpert(participant string, sat []attended) Signal {
	s := Signal{Code: OnlyExpert}
	for _, x := range sat {
		me, others := false, false
		for _, seat := range x.Seats {
			switch {
			case seat.Absent || !InView(Broad, seat.Capacity):
			case seat.Participant == participant:
				me = true
			default:
				others = true
			}
		}
		if me && !others && len(x.Seats) > 1 {
			s.Sessions = append(s.Sessions, x.id)
		}
	}
	return s
}

func (r *Record) ownAdvice(participant string) Signal {
	s := Signal{Code: OwnAdviceUnanswered}
	for _, i := range r.Items {
		for _, said := range i.Item.Contributions {
			if said.By != participant || !asks(said) || r.AsOf.Sub(said.At) <= AnswerWithin {
				continue
			}
			if _, _, answered := answer(i.Item, said); !answered {
				s.Count++
				s.Sessions, s.Items = appendNew(s.Sessions, said.Session), appendNew(s.Items, i.ID)
			}
		}
	}
	return s
}

func appendNew(list []string, id string) []string {
	if slices.Contains(list, id) {
		return list
	}
	return append(list, id)
}

// invitedLess counts sessions at which somebody was expected, whether they came or not, since the person was first expected themself.
func (r *Record) invitedLess(participant string) (Signal, bool) {
	var since time.Time
	group := ""
	for _, s := range r.Sessions {
		for _, seat := range s.Session.Seats {
			if seat.Participant == participant && !s.Session.OpenedAt.IsZero() && (since.IsZero() || s.Session.OpenedAt.Before(since)) {
				since, group = s.Session.OpenedAt, seat.Constituency
			}
		}
	}
	if since.IsZero() || group == "" {
		return Signal{}, false
	}
	times := map[string]int{}
	for _, s := range r.Sessions {
		if s.Session.OpenedAt.IsZero() || s.Session.OpenedAt.Before(since) {
			continue
		}
		for _, seat := range s.Session.Seats {
			if seat.Constituency == group {
				times[seat.Participant]++
			}
		}
	}
	var others []float64
	for who, n := range times {
		if who != participant {
			others = append(others, float64(n))
		}
	}
	s := Signal{Code: InvitedLess, Count: times[participant], Against: int(median(others))}
	return s, s.Against-s.Count >= InvitedLessBy
}
