package feeds

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is the order: each entry of each workspace gets the next number when it is seen first. Within a workspace numbers follow the order of
// release, which never changes; between workspaces they follow the order in which they were seen here, and that is what has to be kept.

const (
	// pullAtOnce is how many entries are taken from the views, and given to a reader, at once.
	pullAtOnce = 100
	// remembered is how many entries are kept in memory, for the many readers of the newest ones; fresh is for how long. An erasure takes no longer.
	remembered, fresh = 4096, time.Minute
	// pagesKept is how many pages of the newest are remembered, as their places: at most 100 numbers each.
	pagesKept = 1024
)

// scanMax is how many lines of the order are looked at at once: in order, a narrow subscription gets an empty answer that goes on from there. Tests look at
// fewer.
var scanMax = 20_000

type order struct {
	store *store
	nc    *nats.Conn
	clock func() time.Time
	// authority is the name in the ids that entries have outside.
	authority func(context.Context) (string, error)
	wake      chan struct{}
	known     *lru.Cache[uint64, seen]  // by number
	found     *lru.Cache[string, found] // by scope, number and limit: what lies below a number never changes

	mu    sync.Mutex
	dirty map[string]bool // workspaces to be asked about
	list  bool            // every workspace is to be asked about
}

type seen struct {
	entry *feedv1.Entry
	at    time.Time
}

// found is a page of the newest, before it is read.
type found struct {
	places []place
	more   bool
}

func newOrder(st *store, nc *nats.Conn, clock func() time.Time, authority func(context.Context) (string, error)) (*order, error) {
	known, err := lru.New[uint64, seen](remembered)
	if err != nil {
		return nil, err
	}
	pages, err := lru.New[string, found](pagesKept)
	return &order{store: st, nc: nc, clock: clock, authority: authority, wake: make(chan struct{}, 1), known: known, found: pages, dirty: map[string]bool{}, list: true}, err
}

// changed takes note of an announcement: changed.<workspace>.<initiative>.
func (o *order) changed(subject string) {
	if parts := strings.Split(subject, "."); len(parts) == 3 {
		o.mark(parts[1], false)
	}
}

// all has every workspace asked about.
func (o *order) all() { o.mark("", true) }

func (o *order) mark(ws string, all bool) {
	o.mu.Lock()
	if ws != "" {
		o.dirty[ws] = true
	}
	o.list = o.list || all
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take asks the views for what is new and numbers it. It reports whether there was anything.
func (o *order) take(ctx context.Context) (grown bool, err error) {
	o.mu.Lock()
	dirty, list := o.dirty, o.list
	o.dirty, o.list = map[string]bool{}, false
	o.mu.Unlock()
	if list {
		var all apiv1.ListWorkspacesResponse
		if err := bus.Request(ctx, o.nc, "query.list_workspaces", &apiv1.ListWorkspacesRequest{}, &all); err != nil {
			return false, err // the next look asks about all of them anyway
		}
		for _, w := range all.Workspaces {
			dirty[w.Id] = true
		}
	}
	for _, ws := range slices.Sorted(maps.Keys(dirty)) {
		more, failed := o.takeFrom(ctx, ws)
		grown, err = grown || more, errors.Join(err, failed)
	}
	return grown, err
}

func (o *order) takeFrom(ctx context.Context, ws string) (grown bool, err error) {
	for {
		q := &feedv1.FeedEntriesRequest{Workspace: ws, Limit: pullAtOnce}
		err := o.store.db.Read().QueryRowContext(ctx, `SELECT released, seq FROM entry WHERE workspace = ? ORDER BY released DESC, seq DESC LIMIT 1`, ws).Scan(&q.AfterReleased, &q.AfterSequence)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return grown, err
		}
		var answer feedv1.FeedEntriesResponse
		if err := bus.Request(ctx, o.nc, "query.feed_entries", q, &answer); err != nil {
			return grown, err
		}
		if len(answer.Entries) == 0 {
			return grown, nil
		}
		if err := o.number(ctx, answer.Entries); err != nil {
			return grown, err
		}
		grown = true
		if len(answer.Entries) < pullAtOnce {
			return grown, nil
		}
	}
}

// number gives entries their numbers, durable when it returns: a number that was told may never be another entry's.
func (o *order) number(ctx context.Context, entries []*feedv1.ReleasedEntry) error {
	numbers := make([]uint64, len(entries))
	err := o.store.db.Write(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM entry`).Scan(&last); err != nil {
			return err
		}
		for i, r := range entries {
			e := r.Entry
			outcome := int64(e.Outcome)
			if e.About != e.Id {
				about, _ := strconv.ParseInt(strings.TrimPrefix(e.About, e.Workspace+":"), 10, 64) // 0 is no entry's
				err := tx.QueryRowContext(ctx, `SELECT outcome FROM entry WHERE workspace = ? AND seq = ?`, e.Workspace, about).Scan(&outcome)
				if err != nil && !errors.Is(err, sql.ErrNoRows) {
					return err
				}
			}
			last++
			numbers[i] = uint64(last)
			if _, err := tx.ExecContext(ctx, `INSERT INTO entry (n, workspace, seq, released, initiative, area, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				last, e.Workspace, int64(e.Sequence), int64(r.Released), e.Initiative, int64(e.Area), outcome); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, r := range entries {
		o.known.Add(numbers[i], seen{r.Entry, o.clock()})
	}
	return nil
}

// place is a line of the order.
type place struct {
	n, seq    uint64
	workspace string
}

// page is what a reader gets.
type page struct {
	entries    []*feedv1.NumberedEntry
	completeTo uint64
	more       bool
}

// after gives the entries of a scope after a number, in order. completeTo is how far the answer is complete, whether or not something was there.
func (o *order) after(ctx context.Context, scope *feedv1.FeedScope, after uint64, limit int) (page, error) {
	places, scanned, more, err := o.scan(ctx, scope, `n > ? ORDER BY n`, after, limit)
	if err != nil {
		return page{}, err
	}
	p := page{completeTo: max(after, scanned), more: more}
	if p.entries, err = o.read(ctx, places); err != nil {
		return page{}, err
	}
	if len(p.entries) < len(places) { // the views are being rebuilt: what comes later waits for it
		p.completeTo, p.more = places[len(p.entries)].n-1, true
	}
	return p, nil
}

// before gives the newest entries of a scope below a number (0: the newest of all), newest first.
func (o *order) before(ctx context.Context, scope *feedv1.FeedScope, before uint64, limit int) (page, error) {
	f, err := o.below(ctx, scope, before, limit)
	if err != nil {
		return page{}, err
	}
	p := page{more: f.more}
	if p.entries, err = o.read(ctx, f.places); err != nil {
		return page{}, err
	}
	if len(p.entries) < len(f.places) {
		return page{}, decider.Refuse("feeds/not-ready")
	}
	return p, nil
}

// below finds the places of a page of the newest. A reader asks again and again, mostly without anything new, and a narrow scope has the whole order
// looked through; so what was found is kept until there is another entry.
func (o *order) below(ctx context.Context, scope *feedv1.FeedScope, before uint64, limit int) (f found, err error) {
	if before == 0 {
		if err := o.store.db.Read().QueryRowContext(ctx, `SELECT coalesce(max(n), 0) + 1 FROM entry`).Scan(&before); err != nil {
			return f, err
		}
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(scope)
	if err != nil {
		return f, err
	}
	key := strconv.FormatUint(before, 10) + " " + strconv.Itoa(limit) + " " + string(text)
	if f, ok := o.found.Get(key); ok {
		return f, nil
	}
	scanned := before
	for f.more = true; f.more && len(f.places) == 0; { // a page goes on from its last entry: one without any would end the feed
		if f.places, scanned, f.more, err = o.scan(ctx, scope, `n < ? ORDER BY n DESC`, scanned, limit); err != nil {
			return f, err
		}
	}
	o.found.Add(key, f)
	return f, nil
}

// scan finds the lines of a scope. more says that there are further ones.
func (o *order) scan(ctx context.Context, scope *feedv1.FeedScope, where string, from uint64, limit int) (places []place, scanned uint64, more bool, err error) {
	rows, err := o.store.db.Read().QueryContext(ctx, `SELECT n, workspace, seq, initiative, area, outcome FROM entry WHERE `+where+` LIMIT ?`, int64(min(from, 1<<62)), scanMax+1)
	if err != nil {
		return nil, 0, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for looked := 0; rows.Next(); looked++ {
		var p place
		var initiative string
		var area, outcome int32
		if err := rows.Scan(&p.n, &p.workspace, &p.seq, &initiative, &area, &outcome); err != nil {
			return nil, 0, false, err
		}
		matches := feed.Matches(scope, p.workspace, initiative, area, outcome)
		if looked == scanMax || matches && len(places) == limit {
			return places, scanned, true, nil
		}
		if matches {
			places = append(places, p)
		}
		scanned = p.n
	}
	return places, scanned, false, rows.Err()
}

// read gives what the entries say, as many from the first on as the views have, under the ids that they have outside.
func (o *order) read(ctx context.Context, places []place) ([]*feedv1.NumberedEntry, error) {
	authority, err := o.authority(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*feedv1.NumberedEntry, len(places))
	missing := map[string][]int{}
	for i, p := range places {
		if k, ok := o.known.Get(p.n); ok && o.clock().Sub(k.at) < fresh {
			out[i] = named(authority, p.n, k.entry)
			continue
		}
		missing[p.workspace] = append(missing[p.workspace], i)
	}
	for ws, at := range missing {
		for part := range slices.Chunk(at, pullAtOnce) {
			q := &feedv1.FeedEntriesRequest{Workspace: ws}
			for _, i := range part {
				q.Sequences = append(q.Sequences, places[i].seq)
			}
			var answer feedv1.FeedEntriesResponse
			if err := bus.Request(ctx, o.nc, "query.feed_entries", q, &answer); err != nil {
				return nil, err
			}
			by := map[uint64]*feedv1.Entry{}
			for _, e := range answer.Entries {
				by[e.Entry.Sequence] = e.Entry
			}
			for _, i := range part {
				if e := by[places[i].seq]; e != nil {
					o.known.Add(places[i].n, seen{e, o.clock()})
					out[i] = named(authority, places[i].n, e)
				}
			}
		}
	}
	if i := slices.Index(out, nil); i >= 0 {
		out = out[:i]
	}
	return out, nil
}

// named is an entry with its number and the ids that every form tells alike: inside an id is unique in an installation, outside in the world.
func named(authority string, n uint64, e *feedv1.Entry) *feedv1.NumberedEntry {
	x := proto.CloneOf(e)
	x.Id, x.About = feed.Tag(authority, e.Id), feed.Tag(authority, e.About)
	return &feedv1.NumberedEntry{N: n, Entry: x}
}

// outcomes and areas of a scope that the contract does not have are refused when a subscription is made.
func checkScope(s *feedv1.FeedScope) error {
	for _, p := range s.GetPlaces() {
		if p.Workspace == "" {
			return decider.Refuse("feeds/scope-without-workspace")
		}
	}
	for _, a := range s.GetAreas() {
		if eventv1.Area_name[int32(a)] == "" || a == 0 {
			return decider.Refuse("feeds/scope-malformed")
		}
	}
	for _, o := range s.GetOutcomes() {
		if eventv1.Outcome_name[int32(o)] == "" || o == 0 {
			return decider.Refuse("feeds/scope-malformed")
		}
	}
	return nil
}
