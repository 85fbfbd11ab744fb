package projection

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
)

// Rebuild replays a workspace's log into a database that has the view's tables but nothing of that workspace. It returns when the commit that was the
// last when it began is in the tables; some that came later may be, too. Start on the same database goes on from there. After is not called.
//
// It is a Runner that ends: the same transactions, the same way to read. (Reading by eventlog.Log.Read took twice as long.) What would stop a view, or
// keep it waiting for room on the disk, is its error, and everything before that commit is in the tables. A database with a position is refused
// (CodeNotEmpty).
func Rebuild(ctx context.Context, nc *nats.Conn, log *eventlog.Log, ws string, db *sqlite.DB, view View) error {
	view.After = nil
	r, err := Start(ctx, nc, log, db, view, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer r.Stop()
	last, err := log.Last(ctx, ws)
	if err != nil {
		return err
	}
	seq, _, err := r.tables.position(ctx, ws)
	if err != nil {
		return err
	}
	if seq > 0 {
		return fmt.Errorf("%w: rebuild into a new file", decider.Refuse(CodeNotEmpty, "view", view.Name, "workspace", ws))
	}
	if err := r.Follow(ws); err != nil {
		return err
	}
	f, _ := r.follower(ws)
	for {
		at, changed := f.place.look()
		if at.seq >= last {
			return nil
		}
		if at.reason != nil {
			return at.reason
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return context.Cause(ctx)
		}
	}
}
