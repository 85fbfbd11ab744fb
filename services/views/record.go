package views

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the projector: commits in, tables out. Roles are derived again for every decision that a batch touched, once a batch.

const (
	// foldsMax bounds the folds kept between batches.
	foldsMax = 2048
	// foldsIdle is how many of them are kept once a workspace has been read to its end after a start: those of a meeting that goes on.
	foldsIdle = 64
)

// projector keeps the folds of what it has seen lately. It is used by one transaction at a time; when one fails, the folds are forgotten.
type projector struct {
	folds *lru.Cache[int64, folded]
	ids   *lru.Cache[string, int64]
	// votes are the first ones, by initiative.
	votes map[string]int64
	// touched are the initiatives of the last batch, for whoever is looking at them.
	touched []string
}

// folded is an aggregate and, of a decision, the charters that it had.
type folded struct {
	*aggregate.Aggregate
	charters *evidence.Charters
}

func newProjector() *projector {
	folds, err := lru.New[int64, folded](foldsMax)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	ids, err := lru.New[string, int64](4 * foldsMax)
	if err != nil {
		panic(err)
	}
	return &projector{folds: folds, ids: ids, votes: map[string]int64{}}
}

// rest lets go of the folds that reading a long log has left, but for the latest. One that is needed again is folded from its commits, in the midst of a batch too.
func (p *projector) rest(keep int) {
	p.folds.Resize(keep)
	p.folds.Resize(foldsMax)
}

// apply projects a batch of commits.
func (p *projector) apply(ctx context.Context, tx *sql.Tx, _ string, batch []eventlog.Recorded) (err error) {
	defer func() {
		if err != nil {
			p.folds.Purge()
			p.ids.Purge()
			clear(p.votes)
		}
	}()
	insert, err := tx.PrepareContext(ctx, `INSERT INTO record (aggregate, seq, body) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	stirred := newStirring()
	p.touched = nil
	for _, r := range batch {
		key := aggregate.Key{Kind: aggregate.Kind(r.Commit.Aggregate), ID: r.Commit.AggregateId}
		id, err := p.number(ctx, tx, key, r.Seq)
		if err != nil {
			return err
		}
		a, err := p.folded(ctx, tx, id, key)
		if err != nil {
			return err
		}
		body, err := proto.MarshalOptions{Deterministic: true}.Marshal(r.Commit)
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, id, int64(r.Seq), body); err != nil {
			return err
		}
		if err := a.Apply(r.Seq, r.Commit); err != nil {
			return err
		}
		for _, e := range r.Commit.Events {
			a.charters.Note(r.Seq, e)
		}
		if home, ok := key.InitiativeKey(); ok && !slices.Contains(p.touched, home.ID) {
			p.touched = append(p.touched, home.ID)
		}
		stirred.note(id, a.Aggregate, r.Seq, r.Commit)
		if err := p.mark(ctx, tx, id, a.Aggregate, r.Commit, stirred); err != nil {
			return err
		}
		if err := p.tell(ctx, tx, id, a.Aggregate, r); err != nil {
			return err
		}
		if err := writeFacet(ctx, tx, id, a.Aggregate); err != nil {
			return err
		}
	}
	if err := errors.Join(writePulses(ctx, tx, stirred.pulses), p.writeParts(ctx, tx, stirred.parts)); err != nil {
		return err
	}
	for _, id := range sorted(stirred.dirty) {
		if err := p.judge(ctx, tx, id, stirred.parts); err != nil {
			return err
		}
	}
	return nil
}

func sorted(set map[int64]bool) []int64 {
	var ids []int64
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// number gives the number of an aggregate: the sequence of its first commit, which seq is when it was not seen yet.
func (p *projector) number(ctx context.Context, tx *sql.Tx, key aggregate.Key, seq uint64) (int64, error) {
	name := string(key.Kind) + "/" + key.ID
	if id, ok := p.ids.Get(name); ok {
		return id, nil
	}
	var id int64
	err := tx.QueryRowContext(ctx, `SELECT id FROM aggregate WHERE kind = ? AND key = ?`, string(key.Kind), key.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) && seq > 0 {
		id = int64(seq)
		_, err = tx.ExecContext(ctx, `INSERT INTO aggregate (id, kind, key) VALUES (?, ?, ?)`, id, string(key.Kind), key.ID)
	}
	if err == nil {
		p.ids.Add(name, id)
	}
	return id, err
}

// folded gives the fold of an aggregate, from the cache or from its commits.
func (p *projector) folded(ctx context.Context, tx *sql.Tx, id int64, key aggregate.Key) (folded, error) {
	if a, ok := p.folds.Get(id); ok {
		return a, nil
	}
	f := folded{charters: &evidence.Charters{}}
	var err error
	if f.Aggregate, err = foldRecord(ctx, tx, id, key, func(seq uint64, e *eventv1.Event) bool {
		f.charters.Note(seq, e)
		return true
	}); err == nil {
		p.folds.Add(id, f)
	}
	return f, err
}

func (p *projector) fold(ctx context.Context, tx *sql.Tx, id int64, key aggregate.Key) (*aggregate.Aggregate, error) {
	f, err := p.folded(ctx, tx, id, key)
	return f.Aggregate, err
}

// querier is a transaction or the pool of readers.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// keeping says which events of a commit, by its sequence, count. It is asked in their order.
type keeping func(seq uint64, e *eventv1.Event) bool

// foldRecord folds an aggregate from its stored commits; keep says which events count, nil keeps all.
func foldRecord(ctx context.Context, q querier, id int64, key aggregate.Key, keep keeping) (*aggregate.Aggregate, error) {
	return foldUpTo(ctx, q, id, key, math.MaxInt64, keep)
}

// foldUpTo is foldRecord with the commits up to a sequence only.
func foldUpTo(ctx context.Context, q querier, id int64, key aggregate.Key, seq int64, keep keeping) (*aggregate.Aggregate, error) {
	a := aggregate.New(key)
	rows, err := q.QueryContext(ctx, `SELECT seq, body FROM record WHERE aggregate = ? AND seq <= ? ORDER BY seq`, id, seq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return nil, err
		}
		c := &eventv1.Commit{}
		if err := proto.Unmarshal(body, c); err != nil {
			return nil, err
		}
		if keep != nil {
			c.Events = slices.DeleteFunc(c.Events, func(e *eventv1.Event) bool { return !keep(uint64(seq), e) })
		}
		if err := a.Apply(uint64(seq), c); err != nil {
			return nil, err
		}
	}
	return a, rows.Err()
}

// mark notes which decisions a commit touches: itself, those of the session, and those on the item that what was said can still matter to.
// What is said in a meeting does not touch what was decided in the ones before, so that an item may live on for years at a steady cost.
// Nor do raised hands, turns that are not over, pauses and the like, of which a meeting has many. a is the fold with the commit in it.
func (p *projector) mark(ctx context.Context, tx *sql.Tx, id int64, a *aggregate.Aggregate, c *eventv1.Commit, stirred *stirring) error {
	dirty := stirred.dirty
	switch a.Kind {
	case aggregate.Initiative:
		return enrol(ctx, tx, a.ID, a.Seq, c, dirty)
	case aggregate.Decision:
		dirty[id] = true
		home, _, _ := decision.Split(a.ID)
		return p.vote(ctx, tx, home, c, stirred)
	case aggregate.Session:
		if err := collect(ctx, tx, dirty, `SELECT aggregate FROM decision WHERE session = ? AND kind <> ?`, a.ID, int32(a.Session.Kind)); err != nil {
			return err
		}
		if slices.ContainsFunc(c.Events, matters) {
			return collect(ctx, tx, dirty, `SELECT aggregate FROM decision WHERE session = ?`, a.ID)
		}
	case aggregate.Item:
		for _, e := range c.Events {
			in, at := "", unixMilli(e.OccurredAt.AsTime())
			switch said := e.Fact.(type) {
			case *eventv1.Event_ContributionRecorded:
				in = said.ContributionRecorded.Session
			case *eventv1.Event_ContributionsCorrected:
				in = said.ContributionsCorrected.Session
			case *eventv1.Event_ContributionWorded:
				w := said.ContributionWorded
				if c := resorted(a.Item.In(w.Session), w.Number, a.Seq); c != nil { // what kind it was matters since it was said
					in, at = c.Session, unixMilli(c.At)
				}
			case *eventv1.Event_ItemDescribed:
				if err := collect(ctx, tx, dirty, `SELECT aggregate FROM decision WHERE item = ?`, id); err != nil {
					return err
				}
			}
			if in == "" {
				continue
			}
			if err := collect(ctx, tx, dirty, `SELECT aggregate FROM decision WHERE item = ? AND (closed_at >= ? OR session = ?)`, id, at, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// matters reports whether what happened in a session can matter to a role: who was in the room does, what was announced does not.
func matters(e *eventv1.Event) bool {
	switch e.Fact.(type) {
	case *eventv1.Event_SessionDescribed, *eventv1.Event_CurrentItemSet, *eventv1.Event_SessionPaused, *eventv1.Event_SessionResumed, *eventv1.Event_MinutesApproved:
		return false
	}
	return true
}

// resorted gives the contribution of a number if the commit changed its kind, and nil if it only gave words.
func resorted(said []item.Contribution, number uint32, seq uint64) *item.Contribution {
	for i := range said {
		if said[i].Number == number && said[i].SortedSeq == seq {
			return &said[i]
		}
	}
	return nil
}

func collect(ctx context.Context, tx *sql.Tx, into map[int64]bool, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		into[id] = true
	}
	return rows.Err()
}

// judge writes the line of a decision and, once it is closed, the roles that the record shows.
func (p *projector) judge(ctx context.Context, tx *sql.Tx, id int64, parts map[partKey]span) error {
	key := aggregate.Key{Kind: aggregate.Decision}
	if err := tx.QueryRowContext(ctx, `SELECT key FROM aggregate WHERE id = ?`, id).Scan(&key.ID); err != nil {
		return err
	}
	a, err := p.folded(ctx, tx, id, key)
	if err != nil {
		return err
	}
	d := a.Decision
	initiative, in, own := decision.Split(key.ID)
	itemID, i := int64(0), aggregate.New(aggregate.Key{Kind: aggregate.Item})
	if d.Item != "" { // a decision that was struck is on no item
		if itemID, i, err = p.known(ctx, tx, aggregate.Key{Kind: aggregate.Item, ID: d.Item}); err != nil {
			return err
		}
	}
	_, s, err := p.known(ctx, tx, aggregate.Key{Kind: aggregate.Session, ID: in})
	if err != nil {
		return err
	}
	var question []byte
	if d.Question.Sealed != nil {
		if question, err = (proto.MarshalOptions{Deterministic: true}).Marshal(d.Question.Sealed); err != nil {
			return err
		}
	}
	summary, err := (proto.MarshalOptions{Deterministic: true}).Marshal(summaryOfDecision(a.Aggregate))
	if err != nil {
		return err
	}
	was, err := postedOf(ctx, tx, id)
	if err != nil {
		return err
	}
	kind := int32(0)
	if s.Session != nil {
		kind = int32(s.Session.Kind)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO decision (aggregate, initiative, session, own, item, phase, outcome, closed_at, last_at, due_end, kind, first_seq, posed_at, opened_at, question, question_commit, summary)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (aggregate) DO UPDATE SET item = excluded.item, phase = excluded.phase, outcome = excluded.outcome, closed_at = excluded.closed_at,
			last_at = excluded.last_at, due_end = excluded.due_end, kind = excluded.kind, posed_at = excluded.posed_at, opened_at = excluded.opened_at, question = excluded.question,
			question_commit = excluded.question_commit, summary = excluded.summary`,
		id, initiative, in, own, itemID, int(d.Phase), int32(d.Final()), unixMilli(d.ClosedAt), lastAt(d, in, i, s), dueEnd(d), kind, int64(d.FirstSeq), unixMilli(d.PosedAt), unixMilli(d.OpenedAt), question, d.Question.Commit, summary)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM role WHERE decision = ?`, id); err != nil {
		return err
	}
	var judgements []role.Judgement
	var part evidence.Part
	if d.Phase == decision.Closed {
		c := role.NewCase(d, i.Item, s.Session, d.ClosedAt)
		judgements = role.Judge(c)
		b, err := before(ctx, tx, initiative, d, a.charters, func() (int64, error) { return p.firstVote(ctx, tx, initiative) })
		if err != nil {
			return err
		}
		part = evidence.OfDecision(a.Aggregate, i.Item, s.Session, c, judgements, b)
	}
	at := partKey{initiative, id, "", key}
	when, touched := parts[at]
	if !touched {
		when = untouched
	}
	if err := writePart(ctx, tx, at, when, lastAt(d, in, i, s), part.Append(nil)); err != nil {
		return err
	}
	now := posted{initiative, unixMilli(d.ClosedAt), kind, groupsOf(judgements)}
	return errors.Join(writeRoles(ctx, tx, id, judgements), repost(ctx, tx, id, was, now))
}

// known gives number and fold of an aggregate that exists already.
func (p *projector) known(ctx context.Context, tx *sql.Tx, key aggregate.Key) (int64, *aggregate.Aggregate, error) {
	id, err := p.number(ctx, tx, key, 0)
	if err != nil {
		return 0, nil, err
	}
	a, err := p.fold(ctx, tx, id, key)
	return id, a, err
}

func writeRoles(ctx context.Context, tx *sql.Tx, id int64, judgements []role.Judgement) error {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO role (decision, place, who, role, rule, reason, role_at_decision, power, shapley, pivotal, flags, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	for place, j := range judgements {
		if _, err := insert.ExecContext(ctx, id, place, j.Who, string(j.Role), j.Rule, string(j.Reason), string(j.RoleAtDecision), fraction(j.Power), fraction(j.Shapley), string(j.Pivotal), strings.Join(j.Flags, ","), join(j.Evidence)); err != nil {
			return err
		}
	}
	return nil
}

func join(seqs []uint64) string {
	words := make([]string, len(seqs))
	for i, s := range seqs {
		words[i] = strconv.FormatUint(s, 10)
	}
	return strings.Join(words, ",")
}
