// Package releases remembers which counts of people have left, so that a later release and an earlier one never tell together what neither tells alone
// (package disclosure, "a table that is published again").
//
// One file in the data folder, releases.db; whoever publishes opens it, a server and a command at the same time if need be. It is no view: it cannot be built
// again from the log, and whoever deletes it lets every number be released as if nothing had been released before.
//
// What is kept are counts and the names of their cells, hidden counts too: the file is as confidential as the log beside it.
package releases

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/sqlite"
)

const schema = `
CREATE TABLE IF NOT EXISTS release (
  name  TEXT NOT NULL,                  -- of the table
  cells TEXT NOT NULL,                  -- JSON, in the order of the table; a release that says the same again adds nothing
  PRIMARY KEY (name, cells)
) STRICT, WITHOUT ROWID;`

// Store is the file of releases.
type Store struct{ db *sqlite.DB }

// Open opens the releases of a data folder.
func Open(dir string) (*Store, error) {
	db, err := sqlite.Open(filepath.Join(dir, "releases.db"), sqlite.Options{Schema: schema, Durable: true})
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Table is a table of counts of people under a stable name.
type Table struct {
	Name   string
	Counts *disclosure.Table
	// AsIs: what is shown was decided by a rule of its own, such as disclosure.Vote, and no cell is hidden here.
	AsIs bool
}

// written is what is kept of a release.
type written struct {
	Names []string          `json:"names"`
	Cells []disclosure.Cell `json:"cells"`
}

// Publish protects tables under a threshold and notes them as released, all or none; it is to be called before anything is handed out. When one of them
// would tell too much together with an earlier release nothing is noted. Refusals: disclosure/difference, disclosure/other-table.
func (s *Store) Publish(ctx context.Context, tables []Table, threshold int) ([]*disclosure.Table, error) {
	var shown []*disclosure.Table
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		shown = nil
		for _, t := range tables {
			earlier, err := earlierOf(ctx, tx, t.Name)
			if err != nil {
				return err
			}
			p := t.Counts
			if t.AsIs {
				err = disclosure.Compare(t.Counts, earlier, threshold)
			} else {
				p, err = disclosure.Next(t.Counts, earlier, threshold)
			}
			if err != nil {
				return err
			}
			cells, err := json.Marshal(written{p.Names, p.Cells})
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO release (name, cells) VALUES (?, ?)`, t.Name, string(cells)); err != nil {
				return err
			}
			shown = append(shown, p)
		}
		return nil
	})
	return shown, err
}

func earlierOf(ctx context.Context, tx *sql.Tx, name string) ([]*disclosure.Table, error) {
	rows, err := tx.QueryContext(ctx, `SELECT cells FROM release WHERE name = ?`, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []*disclosure.Table
	for rows.Next() {
		var cells string
		if err := rows.Scan(&cells); err != nil {
			return nil, err
		}
		var w written
		if err := json.Unmarshal([]byte(cells), &w); err != nil {
			return nil, err
		}
		all = append(all, &disclosure.Table{Names: w.Names, Cells: w.Cells})
	}
	return all, rows.Err()
}
