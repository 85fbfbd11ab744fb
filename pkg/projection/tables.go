package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
)

// The one transaction through which every commit goes, live and in a rebuild: move the position from the commit before the batch to its last
// one, then Apply. When the position is elsewhere nothing is applied; that is the guard behind all others.

const positionTable = `CREATE TABLE IF NOT EXISTS projection_position (
	view      TEXT NOT NULL,
	workspace TEXT NOT NULL,
	seq       INTEGER NOT NULL, -- sequence of the last commit in the view's tables
	commit_id TEXT NOT NULL,    -- its id, by which another log is told from this one
	PRIMARY KEY (view, workspace)
) WITHOUT ROWID`

// tables are a view's tables and its positions.
type tables struct {
	db   *sqlite.DB
	view View
}

func prepare(ctx context.Context, db *sqlite.DB, view View) (tables, error) {
	err := db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, positionTable)
		return err
	})
	if err != nil {
		return tables{}, fmt.Errorf("projection: %s: %w", view.Name, err)
	}
	return tables{db, view}, nil
}

// position reads how far the view of a workspace is.
func (t tables) position(ctx context.Context, ws string) (seq uint64, commit string, err error) {
	err = t.db.Read().QueryRowContext(ctx, `SELECT seq, commit_id FROM projection_position WHERE view = ? AND workspace = ?`, t.view.Name, ws).Scan(&seq, &commit)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, "", fmt.Errorf("projection: position of %s: %w", t.view.Name, err)
	}
	return seq, commit, nil
}

// advance folds a batch in, whole or not at all.
//
// An error with CodeNotStored is the database's, and trying again is right. Every other one says that the batch cannot be folded in: its code is
// CodeHole, CodePositionMoved, CodePoisoned or that of Apply's refusal. When ctx has ended the error says nothing.
func (t tables) advance(ctx context.Context, ws string, batch []eventlog.Recorded) error {
	var cannot error
	err := t.db.Write(ctx, func(tx *sql.Tx) error {
		if err := t.move(ctx, tx, ws, batch, &cannot); err != nil {
			return err
		}
		cannot = t.apply(ctx, tx, ws, batch)
		return cannot
	})
	if err == nil || cannot != nil {
		return cannot
	}
	return fmt.Errorf("%w: the database refused the transaction; it is tried again: %w", decider.Refuse(CodeNotStored, "workspace", ws), err)
}

// move sets the position in the transaction, from the commit before the batch alone.
func (t tables) move(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded, cannot *error) error {
	first, last := batch[0].Seq, batch[len(batch)-1]
	if last.Seq-first+1 != uint64(len(batch)) {
		*cannot = hole(ws, first+uint64(len(batch))-1, last.Seq)
		return *cannot
	}
	var moved sql.Result
	var err error
	if first == 1 {
		moved, err = tx.ExecContext(ctx, `INSERT OR IGNORE INTO projection_position (view, workspace, seq, commit_id) VALUES (?, ?, ?, ?)`,
			t.view.Name, ws, last.Seq, last.Commit.GetId())
	} else {
		moved, err = tx.ExecContext(ctx, `UPDATE projection_position SET seq = ?, commit_id = ? WHERE view = ? AND workspace = ? AND seq = ?`,
			last.Seq, last.Commit.GetId(), t.view.Name, ws, first-1)
	}
	if err != nil {
		return err
	}
	if n, err := moved.RowsAffected(); err != nil || n == 1 {
		return err
	}
	var found uint64
	err = tx.QueryRowContext(ctx, `SELECT seq FROM projection_position WHERE view = ? AND workspace = ?`, t.view.Name, ws).Scan(&found)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	*cannot = fmt.Errorf("%w: another program keeps the same view; let only one run",
		decider.Refuse(CodePositionMoved, "workspace", ws, "expected", number(first-1), "found", number(found)))
	return *cannot
}

// apply calls the view's Apply. A panic is an error like any other, for a commit that one program cannot fold must not end it.
func (t tables) apply(ctx context.Context, tx *sql.Tx, ws string, batch []eventlog.Recorded) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = poisoned(ws, batch, panicError(v))
		}
	}()
	if err := t.view.Apply(ctx, tx, ws, batch); err != nil {
		if decider.CodeOf(err) != "" {
			return err
		}
		return poisoned(ws, batch, err)
	}
	return nil
}

func poisoned(ws string, batch []eventlog.Recorded, err error) error {
	return fmt.Errorf("%w: the program cannot fold this commit; upgrade it: %w", decider.Refuse(CodePoisoned, "workspace", ws, "seq", number(batch[0].Seq)), err)
}

// panicError says where a panic came from and, when the runtime made it, what it was. Any other value may hold what people wrote, and so may the
// arguments in a stack trace: of those only the value's type and the lines of code are told.
func panicError(v any) error {
	what := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		what = e.Error()
	}
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])]) // from what called panic
	var where []string
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasSuffix(f.Function, "projection.tables.apply") {
			break
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			where = append(where, fmt.Sprintf("%s:%d", f.Function, f.Line))
		}
	}
	return fmt.Errorf("panic (%s) at %s", what, strings.Join(where, ", called by "))
}

// upToRefusal folds a batch in; when that fails, one commit at a time, so that what is before the commit at fault is kept and the view stops exactly
// there, whatever the batches were.
func upToRefusal(batch []eventlog.Recorded, fold func([]eventlog.Recorded) error) error {
	err := fold(batch)
	if err == nil || len(batch) == 1 {
		return err
	}
	for i := range batch {
		if err := fold(batch[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}
