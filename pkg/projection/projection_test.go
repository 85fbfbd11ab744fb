package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
)

func TestWhatWaitPromisedIsInTheTables(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	db := newDB(t)
	r := w.start(db, plain, "w")
	for want := 1; want <= 50; want++ {
		w.reach(r, "w", w.grow("w", 1))
		var got int
		if err := db.Read().QueryRow(`SELECT commits FROM chain`).Scan(&got); err != nil || got != want {
			t.Fatalf("%d commits in the tables (%v), want %d", got, err, want)
		}
	}
	if seq, unverified := r.Position("w"); seq != 50 || unverified != "" {
		t.Errorf("position %d %q", seq, unverified)
	}
	if err := r.Wait(t.Context(), "w", 3); err != nil {
		t.Errorf("waiting for what has been: %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	r := w.start(newDB(t), plain, "w")
	for _, ws := range []string{"w", "nowhere"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := r.Wait(ctx, ws, 1)
		wantCode(t, err, projection.CodeNotYet)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the context's error is not in %v", ws, err)
		}
	}
	if _, unverified := r.Position("nowhere"); unverified != projection.CodeNotFollowed {
		t.Errorf("what is not followed is %q", unverified)
	}
}

func TestWaitHeedsAWorkspaceThatIsFollowedLater(t *testing.T) {
	w := newWorld(t)
	r := w.start(newDB(t), plain)
	got := make(chan error)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { got <- r.Wait(ctx, "w", 2) }()
	wantCode(t, r.Follow("w"), eventlog.CodeNoWorkspace)
	w.found("w", 1)
	w.must(r.Follow("w"))
	w.must(r.Follow("w"))
	w.grow("w", 1)
	w.grow("w", 1)
	w.must(<-got)
}

func TestAfterIsToldInOrderWhatIsVisible(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	w.grow("w", 30)
	db := newDB(t)
	var mu sync.Mutex
	var told []uint64
	view := plain
	view.Batch = 4
	view.After = func(_ string, upTo uint64) {
		var visible uint64
		if err := db.Read().QueryRow(`SELECT commits FROM chain`).Scan(&visible); err != nil || visible != upTo {
			t.Errorf("told of %d, %d are visible (%v)", upTo, visible, err)
		}
		mu.Lock()
		defer mu.Unlock()
		told = append(told, upTo)
		if upTo == 8 {
			panic("announcing failed")
		}
	}
	var out logged
	r := w.startLogging(slog.New(slog.NewTextHandler(&out, nil)), db, view, "w")
	w.reach(r, "w", 30)
	r.Stop()
	if text := out.String(); !strings.Contains(text, "After failed") || strings.Contains(text, "announcing") {
		t.Errorf("logged of the panic:\n%s", text)
	}
	if want := []uint64{4, 8, 12, 16, 20, 24, 28, 30}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

var none []error

// A commit that stops the view: the first 19 are in, whatever the batch, nothing after, and the other workspace goes on.
func TestCommitThatCannotBeFoldedStopsTheViewThere(t *testing.T) {
	refusal := decider.Refuse("record/impossible")
	faults := map[string]struct {
		fault func() error
		code  string
	}{
		"an error":        {func() error { return errors.New("no such row") }, projection.CodePoisoned},
		"a refusal":       {func() error { return fmt.Errorf("wrapped: %w", refusal) }, "record/impossible"},
		"a panic":         {func() error { panic("broken") }, projection.CodePoisoned},
		"a runtime error": {func() error { return none[0] }, projection.CodePoisoned},
		"a wrong context": {func() error { return context.Canceled }, projection.CodePoisoned},
	}
	w := newWorld(t)
	w.found("sick", 1)
	w.found("well", 2)
	w.grow("sick", 60)
	w.grow("well", 10)
	poison := func(at uint64, fault func() error) projection.View {
		view := plain
		view.Apply = func(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
			for _, rec := range batch {
				if err := foldOne(tx, ws, rec); err != nil {
					return err
				}
				if ws == "sick" && rec.Seq == at {
					return fault()
				}
			}
			return nil
		}
		return view
	}
	want := map[uint64]string{} // the tables of the first n
	for _, n := range []uint64{0, 19, 59} {
		db := newDB(t)
		_ = projection.Rebuild(t.Context(), w.views, w.reader, "sick", db, poison(n+1, func() error { return refusal }))
		want[n] = dump(t, db)
	}
	whole := w.replayed("sick", "well")
	for name, c := range faults {
		for _, size := range []int{1, 7, 500} {
			t.Run(fmt.Sprintf("%s in batches of %d", name, size), func(t *testing.T) {
				w := *w
				w.TB = t
				for _, kept := range []uint64{0, 19, 59} {
					db := newDB(t)
					view := poison(kept+1, c.fault)
					view.Batch = size
					r := w.start(db, view, "sick")
					w.standstill(r, "sick", kept+1, kept, c.code)
					if got := dump(t, db); got != want[kept] {
						t.Errorf("the tables hold\n%s\nwant the first %d:\n%s", got, kept, want[kept])
					}
					if err := r.Wait(t.Context(), "sick", kept); err != nil {
						t.Errorf("what is in the tables: %v", err)
					}
					w.must(r.Follow("well"))
					w.reach(r, "well", 10)
					w.must(r.Follow("sick"))
					w.standstill(r, "sick", kept+1, kept, c.code)
					r.Stop()

					// A program that can fold it goes on from there.
					r = w.start(db, plain, "sick", "well")
					w.reach(r, "sick", 60)
					r.Stop()
					if got := dump(t, db); got != whole {
						t.Errorf("mended:\n%s\nwant\n%s", got, whole)
					}
				}
			})
		}
	}
}

func TestRecordThatIsNotUnderstoodStopsTheView(t *testing.T) {
	w := newWorld(t)
	js, err := jetstream.NewWithAPIPrefix(w.ledger, bus.LogAPI)
	w.must(err)
	for i, stored := range [][]byte{
		[]byte("not a commit"),
		nil,
		{0x52, 0x03, 0xfa, 0x7f, 0x00}, // an event with a fact that this program does not have
	} {
		ws := fmt.Sprint("w", i)
		w.found(ws, 1)
		w.grow(ws, 5)
		_, err := js.Publish(t.Context(), "log."+ws+".item.i", stored)
		w.must(err)
		for _, size := range []int{1, 7} {
			view := plain
			view.Batch = size
			r := w.start(newDB(t), view, ws)
			w.standstill(r, ws, 6, 5, eventlog.CodeUnknownEvent)
		}
	}
}

func TestTransactionThatIsNotStoredIsTriedUntilItIs(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	w.grow("w", 9)
	db := newDB(t)
	w.must(db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TABLE room (id INTEGER PRIMARY KEY); CREATE TABLE taken (room INTEGER REFERENCES room (id) DEFERRABLE INITIALLY DEFERRED)`)
		return err
	}))
	// The commit of the transaction fails as long as there is no room 1, which is as near as one gets to a full disk without one.
	view := plain
	view.Apply = func(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
		if batch[len(batch)-1].Seq >= 5 {
			if _, err := tx.Exec(`INSERT INTO taken VALUES (1)`); err != nil {
				return err
			}
		}
		return fold(ctx, tx, ws, batch)
	}
	r := w.start(db, view, "w")
	waitFor(t, "it is not stored", func() bool {
		seq, unverified := r.Position("w")
		return seq == 4 && unverified == projection.CodeNotStored
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	wantCode(t, r.Wait(ctx, "w", 5), projection.CodeNotYet)
	w.must(db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(`INSERT INTO room VALUES (1)`); return err }))
	w.reach(r, "w", 9)
	if _, unverified := r.Position("w"); unverified != "" {
		t.Errorf("it is stored and still %s", unverified)
	}
}

func TestTwoProgramsDoNotKeepOneView(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	w.grow("w", 20)
	db := newDB(t)
	first, second := make(chan struct{}), make(chan struct{})
	slow := plain
	slow.Apply = func(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
		if batch[0].Seq == 20 {
			close(second)
		}
		return fold(ctx, tx, ws, batch)
	}
	// The first is held between two batches while the second keeps the same view to its end.
	early := plain
	early.Batch = 10
	early.After = func(_ string, upTo uint64) {
		if upTo == 10 {
			close(first)
			<-second
		}
	}
	one := w.start(db, early, "w")
	<-first
	slow.Batch = 1
	two := w.start(db, slow, "w")
	w.reach(two, "w", 20)
	w.standstill(one, "w", 20, 10, projection.CodePositionMoved)
	if got, want := dump(t, db), w.replayed("w"); got != want {
		t.Errorf("two of them made\n%s\nwant\n%s", got, want)
	}
}

func TestViewsOfOneDatabaseHaveTheirOwnPositions(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	w.grow("w", 10)
	db := newDB(t)
	count := projection.View{Name: "count", Batch: 3, Apply: func(_ context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
		_, err := tx.Exec(`INSERT INTO item VALUES ('all', ?, ?, 0) ON CONFLICT DO UPDATE SET commits = commits + excluded.commits`, ws, len(batch))
		return err
	}}
	w.reach(w.start(db, plain, "w"), "w", 10)
	w.reach(w.start(db, count, "w"), "w", 10)
	var n int
	if err := db.Read().QueryRow(`SELECT commits FROM item WHERE workspace = 'all'`).Scan(&n); err != nil || n != 10 {
		t.Errorf("the second view saw %d commits (%v), want 10", n, err)
	}
}

func TestViewThatHasNoNameOrApplyIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, view := range []projection.View{{}, {Name: "record"}, {Apply: fold}} {
		_, err := projection.Start(t.Context(), w.views, w.reader, newDB(t), view, slog.Default())
		wantCode(t, err, projection.CodeView)
		wantCode(t, projection.Rebuild(t.Context(), w.views, w.reader, "w", newDB(t), view), projection.CodeView)
	}
}

func TestRebuildWantsNothingOfTheWorkspaceInTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.found("a", 1)
	w.found("b", 2)
	w.grow("a", 20)
	w.grow("b", 20)
	db := newDB(t)
	w.must(projection.Rebuild(t.Context(), w.views, w.reader, "a", db, plain))
	wantCode(t, projection.Rebuild(t.Context(), w.views, w.reader, "a", db, plain), projection.CodeNotEmpty)
	w.must(projection.Rebuild(t.Context(), w.views, w.reader, "b", db, plain))
	wantCode(t, projection.Rebuild(t.Context(), w.views, w.reader, "c", db, plain), eventlog.CodeNoWorkspace)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := projection.Rebuild(ended, w.views, w.reader, "a", newDB(t), plain); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gave %v", err)
	}

	// A rebuilt view goes live where it is.
	r := w.start(db, plain, "a", "b")
	w.grow("a", 5)
	w.reach(r, "a", 25)
	r.Stop()
	if got, want := dump(t, db), w.replayed("a", "b"); got != want {
		t.Errorf("rebuilt, then live:\n%s\nwant\n%s", got, want)
	}
}

func TestStopLeavesNothingRunning(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.found(fmt.Sprint("w", i), uint64(i))
		w.grow(fmt.Sprint("w", i), 20)
	}
	_, err := w.reader.Last(t.Context(), "w0") // a connection keeps its listener for answers from the first question on
	w.must(err)
	running := goleak.IgnoreCurrent()
	r := w.start(newDB(t), plain, "w0", "w1", "w2", "w3", "w4")
	w.reach(r, "w4", 20)
	held := make(chan error)
	go func() { held <- r.Wait(context.Background(), "w0", 1000) }()
	for range 3 {
		r.Stop()
	}
	wantCode(t, <-held, projection.CodeStopped)
	wantCode(t, r.Follow("w0"), projection.CodeStopped)
	wantCode(t, r.Follow("other"), projection.CodeStopped)
	goleak.VerifyNone(t, running, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"), goleak.IgnoreAnyFunction("database/sql.(*DB).connectionCleaner"))
	js, err := jetstream.NewWithAPIPrefix(w.views, bus.LogAPI)
	w.must(err)
	stream, err := js.Stream(t.Context(), "LOG_w0")
	w.must(err)
	if n := stream.CachedInfo().State.Consumers; n != 0 {
		t.Errorf("the server keeps %d consumers", n)
	}
}

func TestEndOfTheContextStopsTheRunner(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	for _, follow := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := projection.Start(ctx, w.views, w.reader, newDB(t), plain, slog.New(slog.DiscardHandler))
		w.must(err)
		if follow {
			w.must(r.Follow("w"))
		}
		cancel()
		wantCode(t, r.Wait(context.Background(), "w", 1), projection.CodeStopped)
		r.Stop()
	}
}

func TestFollowAndStopMayComeTogether(t *testing.T) {
	w := newWorld(t)
	for i := range 8 {
		w.found(fmt.Sprint("w", i), 1)
	}
	chance := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		r := w.start(newDB(t), plain)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := r.Follow(fmt.Sprint("w", i)); err != nil && decider.CodeOf(err) != projection.CodeStopped && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		for range chance.IntN(2000) {
			runtime.Gosched()
		}
		r.Stop()
		all.Wait()
	}
}

// 61 workspaces are a region's departments.
func TestIdleWorkspacesCostLittle(t *testing.T) {
	const workspaces, goroutinesMax, kibMax = 61, 16, 128
	w := newWorld(t)
	for i := range workspaces {
		w.found(fmt.Sprint("w", i), 1)
		w.grow(fmt.Sprint("w", i), 3)
	}
	r := w.start(newDB(t), plain)
	heap, stacks, goroutines := memory()
	for i := range workspaces {
		w.must(r.Follow(fmt.Sprint("w", i)))
	}
	for i := range workspaces {
		w.reach(r, fmt.Sprint("w", i), 3)
	}
	heapAfter, stacksAfter, goroutinesAfter := memory()
	t.Logf("for each of %d workspaces, server side included: heap %d KiB, stacks %d KiB, %d goroutines",
		workspaces, (heapAfter-heap)/workspaces, (stacksAfter-stacks)/workspaces, (goroutinesAfter-goroutines)/workspaces)
	if n := (goroutinesAfter - goroutines) / workspaces; n > goroutinesMax {
		t.Errorf("%d goroutines for each workspace", n)
	}
	if kib := (heapAfter + stacksAfter - heap - stacks) / workspaces; kib > kibMax {
		t.Errorf("%d KiB for each workspace", kib)
	}
}

// memory gives heap and stacks in KiB and the number of goroutines.
func memory() (heap, stacks, goroutines int) {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc >> 10), int(m.StackInuse >> 10), runtime.NumGoroutine()
}
