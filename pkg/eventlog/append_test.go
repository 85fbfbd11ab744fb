package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Several writers, repeated commits, groups.

func TestSecondWriterGetsAConflict(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	first := mustAppend(t, w.log, "w", commit("a", 1), 0)
	second := mustAppend(t, w.log, "w", commit("a", 2), first)
	for name, c := range map[string]struct{ version, after uint64 }{"nothing seen": {1, 0}, "the first seen only": {2, first}, "more seen than there is": {3, second + 5}} {
		_, err := w.log.Append(t.Context(), "w", commit("a", c.version), c.after)
		var r *decider.Refusal
		if !errors.As(err, &r) || r.Code != eventlog.CodeConflict || r.Args["aggregate"] != "decision.a" || r.Args["workspace"] != "w" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := all(t, w.reader, "w"); len(got) != 2 {
		t.Errorf("%d commits, want 2", len(got))
	}
}

func TestSameCommitAgainAnswersItsSequence(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	c := commit("a", 1)
	first := mustAppend(t, w.log, "w", c, 0)
	if again := mustAppend(t, w.log, "w", c, 0); again != first {
		t.Errorf("at once: %d, want %d", again, first)
	}
	second := mustAppend(t, w.log, "w", commit("a", 2), first)
	mustAppend(t, w.log, "w", commit("a", 3), second)
	if again := mustAppend(t, w.log, "w", c, 0); again != first {
		t.Errorf("after others followed it: %d, want %d", again, first)
	}
	if got := all(t, w.reader, "w"); len(got) != 3 {
		t.Errorf("%d commits, want 3", len(got))
	}
}

func TestSameIDWithOtherContentIsRefused(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	c := commit("a", 1)
	mustAppend(t, w.log, "w", commit("z", 1), 0)
	seq := mustAppend(t, w.log, "w", c, 0)
	other := proto.Clone(c).(*eventv1.Commit)
	other.Events = append(other.Events, ballot("u9"))
	elsewhere := proto.Clone(c).(*eventv1.Commit)
	elsewhere.AggregateId = "b"
	// The first meets the guard, the second only the server's memory of ids, which compares nothing else.
	for name, c := range map[string]*eventv1.Commit{"other events": other, "another aggregate": elsewhere} {
		_, err := w.log.Append(t.Context(), "w", c, 0)
		var r *decider.Refusal
		if !errors.As(err, &r) || r.Code != eventlog.CodeIDReused || r.Args["sequence"] != fmt.Sprint(seq) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := all(t, w.reader, "w"); len(got) != 2 {
		t.Errorf("%d commits, want 2", len(got))
	}
}

func TestOfConcurrentWritersOneWinsEachVersion(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	_, otherLog := connect(t, w.server, bus.Ledger) // a second ledger
	const writers, versions = 8, 12
	after := uint64(0)
	for v := uint64(1); v <= versions; v++ {
		var wg sync.WaitGroup
		var won, lost atomic.Int64
		var seq atomic.Uint64
		for i := range writers {
			l := w.log
			if i%2 == 1 {
				l = otherLog
			}
			wg.Go(func() {
				s, err := l.Append(t.Context(), "w", commit("a", v), after)
				switch {
				case err == nil:
					won.Add(1)
					seq.Store(s)
				case decider.CodeOf(err) == eventlog.CodeConflict:
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != writers-1 {
			t.Fatalf("version %d: %d won and %d lost of %d", v, won.Load(), lost.Load(), writers)
		}
		after = seq.Load()
	}
	got, err := w.reader.Load(t.Context(), "w", "decision", "a", 0)
	if len(got) != versions || err != nil {
		t.Errorf("%d versions, %v", len(got), err)
	}
}

func TestConcurrentAppendsAreNeitherLostNorDoubled(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	const writers, each = 16, 50
	var mu sync.Mutex
	acked := map[string]uint64{}
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			after := uint64(0)
			for v := range uint64(each) {
				c := commit(fmt.Sprint("d", i), v+1)
				seq, err := w.log.Append(t.Context(), "w", c, after)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked[c.Id] = seq
				mu.Unlock()
				after = seq
			}
		})
	}
	wg.Wait()
	got := all(t, w.reader, "w")
	if len(got) != writers*each || len(acked) != writers*each {
		t.Fatalf("%d commits and %d acknowledged, want %d", len(got), len(acked), writers*each)
	}
	for _, r := range got {
		if acked[r.Commit.Id] != r.Seq {
			t.Errorf("%s is at %d and was acknowledged at %d", r.Commit.Id, r.Seq, acked[r.Commit.Id])
		}
	}
}

// A group that is large enough goes as a batch, whose messages carry the batch's id.
func TestManyWaitingAppendsGoAsOneBatch(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	const writers, each = 4 * eventlog.BatchFrom, 5
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for v := range each {
				if _, err := w.log.Append(t.Context(), "w", commit(fmt.Sprintf("d%d-%d", i, v), 1), 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := all(t, w.reader, "w"); len(got) != writers*each {
		t.Errorf("%d commits, want %d", len(got), writers*each)
	}
	found := batches(t, w, "w")
	if len(found) == 0 {
		t.Error("nothing went as a batch")
	}
	for id, n := range found {
		if n < eventlog.BatchLeast {
			t.Errorf("batch %s has %d commits only", id, n)
		}
	}
}

func TestSlowDisksBatchEarlier(t *testing.T) {
	for _, c := range []struct {
		batch, single time.Duration
		from          int
	}{
		{0, 0, 15}, {time.Millisecond, 0, 15}, {0, time.Millisecond, 15}, // not known
		{2400 * time.Microsecond, 160 * time.Microsecond, 15}, // a fast disk: the batch's files cost more than its syncs
		{35 * time.Millisecond, 10 * time.Millisecond, 4},     // a slow one: three syncs and little else
		{time.Millisecond, time.Second, 4}, {time.Second, time.Microsecond, 32},
	} {
		if got := eventlog.BatchPaysFrom(c.batch, c.single); got != c.from {
			t.Errorf("a batch of %v against %v each pays from %d, want %d", c.batch, c.single, got, c.from)
		}
	}
}

// One commit with a conflict makes the server reject a whole batch. Each caller must get the answer to its own commit all the same.
func TestConflictInAGroupIsItsOwnCallersOnly(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	const writers = 4 * eventlog.BatchFrom
	same := commit("same", 1)
	var wg sync.WaitGroup
	var conflicts, twins, bare atomic.Int64
	for i := range writers {
		wg.Go(func() {
			if _, err := w.log.Append(t.Context(), "w", commit(fmt.Sprint("d", i), 1), 0); err != nil {
				t.Error(err)
			}
			bare.Add(1)
		})
		wg.Go(func() {
			_, err := w.log.Append(t.Context(), "w", commit("contested", 1), 0)
			if decider.CodeOf(err) == eventlog.CodeConflict {
				conflicts.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if seq, err := w.log.Append(t.Context(), "w", same, 0); err != nil || seq == 0 {
				t.Error(seq, err)
			} else {
				twins.Add(1)
			}
		})
	}
	wg.Wait()
	if conflicts.Load() != writers-1 || twins.Load() != writers || bare.Load() != writers {
		t.Errorf("%d conflicts, %d answers to the same commit, %d others; want %d, %d, %d", conflicts.Load(), twins.Load(), bare.Load(), writers-1, writers, writers)
	}
	if got := all(t, w.reader, "w"); len(got) != writers+2 {
		t.Errorf("%d commits, want %d", len(got), writers+2)
	}
}

// batches counts the messages of each atomic batch in a log.
func batches(t *testing.T, w *world, workspace string) map[string]int {
	t.Helper()
	js, err := jetstream.NewWithAPIPrefix(w.ledger, bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), eventlog.Stream(workspace))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for seq := range stream.CachedInfo().State.LastSeq {
		m, err := stream.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		if id := m.Header.Get("Nats-Batch-Id"); id != "" {
			found[id]++
		}
	}
	return found
}

func TestEndedContextAppendsNothingMore(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.log.Append(ctx, "w", commit("a", 1), 0); !errors.Is(err, context.Canceled) || decider.CodeOf(err) != "" {
		t.Errorf("got %v, want the context's error alone: nothing was sent", err)
	}
	if last, err := w.log.Last(t.Context(), "w"); last != 0 || err != nil {
		t.Errorf("the last is %d, %v", last, err)
	}
}

func TestClosedConnectionIsSaidAtOnce(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	w.ledger.Close()
	_, err := w.log.Append(t.Context(), "w", commit("a", 1), 0)
	wantCode(t, err, eventlog.CodeUnavailable)
	_, err = w.log.AppendAll(t.Context(), "w", []eventlog.Pending{{Commit: commit("a", 1)}, {Commit: commit("b", 1)}})
	wantCode(t, err, eventlog.CodeUnavailable)
	_, err = w.log.Load(t.Context(), "w", "decision", "a", 0)
	wantCode(t, err, eventlog.CodeUnavailable)
	_, err = w.log.Last(t.Context(), "w")
	wantCode(t, err, eventlog.CodeUnavailable)
}
