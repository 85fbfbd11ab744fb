package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Appending one commit: send it, and when the answer is not plain, find out what happened. The guard is the server's own check that the last message of
// this exact subject has the sequence `after`. It makes sending again harmless: a commit that is already there cannot be stored a second time.

// Errors of the server that Append reads something into.
const (
	errWrongLast          = 10071 // the aggregate's last commit is another one
	errWrongLastInProcess = 10164 // on a cluster: a commit of the aggregate is on its way
	errDuplicateInProcess = 10158 // on a cluster: a commit of this id is on its way
	errBatchDuplicate     = 10201 // a batch has a commit whose id the server remembers
	errTooManyRequests    = 10167 // the stream's queue is full; nothing was taken
	errTooManyBatches     = 10210 // the same for batches
	errBatchIncomplete    = 10176 // a message of a batch did not get through; none was stored
	errNotLeader          = 10009 // on a cluster: between two leaders
	errNotAvailable       = 10008 // the same
)

// pending is a commit on its way into the log.
type pending struct {
	workspace, subject string
	id, types          string
	data               []byte
	after              uint64
}

func (l *Log) prepare(workspace string, c *eventv1.Commit, after uint64) (*pending, error) {
	if !isName(workspace, maxWorkspace, "") {
		return nil, malformed("workspace")
	}
	data, err := encode(c)
	if err != nil {
		return nil, err
	}
	return &pending{
		workspace: workspace, subject: subjectOf(workspace, c.GetAggregate(), c.GetAggregateId()),
		id: c.GetId(), types: eventTypes(c), data: data, after: after,
	}, nil
}

// fits checks that a commit's version can come after what its caller has seen of the aggregate.
func fits(c *eventv1.Commit, after uint64) error {
	if (after == 0) != (c.GetVersion() == 1) {
		return fmt.Errorf("%w: version 1 comes after nothing, and only version 1 does", malformed("version"))
	}
	return nil
}

// message makes the message to send. guarded leaves the guard out when false, for a commit that follows another of its aggregate in one batch.
func (p *pending) message(guarded bool) *nats.Msg {
	m := nats.NewMsg(p.subject)
	m.Data = p.data
	m.Header.Set(jetstream.MsgIDHeader, p.id)
	m.Header.Set(headerEvents, p.types)
	if guarded {
		m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(p.after, 10))
	}
	return m
}

// headerEvents names a commit's event types, for people with a NATS tool and for filters. It is not read here: the commit itself says.
const headerEvents = "Tavolo-Events"

// Append adds a commit to the log of a workspace and returns its sequence when it is on the disk.
//
// after is the sequence of the aggregate's last commit that the caller has seen, 0 for none; the commit's version must fit (1 after none). When another
// commit came in between it is refused (CodeConflict). Appending the same commit again, at any later time, returns its first sequence; the same id with
// other content is refused (CodeIDReused).
//
// Further refusals: CodeMalformed, CodeTooLarge, CodeNoWorkspace, CodeUnavailable, CodeStorage, CodeUnknownOutcome. When ctx ends the commit may be stored
// all the same (CodeUnknownOutcome), unless it was not sent yet: then the error is ctx's alone.
func (l *Log) Append(ctx context.Context, workspace string, c *eventv1.Commit, after uint64) (seq uint64, err error) {
	p, err := l.prepare(workspace, c, after)
	if err != nil {
		return 0, err
	}
	if err := fits(c, after); err != nil {
		return 0, err
	}
	return l.settle(ctx, p, func(ctx context.Context) (uint64, error) { return l.writer(workspace).append(ctx, p) })
}

// settle sends until the outcome is known. send may be called several times.
func (l *Log) settle(ctx context.Context, p *pending, send func(context.Context) (uint64, error)) (seq uint64, err error) {
	t := &trial{log: l, commit: p, until: time.Now().Add(settleWithin), pause: firstPause}
	for {
		seq, err := send(ctx)
		seq, err, settled := t.judge(ctx, seq, err)
		if settled {
			return seq, err
		}
		if !t.wait(ctx) {
			return 0, t.giveUp(ctx, err)
		}
	}
}

// trial is what is known so far of one append.
type trial struct {
	log    *Log
	commit *pending
	until  time.Time
	pause  time.Duration
	unsure bool // something was sent and not answered
	reads  bool // the server answered the last question about the log
}

// errDuplicate comes with a sequence: the server remembers the commit's id from there. It compares ids only.
var errDuplicate = errors.New("eventlog: the server remembers this id")

// errNotSent says that nothing left this process.
var errNotSent = errors.New("eventlog: not sent")

// judge reads the outcome of one sending. When it is not settled err says what is wrong so far.
func (t *trial) judge(ctx context.Context, seq uint64, err error) (_ uint64, _ error, settled bool) {
	if err == nil {
		return seq, nil, true
	}
	var api *jetstream.APIError
	switch {
	case errors.Is(err, errDuplicate):
		return t.atSequence(ctx, seq)
	case errors.As(err, &api):
		switch int(api.ErrorCode) {
		case errWrongLast, errBatchDuplicate:
			return t.afterGuard(ctx, err, true)
		case errWrongLastInProcess, errDuplicateInProcess:
			return t.afterGuard(ctx, err, false)
		case errTooManyRequests, errTooManyBatches, errBatchIncomplete, errNotLeader, errNotAvailable:
			return 0, err, false
		}
		return 0, storage(err, "nats-"+strconv.Itoa(int(api.ErrorCode))), true
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return t.noStream(ctx, err)
	case errors.Is(err, errNotSent):
		return 0, err, false
	default: // no answer: it may be stored
		t.unsure = true
		return t.afterGuard(ctx, err, false)
	}
}

// afterGuard looks at the commit that follows `after` in the aggregate. Ours, if it is in the log, can be nowhere else.
// When there is none, final says that ours will not come there either.
func (t *trial) afterGuard(ctx context.Context, cause error, final bool) (uint64, error, bool) {
	if ctx.Err() != nil {
		return 0, cause, false
	}
	found, err := t.log.following(ctx, t.commit)
	t.reads = err == nil
	switch {
	case err != nil:
		return 0, cause, false
	case found == nil && final:
		return 0, t.commit.conflict(), true
	case found == nil:
		return 0, cause, false
	case found.id() != t.commit.id:
		return 0, t.commit.conflict(), true
	}
	return t.same(found)
}

// atSequence looks at the commit that the server takes for ours.
func (t *trial) atSequence(ctx context.Context, seq uint64) (uint64, error, bool) {
	found, err := t.log.at(ctx, t.commit.workspace, seq)
	t.reads = err == nil
	if err != nil || found == nil {
		return 0, errDuplicate, false
	}
	return t.same(found)
}

// same accepts a stored commit as ours only when subject and bytes are ours.
func (t *trial) same(found *stored) (uint64, error, bool) {
	if found.is(t.commit) {
		return found.Seq, nil, true
	}
	return 0, idReused(found.Seq), true
}

func idReused(seq uint64) error {
	return fmt.Errorf("%w: a commit's id is its command's; load again and look at what is there",
		decider.Refuse(CodeIDReused, "sequence", strconv.FormatUint(seq, 10)))
}

func (t *trial) noStream(ctx context.Context, cause error) (uint64, error, bool) {
	if _, err := t.log.Last(ctx, t.commit.workspace); decider.CodeOf(err) == CodeNoWorkspace {
		return 0, err, true
	}
	return 0, cause, false
}

// wait pauses before the next attempt; false when there is no time left for one.
func (t *trial) wait(ctx context.Context) bool {
	if time.Now().Add(t.pause).After(t.until) || t.log.nc.IsClosed() {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(t.pause):
	}
	t.pause = min(2*t.pause, longestPause)
	return true
}

// giveUp says what is known when there is no time left: err is the last that went wrong.
func (t *trial) giveUp(ctx context.Context, err error) error {
	var api *jetstream.APIError
	_ = errors.As(err, &api)
	switch {
	case t.unsure && t.reads:
		return storage(err, "no-acknowledgement")
	case t.unsure:
		return fmt.Errorf("%w: append the same commit again to find out: %w", decider.Refuse(CodeUnknownOutcome, "workspace", t.commit.workspace), err)
	case ctx.Err() != nil:
		return ctx.Err() // nothing was sent, or all that was sent was rejected
	case api != nil && api.ErrorCode == errWrongLastInProcess:
		return t.commit.conflict()
	case api != nil && api.ErrorCode == errBatchIncomplete:
		return storage(err, "batch-not-staged")
	default:
		return fmt.Errorf("%w: nothing was stored; try again later: %w", decider.Refuse(CodeUnavailable, "workspace", t.commit.workspace), err)
	}
}

func (p *pending) conflict() error {
	return decider.Refuse(CodeConflict, "workspace", p.workspace, "aggregate", strings.TrimPrefix(p.subject, "log."+p.workspace+"."))
}
