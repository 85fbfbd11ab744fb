package views

import (
	"cmp"
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter shows a session: its agenda with what was said and decided there. Every screen in the room has it, and gets it anew in parts after every
// change; so it has bounds that no meeting of people reaches, and whoever writes without measure makes nobody else's screen go dark:
//
//	words      the latest saidBytes of them; an older text that finds no room is left out, with a mark that it is there
//	turns      the latest saidMost; earlier ones are counted
//	decisions  decidedBytes; beyond that, older ones without their electorate, ballots and acts, with a mark
//
// What is left out is read with ListContributions and GetDecision, whole.

const (
	// saidBytes of sealed words: four hours of speech without a pause, at a hundred and fifty words a minute.
	saidBytes = 256 << 10
	saidMost  = 2000
	// decidedBytes is about sixty decisions by three hundred people.
	decidedBytes = 2 << 20
	// pageBytes is how many sealed words one page of contributions holds; a longer one stands on a page alone.
	pageBytes = 1 << 20
	// perElector is what an elector's ballot or advice may take, in bytes.
	perElector = 100
)

// getSession answers GetSession.
func (v *Views) getSession(ctx context.Context, q *apiv1.GetSessionRequest) (*apiv1.SessionView, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	upTo := v.sequence(q.Workspace)
	s, err := v.need(ctx, q.Workspace, aggregate.Session, q.Session)
	if err != nil {
		return nil, err
	}
	homeKey, _ := s.InitiativeKey()
	home, err := v.need(ctx, q.Workspace, aggregate.Initiative, homeKey.ID)
	if err != nil {
		return nil, err
	}
	items, err := v.folds(ctx, q.Workspace, aggregate.Item, homeKey.ID+":")
	if err != nil {
		return nil, err
	}
	decisions, err := v.folds(ctx, q.Workspace, aggregate.Decision, q.Session+":")
	if err != nil {
		return nil, err
	}
	talk := talkOf(s, home.Initiative, items)
	floor := floorOf(s, items, talk)
	standing := minutesSequence(s, items, decisions)
	agenda := agendaOf(s, items, decisions)
	var view *apiv1.SessionView
	err = v.words(q.Workspace).atMost(openedBytes).twice(ctx, func(open func(decider.Words) string) {
		view = &apiv1.SessionView{Session: sessionOf(s, open), Seats: seats(s.Session, home.Initiative, open), Sequence: upTo,
			CurrentItem: s.Session.CurrentItem, Paused: s.Session.Paused, Floor: floor, Talk: talk.view(), MinutesSequence: standing, ApprovedBy: approvedBy(s.Session, standing)}
		for _, p := range agenda {
			one := itemOf(p.item, open)
			one.EarlierContributions = p.earlier
			for _, c := range p.said {
				one.Contributions = append(one.Contributions, c.view(open))
			}
			for _, d := range p.decided {
				show := decisionOf
				if d.brief {
					show = briefOf
				}
				one.Decisions = append(one.Decisions, show(d.Aggregate, open, upTo, d.count))
			}
			view.Items = append(view.Items, one)
		}
	})
	return view, err
}

// point is an item on the agenda and what is shown of it.
type point struct {
	item    *aggregate.Aggregate
	said    []*said
	earlier uint32
	decided []*decided
}

// said is a contribution; silent when its words are left out.
type said struct {
	item.Contribution
	silent bool
}

// decided is a decision; brief when it is shown without its people.
type decided struct {
	*aggregate.Aggregate
	count *apiv1.CountView
	brief bool
}

func (c *said) view(open opener) *apiv1.ContributionView {
	view := &apiv1.ContributionView{
		Number: c.Number, By: c.By, Kind: c.Kind, Seconds: c.Seconds, Answers: c.Answers, Reply: c.Reply, EnteredBy: c.EnteredBy, At: timestamp(c.At), Sequence: c.Seq,
		Amends: c.Amends, TakesUp: c.TakesUp, TextLeftOut: c.silent,
	}
	if !c.silent {
		view.Text = open(c.Words)
	}
	return view
}

// agendaOf lays out the agenda within the bounds.
func agendaOf(s *aggregate.Aggregate, items, decisions []*aggregate.Aggregate) (agenda []*point) {
	on := map[string]*point{}
	for _, id := range s.Session.Items {
		at := slices.IndexFunc(items, func(a *aggregate.Aggregate) bool { return a.ID == id })
		if at < 0 {
			continue // on the agenda before it is proposed
		}
		p := &point{item: items[at]}
		for _, c := range items[at].Item.In(s.ID) {
			p.said = append(p.said, &said{Contribution: c})
		}
		agenda, on[id] = append(agenda, p), p
	}
	for _, d := range decisions {
		if p := on[d.Decision.Item]; p != nil {
			p.decided = append(p.decided, &decided{Aggregate: d, count: countOf(d.Decision)})
		}
	}
	boundSaid(agenda)
	boundDecided(agenda)
	return agenda
}

// boundSaid keeps the latest of what was said, over all items.
func boundSaid(agenda []*point) {
	var all []*said
	for _, p := range agenda {
		all = append(all, p.said...)
	}
	slices.SortStableFunc(all, func(a, b *said) int {
		return cmp.Or(cmp.Compare(b.Seq, a.Seq), cmp.Compare(b.Number, a.Number))
	})
	room, gone := saidBytes, map[*said]bool{}
	for i, c := range all {
		size := len(c.Words.Sealed.GetCiphertext())
		if gone[c] = i >= saidMost; gone[c] {
			continue
		}
		if c.silent = size > room; !c.silent {
			room -= size
		}
	}
	for _, p := range agenda {
		before := len(p.said)
		p.said = slices.DeleteFunc(p.said, func(c *said) bool { return gone[c] })
		p.earlier = uint32(before - len(p.said))
	}
}

// boundDecided keeps what is going on whole, and of what is over the latest.
func boundDecided(agenda []*point) {
	var all []*decided
	for _, p := range agenda {
		all = append(all, p.decided...)
	}
	over := func(d *decided) int {
		if d.Decision.Phase == decision.Closed {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b *decided) int {
		return cmp.Or(cmp.Compare(over(a), over(b)), cmp.Compare(b.Decision.FirstSeq, a.Decision.FirstSeq))
	})
	room := decidedBytes
	for _, d := range all {
		size := sizeOf(d.Decision)
		if d.brief = size > room; !d.brief {
			room -= size
		}
	}
}

// sizeOf estimates, from above, the bytes of what briefOf leaves out.
func sizeOf(d *decision.State) (size int) {
	for _, lines := range [][]*eventv1.Elector{d.Electors, d.Planned} {
		for _, e := range lines {
			size += proto.Size(e) + perElector
		}
	}
	for _, x := range d.Amendments {
		size += len(x.Text.Sealed.GetCiphertext()) + perElector
	}
	for _, a := range d.Acts {
		size += proto.Size(a.ActRecorded) + perElector
	}
	for _, x := range d.Settled {
		size += len(x.Text.Sealed.GetCiphertext()) + len(x.How.Sealed.GetCiphertext()) + perElector
	}
	return size
}

// listContributions answers ListContributions.
func (v *Views) listContributions(ctx context.Context, q *apiv1.ListContributionsRequest) (*apiv1.ListContributionsResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	upTo := v.sequence(q.Workspace)
	i, err := v.need(ctx, q.Workspace, aggregate.Item, q.Item)
	if err != nil {
		return nil, err
	}
	var page []*said
	next, room := uint32(0), pageBytes
	for _, c := range i.Item.In(q.Session) {
		size := len(c.Words.Sealed.GetCiphertext()) + perElector
		if c.Number < q.From {
			continue
		}
		if len(page) > 0 && (size > room || q.Most > 0 && len(page) >= int(q.Most)) {
			next = c.Number
			break
		}
		page, room = append(page, &said{Contribution: c}), room-size
	}
	var out *apiv1.ListContributionsResponse
	err = v.words(q.Workspace).twice(ctx, func(open func(decider.Words) string) {
		out = &apiv1.ListContributionsResponse{Next: next, Sequence: upTo}
		for _, c := range page {
			out.Contributions = append(out.Contributions, c.view(open))
		}
	})
	return out, err
}

// seats shows who is or was in the room, with the capacity held then.
func seats(s *session.State, home *initiative.State, open opener) []*apiv1.ParticipantView {
	members := map[string]initiative.Member{}
	for _, m := range home.Members {
		members[m.Participant] = m
	}
	var out []*apiv1.ParticipantView
	for _, seat := range s.Seats {
		p := participantOf(members[seat.Participant], open)
		p.Participant, p.Constituency, p.EmployedByDepartment = seat.Participant, seat.Constituency, seat.EmployedByDepartment
		p.Offices, p.Present, p.Absent = seat.Offices, !seat.Left, seat.Absent
		out = append(out, p)
	}
	return out
}
