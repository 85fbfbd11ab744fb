package projection_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
	"tavolo/pkg/sqlite"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		projectUntilKilled()
		return
	}
	goleak.VerifyTestMain(m)
}

// world is a bus with a log, and the two services at it.
type world struct {
	testing.TB
	server *bus.Server
	ledger *nats.Conn
	views  *nats.Conn
	writer *eventlog.Log
	reader *eventlog.Log
	shelf  map[string]*shelf
}

// shelf is what the writer of a workspace knows of its aggregates.
type shelf struct {
	chance  *rand.Rand
	seq     uint64
	last    map[string]uint64
	version map[string]uint64
}

func newWorld(t testing.TB) *world { return openWorld(t, t.TempDir(), bus.Options{}) }

func openWorld(t testing.TB, dir string, o bus.Options) *world {
	t.Helper()
	o.StoreDir = dir
	w := &world{TB: t, shelf: map[string]*shelf{}}
	var err error
	w.server, err = bus.Start(o)
	w.must(err)
	t.Cleanup(w.server.Shutdown)
	w.ledger, err = w.server.Connect(bus.Ledger)
	w.must(err)
	w.views, err = w.server.Connect(bus.Views)
	w.must(err)
	w.writer, err = eventlog.New(w.ledger)
	w.must(err)
	w.reader, err = eventlog.New(w.views)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// found makes the log of a workspace. What is written there follows from the seed.
func (w *world) found(ws string, seed uint64) {
	w.Helper()
	w.must(w.writer.Create(w.Context(), ws))
	w.shelf[ws] = &shelf{chance: rand.New(rand.NewPCG(seed, seed)), last: map[string]uint64{}, version: map[string]uint64{}}
}

// commit makes the next commit of a workspace.
func (w *world) commit(ws string) eventlog.Pending {
	s := w.shelf[ws]
	s.seq++
	item := fmt.Sprintf("item-%d", s.chance.IntN(12))
	at := timestamppb.New(time.Date(2026, 3, 5, 9, 0, int(s.seq), 0, time.UTC))
	events := []*eventv1.Event{eventv1.NewEvent(at, &eventv1.ItemProposed{ProposedBy: fmt.Sprint("p", s.chance.IntN(9))})}
	for range s.chance.IntN(3) {
		events = append(events, eventv1.NewEvent(at, &eventv1.ContributionRecorded{Session: "s", Number: s.chance.Uint32N(100)}))
	}
	s.version[item]++
	c := &eventv1.Commit{
		Id: fmt.Sprintf("%016x-%06d", s.chance.Uint64(), s.seq), Aggregate: "item", AggregateId: item, Version: s.version[item],
		RecordedAt: at, Schema: 1, Events: events,
	}
	p := eventlog.Pending{Commit: c, After: s.last[item]}
	s.last[item] = s.seq
	return p
}

// grow appends n commits and gives the sequence of the last.
func (w *world) grow(ws string, n int) uint64 {
	w.Helper()
	list := make([]eventlog.Pending, n)
	for i := range list {
		list[i] = w.commit(ws)
	}
	var seq uint64
	var err error
	if n == 1 {
		seq, err = w.writer.Append(w.Context(), ws, list[0].Commit, list[0].After)
	} else {
		seq, err = w.writer.AppendAll(w.Context(), ws, list)
	}
	w.must(err)
	if seq != w.shelf[ws].seq {
		w.Fatalf("the log is at %d, the test at %d", seq, w.shelf[ws].seq)
	}
	return seq
}

// A view that shows every fault of its projector: what was applied twice, left out or in another order changes the chain of digests.
const schema = `
CREATE TABLE chain (workspace TEXT PRIMARY KEY, commits INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE item (workspace TEXT, id TEXT, commits INTEGER NOT NULL, facts INTEGER NOT NULL, PRIMARY KEY (workspace, id)) WITHOUT ROWID;
`

func fold(_ context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) error {
	for _, rec := range batch {
		if err := foldOne(tx, ws, rec); err != nil {
			return err
		}
	}
	return nil
}

func foldOne(tx *sql.Tx, ws string, rec eventlog.Recorded) error {
	var before string
	err := tx.QueryRow(`SELECT digest FROM chain WHERE workspace = ?`, ws).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, before, rec.Seq, rec.Commit.GetId(), len(rec.Commit.GetEvents()))))
	_, err = tx.Exec(`INSERT INTO chain VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET commits = commits + 1, digest = excluded.digest`, ws, digest)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO item VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET commits = commits + 1, facts = facts + excluded.facts`,
		ws, rec.Commit.GetAggregateId(), len(rec.Commit.GetEvents()))
	return err
}

var plain = projection.View{Name: "record", Apply: fold}

func openDB(t testing.TB, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(path, sqlite.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newDB(t testing.TB) *sqlite.DB { return openDB(t, filepath.Join(t.TempDir(), "view.db")) }

func dump(t testing.TB, db *sqlite.DB) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Dump(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// start runs a view and follows workspaces; it is stopped when the test ends, at the latest.
func (w *world) start(db *sqlite.DB, view projection.View, workspaces ...string) *projection.Runner {
	w.Helper()
	return w.startLogging(slog.New(slog.DiscardHandler), db, view, workspaces...)
}

func (w *world) startLogging(l *slog.Logger, db *sqlite.DB, view projection.View, workspaces ...string) *projection.Runner {
	w.Helper()
	r, err := projection.Start(context.Background(), w.views, w.reader, db, view, l)
	w.must(err)
	w.Cleanup(r.Stop)
	for _, ws := range workspaces {
		w.must(r.Follow(ws))
	}
	return r
}

// reach waits until a view has come to a sequence.
func (w *world) reach(r *projection.Runner, ws string, seq uint64) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	if err := r.Wait(ctx, ws, seq); err != nil {
		w.Fatal(err)
	}
}

// standstill waits until a view has stopped before a sequence, and wants it at another with a code.
func (w *world) standstill(r *projection.Runner, ws string, before, at uint64, code string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	wantCode(w, r.Wait(ctx, ws, before), projection.CodeStopped)
	if seq, unverified := r.Position(ws); seq != at || unverified != code {
		w.Fatalf("%s stands at %d, %q; want %d, %q", ws, seq, unverified, at, code)
	}
}

// replayed is the dump of a plain replay, without the package: the log, read by other means, in one transaction.
func (w *world) replayed(workspaces ...string) string {
	w.Helper()
	db := newDB(w)
	w.must(projection.Prepare(w.Context(), db, plain))
	for _, ws := range workspaces {
		w.must(db.Write(w.Context(), func(tx *sql.Tx) error {
			var last eventlog.Recorded
			for rec, err := range w.reader.Read(w.Context(), ws, 1, 0) {
				if err != nil {
					return err
				}
				if err := foldOne(tx, ws, rec); err != nil {
					return err
				}
				last = rec
			}
			_, err := tx.Exec(`INSERT INTO projection_position VALUES ('record', ?, ?, ?)`, ws, last.Seq, last.Commit.GetId())
			return err
		}))
	}
	return dump(w, db)
}

// rebuild rebuilds workspaces and gives the dump.
func (w *world) rebuild(view projection.View, workspaces ...string) string {
	w.Helper()
	db := newDB(w)
	for _, ws := range workspaces {
		w.must(projection.Rebuild(w.Context(), w.views, w.reader, ws, db, view))
	}
	return dump(w, db)
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}

// waitFor waits until a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// logged collects what is logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
