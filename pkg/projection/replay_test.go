package projection_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
	"tavolo/pkg/sqlite"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// INV-21: a view after any history is a fresh replay, byte for byte.

func TestReplayIsTheSameInBatchesOfOneSevenAndAll(t *testing.T) {
	w := newWorld(t)
	w.found("a", 1)
	w.found("b", 2)
	w.grow("a", 333)
	w.grow("b", 40)
	want := w.replayed("a", "b")
	for _, size := range []int{1, 7, 1000} {
		view := plain
		view.Batch = size
		if got := w.rebuild(view, "a", "b"); got != want {
			t.Errorf("batches of %d:\n%s\nwant\n%s", size, got, want)
		}
		if got := w.rebuild(view, "b", "a"); got != want {
			t.Errorf("batches of %d, the other workspace first:\n%s\nwant\n%s", size, got, want)
		}
		db := newDB(t)
		r := w.start(db, view, "a", "b")
		w.reach(r, "a", 333)
		w.reach(r, "b", 40)
		if got := dump(t, db); got != want {
			t.Errorf("live in batches of %d:\n%s\nwant\n%s", size, got, want)
		}
	}
}

// Stops fall anywhere: before, within and after transactions, while the log grows.
func TestViewThatWasStoppedAndStartedAnywhereIsAFreshReplay(t *testing.T) {
	w := newWorld(t)
	folder, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		one, two := fmt.Sprintf("one-%d", n), fmt.Sprintf("two-%d", n)
		w.found(one, rapid.Uint64().Draw(rt, "seed"))
		w.found(two, rapid.Uint64().Draw(rt, "seed"))
		db := openDB(t, filepath.Join(folder, fmt.Sprint(n, ".db")))
		view := plain
		for range rapid.IntRange(1, 5).Draw(rt, "lives") {
			view.Batch = rapid.SampledFrom([]int{1, 7, 500}).Draw(rt, "batch")
			stop := stopWithin(rapid.IntRange(0, 60).Draw(rt, "stopped at its commit number"))
			view.Apply = stop.fold
			r := w.start(db, view, one)
			w.grow(one, rapid.IntRange(1, 60).Draw(rt, "commits"))
			w.grow(two, rapid.IntRange(1, 9).Draw(rt, "commits of the other"))
			w.must(r.Follow(two))
			switch rapid.IntRange(0, 2).Draw(rt, "stopped how") {
			case 0: // within a transaction, or at the end
				stop.reached(w.shelf[one].seq, r, one)
			case 1: // between any two steps
				for range rapid.IntRange(0, 3000).Draw(rt, "turns") {
					runtime.Gosched()
				}
			}
			r.Stop()
		}
		view = plain
		r := w.start(db, view, one, two)
		w.reach(r, one, w.shelf[one].seq)
		w.reach(r, two, w.shelf[two].seq)
		r.Stop()
		if got, want := dump(t, db), w.replayed(one, two); got != want {
			rt.Fatalf("after stops:\n%s\na fresh replay:\n%s", got, want)
		}
	})
}

// stopper is a projector that says when it is in the middle of a transaction, and then stays there until its transaction is ended.
type stopper struct {
	after int
	in    chan struct{}
}

func stopWithin(after int) *stopper { return &stopper{after, make(chan struct{})} }

func (s *stopper) fold(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
	for _, rec := range batch {
		if err := foldOne(tx, ws, rec); err != nil {
			return err
		}
		if s.after--; s.after == 0 {
			close(s.in)
			<-ctx.Done()
			return ctx.Err()
		}
	}
	return nil
}

// reached returns when the projector is at its commit, or the view where the log is.
func (s *stopper) reached(seq uint64, r *projection.Runner, ws string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		select {
		case <-s.in:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = r.Wait(ctx, ws, seq)
}

const (
	childURL      = "PROJECTION_TEST_URL"
	childPassword = "PROJECTION_TEST_PASSWORD"
	childFile     = "PROJECTION_TEST_FILE"
)

// projectUntilKilled is the program that TestViewSurvivesKill kills.
func projectUntilKilled() {
	die := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	nc, err := bus.Dial(os.Getenv(childURL), bus.Views, os.Getenv(childPassword))
	die(err)
	log, err := eventlog.New(nc)
	die(err)
	db, err := sqlite.Open(os.Getenv(childFile), sqlite.Options{Schema: schema})
	die(err)
	view := plain
	view.Batch = 7
	view.After = func(_ string, upTo uint64) { fmt.Println(upTo) }
	r, err := projection.Start(context.Background(), nc, log, db, view, slog.Default())
	die(err)
	die(r.Follow("w"))
	select {}
}

func TestViewSurvivesKill(t *testing.T) {
	w := openWorld(t, t.TempDir(), bus.Options{Listen: "127.0.0.1:0"})
	w.found("w", 7)
	path := filepath.Join(t.TempDir(), "view.db")
	chance := rand.New(rand.NewPCG(7, 7))
	kills := 25
	if testing.Short() {
		kills = 5
	}
	for range kills {
		w.grow("w", 400)
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childURL+"="+w.server.URL(), childPassword+"="+w.server.Password(bus.Views), childFile+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		w.must(err)
		w.must(child.Start())
		lines := bufio.NewScanner(out)
		for range 1 + chance.IntN(40) { // somewhere in the middle of it
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
		}
		for range chance.IntN(2000) { // and anywhere within the next transaction
			runtime.Gosched()
		}
		w.must(child.Process.Kill())
		_ = child.Wait() // killed
	}
	db := openDB(t, path)
	w.reach(w.start(db, plain, "w"), "w", w.shelf["w"].seq)
	if got, want := dump(t, db), w.replayed("w"); got != want {
		t.Errorf("after %d kills:\n%s\na fresh replay:\n%s", kills, got, want)
	}
}

// Commits of half a MiB, more of them than a batch may hold in bytes.
func TestLargeCommitsComeInSmallerBatches(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	for range 40 {
		p := w.commit("w")
		p.Commit.GetEvents()[0].GetItemProposed().Title = &eventv1.Sealed{Ciphertext: make([]byte, eventlog.MaxCommit/2)}
		_, err := w.writer.Append(t.Context(), "w", p.Commit, p.After)
		w.must(err)
	}
	most := 0
	view := plain
	view.Apply = func(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
		most = max(most, len(batch))
		return fold(ctx, tx, ws, batch)
	}
	db := newDB(t)
	r := w.start(db, view, "w")
	w.reach(r, "w", 40)
	r.Stop()
	if most < 2 || most > 9 {
		t.Errorf("%d commits of half a MiB in one batch, want 8 or 9 at most", most)
	}
	if got, want := dump(t, db), w.replayed("w"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
