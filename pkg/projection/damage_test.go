package projection_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What befalls a log and a connection, and what a view does about it.

// flipBit damages the stored message that holds text, in the store of a server that is not running.
func flipBit(t *testing.T, store, ws, text string) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(store, "jetstream", "*", "streams", "LOG_"+ws, "msgs", "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("no blocks of %s in the store (%v)", ws, err)
	}
	for _, name := range blocks {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.LastIndex(content, []byte(text)); i >= 0 {
			content[i] ^= 1
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%s is in no block", text)
}

// T8, INV-02. The server itself says nothing of the missing message: 59 arrive, and it counts 60.
func TestHoleInTheLogStopsTheViewBeforeIt(t *testing.T) {
	store := t.TempDir()
	w := openWorld(t, store, bus.Options{})
	w.found("sick", 1)
	w.found("well", 2)
	var ids []string
	for range 60 {
		p := w.commit("sick")
		_, err := w.writer.Append(t.Context(), "sick", p.Commit, p.After)
		w.must(err)
		ids = append(ids, p.Commit.GetId())
	}
	w.grow("well", 10)
	half := newDB(t) // a view that was before the hole when it came
	view := plain
	view.Apply = func(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
		if batch[len(batch)-1].Seq > 20 {
			return context.DeadlineExceeded
		}
		return fold(ctx, tx, ws, batch)
	}
	w.standstill(w.start(half, view, "sick"), "sick", 21, 20, projection.CodePoisoned)
	past := newDB(t) // and one that had read what is gone
	w.must(projection.Rebuild(t.Context(), w.views, w.reader, "sick", past, plain))
	w.server.Shutdown()

	flipBit(t, store, "sick", ids[39])
	w = openWorld(t, store, bus.Options{})
	if last, err := w.reader.Last(t.Context(), "sick"); err != nil || last != 60 {
		t.Fatalf("the server noticed (%d, %v): this test does not test what it should", last, err)
	}
	for _, size := range []int{1, 7, 500} {
		view := plain
		view.Batch = size
		db := newDB(t)
		r := w.start(db, view, "sick", "well")
		w.standstill(r, "sick", 40, 39, projection.CodeHole)
		w.reach(r, "well", 10)
		if r.Stop(); !strings.Contains(dump(t, db), `"sick"	39	`) {
			t.Errorf("batches of %d left\n%s", size, dump(t, db))
		}
		fresh := newDB(t)
		wantCode(t, projection.Rebuild(t.Context(), w.views, w.reader, "sick", fresh, view), projection.CodeHole)
		if !strings.Contains(dump(t, fresh), `"sick"	39	`) {
			t.Errorf("rebuilt in batches of %d up to the hole:\n%s", size, dump(t, fresh))
		}
	}
	w.standstill(w.start(half, plain, "sick"), "sick", 40, 39, projection.CodeHole)
	r := w.start(past, plain, "sick")
	w.reach(r, "sick", 60)
	if seq, unverified := r.Position("sick"); seq != 60 || unverified != "" {
		t.Errorf("the view that had read it stands at %d %q", seq, unverified)
	}
}

func TestHoleThatTheServerKnowsOfStopsTheView(t *testing.T) {
	w := newWorld(t)
	js, err := jetstream.NewWithAPIPrefix(w.ledger, bus.LogAPI)
	w.must(err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_w", Subjects: []string{"log.w.>"}, MaxMsgsPerSubject: 1, AllowDirect: true})
	w.must(err)
	for _, subject := range []string{"log.w.item.a", "log.w.item.b", "log.w.item.b"} { // the second goes when the third comes
		_, err := js.Publish(t.Context(), subject, nil)
		w.must(err)
	}
	w.standstill(w.start(newDB(t), plain, "w"), "w", 1, 0, eventlog.CodeHole)
	wantCode(t, projection.Rebuild(t.Context(), w.views, w.reader, "w", newDB(t), plain), eventlog.CodeHole)
}

func TestLogThatIsNotTheOneReadBeforeStopsTheView(t *testing.T) {
	db := newDB(t)
	func() {
		w := newWorld(t)
		w.found("w", 1)
		w.grow("w", 20)
		r := w.start(db, plain, "w")
		w.reach(r, "w", 20)
		r.Stop()
	}()
	before := dump(t, db)
	for name, c := range map[string]struct {
		seed    uint64
		commits int
		code    string
	}{
		"shorter":              {1, 19, projection.CodeRewritten},
		"empty":                {1, 0, projection.CodeRewritten},
		"another, as long":     {2, 20, projection.CodeRewritten},
		"another, longer":      {2, 30, projection.CodeRewritten},
		"the same":             {1, 20, ""},
		"the same, and longer": {1, 25, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.found("w", c.seed)
			if c.commits > 0 {
				w.grow("w", c.commits)
			}
			r := w.start(db, plain, "w")
			if c.code != "" {
				w.standstill(r, "w", 21, 20, c.code)
				if got := dump(t, db); got != before {
					t.Errorf("the tables changed:\n%s", got)
				}
				return
			}
			w.reach(r, "w", uint64(c.commits))
			r.Stop()
			if got, want := dump(t, db), w.replayed("w"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			w.must(db.Write(t.Context(), func(tx *sql.Tx) error { // as it was before, for the other cases
				for _, table := range []string{"chain", "item", "projection_position"} {
					if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
						return err
					}
				}
				return nil
			}))
			again := newWorld(t)
			again.found("w", 1)
			again.grow("w", 20)
			w.must(projection.Rebuild(t.Context(), again.views, again.reader, "w", db, plain))
		})
	}
}

func TestLostConnectionLosesAndRepeatsNothing(t *testing.T) {
	w := openWorld(t, t.TempDir(), bus.Options{})
	w.found("w", 1)
	db := newDB(t)
	view := plain
	view.Batch = 3
	r := w.start(db, view, "w")
	for range 6 {
		w.grow("w", 40)
		w.must(w.views.ForceReconnect())
		w.grow("w", 1)
	}
	w.reach(r, "w", 246)
	r.Stop()
	if got, want := dump(t, db), w.replayed("w"); got != want {
		t.Errorf("after six reconnections:\n%s\nwant\n%s", got, want)
	}
}

func TestClosedConnectionIsSaid(t *testing.T) {
	w := newWorld(t)
	w.found("w", 1)
	w.grow("w", 3)
	r := w.start(newDB(t), plain, "w")
	w.reach(r, "w", 3)
	w.views.Close()
	w.standstill(r, "w", 4, 3, projection.CodeDisconnected)
}

// Nothing that people wrote may come to the log of the machine, whatever happens.
func TestNoContentReachesTheLog(t *testing.T) {
	const canary = "parola segreta"
	w := newWorld(t)
	w.found("w", 1)
	p := w.commit("w")
	p.Commit.GetEvents()[0].GetItemProposed().ProposedBy = canary
	_, err := w.writer.Append(t.Context(), "w", p.Commit, 0)
	w.must(err)
	for name, fault := range map[string]func(c *eventv1.Commit){
		"a string": func(c *eventv1.Commit) { panic(c.GetEvents()[0].GetItemProposed().GetProposedBy()) },
		"a commit": func(c *eventv1.Commit) { panic(c) },
		"an error": func(c *eventv1.Commit) { panic(fmt.Errorf("cannot fold %v", c)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.TB = t
			var out logged
			view := plain
			view.Apply = func(_ context.Context, _ *sql.Tx, _ string, batch []eventlog.Recorded) error {
				fault(batch[0].Commit)
				return nil
			}
			level := slog.HandlerOptions{Level: slog.LevelDebug - 8}
			r := w.startLogging(slog.New(slog.NewTextHandler(&out, &level)), newDB(t), view, "w")
			w.standstill(r, "w", 1, 0, projection.CodePoisoned)
			r.Stop()
			text := out.String()
			if strings.Contains(text, canary) || strings.Contains(text, "p1") {
				t.Errorf("logged:\n%s", text)
			}
			for _, want := range []string{"workspace=w", "view=record", "code=projection/poisoned", "since=1", "TestNoContentReachesTheLog"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in what was logged:\n%s", want, text)
				}
			}
		})
	}
}
