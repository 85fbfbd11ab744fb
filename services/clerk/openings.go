package clerk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The first half: openings reads the log of one workspace and sets a timer for each vote that opens with a deadline.
//
// Every commit is received, so that a hole is seen; only those of decisions go through the handler. Nothing is acknowledged to the server: where to go
// on from is in TIMERS. A commit that cannot be noted is tried again, later and later, and nothing after it is read before it is done.

const (
	// keepEvery is after how many commits the position is stored when no timer was set: a restart reads at most so many again.
	keepEvery = 1000
	// ahead is how many commits the server may send before they are taken. One is up to 1 MiB.
	ahead = 100
	// unusedFor is after how long the server drops a consumer that nobody reads: longer than a reader asks in between (30 s).
	unusedFor = 2 * time.Minute
)

// openings is the reader of one workspace's log, source and handler in one.
type openings struct {
	ws     string
	log    *eventlog.Log
	api    jetstream.JetStream
	timers *timers
	logger *slog.Logger

	want    uint64                    // the sequence that must come next; 0 before the position is known
	kept    uint64                    // the sequence of the stored position
	reading jetstream.MessagesContext // nil: to be opened, at want
	held    jetstream.Msg             // received and not done yet
	heldSeq uint64
	pause   pause
}

func newOpenings(c *Clerk, ws string) *openings {
	return &openings{ws: ws, log: c.log, api: c.logAPI, timers: c.timers, logger: c.logger.With("workspace", ws)}
}

// next gives the commit that is held, or waits for one.
func (o *openings) next(ctx context.Context) (*message.Message, error) {
	for o.held == nil && ctx.Err() == nil {
		if err := o.receive(ctx); err != nil && ctx.Err() == nil {
			o.leave()
			level := slog.LevelWarn // the server is away, and comes back
			if decider.CodeOf(err) == eventlog.CodeHole {
				level = slog.LevelError
			}
			o.logger.Log(ctx, level, "clerk: cannot read the log; deadlines set from here on are not known", "next", o.want, "error", err)
			o.pause.wait(ctx)
		}
	}
	if ctx.Err() != nil {
		o.leave()
		return nil, errStopped
	}
	m := message.NewMessage(o.ws+"/"+strconv.FormatUint(o.heldSeq, 10), o.held.Data())
	m.Metadata.Set(keySubject, o.held.Subject())
	m.Metadata.Set(keySequence, strconv.FormatUint(o.heldSeq, 10))
	return m, nil
}

// settle lets go of a commit that is done, and waits before one that is not is handed out again.
func (o *openings) settle(ctx context.Context, done bool) {
	if !done {
		o.pause.wait(ctx)
		return
	}
	o.held = nil
	o.pause = pause{}
}

// receive waits for the next commit that is worth handing out and holds it. It refuses to pass a hole.
func (o *openings) receive(ctx context.Context) error {
	if o.reading == nil {
		if err := o.open(ctx); err != nil {
			return err
		}
	}
	for {
		m, err := o.reading.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		seq := meta.Sequence.Stream
		if seq != o.want {
			return fmt.Errorf("%w: the log is damaged; restore it from its archive", decider.Refuse(eventlog.CodeHole,
				"workspace", o.ws, "expected", strconv.FormatUint(o.want, 10), "found", strconv.FormatUint(seq, 10)))
		}
		o.want++
		if strings.HasPrefix(m.Subject(), "log."+o.ws+".decision.") || seq >= o.kept+keepEvery {
			o.held, o.heldSeq = m, seq
			return nil
		}
	}
}

// open begins to read where the clerk before left off.
func (o *openings) open(ctx context.Context) error {
	if o.want == 0 {
		if err := o.resume(ctx); err != nil {
			return err
		}
	}
	consumer, err := o.api.OrderedConsumer(ctx, eventlog.Stream(o.ws), jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: o.want, InactiveThreshold: unusedFor, MaxResetAttempts: 1,
	})
	if err != nil {
		return err
	}
	o.reading, err = consumer.Messages(jetstream.PullMaxMessages(ahead))
	return err
}

// resume finds where to go on. A position that is not of this log, because the log was restored or replaced, counts for nothing: reading too much
// is harmless, too little is not.
func (o *openings) resume(ctx context.Context) error {
	p, err := o.timers.position(ctx, o.ws)
	if err != nil {
		return err
	}
	if p.Seq > 0 {
		same, err := o.holds(ctx, p)
		if err != nil {
			return err
		}
		if !same {
			o.logger.Warn("clerk: the log is not the one read before; it is read from its beginning", "position", p.Seq)
			p.Seq = 0
		}
	}
	o.want, o.kept = p.Seq+1, p.Seq
	return nil
}

func (o *openings) holds(ctx context.Context, p position) (bool, error) {
	for r, err := range o.log.Read(ctx, o.ws, p.Seq, p.Seq) {
		switch {
		case decider.CodeOf(err) == eventlog.CodeHole:
			return false, nil
		case err != nil:
			return false, err
		}
		return r.Commit.GetId() == p.Commit, nil
	}
	return false, nil
}

// leave ends the reading; the next receive begins anew.
func (o *openings) leave() {
	if o.reading != nil {
		o.reading.Stop()
		o.reading = nil
	}
}

// note is the handler: it sets the timer that a commit asks for and stores the position.
func (o *openings) note(m *message.Message) error {
	commit, err := eventlog.Decode(m.Metadata.Get(keySubject), m.Payload)
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(m.Metadata.Get(keySequence), 10, 64)
	if err != nil {
		return errors.New("clerk: a message without its sequence")
	}
	at, asked := deadline(commit)
	if asked {
		t := timer{workspace: o.ws, decision: commit.GetAggregateId(), Opened: seq, Correlation: commit.GetCorrelation()}
		if err := o.timers.set(m.Context(), t, at); err != nil {
			return err
		}
		o.logger.Debug("clerk: timer set", "decision", t.decision, "at", at)
	}
	if asked || seq >= o.kept+keepEvery {
		if err := o.timers.keep(m.Context(), o.ws, position{seq, commit.GetId()}); err != nil {
			return err
		}
		o.kept = seq
	}
	return nil
}

// deadline gives the deadline of the vote that a commit leaves open, when it opened one and it has a deadline. A correction may open and close a
// vote in one commit. A deadline farther away than the server can count has no timer.
func deadline(c *eventv1.Commit) (at time.Time, ok bool) {
	for _, e := range c.GetEvents() {
		switch f := e.GetFact().(type) {
		case *eventv1.Event_VotingOpened:
			ok = f.VotingOpened.GetClosesAt() != nil
			at = f.VotingOpened.GetClosesAt().AsTime()
		case *eventv1.Event_VotingClosed:
			ok = false
		}
	}
	return at, ok && !at.After(farthest)
}
