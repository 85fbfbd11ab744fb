// Package clerk acts when nobody does: it closes votes at their deadline. It writes the log only by sending commands.
//
//	LOG_<workspace> ──► openings ──schedule──► TIMERS ──at the deadline──► deadlines ──CloseVoting──► ledger
//	                    (VotingOpened            │  (the server keeps
//	                     with closes_at)         │   the time)
//	                    position ◄───────────────┘
//
// Life of a timer: set when a vote with a deadline opens, set again when the vote is opened again, due at the deadline, gone when the ledger has
// answered. The server fires it whether a clerk runs or not; who comes back finds it waiting.
//
// What it promises. Every vote whose opening is in the log and has a deadline is closed once that has passed, at the latest when clerk, ledger
// and log are there together again. No vote is closed before its deadline, nor because of the deadline of an earlier opening. Everything is done at
// least once: closing a closed vote changes nothing, so doing it twice is harmless, and several clerks may run. A hole in a log stops the reading of
// that log (INV-02), not that of the others.
//
// Both halves are Watermill handlers, one message at a time (openings.go: one for each workspace; deadlines.go: one). timers.go is the stream between
// them.
//
// Not here: whether a vote may be closed and what comes out (pkg/domain/decision), when ballots are too late (there as well).
package clerk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
)

const (
	// lookout is how often the clerk looks for workspaces that appeared meanwhile: one question to the server, whatever their number.
	lookout = 2 * time.Second
	// lookWithin bounds that question.
	lookWithin = 10 * time.Second
	// closeWithin is how long Stop waits for a handler: each heeds its context and ends within a moment.
	closeWithin = 10 * time.Second
)

// Options of a clerk.
type Options struct {
	// Conn is the clerk's own connection. Its owner closes it, after Stop.
	Conn *nats.Conn
	// Logger. Nil: the default one.
	Logger *slog.Logger
	// Clock says what time it is. No vote is closed before its deadline by this clock. Nil: the system's clock. When timers fire is the server's
	// own clock's business.
	Clock func() time.Time
}

// Clerk is the running service.
type Clerk struct {
	conn   *nats.Conn
	log    *eventlog.Log
	logAPI jetstream.JetStream
	timers *timers
	clock  func() time.Time
	logger *slog.Logger

	router   *message.Router
	followed map[string]bool // by workspace; used by Start, then by the lookout alone

	end   context.CancelFunc
	ended chan struct{}
}

// Start makes the stream of timers when it is missing, and works until Stop or the end of ctx. It returns when the workspaces that exist are being read.
//
// Several clerks may run, in one process or in many: each timer is given to one of them. Refusals: CodeTimersDrift, CodeTimersUnavailable, and
// eventlog.CodeUnavailable when the logs cannot be listed.
func Start(ctx context.Context, o Options) (*Clerk, error) {
	c := &Clerk{conn: o.Conn, clock: o.Clock, logger: o.Logger, followed: map[string]bool{}, ended: make(chan struct{})}
	if c.clock == nil {
		c.clock = time.Now
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	var err error
	if c.log, err = eventlog.New(o.Conn); err != nil {
		return nil, err
	}
	if c.logAPI, err = jetstream.NewWithAPIPrefix(o.Conn, bus.LogAPI); err != nil {
		return nil, fmt.Errorf("clerk: %w", err)
	}
	if c.timers, err = openTimers(ctx, o.Conn); err != nil {
		return nil, err
	}
	if c.router, err = newRouter(c.logger); err != nil {
		return nil, fmt.Errorf("clerk: %w", err)
	}
	d := newDeadlines(c)
	c.router.AddConsumerHandler("deadlines", subjectDue+">", subscriber{d}, d.meet)
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// run starts the router, then the lookout. The router outlives the lookout, which adds handlers to it.
func (c *Clerk) run(ctx context.Context) error {
	ctx, c.end = context.WithCancel(ctx)
	handling, stop := context.WithCancel(context.WithoutCancel(ctx))
	routed := make(chan struct{})
	go func() {
		defer close(routed)
		// Its only errors are that it is run twice and that a subscription fails, and ours never does.
		_ = c.router.Run(handling)
	}()
	<-c.router.Running()
	err := c.follow(ctx, handling)
	if err != nil {
		c.end()
	}
	go func() {
		defer close(c.ended)
		c.lookOut(ctx, handling)
		stop()
		if err := c.router.Close(); err != nil {
			c.logger.Error("clerk: a handler still runs after Stop", "waited", closeWithin)
		}
		<-routed
	}()
	if err != nil {
		<-c.ended
	}
	return err
}

// Stop ends all work and returns when it has ended. A command under way may have been carried out; its timer comes again. Stopping twice is ok.
func (c *Clerk) Stop() {
	c.end()
	<-c.ended
}

// lookOut begins to read workspaces as they appear, until ctx ends.
func (c *Clerk) lookOut(ctx, handling context.Context) {
	tick := time.NewTicker(lookout)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.follow(ctx, handling); err != nil && ctx.Err() == nil {
				c.logger.Warn("clerk: cannot look for new workspaces", "error", err)
			}
		}
	}
}

// follow begins to read every workspace that has a log and is not read yet.
func (c *Clerk) follow(ctx, handling context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	workspaces, err := c.log.Workspaces(ctx)
	if err != nil {
		return err
	}
	var added bool
	for _, ws := range workspaces {
		if c.followed[ws] {
			continue
		}
		o := newOpenings(c, ws)
		c.router.AddConsumerHandler("openings "+ws, eventlog.Stream(ws), subscriber{o}, o.note)
		c.followed[ws], added = true, true
	}
	if !added {
		return nil
	}
	return c.router.RunHandlers(handling)
}

// errStopped says that a wait ended with its context.
var errStopped = errors.New("clerk: stopped")
