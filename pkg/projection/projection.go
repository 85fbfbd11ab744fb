// Package projection keeps views: tables that are a function of the log and of nothing else.
//
//	LOG_<workspace> ──ordered consumer──► intake ──one message a batch──► Watermill router ──► one SQLite transaction ──► After
//	                   (no acks)          (decoded, in order)                                 (Apply + position)       ("changed")
//
// What it promises. A view is what a fresh replay of the log gives, byte for byte, after any history of crashes and whatever the batches were
// (INV-21). The position of a view in a workspace is in the same transaction as its rows, so a commit is folded in exactly once. Nothing is ever
// passed over (INV-02, T8): a hole in the log, a log that is not the one the view has read before, a record that this program does not know and a
// commit that the view cannot apply stop the view in that workspace, at the last commit before, with a code. Other workspaces go on.
//
// Life of a workspace: Follow ──► behind ──► caught up (a commit is visible at once, alone in its batch) ──► Stop. Or ──► stopped with a code; a
// restart tries again from the same commit.
//
// Not here: what a view's tables are (services/views), which workspaces there are, swapping a rebuilt file for the live one.
package projection

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
)

// Why a view goes no further in a workspace. Besides these there are eventlog.CodeUnknownEvent, eventlog.CodeHole (the server itself knows that commits
// are missing; nothing is read any more) and the codes with which an Apply refuses.
const (
	// CodeHole: a commit that must be there is not. Restore the log from its archive. Arguments workspace, expected, found: sequences.
	CodeHole = "projection/hole"
	// CodeRewritten: the log is shorter than what the view has read, or has another commit there: somebody restored or replaced it. Find out
	// which log is right; the view is then built anew. Arguments workspace, seq.
	CodeRewritten = "projection/rewritten"
	// CodePoisoned: Apply failed or panicked. The program's own log has the detail. Arguments workspace, seq.
	CodePoisoned = "projection/poisoned"
	// CodeNotStored: the database refused the transaction, for want of room for example. It is tried again until it succeeds.
	CodeNotStored = "projection/not-stored"
	// CodePositionMoved: somebody else moved the view in the same database. One program may keep a view. Arguments workspace, expected, found.
	CodePositionMoved = "projection/position-moved"
	// CodeDisconnected: the connection to the log was closed for good. The rows stay right up to the position.
	CodeDisconnected = "projection/disconnected"
)

// Other refusals.
const (
	// CodeNotFollowed: the view does not follow that workspace (yet).
	CodeNotFollowed = "projection/not-followed"
	// CodeNotYet: the view has not come so far in the time given. Asking again is right. Arguments workspace, seq, position.
	CodeNotYet = "projection/not-yet"
	// CodeStopped: the view will not come so far before somebody acts. Arguments workspace, position, why: one of the codes above.
	CodeStopped = "projection/stopped"
	// CodeNotEmpty: the database already holds the view of that workspace. Arguments view, workspace.
	CodeNotEmpty = "projection/not-empty"
	// CodeView: the View has no Name or no Apply.
	CodeView = "projection/view"
)

const (
	// batchMax is the most commits in a transaction: beyond it a transaction costs next to nothing per commit (measured).
	batchMax = 500
	// openWithin bounds what Follow asks the server.
	openWithin = 10 * time.Second
	// closeWithin is how long Stop waits for an Apply that does not heed its context.
	closeWithin = 30 * time.Second
)

// View is one set of tables kept by a projector.
type View struct {
	// Name tells the views of one database apart, for example "record". Stored; never rename.
	Name string
	// Apply folds commits of one workspace into the tables, in the order of the log. Each commit is given once to a transaction that lasts, and
	// must have the same effect whatever else is in its batch: a pure function of tables and commits. A commit that it cannot apply is an
	// error, never a skip; a *decider.Refusal gives the reason its code. The error's text reaches the program's log: ids and codes, no words
	// of people. ctx ends with Stop; tx.Exec suffices, for tx ends with it (a statement with a context of its own costs 2 µs more).
	Apply func(ctx context.Context, tx *sql.Tx, workspace string, batch []eventlog.Recorded) error
	// After is told when a transaction is visible: all commits up to and including upTo. It is called in order, and not again after a crash, so
	// what it announces must be a hint. May be nil. It should return soon: the next batch waits.
	After func(workspace string, upTo uint64)
	// Batch is the most commits in a transaction; 0 means 500.
	Batch int
}

func (v View) check() (View, error) {
	if v.Name == "" || v.Apply == nil {
		return v, fmt.Errorf("%w: a view needs a name and an Apply", decider.Refuse(CodeView))
	}
	if v.Batch <= 0 {
		v.Batch = batchMax
	}
	return v, nil
}

// Runner keeps a view of any number of workspaces. Safe for concurrent use.
type Runner struct {
	view   View
	log    *eventlog.Log
	js     jetstream.JetStream
	tables tables
	logger *slog.Logger

	router *message.Router
	ctx    context.Context // ends with Stop
	end    context.CancelFunc
	ended  chan struct{} // the router has returned

	following sync.Mutex // held during Follow and while the router closes

	mu        sync.Mutex // guards what follows
	followers map[string]*follower
	grown     chan struct{} // closed and replaced when followers grows
}

// Start prepares the view in db, which is open and has the view's tables, and runs until Stop or the end of ctx. Nothing is read before Follow.
// Several views may share a database, several Runners may not share a view.
func Start(ctx context.Context, nc *nats.Conn, log *eventlog.Log, db *sqlite.DB, view View, logger *slog.Logger) (*Runner, error) {
	view, err := view.check()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.NewWithAPIPrefix(nc, bus.LogAPI)
	if err != nil {
		return nil, fmt.Errorf("projection: %w", err)
	}
	tables, err := prepare(ctx, db, view)
	if err != nil {
		return nil, err
	}
	logger = logger.With("view", view.Name)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeWithin}, routerLog{logger})
	if err != nil {
		return nil, fmt.Errorf("projection: %w", err)
	}
	// tables.advance turns a panic of Apply into an error by itself, without the stack's arguments; Recoverer stands behind it for the rest.
	router.AddMiddleware(keepCause, middleware.Recoverer)
	r := &Runner{
		view: view, log: log, js: js, tables: tables, logger: logger,
		router: router, ended: make(chan struct{}),
		followers: map[string]*follower{}, grown: make(chan struct{}),
	}
	r.ctx, r.end = context.WithCancel(ctx)
	go func() {
		defer close(r.ended)
		// The router returns an error only when it is run twice or when a subscription fails, which ours never does.
		_ = router.Run(r.ctx)
	}()
	<-router.Running()
	context.AfterFunc(r.ctx, r.close)
	return r, nil
}

// Follow begins to keep the view of a workspace. Following it again is ok and changes nothing, also when the view has stopped there.
//
// An error means that nothing is followed and that trying again is right: eventlog.CodeNoWorkspace, eventlog.CodeUnavailable, CodeStopped after Stop.
// A log that the view must not go on with is not an error here; it shows in Position.
func (r *Runner) Follow(ws string) error {
	r.following.Lock()
	defer r.following.Unlock()
	if r.ctx.Err() != nil {
		return decider.Refuse(CodeStopped, "workspace", ws)
	}
	if f, _ := r.follower(ws); f != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.ctx, openWithin)
	defer cancel()
	f, err := r.open(ctx, ws)
	if err != nil {
		return err
	}
	handler := r.router.AddConsumerHandler(r.view.Name+" "+ws, eventlog.Stream(ws), f, f.project)
	if err := r.router.RunHandlers(r.ctx); err != nil {
		return fmt.Errorf("projection: %w", err)
	}
	if r.ctx.Err() != nil { // stopped meanwhile: the router may have closed without this handler
		<-handler.Stopped()
		return decider.Refuse(CodeStopped, "workspace", ws)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers[ws] = f
	close(r.grown)
	r.grown = make(chan struct{})
	return nil
}

// follower gives what follows a workspace, nil for nothing, and a channel that is closed when another one is followed.
func (r *Runner) follower(ws string) (*follower, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.followers[ws], r.grown
}

// Position says how far the view of a workspace is: every commit up to and including seq is in the tables. unverified is "" while the view follows
// the log; otherwise it is the code of what keeps it from the commit after seq, and what is shown is unverified since then.
func (r *Runner) Position(ws string) (seq uint64, unverified string) {
	f, _ := r.follower(ws)
	if f == nil {
		return 0, CodeNotFollowed
	}
	at, _ := f.place.look()
	return at.seq, at.why()
}

// Wait returns when everything up to and including seq is in the tables: read your writes. It waits for workspaces that are not followed yet, too.
//
// CodeNotYet: ctx ended before; its error is in the chain. CodeStopped: the view has stopped before seq, or Stop was called.
func (r *Runner) Wait(ctx context.Context, ws string, seq uint64) error {
	for {
		var at standing
		f, changed := r.follower(ws)
		if f != nil {
			at, changed = f.place.look()
			switch {
			case at.seq >= seq:
				return nil
			case at.final:
				return stoppedAt(ws, at)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", decider.Refuse(CodeNotYet, "workspace", ws, "seq", number(seq), "position", number(at.seq)), ctx.Err())
		case <-r.ctx.Done():
			return stoppedAt(ws, at)
		}
	}
}

func stoppedAt(ws string, at standing) error {
	return decider.Refuse(CodeStopped, "workspace", ws, "position", number(at.seq), "why", at.why())
}

// Stop ends all work and returns when it has ended; a transaction under way is undone and its commits come again after the next Start. Stopping
// twice is ok. The database and the connection stay open, they are the caller's.
func (r *Runner) Stop() {
	r.end()
	<-r.ended
	r.following.Lock() // a Follow under way has ended
	defer r.following.Unlock()
}

// close closes the router, which waits for its handlers. No Follow is under way meanwhile.
func (r *Runner) close() {
	r.following.Lock()
	defer r.following.Unlock()
	if err := r.router.Close(); err != nil {
		r.logger.Error("projection: an Apply still runs after Stop", "waited", closeWithin)
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func hole(ws string, expected, found uint64) error {
	return fmt.Errorf("%w: the log is damaged; stop writing to this workspace and restore it from its archive",
		decider.Refuse(CodeHole, "workspace", ws, "expected", number(expected), "found", number(found)))
}

func rewritten(ws string, seq uint64) error {
	return fmt.Errorf("%w: this is not the log that the view has read before; find out which is right, then build the view anew",
		decider.Refuse(CodeRewritten, "workspace", ws, "seq", number(seq)))
}
