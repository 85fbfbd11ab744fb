package views

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/evidence"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter puts readings together from the parts that the projector keeps (parts.go), and keeps those that are asked for, one an initiative, until something
// happens in it.

// readingsMax bounds the readings that are kept. One of a hundred decisions takes about 50 KB.
const readingsMax = 4096

type place struct{ workspace, initiative string }

// whenever is an initiative as it stood at an instant in milliseconds, or as it stands at 0.
type whenever struct {
	place
	at int64
}

type kept struct {
	seq     int64
	reading *evidence.Reading
}

func newReadings() *lru.Cache[whenever, kept] {
	cache, err := lru.New[whenever, kept](readingsMax)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return cache
}

// readingOf gives the facts of a department, as far as a question is about them, as they stood at its instant.
func (v *Views) readingOf(ctx context.Context, s *scene, ws string) (*evidence.Reading, error) {
	where, args := "? IN ('', p.initiative)", []any{s.Initiative}
	for column, wanted := range map[string]int32{"scope": int32(s.Scope), "area": int32(s.Area), "stage": int32(s.Stage)} {
		if wanted != 0 {
			where, args = where+" AND g."+column+" = ?", append(args, wanted)
		}
	}
	rows, err := v.read(ws).QueryContext(ctx, `SELECT p.initiative, p.seq, p.last_at FROM pulse p LEFT JOIN facet g ON g.key = p.initiative WHERE `+where+` ORDER BY p.initiative`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var order []string
	pulses := map[string]pulse{}
	for rows.Next() {
		var initiative string
		var x pulse
		if err := rows.Scan(&initiative, &x.seq, &x.lastAt); err != nil {
			return nil, err
		}
		order, pulses[initiative] = append(order, initiative), x
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var all []*evidence.Reading
	for _, initiative := range order {
		r, err := v.readingIn(ctx, place{ws, initiative}, pulses[initiative], s.asOf)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return evidence.Join(all...).In(s.Kind), nil
}

// readingIn gives the facts of one initiative.
func (v *Views) readingIn(ctx context.Context, at place, x pulse, asOf time.Time) (*evidence.Reading, error) {
	key := whenever{place: at}
	if x.lastAt > asOf.UnixMilli() { // whoever looks at a day in the past asks several pages about it
		key.at = asOf.UnixMilli()
	}
	if k, ok := v.readings.Get(key); ok && k.seq == x.seq {
		return k.reading, nil
	}
	parts, err := v.partsOf(ctx, at, asOf)
	if err != nil {
		return nil, err
	}
	r := evidence.Assemble(parts)
	v.readings.Add(key, kept{x.seq, r})
	return r, nil
}

// partsOf reads the parts of an initiative as they stood at an instant: those that know of nothing later are as they are kept.
func (v *Views) partsOf(ctx context.Context, at place, asOf time.Time) ([]evidence.Part, error) {
	instant := asOf.UnixMilli()
	rows, err := v.read(at.workspace).QueryContext(ctx, `SELECT aggregate, session, max(last_at, beside_at) > ?, body FROM part WHERE initiative = ? AND since <= ?`, instant, at.initiative, instant)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	type stale struct {
		id      int64
		session string
	}
	var parts []evidence.Part
	var again []stale
	for rows.Next() {
		var id int64
		var session string
		var later bool
		var body sql.RawBytes
		if err := rows.Scan(&id, &session, &later, &body); err != nil {
			return nil, err
		}
		if later {
			again = append(again, stale{id, session})
			continue
		}
		p, err := evidence.ReadPart(body)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	then := v.past(at.workspace, asOf)
	for some := range slices.Chunk(again, pastMax) {
		ids := make([]int64, len(some))
		for n, x := range some {
			ids[n] = x.id
		}
		if err := then.gather(ctx, ids); err != nil {
			return nil, err
		}
		for _, x := range some {
			p, err := then.part(ctx, x.id, x.session)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// readingsOf gives the facts of each department.
func (v *Views) readingsOf(ctx context.Context, s *scene) ([]*evidence.Reading, error) {
	return each(s.departments, func(d department) (*evidence.Reading, error) { return v.readingOf(ctx, s, d.workspace) })
}

// each asks something of every department, several at a time. The answers come in their order.
func each[T any](departments []department, ask func(department) (T, error)) ([]T, error) {
	all, failed := make([]T, len(departments)), make([]error, len(departments))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for n, d := range departments {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			all[n], failed[n] = ask(d)
		})
	}
	wg.Wait()
	return all, errors.Join(failed...)
}

// recordOf folds everything that is recorded of one initiative and had happened by an instant, and says up to which sequence it read.
func (v *Views) recordOf(ctx context.Context, ws, initiative string, asOf time.Time) (*evidence.Record, *evidence.Timeline, int64, error) {
	rows, err := v.read(ws).QueryContext(ctx, `SELECT a.kind, a.key, r.seq, r.body FROM aggregate a JOIN record r ON r.aggregate = a.id
		WHERE a.kind = 'initiative' AND a.key = ?1 OR a.kind IN ('session', 'item', 'decision') AND a.key > ?1 || ':' AND a.key < ?1 || ';' ORDER BY r.aggregate, r.seq`, initiative)
	if err != nil {
		return nil, nil, 0, err
	}
	defer func() { _ = rows.Close() }()
	var folds []*aggregate.Aggregate
	var a *aggregate.Aggregate
	last, timeline := int64(0), &evidence.Timeline{}
	for rows.Next() {
		var key aggregate.Key
		var seq int64
		var body []byte
		if err := rows.Scan(&key.Kind, &key.ID, &seq, &body); err != nil {
			return nil, nil, 0, err
		}
		if a == nil || a.Key != key {
			a = aggregate.New(key)
			folds = append(folds, a)
		}
		c := &eventv1.Commit{}
		if err := proto.Unmarshal(body, c); err != nil {
			return nil, nil, 0, err
		}
		c.Events = slices.DeleteFunc(c.Events, func(e *eventv1.Event) bool { return e.OccurredAt.AsTime().After(asOf) })
		if err := a.Apply(uint64(seq), c); err != nil {
			return nil, nil, 0, err
		}
		for _, e := range c.Events {
			timeline.Note(key, decider.Fact{Seq: uint64(seq), Commit: c.Id, Event: e})
		}
		last = max(last, seq)
	}
	return evidence.NewRecord(ws, asOf, folds), timeline, last, rows.Err()
}
