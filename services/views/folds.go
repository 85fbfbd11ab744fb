package views

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
)

// This chapter is the aggregates that answers are made of. A session with a thousand decisions is read after every change in it, by whoever looks, and
// all but one of the decisions are as they were: so what was folded is kept with the sequence it is true at, and folded again only when a commit was
// added. What is kept belongs to nobody: answers read it and change nothing.

const (
	// keptMax is how many folds are kept of a workspace.
	keptMax = 2048
	// keptBytes is the most that the commits of one may hold, so that those kept stay below a quarter of a gigabyte. Longer ones, such as an item to
	// which a whole day of words was said, are folded when they are asked for.
	keptBytes = 128 << 10
)

// lastCommit is the sequence of an aggregate's last commit, in a query over the table aggregate.
const lastCommit = `(SELECT max(seq) FROM record WHERE record.aggregate = aggregate.id)`

// idOf gives the number of an aggregate, 0 when the views have not seen it.
func (v *Views) idOf(ctx context.Context, ws string, key aggregate.Key) (int64, error) {
	var id int64
	err := v.read(ws).QueryRowContext(ctx, `SELECT id FROM aggregate WHERE kind = ? AND key = ?`, string(key.Kind), key.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// foldOf folds an aggregate from the stored commits, nil when there is none. keep says which events count, nil keeps all.
func (v *Views) foldOf(ctx context.Context, ws string, key aggregate.Key, keep keeping) (*aggregate.Aggregate, error) {
	var id int64
	var last sql.NullInt64
	err := v.read(ws).QueryRowContext(ctx, `SELECT id, `+lastCommit+` FROM aggregate WHERE kind = ? AND key = ?`, string(key.Kind), key.ID).Scan(&id, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case keep != nil:
		return foldRecord(ctx, v.read(ws), id, key, keep)
	}
	return v.keptFold(ctx, ws, id, key, last.Int64)
}

// need is foldOf for an aggregate that the question names: one that does not exist is refused.
func (v *Views) need(ctx context.Context, ws string, kind aggregate.Kind, id string) (*aggregate.Aggregate, error) {
	a, err := v.foldOf(ctx, ws, aggregate.Key{Kind: kind, ID: id}, nil)
	if err != nil {
		return nil, err
	}
	if a == nil || a.Version == 0 {
		return nil, decider.Refuse(string(kind)+"/unknown", string(kind), id)
	}
	return a, nil
}

// folds gives the aggregates of a kind whose id begins alike, in the order in which they came to be.
func (v *Views) folds(ctx context.Context, ws string, kind aggregate.Kind, prefix string) ([]*aggregate.Aggregate, error) {
	rows, err := v.read(ws).QueryContext(ctx, `SELECT id, key, `+lastCommit+` FROM aggregate WHERE kind = ? AND key >= ? AND key < ? ORDER BY id`, string(kind), prefix, upper(prefix))
	if err != nil {
		return nil, err
	}
	type line struct {
		id, last int64
		key      string
	}
	var lines []line
	for rows.Next() {
		var l line
		var last sql.NullInt64
		if err := rows.Scan(&l.id, &l.key, &last); err != nil {
			_ = rows.Close()
			return nil, err
		}
		l.last = last.Int64
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var all []*aggregate.Aggregate
	for _, l := range lines {
		a, err := v.keptFold(ctx, ws, l.id, aggregate.Key{Kind: kind, ID: l.key}, l.last)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// keptFold gives the fold of an aggregate whose last commit has a sequence.
func (v *Views) keptFold(ctx context.Context, ws string, id int64, key aggregate.Key, last int64) (*aggregate.Aggregate, error) {
	v.mu.RLock()
	kept := v.shelves[ws].folds
	v.mu.RUnlock()
	if a, ok := kept.Get(id); ok && int64(a.Seq) == last {
		return a, nil
	}
	a, err := foldRecord(ctx, v.read(ws), id, key, nil)
	if err != nil {
		return nil, err
	}
	var size int64
	if err := v.read(ws).QueryRowContext(ctx, `SELECT coalesce(sum(length(body)), 0) FROM record WHERE aggregate = ?`, id).Scan(&size); err != nil {
		return nil, err
	}
	if size <= keptBytes {
		kept.Add(id, a)
	}
	return a, nil
}

// upper bounds the ids that begin with a prefix such as "csm-orari:": ';' follows ':' in ASCII, '~' every character of an id.
func upper(prefix string) string {
	if prefix == "" {
		return "~"
	}
	return strings.TrimSuffix(prefix, ":") + ";"
}
