package projection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
)

// The intake lies between the log's deliveries and the transactions: while one batch is being stored it decodes the next, and no more than that.
// Here is also where a reader refuses to pass a hole (INV-02): the stream's sequences must come one by one from where the view is.

const (
	// batchBytes closes a batch before it is full. A commit is up to 1 MiB, and two batches are in memory at once.
	batchBytes = 4 * eventlog.MaxCommit
	// gather is how long a batch waits for more when the server has said that there is more. A caught-up reader never waits.
	gather = 5 * time.Millisecond
)

// errInterrupted: the client library has made another consumer, after a lost connection for example. Its first message proves nothing: the server may
// have come back with an older log and go on counting from there, and it may overtake the last message of the consumer before (DESIGN.md). So the log
// is read anew from the view's position, with the check that newIntake sets up.
var errInterrupted = errors.New("projection: the reading was interrupted")

// intake collects decoded commits for one workspace.
type intake struct {
	ws   string
	most int // commits in a batch

	mu      sync.Mutex // guards what follows
	from    string     // the consumer whose messages these are, "" before the first
	next    uint64     // the sequence that must come next
	seen    string     // id of the commit that must be there again first, at next; "" for none
	commits []eventlog.Recorded
	bytes   int
	behind  bool  // the server has more after the last of commits
	end     error // why nothing follows commits; set once

	room chan struct{} // told when a batch was taken
	news chan struct{} // told when there is a commit more
	over chan struct{} // closed when end is set
}

// newIntake expects the log from where a view is. The commit that the view has read last must come again and be the same: so a log that was
// replaced by another, or was cut and has grown again, is found out. One message is the price, once.
func newIntake(ws string, most int, seq uint64, commit string) *intake {
	return &intake{ws: ws, most: most, next: max(1, seq), seen: commit,
		room: make(chan struct{}, 1), news: make(chan struct{}, 1), over: make(chan struct{})}
}

// receive takes one message, in the order of the log. It blocks while a whole batch waits to be taken.
func (in *intake) receive(m jetstream.Msg) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for in.end == nil && in.full() {
		in.mu.Unlock()
		select {
		case <-in.room:
		case <-in.over:
		}
		in.mu.Lock()
	}
	if in.end != nil {
		return
	}
	if err := in.add(m); err != nil {
		in.close(err)
	}
	tell(in.news)
}

// fail says why nothing more will come. The first reason holds.
func (in *intake) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.close(err)
}

func (in *intake) close(err error) {
	if in.end == nil {
		in.end = err
		close(in.over)
	}
}

func (in *intake) add(m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return fmt.Errorf("%w: %w", decider.Refuse(eventlog.CodeUnknownEvent, "why", "not a message of a log"), err)
	}
	if in.from == "" {
		in.from = meta.Consumer
	}
	seq := meta.Sequence.Stream
	switch {
	case meta.Consumer != in.from:
		return errInterrupted
	case seq != in.next:
		return hole(in.ws, in.next, seq)
	}
	commit, err := eventlog.Decode(m.Subject(), m.Data())
	if err != nil {
		return err
	}
	in.next++
	if in.seen != "" {
		if commit.GetId() != in.seen {
			return rewritten(in.ws, seq)
		}
		in.seen = ""
		return nil
	}
	in.commits = append(in.commits, eventlog.Recorded{Seq: seq, Commit: commit})
	in.bytes += len(m.Data())
	in.behind = meta.NumPending > 0
	return nil
}

func (in *intake) full() bool { return len(in.commits) >= in.most || in.bytes >= batchBytes }

// take gives what there is, at most one batch: at once when that is all or when it fills a batch, after a short wait for more otherwise. Its error
// is why nothing follows what was taken before, or that of ctx.
func (in *intake) take(ctx context.Context) ([]eventlog.Recorded, error) {
	var late <-chan time.Time
	for waited := false; ; {
		batch, wait, err := in.ready(waited)
		if batch != nil || err != nil {
			return batch, err
		}
		if wait && late == nil {
			timer := time.NewTimer(gather)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-in.news:
		case <-in.over:
		case <-late:
			waited = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ready gives a batch, or says to wait for more of it.
func (in *intake) ready(waited bool) (batch []eventlog.Recorded, wait bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case len(in.commits) == 0:
		return nil, false, in.end
	case in.behind && !waited && in.end == nil && !in.full():
		return nil, true, nil
	}
	batch, in.commits, in.bytes = in.commits, nil, 0
	tell(in.room)
	return batch, false, nil
}

// tell wakes whoever waits on the channel, or the next one who does.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
