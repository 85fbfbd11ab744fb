package clerk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/eventlog"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The second half: deadlines takes due timers, one at a time, and has the ledger close the vote. A timer is acknowledged when the ledger has answered
// or when there is nothing to do; otherwise it comes again, later and later, for as long as it takes.
//
// A timer that fires is a reminder to look, not an order: the vote may have been closed, struck, or corrected and opened again with another deadline.
// So the decision is read first.

const (
	// firstDelay and longestDelay are the waits before a timer that could not be met comes again; each is twice the one before.
	firstDelay   = 500 * time.Millisecond
	longestDelay = 30 * time.Second
	// ackWithin bounds the server's word on an acknowledgement.
	ackWithin = 5 * time.Second
)

// nothingToDo are the ledger's refusals that say that there is no vote to close, or that people have to be asked anew before there is: another
// consent round after the deadline has none.
var nothingToDo = map[string]bool{
	"decision/not-open":            true,
	"decision/amended-since-asked": true,
	"decision/unknown":             true,
	"initiative/unknown":           true,
	"workspace/unknown":            true,
}

// errBehind says that a server does not know yet of the commit that a timer was set for; on a cluster another replica may answer.
var errBehind = errors.New("clerk: the log does not reach the opening that the timer is for")

// earlyError says that a timer is due by the server's clock and not by ours.
type earlyError struct{ by time.Duration }

func (e *earlyError) Error() string {
	return "clerk: the timer fired " + e.by.String() + " before the deadline; the clocks of clerk and server differ"
}

// deadlines is the taker of due timers, source and handler in one.
type deadlines struct {
	conn   *nats.Conn
	log    *eventlog.Log
	due    jetstream.Consumer
	clock  func() time.Time
	logger *slog.Logger

	taken jetstream.Msg // handed out and not settled
	delay time.Duration // before it comes again, when that is known better than by the number of attempts
	pause pause
}

func newDeadlines(c *Clerk) *deadlines {
	return &deadlines{conn: c.conn, log: c.log, due: c.timers.due, clock: c.clock, logger: c.logger}
}

// next waits for a timer to be due. It asks for one at a time, so that none waits here while another clerk has nothing to do.
func (d *deadlines) next(ctx context.Context) (*message.Message, error) {
	for ctx.Err() == nil {
		m, err := d.due.Next(jetstream.FetchContext(ctx))
		switch {
		case err == nil:
			d.taken, d.delay, d.pause = m, 0, pause{}
			w := message.NewMessage(m.Subject(), m.Data())
			w.Metadata.Set(keySubject, m.Subject())
			return w, nil
		case ctx.Err() != nil:
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages): // none was due
			d.pause = pause{}
		default:
			d.logger.Warn("clerk: cannot ask for due timers", "error", err)
			d.pause.wait(ctx)
		}
	}
	return nil, errStopped
}

// settle tells the server what became of the timer. When that is not heard the timer comes again, which is harmless.
func (d *deadlines) settle(ctx context.Context, done bool) {
	var err error
	switch {
	case done:
		acking, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackWithin)
		defer cancel()
		err = d.taken.DoubleAck(acking)
	case ctx.Err() != nil: // stopping: the next clerk shall have it at once
		err = d.taken.Nak()
	case d.delay > 0:
		err = d.taken.NakWithDelay(d.delay)
	default:
		var delivered uint64
		if meta, err := d.taken.Metadata(); err == nil {
			delivered = meta.NumDelivered
		}
		err = d.taken.NakWithDelay(delayAfter(delivered))
	}
	if err != nil {
		d.logger.Warn("clerk: the outcome of a timer is not stored; it comes again", "timer", d.taken.Subject(), "error", err)
	}
}

// delayAfter gives the wait before a timer comes again that was delivered so often.
func delayAfter(delivered uint64) time.Duration {
	delay := firstDelay
	for n := uint64(1); n < delivered && delay < longestDelay; n++ {
		delay *= 2
	}
	return min(delay, longestDelay)
}

// meet is the handler: it closes the vote whose deadline has come.
func (d *deadlines) meet(m *message.Message) error {
	t, err := readTimer(m.Metadata.Get(keySubject), m.Payload)
	if err != nil { // not of the clerk's making: nothing can be done with it, ever
		d.logger.Error("clerk: an unreadable timer is dropped", "error", err)
		return nil
	}
	logger := d.logger.With("timer", t.id())
	closesAt, open, err := d.look(m.Context(), t)
	switch {
	case err != nil:
		return err
	case !open:
		logger.Debug("clerk: nothing to close: the vote is closed, or was opened again")
		return nil
	}
	if early := closesAt.Sub(d.clock()); early > 0 {
		d.delay = min(early, longestDelay)
		return &earlyError{early}
	}
	receipt, err := d.close(m.Context(), t)
	switch code := decider.CodeOf(err); {
	case nothingToDo[code]:
		logger.Debug("clerk: nothing to close", "code", code)
	case err != nil:
		return err
	case receipt.GetCommits() == 0:
		logger.Debug("clerk: closed already")
	default:
		logger.Info("clerk: vote closed at its deadline", "sequence", receipt.GetSequence(), "late", d.clock().Sub(closesAt))
	}
	return nil
}

// look reads the decision: whether the vote that the timer is for is open, and its deadline.
func (d *deadlines) look(ctx context.Context, t timer) (closesAt time.Time, open bool, err error) {
	a := aggregate.New(aggregate.Key{Kind: aggregate.Decision, ID: t.decision})
	commits, err := d.log.Load(ctx, t.workspace, string(a.Kind), a.ID, 0)
	switch code := decider.CodeOf(err); {
	case code == eventlog.CodeNoWorkspace, code == eventlog.CodeMalformed:
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, err
	}
	for _, r := range commits {
		if err := a.Apply(r.Seq, r.Commit); err != nil {
			return time.Time{}, false, err
		}
	}
	if a.Seq < t.Opened {
		return time.Time{}, false, fmt.Errorf("%w: %s", errBehind, t.id())
	}
	s := a.Decision
	return s.ClosesAt, s.Phase == decision.Open && s.OpenedSeq == t.Opened && !s.ClosesAt.IsZero(), nil
}

// close asks the ledger to close the vote.
func (d *deadlines) close(ctx context.Context, t timer) (*commandv1.Receipt, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("clerk: %w", err)
	}
	batch := &commandv1.CommandBatch{Commands: []*commandv1.Command{{
		Id:          id.String(),
		Actor:       &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_CLERK},
		Correlation: t.Correlation,
		Causation:   t.id(),
		Of:          &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: t.workspace, Decision: t.decision}},
	}}}
	receipt := &commandv1.Receipt{}
	if err := bus.Request(bus.WithCorrelation(ctx, t.Correlation), d.conn, "cmd."+t.workspace, batch, receipt); err != nil {
		return nil, fmt.Errorf("clerk: %s: %w", t.id(), err)
	}
	return receipt, nil
}
