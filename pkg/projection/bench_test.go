package projection_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/projection"
	"tavolo/pkg/sqlite"
)

// The view of these measurements is one prepared insert a commit, so that what is measured is the projection and not the view.

const benchSchema = `CREATE TABLE read (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, events INTEGER NOT NULL)`

const insertRead = `INSERT INTO read VALUES (?, ?, ?)`

func foldRead(_ context.Context, tx *sql.Tx, _ string, batch []eventlog.Recorded) error {
	insert, err := tx.Prepare(insertRead)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, rec := range batch {
		if _, err := insert.Exec(rec.Seq, rec.Commit.GetId(), len(rec.Commit.GetEvents())); err != nil {
			return err
		}
	}
	return nil
}

func benchDB(b *testing.B) *sqlite.DB {
	db, err := sqlite.Open(b.TempDir()+"/view.db", sqlite.Options{Schema: benchSchema})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// floor is the least that has to be done: an ordered consumer, and prepared inserts, 500 a transaction. decode says whether messages are decoded,
// as every view must.
func floor(b *testing.B, js jetstream.JetStream, db *sqlite.DB, commits int, decode bool) {
	consumer, err := js.OrderedConsumer(b.Context(), eventlog.Stream("w"), jetstream.OrderedConsumerConfig{})
	if err != nil {
		b.Fatal(err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1000))
	if err != nil {
		b.Fatal(err)
	}
	defer messages.Stop()
	for left := commits; left > 0; {
		err := db.Write(b.Context(), func(tx *sql.Tx) error {
			insert, err := tx.Prepare(insertRead)
			if err != nil {
				return err
			}
			defer insert.Close()
			for range min(500, left) {
				m, err := messages.Next()
				if err != nil {
					return err
				}
				meta, err := m.Metadata()
				if err != nil {
					return err
				}
				id, events := m.Headers().Get(jetstream.MsgIDHeader), 0
				if decode {
					c, err := eventlog.Decode(m.Subject(), m.Data())
					if err != nil {
						return err
					}
					id, events = c.GetId(), len(c.GetEvents())
				}
				if _, err := insert.Exec(meta.Sequence.Stream, id, events); err != nil {
					return err
				}
				left--
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRebuild takes all ways in turn over the same log, and gives the median of each and its ratio to the floor. The views' user may answer
// requests, and the server remembers each delivered message for it as one that it may answer; the clerk's may not (DESIGN.md).
func BenchmarkRebuild(b *testing.B) {
	for _, service := range []string{bus.Clerk, bus.Views} {
		b.Run("as="+service, func(b *testing.B) { benchmarkRebuild(b, service) })
	}
}

func benchmarkRebuild(b *testing.B, service string) {
	const commits, rounds = 20_000, 7
	w := newWorld(b)
	w.found("w", 1)
	w.grow("w", commits)
	var err error
	w.views, err = w.server.Connect(service)
	w.must(err)
	w.reader, err = eventlog.New(w.views)
	w.must(err)
	js, err := jetstream.NewWithAPIPrefix(w.views, bus.LogAPI)
	w.must(err)
	view := projection.View{Name: "read", Apply: foldRead}
	ways := []struct {
		name string
		run  func(db *sqlite.DB)
	}{
		{"floor", func(db *sqlite.DB) { floor(b, js, db, commits, false) }},
		{"floor-decoded", func(db *sqlite.DB) { floor(b, js, db, commits, true) }},
		{"rebuild", func(db *sqlite.DB) { w.must(projection.Rebuild(b.Context(), w.views, w.reader, "w", db, view)) }},
	}
	took := make([][]time.Duration, len(ways))
	for b.Loop() {
		for range rounds {
			for i, way := range ways {
				db := benchDB(b)
				began := time.Now()
				way.run(db)
				took[i] = append(took[i], time.Since(began))
				db.Close()
			}
		}
	}
	for i, way := range ways {
		b.ReportMetric(commits/median(took[i]).Seconds(), way.name+"/s")
		if i > 0 {
			b.ReportMetric(float64(median(took[0]))/float64(median(took[i])), way.name+":floor")
		}
	}
}

// BenchmarkVisible is one command after the other: appended, and then visible in the view. The append alone is its floor.
func BenchmarkVisible(b *testing.B) {
	for _, workspaces := range []int{1, 61} {
		b.Run(fmt.Sprint("workspaces=", workspaces), func(b *testing.B) {
			w := newWorld(b)
			r := w.start(benchDB(b), projection.View{Name: "read", Apply: func(_ context.Context, tx *sql.Tx, _ string, batch []eventlog.Recorded) error {
				for _, rec := range batch {
					if _, err := tx.Exec(`INSERT INTO read (id, events) VALUES (?, ?)`, rec.Commit.GetId(), len(rec.Commit.GetEvents())); err != nil {
						return err
					}
				}
				return nil
			}})
			for i := range workspaces {
				w.found(fmt.Sprint("w", i), uint64(i))
				w.must(r.Follow(fmt.Sprint("w", i)))
			}
			var appended, visible []time.Duration
			for i := 0; b.Loop(); i++ {
				ws := fmt.Sprint("w", i%workspaces)
				p := w.commit(ws)
				began := time.Now()
				seq, err := w.writer.Append(b.Context(), ws, p.Commit, p.After)
				w.must(err)
				appended = append(appended, time.Since(began))
				w.must(r.Wait(b.Context(), ws, seq))
				visible = append(visible, time.Since(began))
			}
			us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
			b.ReportMetric(us(median(appended)), "append-p50-µs")
			b.ReportMetric(us(median(visible)), "visible-p50-µs")
			b.ReportMetric(us(visible[len(visible)*99/100]), "visible-p99-µs")
			b.ReportMetric(float64(median(visible))/float64(median(appended)), "visible:append")
		})
	}
}

// median sorts d.
func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
