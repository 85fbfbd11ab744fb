package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Atomic batches (NATS ADR-50), spoken by hand: the client library has none. A batch is staged message by message and stored whole by its last message, or
// not at all. The server stages it on the disk first, so that a crash in the middle of storing is completed at the next start.

const (
	headerBatchID     = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
	// stageBytes is how much of a batch is sent before waiting for the server to have staged it. The server drops what comes faster than it stages once its
	// queue holds 128 MiB.
	stageBytes = 4 << 20
)

// Pending is a commit to append and the sequence of its aggregate's last commit before it.
type Pending struct {
	Commit *eventv1.Commit
	// After is as in Append. It counts for the first commit of each aggregate in one AppendAll; those that follow it there come after it.
	After uint64
}

// batchItem is a commit in a batch. The server checks the guard of an aggregate's first message only, and rejects a batch in which a later message of
// the same subject has one.
type batchItem struct {
	*pending
	guarded bool
}

// AppendAll appends commits in order, for imports. Up to 1,000 go as one atomic batch: all of them are stored or none. More go as several such batches, and
// when one is refused those before it stay. last is the sequence of the last commit stored, 0 for none.
//
// The commits of one aggregate must have successive versions (CodeVersionGap) and all ids must differ (CodeMalformed). Repeating a call that may have been
// carried out is safe, as with Append. The refusals are those of Append.
func (l *Log) AppendAll(ctx context.Context, workspace string, batch []Pending) (last uint64, err error) {
	items, err := l.prepareAll(workspace, batch)
	if err != nil {
		return 0, err
	}
	lastOf := map[string]uint64{} // by subject, of the batches already stored
	for len(items) > 0 {
		n := min(len(items), batchMost)
		seq, err := l.appendBatch(ctx, items[:n], lastOf)
		if err != nil {
			return last, err
		}
		last = seq
		for i, it := range items[:n] {
			lastOf[it.subject] = last - uint64(n-1-i)
		}
		items = items[n:]
	}
	return last, nil
}

func (l *Log) prepareAll(workspace string, batch []Pending) ([]batchItem, error) {
	items := make([]batchItem, len(batch))
	versions, ids := map[string]uint64{}, map[string]bool{}
	for i, b := range batch {
		p, err := l.prepare(workspace, b.Commit, b.After)
		if err != nil {
			return nil, inBatch(i, batch, err)
		}
		before, again := versions[p.subject]
		switch {
		case again && b.Commit.GetVersion() != before+1:
			return nil, inBatch(i, batch, versionGap(b.Commit, before+1))
		case ids[p.id]:
			return nil, inBatch(i, batch, fmt.Errorf("%w: the id is that of another", malformed("id")))
		case !again:
			if err := fits(b.Commit, b.After); err != nil {
				return nil, inBatch(i, batch, err)
			}
		}
		versions[p.subject], ids[p.id] = b.Commit.GetVersion(), true
		items[i] = batchItem{p, !again}
	}
	return items, nil
}

func inBatch(i int, batch []Pending, err error) error {
	return fmt.Errorf("commit %d of %d: %w", i+1, len(batch), err)
}

// appendBatch stores up to batchMost commits, all or none.
func (l *Log) appendBatch(ctx context.Context, items []batchItem, lastOf map[string]uint64) (last uint64, err error) {
	inside := map[string]bool{}
	for i := range items {
		it := &items[i]
		it.guarded = !inside[it.subject]
		if seq, ok := lastOf[it.subject]; ok && it.guarded {
			it.after = seq
		}
		inside[it.subject] = true
	}
	first := items[0].pending
	send := func(ctx context.Context) (uint64, error) {
		if len(items) == 1 {
			return l.writer(first.workspace).append(ctx, first) // a batch of one costs ten times a message
		}
		ctx, cancel := context.WithTimeout(ctx, ackWait)
		defer cancel()
		seq, err := l.publishBatch(ctx, items)
		return seq - uint64(len(items)-1), err
	}
	// The outcome of the first commit is the outcome of all: none is stored without the others, and they are stored side by side.
	seq, err := l.settle(ctx, first, send)
	if err != nil {
		return 0, l.culprit(ctx, items, err)
	}
	last = seq + uint64(len(items)-1)
	// When the first was found stored by an earlier call, that call may have had other commits after it.
	end, err := l.at(ctx, first.workspace, last)
	if err != nil {
		return 0, err
	}
	if end == nil || !end.is(items[len(items)-1].pending) {
		return 0, idReused(seq)
	}
	return last, nil
}

// culprit names the aggregate that had the conflict for which a batch was rejected; the server does not say.
func (l *Log) culprit(ctx context.Context, items []batchItem, err error) error {
	if decider.CodeOf(err) != CodeConflict {
		return err
	}
	for _, it := range items {
		if !it.guarded {
			continue
		}
		if found, readErr := l.following(ctx, it.pending); readErr == nil && found != nil {
			return it.conflict()
		}
	}
	return err
}

// batchAck is what the server answers to a batch's last message.
type batchAck struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
	Count int                 `json:"count"`
}

// publishBatch sends one atomic batch and gives the sequence of its last message. A *jetstream.APIError says that nothing was stored.
func (l *Log) publishBatch(ctx context.Context, items []batchItem) (last uint64, err error) {
	id := nuid.Next()
	unstaged := 0
	for i, it := range items {
		m := it.message(it.guarded)
		m.Header.Set(headerBatchID, id)
		m.Header.Set(headerBatchSeq, strconv.Itoa(i+1))
		if i == len(items)-1 {
			m.Header.Set(headerBatchCommit, "1")
			return l.commitBatch(ctx, m, len(items))
		}
		if unstaged += len(m.Data); unstaged < stageBytes {
			err = l.nc.PublishMsg(m)
		} else {
			unstaged = 0
			err = l.stage(ctx, m)
		}
		if err != nil {
			// Without its last message a batch is never stored.
			return 0, fmt.Errorf("%w: %w", errNotSent, err)
		}
	}
	return 0, errNotSent
}

// stage sends a message of a batch and waits until the server has put it on the disk, with all before it.
func (l *Log) stage(ctx context.Context, m *nats.Msg) error {
	r, err := l.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return err
	}
	if len(r.Data) == 0 { // staged
		return nil
	}
	var ack batchAck
	if err := json.Unmarshal(r.Data, &ack); err != nil {
		return fmt.Errorf("eventlog: answer to a batch: %w", err)
	}
	if ack.Error != nil {
		return ack.Error
	}
	return nil
}

func (l *Log) commitBatch(ctx context.Context, m *nats.Msg, size int) (last uint64, err error) {
	r, err := l.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		if errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrReconnectBufExceeded) {
			err = fmt.Errorf("%w: %w", errNotSent, err)
		}
		return 0, err
	}
	var ack batchAck
	switch err := json.Unmarshal(r.Data, &ack); {
	case err != nil:
		return 0, fmt.Errorf("eventlog: answer to a batch: %w", err)
	case ack.Error != nil:
		return 0, ack.Error
	case ack.Count != size || ack.Seq < uint64(size):
		return 0, fmt.Errorf("eventlog: a batch of %d was acknowledged as %d", size, ack.Count)
	}
	return ack.Seq, nil
}

func versionGap(c *eventv1.Commit, expected uint64) error {
	return fmt.Errorf("%w: the aggregate's history is damaged or was written past its guard; nothing may be decided on it", decider.Refuse(CodeVersionGap,
		"aggregate", c.GetAggregate(), "id", c.GetAggregateId(), "expected", strconv.FormatUint(expected, 10), "found", strconv.FormatUint(c.GetVersion(), 10)))
}
