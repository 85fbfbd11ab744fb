package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/views"
)

// This chapter measures how fast the views are built anew from the log.

// projected is how many commits are replayed.
const projected = 20_000

// benchProjection measures a rebuild of the real views against a raw consumer with prepared inserts.
func benchProjection(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "projection"), Services: []string{bus.Ledger}, Temporary: true, Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureProjection(ctx, h, dir, rounds)
	return figures, errors.Join(err, h.close())
}

func measureProjection(ctx context.Context, h *house, dir string, rounds int) ([]figure, error) {
	writer, err := h.dial(bus.Ledger)
	if err != nil {
		return nil, err
	}
	log, err := eventlog.New(writer)
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, log, projected); err != nil {
		return nil, err
	}
	reader, err := h.dial(bus.Reader)
	if err != nil {
		return nil, err
	}
	var floor, ours []float64
	for i := range rounds {
		rate, err := rawConsumer(ctx, reader, filepath.Join(dir, fmt.Sprintf("raw-%d.db", i)))
		if err != nil {
			return nil, err
		}
		floor = append(floor, rate)
		start := time.Now()
		to := filepath.Join(dir, fmt.Sprintf("views-%d", i))
		n, err := views.Rebuild(ctx, reader, to, "bench")
		if err != nil {
			return nil, err
		}
		ours = append(ours, float64(n)/time.Since(start).Seconds())
		_ = os.RemoveAll(to)
	}
	return []figure{pair(fmt.Sprintf("rebuild the views, %d commits of votes", projected), "commits/s", ">= 0.9 of the floor", "floor: raw consumer and one prepared insert a commit, 500 a transaction; ours also folds and judges", floor, ours)}, nil
}

// fill writes votes of fifteen people, one commit a command, in atomic batches.
func fill(ctx context.Context, log *eventlog.Log, n int) error {
	if err := log.Create(ctx, "bench"); err != nil {
		return err
	}
	now := timestamppb.New(time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC))
	type key struct{ kind, id string }
	version := map[key]uint64{}
	var batch []eventlog.Pending
	count := 0
	last := map[key]uint64{}
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		seq, err := log.AppendAll(ctx, "bench", batch)
		for i, p := range batch {
			last[key{p.Commit.Aggregate, p.Commit.AggregateId}] = seq - uint64(len(batch)-1-i)
		}
		batch = batch[:0]
		return err
	}
	put := func(kind, id string, events ...proto.Message) error {
		k := key{kind, id}
		version[k]++
		c := &eventv1.Commit{Id: uuid.Must(uuid.NewV7()).String(), Aggregate: kind, AggregateId: id, Version: version[k], RecordedAt: now, Schema: 1}
		for _, e := range events {
			c.Events = append(c.Events, eventv1.NewEvent(now, e))
		}
		batch = append(batch, eventlog.Pending{Commit: c, After: last[k]})
		count++
		if len(batch) == 500 {
			return flush()
		}
		return nil
	}
	var electors []*eventv1.Elector
	var enrolled, seats []proto.Message
	for i := range 15 {
		constituency := "professional"
		if i < 3 {
			constituency = "user"
		}
		id := "p" + strconv.Itoa(i)
		electors = append(electors, &eventv1.Elector{Participant: id, Constituency: constituency, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
		enrolled = append(enrolled, &eventv1.ParticipantEnrolled{Participant: id, Constituency: constituency})
		seats = append(seats, &eventv1.ParticipantSeated{Participant: id, Constituency: constituency})
	}
	all := []func() error{
		func() error { return put("workspace", "bench", &eventv1.WorkspaceFounded{}) },
		func() error { return put("initiative", "i", &eventv1.InitiativeOpened{}) },
		func() error { return put("initiative", "i", enrolled...) },
		func() error { return put("item", "i:i1", &eventv1.ItemProposed{ProposedBy: "p0"}) },
	}
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}
	for _, f := range all {
		if err := f(); err != nil {
			return err
		}
	}
	for s := 0; count < n; s++ {
		session := "i:s" + strconv.Itoa(s)
		id := session + ":d"
		steps := [][]proto.Message{{&eventv1.DecisionPosed{Item: "i:i1"}}, {&eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: rule}}}, {&eventv1.VotingOpened{Electors: electors}}}
		for i, e := range electors {
			choice := eventv1.Choice_CHOICE_FOR
			if i%3 == s%3 {
				choice = eventv1.Choice_CHOICE_AGAINST
			}
			steps = append(steps, []proto.Message{&eventv1.BallotCast{Participant: e.Participant, Choice: choice}})
		}
		steps = append(steps, []proto.Message{&eventv1.VotingClosed{Outcome: eventv1.Outcome_OUTCOME_ADOPTED, Tally: &eventv1.Tally{For: 10, Against: 5}}})
		if err := put("session", session, append([]proto.Message{&eventv1.SessionPrepared{}, &eventv1.SessionOpened{}}, seats...)...); err != nil {
			return err
		}
		for _, events := range steps {
			if err := put("decision", id, events...); err != nil {
				return err
			}
		}
	}
	return flush()
}

// rawConsumer is the floor of a projection: read everything, insert every message, 500 a transaction.
func rawConsumer(ctx context.Context, nc *nats.Conn, name string) (rate float64, err error) {
	js, err := jetstream.NewWithAPIPrefix(nc, bus.LogAPI)
	if err != nil {
		return 0, err
	}
	db, err := sqlite.Open(name, sqlite.Options{Schema: `CREATE TABLE IF NOT EXISTS raw (seq INTEGER PRIMARY KEY, body BLOB) STRICT;`})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	start := time.Now()
	consumer, err := js.OrderedConsumer(ctx, eventlog.Stream("bench"), jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(2000))
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	n := 0
	for left := true; left; {
		err := db.Write(ctx, func(tx *sql.Tx) error {
			insert, err := tx.PrepareContext(ctx, `INSERT INTO raw (seq, body) VALUES (?, ?)`)
			if err != nil {
				return err
			}
			defer func() { _ = insert.Close() }()
			for range 500 {
				m, err := messages.Next()
				if err != nil {
					return err
				}
				at, err := m.Metadata()
				if err != nil {
					return err
				}
				if _, err := insert.ExecContext(ctx, int64(at.Sequence.Stream), m.Data()); err != nil {
					return err
				}
				n++
				if at.NumPending == 0 {
					left = false
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
