package projection

import (
	"context"

	"tavolo/pkg/sqlite"
)

// Prepare makes the table of positions.
func Prepare(ctx context.Context, db *sqlite.DB, view View) error {
	_, err := prepare(ctx, db, view)
	return err
}

// Jolt makes a follower believe that a delivery jumped, as one that overtakes another would. It is for an Apply, during which nobody changes the intake.
func (r *Runner) Jolt(ws string) {
	f, _ := r.follower(ws)
	f.in.mu.Lock()
	defer f.in.mu.Unlock()
	f.in.close(hole(ws, f.in.next, f.in.next+1))
}
