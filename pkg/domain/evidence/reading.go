package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter puts together what figures, findings and trends are made of: facts with their moments, for both views of users, so small that they can be kept
// while the record cannot. They come in parts (part.go), one an aggregate; whoever keeps parts puts a reading together from them without the record.

// Reading is the facts of one initiative, or of several.
type Reading struct {
	decisions []decided
	sessions  []held
	items     []proposed
	advice    []advised
	reports   []Finding
}

// both holds something for the strict and for the broad view.
type both[T any] [2]T

func (b both[T]) of(view string) T {
	if view == Broad {
		return b[1]
	}
	return b[0]
}

// views in the order of both.
var views = []string{Strict, Broad}

// held is one session that began.
type held struct {
	at           time.Time
	kind         eventv1.SessionKind
	seats        int
	seconds      int
	turns        int
	spoken       []int
	users        both[int] // how many
	usersSeconds both[int]
	usersTurns   both[int]
}

// Reading reads a record. The timeline holds the same events; nil: what changed shortly before a vote is not looked at.
func (r *Record) Reading(t *Timeline) *Reading {
	var parts []Part
	for _, a := range r.Initiatives {
		parts = append(parts, OfInitiative(a))
	}
	for _, s := range r.Sessions {
		parts = append(parts, OfSession(s))
	}
	for _, i := range r.Items {
		parts = append(parts, OfItem(i))
		for in := range i.Item.SaidSeq {
			parts = append(parts, OfTalk(i, in))
		}
	}
	for _, d := range r.Decisions {
		_, in, _ := decision.Split(d.ID)
		c := r.Case(d)
		parts = append(parts, OfDecision(d, r.Item(d.Decision.Item), r.Session(in), c, role.Judge(c), t.before(d)))
	}
	return Assemble(parts)
}

// Assemble puts the parts of one initiative, or of several, together. Their order does not matter.
func Assemble(parts []Part) *Reading {
	out := &Reading{}
	roll, sat, talks := map[seatIn]both[bool]{}, map[string]*sitting{}, []*talk(nil)
	for i := range parts {
		switch p := &parts[i]; {
		case p.decision != nil:
			out.decisions = append(out.decisions, *p.decision)
		case p.session != nil:
			sat[p.session.id] = p.session
		case p.item != nil:
			out.items = append(out.items, *p.item)
		case p.talk != nil:
			talks = append(talks, p.talk)
		case p.initiative != nil:
			out.reports = append(out.reports, p.initiative.reports...)
			for _, m := range p.initiative.roll {
				roll[seatIn{p.initiative.id, m.participant}] = m.users
			}
		}
	}
	slices.SortFunc(out.decisions, func(a, b decided) int { return strings.Compare(a.id, b.id) })
	slices.SortFunc(out.items, func(a, b proposed) int { return strings.Compare(a.id, b.id) })
	slices.SortFunc(talks, func(a, b *talk) int {
		return cmp.Or(strings.Compare(a.item, b.item), strings.Compare(a.session, b.session))
	})
	slices.SortStableFunc(out.reports, func(a, b Finding) int { return cmp.Or(strings.Compare(a.Initiative, b.Initiative), a.At.Compare(b.At)) })
	out.decided(sat, talks)
	for i := range out.items {
		home, _, _ := strings.Cut(out.items[i].id, ":")
		out.items[i].users = roll[seatIn{home, out.items[i].by}]
	}
	out.sit(sat, talks)
	return out
}

// seatIn is somebody in an initiative or in a session.
type seatIn struct{ in, participant string }

// decided ties decisions, what was said, and items together.
func (r *Reading) decided(sat map[string]*sitting, talks []*talk) {
	onItem, together, place := map[string][]*decided{}, map[seatIn][]string{}, map[string]*proposed{}
	for i := range r.items {
		place[r.items[i].id] = &r.items[i]
	}
	for i := range r.decisions {
		d := &r.decisions[i]
		_, in, _ := decision.Split(d.id)
		if s := sat[in]; s != nil {
			d.kind = s.kind
		}
		onItem[d.item] = append(onItem[d.item], d)
		together[seatIn{in, d.item}] = append(together[seatIn{in, d.item}], d.id)
		if p := place[d.item]; p != nil {
			p.decided, p.kinds = p.decided || !d.undecided, p.kinds|1<<d.kind
		}
	}
	for i := range r.decisions {
		d := &r.decisions[i]
		if f, again := d.rerun(onItem[d.item]); again {
			d.found = append(slices.Clip(d.found), f)
		}
	}
	for _, t := range talks {
		s := sat[t.session]
		for _, a := range t.advice {
			a.Item, a.Session, a.decisions = t.item, t.session, together[seatIn{t.session, t.item}]
			if s != nil {
				a.kind, a.users = s.kind, s.isUser(a.By)
			}
			r.advice = append(r.advice, a)
		}
		if p := place[t.item]; p != nil && s != nil {
			p.kinds |= 1 << s.kind
		}
	}
}

// sit adds up who spoke in the sessions that began.
func (r *Reading) sit(sat map[string]*sitting, talks []*talk) {
	place, spoken := map[string]int{}, map[seatIn]int{}
	for _, id := range slices.Sorted(maps.Keys(sat)) {
		s := sat[id]
		if s.at.IsZero() || len(s.seats) == 0 {
			continue
		}
		h := held{at: s.at, kind: s.kind, seats: len(s.seats)}
		for _, seat := range s.seats {
			spoken[seatIn{id, seat.participant}] = 0
			for n := range views {
				if seat.users[n] {
					h.users[n]++
				}
			}
		}
		place[id] = len(r.sessions)
		r.sessions = append(r.sessions, h)
	}
	for _, t := range talks {
		n, in := place[t.session]
		if !in {
			continue
		}
		h := &r.sessions[n]
		for _, x := range t.voices {
			h.turns += x.turns
			h.seconds += x.seconds
			spoken[seatIn{t.session, x.by}] += x.seconds
			for v, is := range sat[t.session].isUser(x.by) {
				if is {
					h.usersTurns[v] += x.turns
					h.usersSeconds[v] += x.seconds
				}
			}
		}
	}
	for who, seconds := range spoken {
		h := &r.sessions[place[who.in]]
		h.spoken = append(h.spoken, seconds)
	}
	for i := range r.sessions {
		slices.Sort(r.sessions[i].spoken)
	}
}

// In keeps what belongs to one kind of session: what was decided, said and reported there, and items that came before one. What people report as decided outside the
// record belongs to none. Unspecified keeps everything.
func (r *Reading) In(kind eventv1.SessionKind) *Reading {
	if kind == eventv1.SessionKind_SESSION_KIND_UNSPECIFIED {
		return r
	}
	out := &Reading{}
	for i := range r.decisions {
		if r.decisions[i].kind == kind {
			out.decisions = append(out.decisions, r.decisions[i])
		}
	}
	for i := range r.sessions {
		if r.sessions[i].kind == kind {
			out.sessions = append(out.sessions, r.sessions[i])
		}
	}
	for i := range r.items {
		if r.items[i].kinds&(1<<kind) != 0 {
			out.items = append(out.items, r.items[i])
		}
	}
	for i := range r.advice {
		if r.advice[i].kind == kind {
			out.advice = append(out.advice, r.advice[i])
		}
	}
	return out
}

// Join puts readings of different initiatives together, in the order of their ids.
func Join(readings ...*Reading) *Reading {
	out := &Reading{}
	for _, r := range readings {
		out.decisions, out.sessions, out.items = append(out.decisions, r.decisions...), append(out.sessions, r.sessions...), append(out.items, r.items...)
		out.advice, out.reports = append(out.advice, r.advice...), append(out.reports, r.reports...)
	}
	if len(readings) > 1 {
		slices.SortStableFunc(out.decisions, func(a, b decided) int { return strings.Compare(a.id, b.id) })
		slices.SortStableFunc(out.items, func(a, b proposed) int { return strings.Compare(a.id, b.id) })
		slices.SortStableFunc(out.advice, func(a, b advised) int { return strings.Compare(a.Item, b.Item) })
		slices.SortStableFunc(out.reports, func(a, b Finding) int { return cmp.Compare(a.Initiative, b.Initiative) })
	}
	return out
}
