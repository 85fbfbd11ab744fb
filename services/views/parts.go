package views

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter keeps the parts of readings (evidence.Part) beside what they are read from, in the same transaction. What was decided shortly after somebody came
// onto the roll, or after a first vote, is read again when that is recorded late.

// pulse is how far an initiative has come.
type pulse struct{ seq, lastAt, votedAt int64 }

// partKey is one part: of an aggregate, or of what was said of an item in a session.
type partKey struct {
	initiative string
	id         int64
	session    string
	key        aggregate.Key
}

// span is the time of what commits say, in unix ms.
type span struct{ since, last int64 }

// untouched is the span of nothing.
var untouched = span{since: math.MaxInt64}

func (s span) with(c *eventv1.Commit) span {
	for _, e := range c.Events {
		at := unixMilli(e.OccurredAt.AsTime())
		s.since, s.last = min(s.since, at), max(s.last, at)
	}
	return s
}

// stirring is what a batch of commits touches.
type stirring struct {
	dirty  map[int64]bool // decisions to judge again
	parts  map[partKey]span
	pulses map[string]pulse
}

func newStirring() *stirring {
	return &stirring{map[int64]bool{}, map[partKey]span{}, map[string]pulse{}}
}

// note notes how far the initiative came and which parts the commit changes. a is the fold with the commit in it.
func (s *stirring) note(id int64, a *aggregate.Aggregate, seq uint64, c *eventv1.Commit) {
	home, ok := a.InitiativeKey()
	if !ok {
		return
	}
	x := s.pulses[home.ID]
	s.pulses[home.ID] = pulse{int64(seq), max(x.lastAt, untouched.with(c).last), x.votedAt}
	add := func(session string) {
		k := partKey{home.ID, id, session, a.Key}
		if _, there := s.parts[k]; !there {
			s.parts[k] = untouched
		}
		s.parts[k] = s.parts[k].with(c)
	}
	switch a.Kind {
	case aggregate.Initiative, aggregate.Decision:
		add("")
	case aggregate.Session:
		if slices.ContainsFunc(c.Events, func(e *eventv1.Event) bool { return matters(e) || e.GetSessionDescribed() != nil }) {
			add("")
		}
	case aggregate.Item:
		for _, e := range c.Events {
			switch said := e.Fact.(type) {
			case *eventv1.Event_ItemProposed, *eventv1.Event_ItemAdmitted, *eventv1.Event_ItemRefused, *eventv1.Event_ItemWithdrawn:
				add("")
			case *eventv1.Event_ContributionRecorded:
				add(said.ContributionRecorded.Session)
			case *eventv1.Event_ContributionsCorrected:
				add(said.ContributionsCorrected.Session)
			case *eventv1.Event_ContributionWorded:
				add(said.ContributionWorded.Session)
			}
		}
	}
}

// enrol keeps who came onto the roll, and marks the votes that were opened shortly after.
func enrol(ctx context.Context, tx *sql.Tx, initiative string, seq uint64, c *eventv1.Commit, dirty map[int64]bool) error {
	for _, event := range c.Events {
		e, enters := evidence.Enters(seq, event)
		if !enters {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO enrolment (initiative, at, seq, participant) VALUES (?, ?, ?, ?)`, initiative, e.At.UnixNano(), int64(seq), e.Participant); err != nil {
			return err
		}
		if err := collect(ctx, tx, dirty, `SELECT aggregate FROM decision WHERE initiative = ? AND opened_at BETWEEN ? AND ?`, initiative, e.At.UnixMilli(), e.At.Add(evidence.Shortly).UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// vote notes a vote of an initiative. One that was earlier than all known makes those who came after it people who were added.
func (p *projector) vote(ctx context.Context, tx *sql.Tx, initiative string, c *eventv1.Commit, s *stirring) error {
	for _, e := range c.Events {
		if e.GetVotingOpened() == nil {
			continue
		}
		at := e.OccurredAt.AsTime().UnixNano()
		first, err := p.firstVote(ctx, tx, initiative)
		if err != nil {
			return err
		}
		if first != 0 && first <= at {
			continue
		}
		p.votes[initiative] = at
		x := s.pulses[initiative]
		x.votedAt = at
		s.pulses[initiative] = x
		if err := collect(ctx, tx, s.dirty, `SELECT aggregate FROM decision WHERE initiative = ? AND opened_at >= ?`, initiative, e.OccurredAt.AsTime().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// firstVote is when an initiative voted first, 0 when it did not yet; in unix ns.
func (p *projector) firstVote(ctx context.Context, q querier, initiative string) (at int64, err error) {
	if at, known := p.votes[initiative]; known {
		return at, nil
	}
	if at, err = firstVote(ctx, q, initiative); err == nil {
		p.votes[initiative] = at
	}
	return at, err
}

func firstVote(ctx context.Context, q querier, initiative string) (at int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT voted_at FROM pulse WHERE initiative = ?`, initiative).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return at, err
}

func writePulses(ctx context.Context, tx *sql.Tx, pulses map[string]pulse) error {
	for _, initiative := range slices.Sorted(maps.Keys(pulses)) {
		x := pulses[initiative]
		if _, err := tx.ExecContext(ctx, `INSERT INTO pulse (initiative, seq, last_at, voted_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, last_at = max(last_at, excluded.last_at),
			voted_at = iif(excluded.voted_at = 0, voted_at, excluded.voted_at)`, initiative, x.seq, x.lastAt, x.votedAt); err != nil {
			return err
		}
	}
	return nil
}

// writeParts writes those that a batch changed, but for decisions: they are written when they are judged.
func (p *projector) writeParts(ctx context.Context, tx *sql.Tx, parts map[partKey]span) error {
	order := slices.SortedFunc(maps.Keys(parts), func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.session, b.session))
	})
	for _, k := range order {
		if k.key.Kind == aggregate.Decision {
			continue
		}
		a, err := p.fold(ctx, tx, k.id, k.key)
		if err != nil {
			return err
		}
		if err := writePart(ctx, tx, k, parts[k], 0, partOf(a, k.session).Append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// partOf reads an aggregate that is no decision.
func partOf(a *aggregate.Aggregate, session string) evidence.Part {
	switch {
	case a.Kind == aggregate.Initiative:
		return evidence.OfInitiative(a)
	case a.Kind == aggregate.Session:
		return evidence.OfSession(a)
	case session != "":
		return evidence.OfTalk(a, session)
	}
	return evidence.OfItem(a)
}

func writePart(ctx context.Context, tx *sql.Tx, k partKey, s span, besideAt int64, body []byte) error {
	if body == nil {
		body = []byte{}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO part (initiative, aggregate, session, since, last_at, beside_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET since = min(since, excluded.since), last_at = max(last_at, excluded.last_at), beside_at = excluded.beside_at, body = excluded.body`, k.initiative, k.id, k.session, s.since, s.last, besideAt, body)
	return err
}

// before says what changed shortly before the vote of a decision.
func before(ctx context.Context, q querier, initiative string, d *decision.State, charters *evidence.Charters, firstVote func() (int64, error)) (b evidence.Before, err error) {
	b.Rule = charters.Changed(d.OpenedAt)
	rows, err := q.QueryContext(ctx, `SELECT participant, at, seq FROM enrolment WHERE initiative = ? AND at BETWEEN ? AND ? ORDER BY seq, at`, initiative, d.OpenedAt.Add(-evidence.Shortly).UnixNano(), d.OpenedAt.UnixNano())
	if err != nil {
		return b, err
	}
	defer func() { _ = rows.Close() }()
	var roll []evidence.Entered
	for rows.Next() {
		var e evidence.Entered
		var at int64
		if err := rows.Scan(&e.Participant, &at, &e.Seq); err != nil {
			return b, err
		}
		e.At = time.Unix(0, at).UTC()
		roll = append(roll, e)
	}
	if err := rows.Err(); err != nil || len(roll) == 0 {
		return b, err
	}
	first, err := firstVote()
	if err != nil || first == 0 {
		return b, err
	}
	b.Came = evidence.Came(roll, d.OpenedAt, time.Unix(0, first).UTC())
	return b, nil
}
