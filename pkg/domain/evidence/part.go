package evidence

import (
	"slices"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/domain/session"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter takes out of folds what a reading needs of them, so that what changes with one commit is one small part and not the reading of a year. A part
// says only what its aggregates say; what ties parts together (who is a user where, what was decided on an item, whether a vote is a re-run) is found when
// they are assembled.

// Part is what one aggregate adds to a reading: a decision, a session, an item, what was said of an item in one session, or an initiative. The zero value adds
// nothing.
type Part struct {
	decision   *decided
	session    *sitting
	item       *proposed
	talk       *talk
	initiative *rolled
}

// decided is one closed decision.
type decided struct {
	id, item             string
	at, opened           time.Time
	openedSeq, closedSeq uint64
	outcome              eventv1.Outcome // of the vote, whatever became of it
	adopted, undecided   bool            // in the end
	amended              bool
	fate                 fate
	users                both[effect]
	found                []Finding
	actsSeqs             []uint64
	kind                 eventv1.SessionKind // assembled
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

// sitting is a session and who sat in it.
type sitting struct {
	id    string
	at    time.Time // zero when it did not begin
	kind  eventv1.SessionKind
	seats []placed
}

// placed is somebody on a roll or in a room, and in which views they are users.
type placed struct {
	participant string
	users       both[bool]
}

func place(participant string, c decision.Capacity) placed {
	return placed{participant, both[bool]{InView(Strict, c), InView(Broad, c)}}
}

func (s *sitting) isUser(participant string) both[bool] {
	for i := range s.seats {
		if s.seats[i].participant == participant {
			return s.seats[i].users
		}
	}
	return both[bool]{}
}

// proposed is one item.
type proposed struct {
	id, by       string // nobody where no proposer is recorded
	at, admitted time.Time
	refused      bool
	// Assembled:
	decided bool
	users   both[bool]
	kinds   uint64 // of the sessions that it came before, a bit each
}

// talk is what was said of an item in one session.
type talk struct {
	item, session string
	voices        []voice
	advice        []advised
}

// voice is how much one person said.
type voice struct {
	by             string
	turns, seconds int
}

// advised is one piece of advice or one proposal.
type advised struct {
	Advice
	answered bool
	reply    eventv1.Reply
	after    time.Duration
	// Assembled:
	users     both[bool]
	decisions []string // taken on the item in that session
	kind      eventv1.SessionKind
}

// rolled is who is on the roll of an initiative, and what was reported there.
type rolled struct {
	id      string
	roll    []placed
	reports []Finding
}

// OfInitiative reads an initiative.
func OfInitiative(a *aggregate.Aggregate) Part {
	p := &rolled{id: a.ID, reports: ofReports(a)}
	for _, m := range a.Initiative.Members {
		p.roll = append(p.roll, place(m.Participant, decision.Capacity{Constituency: m.Constituency, EmployedByDepartment: m.EmployedByDepartment}))
	}
	return Part{initiative: p}
}

// OfSession reads a session.
func OfSession(a *aggregate.Aggregate) Part {
	p := &sitting{id: a.ID, at: a.Session.OpenedAt, kind: a.Session.Kind}
	for _, s := range a.Session.Seats {
		p.seats = append(p.seats, place(s.Participant, s.Capacity))
	}
	return Part{session: p}
}

// OfItem reads the life of an item, without what was said of it.
func OfItem(a *aggregate.Aggregate) Part {
	i := a.Item
	return Part{item: &proposed{id: a.ID, by: i.ProposedBy, at: i.ProposedAt, admitted: i.AdmittedAt, refused: i.Phase == item.Refused}}
}

// OfTalk reads what was said of an item in a session, by its full id.
func OfTalk(a *aggregate.Aggregate, in string) Part {
	t := &talk{item: a.ID, session: in}
	for _, said := range a.Item.Contributions {
		if said.Session != in {
			continue
		}
		n := slices.IndexFunc(t.voices, func(v voice) bool { return v.by == said.By })
		if n < 0 {
			n, t.voices = len(t.voices), append(t.voices, voice{by: said.By})
		}
		t.voices[n].turns++
		t.voices[n].seconds += int(said.Seconds)
		if !asks(said) {
			continue
		}
		one := advised{Advice: Advice{Number: said.Number, By: said.By, At: said.At, Seq: said.Seq}}
		one.reply, one.after, one.answered = answer(a.Item, said)
		t.advice = append(t.advice, one)
	}
	return Part{talk: t}
}

// OfDecision reads a closed decision with its item, its session (nil where there is none), its case as it was judged, and what came before the vote.
func OfDecision(d *aggregate.Aggregate, i *item.State, s *session.State, c *role.Case, judged []role.Judgement, before Before) Part {
	final := d.Decision.Final()
	one := &decided{id: d.ID, item: d.Decision.Item, at: d.Decision.ClosedAt, opened: d.Decision.OpenedAt, openedSeq: d.Decision.OpenedSeq, closedSeq: d.Decision.ClosedSeq,
		outcome: d.Decision.Outcome, adopted: final == eventv1.Outcome_OUTCOME_ADOPTED, undecided: final == eventv1.Outcome_OUTCOME_NO_DECISION, amended: len(d.Decision.Amendments) > 0, fate: follow(d.Decision)}
	for _, a := range d.Decision.Acts {
		one.actsSeqs = append(one.actsSeqs, a.Seq)
	}
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
	_, in, _ := decision.Split(d.ID)
	for n, view := range views {
		e := &one.users[n]
		e.success, e.power = success[view], -1
		// Two majorities, one outcome: they differ when only one of them got its way.
		e.divergent = e.success != "" && success[professionals] != "" && success[professionals] != e.success
		e.traced = slices.ContainsFunc(d.Decision.Amendments, func(a decision.Amendment) bool { return byUser(view, i, s, in, a) })
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
	one.found = append(ofRoles(d, c, judged), ofPreparation(d, before)...)
	return Part{decision: one}
}
