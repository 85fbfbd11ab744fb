package projection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
)

// A follower is one workspace of a view: a Watermill subscriber whose one message is a batch of commits, and the handler of these messages. Nothing
// is acknowledged to the server: where to go on from is in the view's own database.

const (
	// ahead is how many messages the server may send before they are taken: two batches, so that it works while a transaction is stored. It does not
	// follow a smaller View.Batch. The client library asks for more when half is used, unless a question of its is just being sent; should all
	// of them be used within that moment, it would not ask until it misses the heartbeat, 10 s later (seen with 14 ahead).
	ahead = 2 * batchMax
	// aheadBytes bounds one question for messages, in bytes, so that large commits do not pile up in memory. It must exceed the largest message.
	aheadBytes = 4 * eventlog.MaxCommit
	// firstPause and longestPause are the waits before a transaction that the database refused is tried again; each is twice the one before.
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	// forgetWithin bounds the goodbye to the server's consumer at the end. A consumer that is not deleted goes by itself after unusedFor.
	forgetWithin = 2 * time.Second
	// unusedFor is after how long the server drops a consumer that nobody reads: longer than a reader asks in between (30 s).
	unusedFor = 2 * time.Minute
)

type follower struct {
	ws     string
	view   View
	tables tables
	log    *eventlog.Log
	js     jetstream.JetStream
	logger *slog.Logger
	place  place

	// The reading under way; after open these belong to the goroutine of Subscribe.
	in       *intake
	consumer jetstream.Consumer
	reading  jetstream.ConsumeContext
}

// open begins to read a workspace's log from where the view is.
func (r *Runner) open(ctx context.Context, ws string) (*follower, error) {
	f := &follower{ws: ws, view: r.view, tables: r.tables, log: r.log, js: r.js, logger: r.logger.With("workspace", ws)}
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// begin makes an intake and a consumer that fills it, from the stored position on.
func (f *follower) begin(ctx context.Context) error {
	seq, commit, err := f.tables.position(ctx, f.ws)
	if err != nil {
		return err
	}
	f.place.advance(seq)
	in := newIntake(f.ws, f.view.Batch, seq, commit)
	f.in, f.consumer, f.reading = in, nil, nil
	last, err := f.log.Last(ctx, f.ws)
	switch {
	case decider.CodeOf(err) == eventlog.CodeHole: // the server itself knows of it
		in.fail(err)
		return nil
	case err != nil:
		return err
	case last < seq:
		in.fail(rewritten(f.ws, last))
		return nil
	}
	f.consumer, err = f.js.OrderedConsumer(ctx, eventlog.Stream(f.ws), jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(1, seq), InactiveThreshold: unusedFor,
	})
	if err != nil {
		return unavailable(f.ws, err)
	}
	f.reading, err = f.consumer.Consume(in.receive, jetstream.PullMaxMessagesWithBytesLimit(ahead, aheadBytes),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { f.notice(in, err) }))
	if err != nil {
		return unavailable(f.ws, err)
	}
	return nil
}

func unavailable(ws string, err error) error {
	return fmt.Errorf("%w: %w", decider.Refuse(eventlog.CodeUnavailable, "workspace", ws), err)
}

// notice hears from the consumer that something is not as usual. It makes itself anew where that helps.
func (f *follower) notice(in *intake, err error) {
	if errors.Is(err, jetstream.ErrConnectionClosed) {
		in.fail(fmt.Errorf("%w: the connection was closed", decider.Refuse(CodeDisconnected, "workspace", f.ws)))
		return
	}
	f.logger.Debug("projection: the reading of the log was interrupted", "error", err)
}

// Subscribe gives the batches until ctx ends. The channel stays open when the view stops, for the router ends with its last handler.
func (f *follower) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		if err := f.run(ctx, out); ctx.Err() == nil {
			f.stop(err)
		}
		f.leave()
		<-ctx.Done()
	}()
	return out, nil
}

// Close does nothing: a subscription ends with its context.
func (f *follower) Close() error { return nil }

// run hands out batches until ctx ends or the view can go no further, which its error says.
func (f *follower) run(ctx context.Context, out chan<- *message.Message) error {
	for {
		commits, err := f.in.take(ctx)
		if err != nil {
			if err = f.resume(ctx, err); err != nil {
				return err
			}
			continue
		}
		err = upToRefusal(commits, func(commits []eventlog.Recorded) error { return f.insist(ctx, out, commits) })
		if err != nil {
			return err
		}
	}
}

// resume begins to read anew from the stored position when that is all there is to do, and gives the reason to stop otherwise.
func (f *follower) resume(ctx context.Context, reason error) error {
	if !errors.Is(reason, errInterrupted) {
		return reason
	}
	f.leave()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f.begin(ctx)
		if err == nil {
			return nil
		}
		f.leave()
		f.logger.Warn("projection: the log cannot be read, trying again", "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// insist hands out a batch. One commit that the database refused is handed out until it is stored; several fail, for they are tried one by one.
func (f *follower) insist(ctx context.Context, out chan<- *message.Message, commits []eventlog.Recorded) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := hand(ctx, out, commits)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if decider.CodeOf(err) != CodeNotStored || len(commits) > 1 {
			return err
		}
		f.place.hinder(err)
		f.logger.Error("projection: not stored, trying again", "seq", commits[0].Seq, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop ends the view of this workspace where it is.
func (f *follower) stop(err error) {
	seq := f.place.at()
	code := decider.CodeOf(err)
	f.logger.Error("projection: the view has stopped", "code", code, "since", seq+1, "error", err)
	f.place.finish(err)
}

// leave ends the reading and has the server forget the consumer.
func (f *follower) leave() {
	f.in.fail(context.Canceled) // frees a delivery that waits for room
	reading, consumer := f.reading, f.consumer
	if reading == nil {
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		reading.Stop() // waits for an attempt to reach the server that is under way
		<-reading.Closed()
		if info := consumer.CachedInfo(); info != nil {
			ctx, cancel := context.WithTimeout(context.Background(), forgetWithin)
			defer cancel()
			_ = f.js.DeleteConsumer(ctx, eventlog.Stream(f.ws), info.Name) // it goes by itself after unusedFor
		}
	}()
	select {
	case <-gone:
	case <-time.After(forgetWithin):
		f.logger.Warn("projection: the server does not answer a goodbye")
	}
}

// project is the handler: it folds a batch in and says so. What is at or below the position has been folded in before.
func (f *follower) project(m *message.Message) error {
	commits := carried(m).commits
	seq := f.place.at()
	for len(commits) > 0 && commits[0].Seq <= seq {
		commits = commits[1:]
	}
	if len(commits) == 0 {
		return nil
	}
	if err := f.tables.advance(m.Context(), f.ws, commits); err != nil {
		return err
	}
	last := commits[len(commits)-1].Seq
	f.place.advance(last)
	f.announce(last)
	return nil
}

// announce calls After. The rows are stored, so what it does wrong does not stop the view.
func (f *follower) announce(upTo uint64) {
	if f.view.After == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			f.logger.Error("projection: After failed", "up_to", upTo, "error", panicError(v))
		}
	}()
	f.view.After(f.ws, upTo)
}

// standing is where a view is in a workspace.
type standing struct {
	seq    uint64
	reason error // what keeps it from the next commit, nil for nothing
	final  bool  // it will not go on by itself
}

func (s standing) why() string { return decider.CodeOf(s.reason) }

// place is a standing that can be waited on.
type place struct {
	mu sync.Mutex // guards what follows
	standing
	changed chan struct{} // closed at the next change; nil when nobody has looked
}

// look gives the standing and a channel that is closed when it changes.
func (p *place) look() (standing, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.standing, p.changed
}

// at gives the sequence alone.
func (p *place) at() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seq
}

func (p *place) advance(seq uint64) { p.set(standing{seq: seq}) }
func (p *place) hinder(err error)   { p.set(standing{seq: p.at(), reason: err}) }
func (p *place) finish(err error)   { p.set(standing{seq: p.at(), reason: err, final: true}) }

// set is called by one goroutine at a time.
func (p *place) set(s standing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing = s
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}
