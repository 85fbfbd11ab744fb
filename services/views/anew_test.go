package views

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"tavolo/pkg/sqlite"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Whoever starts a new version on an old folder finds everything there, also when the tables are others now or the file is broken.
func TestTablesOfAnotherVersionAreBuiltAnew(t *testing.T) {
	h := gathered(t)
	want := h.session()
	for name, spoil := range map[string]func(path string) error{
		"another schema": func(path string) error {
			db, err := sqlite.Open(path, sqlite.Options{Schema: "CREATE TABLE aggregate (id INTEGER PRIMARY KEY, kind TEXT, key TEXT) STRICT;"})
			if err != nil {
				return err
			}
			err = db.Write(context.Background(), func(tx *sql.Tx) error {
				_, err := tx.Exec(`INSERT INTO aggregate VALUES (1, 'session', 'csm:s1')`)
				return err
			})
			if err != nil {
				return err
			}
			return db.Close()
		},
		"another fold": func(path string) error {
			db, err := sqlite.Open(path, sqlite.Options{Schema: schema + "CREATE VIEW fold AS SELECT 0 AS version;"})
			if err != nil {
				return err
			}
			return db.Close()
		},
		"no database": func(path string) error { return os.WriteFile(path, make([]byte, 8192), 0o600) },
	} {
		dir := t.TempDir()
		if err := spoil(filepath.Join(dir, "dsm.db")); err != nil {
			t.Fatal(name, err)
		}
		v := h.another(dir)
		got, err := v.getSession(context.Background(), &apiv1.GetSessionRequest{Workspace: "dsm", Session: "csm:s1", AtLeastSequence: h.seq})
		if err != nil || len(got.Seats) != len(want.Seats) || len(got.Items) != len(want.Items) || got.Sequence != want.Sequence {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
		if err := v.Stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
