package evidence

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter takes out of a record what figures, findings and trends are made of: facts with their moments, for both views of users, so small that they
// can be kept while the record cannot. Every fact belongs to one initiative; readings of initiatives put together are the reading of the workspace.

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

// decided is one closed decision.
type decided struct {
	id       string
	at       time.Time
	adopted  bool
	amended  bool
	fate     fate
	users    both[effect]
	found    []Finding
	actsSeqs []uint64
	item     string
}

// effect is what users had of a decision.
type effect struct {
	success   string // yes, no, or empty where it is not known
	divergent bool
	pivotal   role.Pivotal
	power     float64 // -1 where none is defined
	margin    int
	traced    bool
}

// held is one session that began.
type held struct {
	at           time.Time
	seats        int
	seconds      int
	turns        int
	spoken       []int
	users        both[int] // how many
	usersSeconds both[int]
	usersTurns   both[int]
}

// proposed is one item.
type proposed struct {
	id                  string
	at, admitted        time.Time
	attributed, decided bool
	refused             bool
	users               both[bool]
}

// advised is one piece of advice or one proposal.
type advised struct {
	Advice
	users     both[bool]
	answered  bool
	reply     eventv1.Reply
	after     time.Duration
	decisions []string // taken on the item in that session
}

// Reading reads a record. The timeline holds the same events; nil: what changed shortly before a vote is not looked at.
func (r *Record) Reading(t *Timeline) *Reading {
	out := &Reading{}
	decidedItems, byItem, bySession := map[string]bool{}, map[string][]*aggregate.Aggregate{}, map[string][]string{}
	for _, d := range r.Decisions {
		_, in, _ := decision.Split(d.ID)
		byItem[d.Decision.Item] = append(byItem[d.Decision.Item], d)
		bySession[in+" "+d.Decision.Item] = append(bySession[in+" "+d.Decision.Item], d.ID)
		if d.Decision.Final() != eventv1.Outcome_OUTCOME_NO_DECISION {
			decidedItems[d.Decision.Item] = true
		}
	}
	for _, d := range r.Decisions {
		out.decisions = append(out.decisions, r.decided(d, t, byItem[d.Decision.Item]))
	}
	r.readSessions(out)
	for _, i := range r.Items {
		p := proposed{id: i.ID, at: i.Item.ProposedAt, admitted: i.Item.AdmittedAt, attributed: i.Item.ProposedBy != "", decided: decidedItems[i.ID], refused: i.Item.Phase == item.Refused}
		home, _ := i.InitiativeKey()
		if roll := r.byKey[home]; roll != nil && p.attributed {
			capacity, _ := roll.Initiative.Roll(i.Item.ProposedBy)
			p.users = both[bool]{InView(Strict, capacity), InView(Broad, capacity)}
		}
		out.items = append(out.items, p)
		for _, said := range i.Item.Contributions {
			if !asks(said) {
				continue
			}
			a := advised{Advice: Advice{i.ID, said.Session, said.Number, said.By, said.At, said.Seq}, users: both[bool]{r.isUser(Strict, said.Session, said.By), r.isUser(Broad, said.Session, said.By)}, decisions: bySession[said.Session+" "+i.ID]}
			a.reply, a.after, a.answered = answer(i.Item, said)
			out.advice = append(out.advice, a)
		}
	}
	out.reports = r.ofReports()
	return out
}

func (r *Record) decided(d *aggregate.Aggregate, t *Timeline, onItem []*aggregate.Aggregate) decided {
	_, in, _ := decision.Split(d.ID)
	one := decided{id: d.ID, item: d.Decision.Item, at: d.Decision.ClosedAt, adopted: d.Decision.Final() == eventv1.Outcome_OUTCOME_ADOPTED, amended: len(d.Decision.Amendments) > 0, fate: follow(d.Decision)}
	for _, a := range d.Decision.Acts {
		one.actsSeqs = append(one.actsSeqs, a.Seq)
	}
	c := r.Case(d)
	judged := role.Judge(c)
	success := map[string]string{}
	for _, p := range c.Parties() {
		if p.Who != professionals && !UserView(p.Who) {
			continue
		}
		strength := c.Strength(p)
		success[p.Who] = strength.Success
		if n := slices.Index(views, p.Who); n >= 0 {
			one.users[n].margin = int(strength.Margin)
		}
	}
	for n, view := range views {
		e := &one.users[n]
		e.success, e.power = success[view], -1
		// Two majorities, one outcome: they differ when only one of them got its way.
		e.divergent = e.success != "" && success[professionals] != "" && success[professionals] != e.success
		e.traced = slices.ContainsFunc(d.Decision.Amendments, func(a decision.Amendment) bool { return r.byUser(view, in, d.Decision.Item, a) })
		for _, j := range judged {
			if j.Who != view {
				continue
			}
			e.pivotal = j.Pivotal
			if j.Power != nil {
				e.power, _ = j.Power.Float64()
			}
		}
	}
	one.found = r.ofRoles(d, c, judged)
	if t != nil {
		one.found = append(one.found, r.ofPreparation(d, t)...)
	}
	one.found = append(one.found, r.ofReruns(d, onItem)...)
	return one
}

func (r *Record) readSessions(out *Reading) {
	place := map[string]int{}
	spoken, capacity := map[string]map[string]int{}, map[string]map[string]both[bool]{}
	for _, s := range r.Sessions {
		if s.Session.OpenedAt.IsZero() || len(s.Session.Seats) == 0 {
			continue
		}
		place[s.ID] = len(out.sessions)
		h := held{at: s.Session.OpenedAt, seats: len(s.Session.Seats)}
		spoken[s.ID], capacity[s.ID] = map[string]int{}, map[string]both[bool]{}
		for _, seat := range s.Session.Seats {
			is := both[bool]{InView(Strict, seat.Capacity), InView(Broad, seat.Capacity)}
			spoken[s.ID][seat.Participant], capacity[s.ID][seat.Participant] = 0, is
		}
		for _, is := range capacity[s.ID] {
			for n := range views {
				if is[n] {
					h.users[n]++
				}
			}
		}
		out.sessions = append(out.sessions, h)
	}
	for _, i := range r.Items {
		for _, said := range i.Item.Contributions {
			n, in := place[said.Session]
			if !in {
				continue
			}
			h := &out.sessions[n]
			h.turns++
			h.seconds += int(said.Seconds)
			spoken[said.Session][said.By] += int(said.Seconds)
			for v := range views {
				if capacity[said.Session][said.By][v] {
					h.usersTurns[v]++
					h.usersSeconds[v] += int(said.Seconds)
				}
			}
		}
	}
	for id, n := range place {
		for _, x := range spoken[id] {
			out.sessions[n].spoken = append(out.sessions[n].spoken, x)
		}
		slices.Sort(out.sessions[n].spoken)
	}
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
