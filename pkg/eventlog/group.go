package eventlog

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Concurrent appends to one workspace wait for the disk together. While one is under way the others queue; the next flight takes the whole queue.
// A small flight goes message by message without waiting in between, each with a sync of its own; a large one goes as one atomic batch, which costs about the
// same whatever its size. What is small depends on the disk, so both costs are measured as they go. When a batch is rejected, for one commit of it had a
// conflict, its commits go one by one, so that each caller gets the answer to its own.

const (
	// batchFrom is the size from which a flight goes as a batch while the costs are not known: 2.4 ms against 0.17 ms each (DESIGN.md).
	batchFrom = 15
	// batchFromLeast and batchFromMost bound what is made of the measured costs. Below the first a batch's three syncs cannot pay; at the second one is
	// tried in any case, so that one slow batch does not end them all.
	batchFromLeast, batchFromMost = 4, 32
	// newerCounts is the weight of the newest measurement in the running mean of a cost, one in so many.
	newerCounts = 8
	// gatherPart is the part of a batch's cost, one in so many, that the next flight waits at most for those whom the batch answered: they are about to append
	// again, and would otherwise miss it by microseconds.
	gatherPart = 8
	// batchMost is the server's own limit of commits in a batch.
	batchMost = 1000
	// batchBytes bounds a flight's memory, and its time on a slow disk.
	batchBytes = 8 << 20
	// maxPending is how many single messages may be unacknowledged on one connection: a flight of batchFrom-1 for each of hundreds of workspaces.
	maxPending = 4096
)

// writer queues the appends of one workspace.
type writer struct {
	log *Log

	mu     sync.Mutex // guards queue and flying
	queue  []*entry
	flying bool

	// Running means of a batch and of a message in a small flight. They are owned by the flight under way.
	batchCost, singleCost time.Duration
}

// entry is one append in the queue. A flight puts exactly one outcome into done.
type entry struct {
	*pending
	done chan outcome
}

type outcome struct {
	seq uint64
	err error
}

func (l *Log) writer(workspace string) *writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.writers[workspace]
	if w == nil {
		w = &writer{log: l}
		l.writers[workspace] = w
	}
	return w
}

// append sends a commit, at once when nothing is under way and with the next flight otherwise, and waits for the outcome.
func (w *writer) append(ctx context.Context, p *pending) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", errNotSent, err)
	}
	w.mu.Lock()
	if !w.flying {
		w.flying = true
		w.mu.Unlock()
		defer w.land()
		f, err := w.publish(p)
		if err != nil {
			return 0, err
		}
		return acknowledged(ctx, f)
	}
	e := &entry{p, make(chan outcome, 1)}
	w.queue = append(w.queue, e)
	w.mu.Unlock()

	select {
	case o := <-e.done:
		return o.seq, o.err
	case <-ctx.Done():
	}
	if w.leave(e) {
		return 0, fmt.Errorf("%w: %w", errNotSent, ctx.Err())
	}
	return 0, ctx.Err()
}

// land ends the flight of a single append, which its own goroutine flew: fewer turns of the scheduler, for the one who is alone. Those that queued
// meanwhile fly on.
func (w *writer) land() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flying = len(w.queue) > 0; w.flying {
		go w.fly()
	}
}

// leave takes an entry out of the queue; false when it is flying already.
func (w *writer) leave(e *entry) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.queue {
		if w.queue[i] == e {
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

// fly sends flights until the queue is empty. One runs at a time per workspace.
func (w *writer) fly() {
	for before := 0; ; {
		from := batchPaysFrom(w.batchCost, w.singleCost)
		if before >= from {
			w.gather(before)
		}
		group := w.take(from)
		if len(group) == 0 {
			return
		}
		if len(group) < from || !w.sendBatch(group) {
			w.sendSingly(group)
		}
		before = len(group)
	}
}

// batchPaysFrom gives the size from which a batch is cheaper than as many messages; a cost of 0 is not known yet.
func batchPaysFrom(batch, single time.Duration) int {
	if batch == 0 || single == 0 {
		return batchFrom
	}
	return min(max(int(batch/single), batchFromLeast), batchFromMost)
}

func running(mean, newest time.Duration) time.Duration {
	if mean == 0 {
		return newest
	}
	return mean + (newest-mean)/newerCounts
}

// gather lets other goroutines run until as many wait as the last batch had, for a small part of what a batch costs.
func (w *writer) gather(before int) {
	for until := time.Now().Add(w.batchCost / gatherPart); time.Now().Before(until); runtime.Gosched() {
		w.mu.Lock()
		waiting := len(w.queue)
		w.mu.Unlock()
		if waiting >= before {
			return
		}
	}
}

// take takes the next flight out of the queue: everything, or for a batch as much as fits and no aggregate or id twice. The rest keeps its order.
// When the queue is empty the writer stops flying.
func (w *writer) take(from int) (group []*entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) < from {
		group, w.queue = w.queue, nil
		w.flying = len(group) > 0
		return group
	}
	var rest []*entry
	bytes, taken := 0, map[string]bool{}
	for _, e := range w.queue {
		if len(group) == batchMost || bytes+len(e.data) > batchBytes || taken[e.subject] || taken[e.id] {
			rest = append(rest, e)
			continue
		}
		taken[e.subject], taken[e.id] = true, true
		bytes += len(e.data)
		group = append(group, e)
	}
	w.queue = rest
	return group
}

// sendBatch sends a flight as one atomic batch. False says that the server rejected it whole, so that nothing of it is stored.
func (w *writer) sendBatch(group []*entry) bool {
	b := make([]batchItem, len(group))
	for i, e := range group {
		b[i] = batchItem{e.pending, true}
	}
	ctx, cancel := context.WithTimeout(context.Background(), ackWait)
	defer cancel()
	began := time.Now()
	last, err := w.log.publishBatch(ctx, b)
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return false
	}
	if err == nil {
		w.batchCost = running(w.batchCost, time.Since(began))
	}
	for i, e := range group {
		e.done <- outcome{last - uint64(len(group)-1-i), err}
	}
	return true
}

// sendSingly sends a flight message by message and passes on each answer as it comes.
func (w *writer) sendSingly(group []*entry) {
	futures := make([]jetstream.PubAckFuture, len(group))
	began := time.Now()
	for i, e := range group {
		f, err := w.publish(e.pending)
		if err != nil {
			e.done <- outcome{err: err}
			continue
		}
		futures[i] = f
	}
	stored := 0
	for i, f := range futures {
		if f == nil {
			continue
		}
		seq, err := acknowledged(context.Background(), f)
		group[i].done <- outcome{seq, err}
		if err == nil {
			stored++
		}
	}
	if stored == len(group) { // a refused message costs no sync
		w.singleCost = running(w.singleCost, time.Since(began)/time.Duration(stored))
	}
}

func (w *writer) publish(p *pending) (jetstream.PubAckFuture, error) {
	// New attempts are settle's: none of the library's own.
	f, err := w.log.js.PublishMsgAsync(p.message(true), jetstream.WithRetryAttempts(0))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotSent, err)
	}
	return f, nil
}

// acknowledged waits for the answer to a message, at most ackWait.
func acknowledged(ctx context.Context, f jetstream.PubAckFuture) (uint64, error) {
	select {
	case ack := <-f.Ok():
		if ack.Duplicate {
			return ack.Sequence, errDuplicate
		}
		return ack.Sequence, nil
	case err := <-f.Err():
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
