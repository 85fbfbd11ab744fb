// Package ledger takes commands and is the only writer of the log: load, decide, append, answer. The whole path is Handle, one screen.
//
//	cmd.<workspace>  CommandBatch ──► fold of the aggregate (cached) ──► Decide (pure) ──► commit ──► append at the expected sequence
//
// A batch is accepted whole or refused whole. The answer is sent only after the log has synced (INV-01). The same command id again is
// answered as the first time (INV-05). When somebody else wrote first, the aggregate is read again and the command decided again.
//
// Not here: the rules (pkg/domain), sealing (texts in clear are refused), reading (services/views).
package ledger

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

// Options of a ledger.
type Options struct {
	// Conn is the ledger's own connection; its user may write the log.
	Conn *nats.Conn
	// Clock says what time it is. Nil: the system's clock.
	Clock func() time.Time
	// Version of the program, shown by service discovery.
	Version string
	Logger  *slog.Logger
}

// Ledger is the running service.
type Ledger struct {
	log     *eventlog.Log
	clock   func() time.Time
	logger  *slog.Logger
	cache   *folds
	writing keyedMutex
	times   times

	stop func()
}

// Start answers commands until Stop.
func Start(o Options) (*Ledger, error) {
	log, err := eventlog.New(o.Conn)
	if err != nil {
		return nil, err
	}
	l := &Ledger{log: log, clock: o.Clock, logger: o.Logger, cache: newFolds()}
	if l.clock == nil {
		l.clock = time.Now
	}
	l.stop, err = bus.Serve(o.Conn, bus.Ledger, o.Version, map[string]bus.Handler{"cmd.*": l.answer})
	return l, err
}

// Stop stops taking commands and waits for those under way.
func (l *Ledger) Stop() { l.stop() }

func (l *Ledger) answer(ctx context.Context, data []byte) ([]byte, error) {
	batch := &commandv1.CommandBatch{}
	if err := proto.Unmarshal(data, batch); err != nil {
		return nil, errNotACommand
	}
	receipt, err := l.Handle(ctx, batch)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(receipt)
}

// keyedMutex lets one writer at a time work on an aggregate, so that commands to the same vote queue here and not as conflicts in the log.
type keyedMutex struct {
	mu   sync.Mutex
	held map[string]*waiters
}

type waiters struct {
	sync.Mutex
	n int
}

// lock takes the keys in the given order, which must be the same for everyone (sorted), and returns what gives them back.
func (k *keyedMutex) lock(keys []string) (unlock func()) {
	var taken []*waiters
	for _, key := range keys {
		k.mu.Lock()
		if k.held == nil {
			k.held = map[string]*waiters{}
		}
		w := k.held[key]
		if w == nil {
			w = &waiters{}
			k.held[key] = w
		}
		w.n++
		k.mu.Unlock()
		w.Lock()
		taken = append(taken, w)
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		for i, w := range taken {
			w.Unlock()
			if w.n--; w.n == 0 {
				delete(k.held, keys[i])
			}
		}
	}
}
