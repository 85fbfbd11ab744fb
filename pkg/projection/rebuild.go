package projection

import (
	"context"
	"fmt"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
)

// Rebuild replays a workspace's log into a database that has the view's tables but nothing of that workspace, up to the last commit there is when it
// begins. The result is what a Runner would have made. Start on the same database goes on from there. After is not called.
//
// Refused are a database with a position (CodeNotEmpty), a log that cannot be read whole (codes of package eventlog) and commits that the view cannot
// apply; after an error everything before the commit at fault is in the tables.
func Rebuild(ctx context.Context, log *eventlog.Log, ws string, db *sqlite.DB, view View) error {
	view, err := view.check()
	if err != nil {
		return err
	}
	t, err := prepare(ctx, db, view)
	if err != nil {
		return err
	}
	if seq, _, err := t.position(ctx, ws); err != nil || seq > 0 {
		if err == nil {
			err = fmt.Errorf("%w: rebuild into a new file", decider.Refuse(CodeNotEmpty, "view", view.Name, "workspace", ws))
		}
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	batches, broken := make(chan []eventlog.Recorded), make(chan error, 1)
	read := make(chan struct{})
	defer func() { cancel(); <-read }()
	go func() { // reads and decodes while the batch before is stored
		defer close(read)
		defer close(batches)
		if err := readBatches(ctx, log, ws, view.Batch, batches); err != nil {
			broken <- err
		}
	}()
	for b := range batches {
		if err := upToRefusal(b, func(b []eventlog.Recorded) error { return t.advance(ctx, ws, b) }); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
	}
	select {
	case err := <-broken:
		return err
	default:
		return ctx.Err()
	}
}

// readBatches reads a log to its end. What comes before an error is handed over as well.
func readBatches(ctx context.Context, log *eventlog.Log, ws string, most int, to chan<- []eventlog.Recorded) (err error) {
	var b []eventlog.Recorded
	hand := func() bool {
		if len(b) == 0 {
			return true
		}
		select {
		case to <- b:
			b = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for rec, err := range log.Read(ctx, ws, 1, 0) {
		if err != nil {
			hand()
			return err
		}
		if b = append(b, rec); len(b) == most && !hand() {
			return ctx.Err()
		}
	}
	hand()
	return nil
}
