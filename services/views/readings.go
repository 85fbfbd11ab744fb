package views

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
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

// This chapter keeps the facts behind figures, findings and trends in memory, one reading an initiative, and makes them anew only for initiatives that
// changed. Whoever asks never waits for that if the views had a quiet moment before: then they are made in advance.

// readingsMax bounds the readings that are kept. One of a hundred decisions takes about 50 KB.
const readingsMax = 4096

// quiet is how long nothing may have happened in a workspace before its readings are made in advance, so that a meeting does not pay for them.
const quiet = 3 * time.Second

// pulse is how far an initiative has come.
type pulse struct{ seq, lastAt int64 }

// latestOf is the latest moment of a commit's events.
func latestOf(c *eventv1.Commit) (last int64) {
	for _, e := range c.Events {
		last = max(last, unixMilli(e.OccurredAt.AsTime()))
	}
	return last
}

func writePulses(ctx context.Context, tx *sql.Tx, pulses map[string]pulse) error {
	for _, initiative := range slices.Sorted(maps.Keys(pulses)) {
		x := pulses[initiative]
		if _, err := tx.ExecContext(ctx, `INSERT INTO pulse (initiative, seq, last_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, last_at = max(last_at, excluded.last_at)`, initiative, x.seq, x.lastAt); err != nil {
			return err
		}
	}
	return nil
}

// readings are those that are kept.
type readings struct {
	cache  *lru.Cache[place, kept]
	mu     sync.Mutex // guards making
	making map[place]*sync.Mutex
}

// lock waits until nobody else makes the reading of an initiative.
func (r *readings) lock(at place) (unlock func()) {
	r.mu.Lock()
	m := r.making[at]
	if m == nil {
		m = &sync.Mutex{}
		r.making[at] = m
	}
	r.mu.Unlock()
	m.Lock()
	return m.Unlock
}

type place struct{ workspace, initiative string }

type kept struct {
	seq     int64
	reading *evidence.Reading
}

func newReadings() *readings {
	cache, err := lru.New[place, kept](readingsMax)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &readings{cache: cache, making: map[place]*sync.Mutex{}}
}

// readingOf gives the facts of a workspace, or of one of its initiatives, as they stood at an instant. Those of initiatives in which nothing happened after
// the instant are kept; the others are read anew.
func (v *Views) readingOf(ctx context.Context, ws, only string, asOf time.Time) (*evidence.Reading, error) {
	rows, err := v.read(ws).QueryContext(ctx, `SELECT initiative, seq, last_at FROM pulse WHERE ? IN ('', initiative) ORDER BY initiative`, only)
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
	var parts []*evidence.Reading
	for _, initiative := range order {
		r, err := v.partOf(ctx, place{ws, initiative}, pulses[initiative], asOf)
		if err != nil {
			return nil, err
		}
		parts = append(parts, r)
	}
	return evidence.Join(parts...), nil
}

// partOf gives the facts of one initiative.
func (v *Views) partOf(ctx context.Context, at place, x pulse, asOf time.Time) (*evidence.Reading, error) {
	whole := x.lastAt <= asOf.UnixMilli()
	if whole {
		defer v.readings.lock(at)()
		if k, ok := v.readings.cache.Get(at); ok && k.seq == x.seq {
			return k.reading, nil
		}
	}
	record, timeline, seq, err := v.recordOf(ctx, at.workspace, at.initiative, asOf)
	if err != nil {
		return nil, err
	}
	r := record.Reading(timeline)
	if whole && seq == x.seq { // not when a commit came in between: it may be later than the instant
		v.readings.cache.Add(at, kept{seq, r})
	}
	return r, nil
}

// readingsOf gives the facts of each department, several at a time.
func (v *Views) readingsOf(ctx context.Context, s *scene) ([]*evidence.Reading, error) {
	all, failed := make([]*evidence.Reading, len(s.departments)), make([]error, len(s.departments))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for n, d := range s.departments {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			all[n], failed[n] = v.readingOf(ctx, d.workspace, "", s.asOf)
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

// ahead makes readings in advance, workspace by workspace, when nothing has happened there for a while. It ends with the views.
func (v *Views) ahead() {
	due := map[string]time.Time{}
	tick := time.NewTicker(quiet / 3)
	defer tick.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return
		case ws := <-v.changed:
			due[ws] = time.Now().Add(quiet)
		case <-tick.C:
			for _, ws := range slices.SortedFunc(maps.Keys(due), func(a, b string) int { return cmp.Compare(a, b) }) {
				if time.Now().Before(due[ws]) {
					continue
				}
				delete(due, ws)
				if _, err := v.readingOf(v.ctx, ws, "", v.clock()); err != nil && v.ctx.Err() == nil {
					v.logger.Warn("views: readings could not be made in advance", "workspace", ws, "error", err)
				}
				break // one at a time: meanwhile others may have changed
			}
		}
	}
}

// stirred notes that something happened in a workspace. It never waits: who misses it asks a little longer.
func (v *Views) stirred(ws string) {
	select {
	case v.changed <- ws:
	default:
	}
}
