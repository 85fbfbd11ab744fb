package sqlite_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
)

const schema = `
CREATE TABLE item (id TEXT PRIMARY KEY, n INTEGER); -- a thing
CREATE TABLE part (item TEXT NOT NULL REFERENCES item (id), k BLOB);
`

var keys = sqlite.Options{Durable: true, SecureDelete: true, Schema: schema}

func open(t *testing.T, path string, opt sqlite.Options) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(path, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t *testing.T, db *sqlite.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func count(t *testing.T, db *sqlite.DB, query string) (n int) {
	t.Helper()
	if err := db.Read().QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}

func TestWriteLeavesNoTraceAfterAnErrorOrAPanic(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), keys)
	insert := func(tx *sql.Tx) {
		if _, err := tx.Exec(`INSERT INTO item VALUES ('a', 1)`); err != nil {
			t.Fatal(err)
		}
	}
	mine := errors.New("mine")
	if err := db.Write(t.Context(), func(tx *sql.Tx) error { insert(tx); return mine }); err != mine {
		t.Fatalf("the error came back as %v", err)
	}
	func() {
		defer func() {
			if recover() != "stop" {
				t.Fatal("the panic was swallowed")
			}
		}()
		db.Write(t.Context(), func(tx *sql.Tx) error { insert(tx); panic("stop") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	if err := db.Write(ctx, func(tx *sql.Tx) error { insert(tx); cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("an ended context gave %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM item`); n != 0 {
		t.Fatalf("%d rows stayed", n)
	}
	exec(t, db, `INSERT INTO item VALUES ('a', 1)`) // The writer is free again.
	if n := count(t, db, `SELECT count(*) FROM item`); n != 1 {
		t.Fatalf("%d rows after a good write", n)
	}
}

func TestReadersSeeTheLastCommitWhileSomebodyWrites(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), keys)
	exec(t, db, `INSERT INTO item VALUES ('a', 1)`)
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(`UPDATE item SET n = 2`); err != nil {
			return err
		}
		if n := count(t, db, `SELECT n FROM item`); n != 1 {
			t.Errorf("a reader saw %d before the commit", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT n FROM item`); n != 2 {
		t.Errorf("a reader saw %d after the commit", n)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), keys)
	if _, err := db.Read().Exec(`INSERT INTO item VALUES ('a', 1)`); err == nil {
		t.Fatal("a read-only connection wrote")
	}
}

func TestForeignKeysHold(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{Schema: schema})
	err := db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(`INSERT INTO part VALUES ('nobody', NULL)`); return err })
	if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
		t.Fatalf("got %v", err)
	}
}

func TestWritersTakeTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	one := open(t, path, sqlite.Options{Schema: schema})
	two := open(t, path, sqlite.Options{Schema: schema}) // As another process would.
	exec(t, one, `INSERT INTO item VALUES ('a', 0)`)
	var all sync.WaitGroup
	for _, db := range []*sqlite.DB{one, one, two, two} {
		all.Go(func() {
			for range 25 {
				err := db.Write(t.Context(), func(tx *sql.Tx) error {
					var n int
					if err := tx.QueryRow(`SELECT n FROM item`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(`UPDATE item SET n = ?`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := count(t, one, `SELECT n FROM item`); n != 100 {
		t.Fatalf("%d of 100 increments", n)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "er")
	db := open(t, filepath.Join(folder, "x.db"), sqlite.Options{Schema: schema})
	exec(t, db, `INSERT INTO item VALUES ('a', 1)`)
	for name, want := range map[string]os.FileMode{"": 0o700, "x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
}

func TestAStoreOfKeysThatOthersMayReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o602} {
		path := filepath.Join(t.TempDir(), "x.db")
		open(t, path, keys).Close()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := sqlite.Open(path, keys)
		refused(t, err, "sqlite/open-to-others")
		open(t, path, sqlite.Options{Schema: schema}) // A view can be built anew from the log; it opens.
	}
	// The write-ahead log holds the same keys.
	path := filepath.Join(t.TempDir(), "x.db")
	exec(t, open(t, path, keys), `INSERT INTO item VALUES ('a', 1)`)
	if err := os.Chmod(path+"-wal", 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(path, keys)
	refused(t, err, "sqlite/open-to-others")
}

func TestAFileOfAnotherSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	exec(t, open(t, path, keys), `INSERT INTO item VALUES ('a', 1)`)
	with := func(s string) error {
		db, err := sqlite.Open(path, sqlite.Options{Schema: s})
		if err == nil {
			defer db.Close()
			if n := count(t, db, `SELECT count(*) FROM item`); n != 1 {
				t.Errorf("%d rows after opening again", n)
			}
		}
		return err
	}
	for _, same := range []string{schema, strings.ReplaceAll(schema, "-- a thing", "-- told better"), "\n\n" + schema, ""} {
		if err := with(same); err != nil {
			t.Errorf("the same schema was refused: %v", err)
		}
	}
	refused(t, with(schema+`CREATE INDEX i ON part (item);`), "sqlite/other-schema")
	refused(t, with(strings.ReplaceAll(schema, "n INTEGER", "n TEXT")), "sqlite/other-schema")

	// Tables that nobody numbered are somebody else's.
	foreign := filepath.Join(t.TempDir(), "x.db")
	exec(t, open(t, foreign, sqlite.Options{}), `CREATE TABLE theirs (x)`)
	_, err := sqlite.Open(foreign, keys)
	refused(t, err, "sqlite/other-schema")
}

func TestASchemaIsMadeWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if _, err := sqlite.Open(path, sqlite.Options{Schema: schema + `CREATE TABLE broken (`}); err == nil {
		t.Fatal("a broken schema was accepted")
	}
	open(t, path, keys) // Nothing of it stayed.
}

func TestABrokenFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 400), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(path, keys)
	refused(t, err, "sqlite/damaged")
}

func TestAnyPathOpens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory#%41&è'.db")
	exec(t, open(t, path, keys), `INSERT INTO item VALUES ('a', 1)`)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, path, keys), `SELECT count(*) FROM item`); n != 1 {
		t.Fatalf("%d rows", n)
	}
}

func TestEveryConnectionIsSetAsItsKindAsks(t *testing.T) {
	for _, c := range []struct {
		opt  sqlite.Options
		want map[string]int
	}{
		{sqlite.Options{}, map[string]int{"synchronous": 1, "secure_delete": 0, "foreign_keys": 1, "temp_store": 2, "mmap_size": 0, "trusted_schema": 0}},
		{keys, map[string]int{"synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "temp_store": 2, "fullfsync": 1, "checkpoint_fullfsync": 1}},
	} {
		db := open(t, filepath.Join(t.TempDir(), "x.db"), c.opt)
		for name, want := range c.want {
			err := db.Write(t.Context(), func(tx *sql.Tx) error {
				var got int
				err := tx.QueryRow("PRAGMA " + name).Scan(&got)
				if got != want {
					t.Errorf("%+v: writer has %s = %d, want %d", c.opt, name, got, want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if got := count(t, db, "PRAGMA "+name); got != want && name != "mmap_size" {
				t.Errorf("%+v: reader has %s = %d, want %d", c.opt, name, got, want)
			}
		}
	}
}

// Deleted content stays in free pages and in the write-ahead log: what a key store must not allow, and what an ordinary database does.
func TestDeletedContentIsInNoFileAfterACheckpoint(t *testing.T) {
	for _, c := range []struct {
		opt        sqlite.Options
		checkpoint bool
		found      bool
	}{
		{keys, true, false},
		{keys, false, true},
		{sqlite.Options{Schema: schema}, true, true},
	} {
		folder := t.TempDir()
		db := open(t, filepath.Join(folder, "x.db"), c.opt)
		exec(t, db, `INSERT INTO item VALUES ('a', 1)`)
		var planted []byte
		for i := range 200 {
			secret := make([]byte, 48)
			rand.Read(secret)
			exec(t, db, `INSERT INTO part VALUES ('a', ?)`, secret)
			if i == 100 {
				planted = secret
			}
		}
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !inFiles(t, folder, planted) {
			t.Fatal("the planted bytes are nowhere before deletion: the test sees nothing")
		}
		exec(t, db, `DELETE FROM part WHERE k = ?`, planted)
		if c.checkpoint {
			if err := db.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := inFiles(t, folder, planted[8:40]); got != c.found {
			t.Errorf("%+v, checkpoint %v: deleted bytes found: %v, want %v", c.opt, c.checkpoint, got, c.found)
		}
	}
}

func inFiles(t *testing.T, folder string, what []byte) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, what) {
			return true
		}
	}
	return false
}

func TestCheckpointSaysWhenAReaderHoldsItBack(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the busy timeout of 5 s")
	}
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.db"), keys)
	exec(t, db, `INSERT INTO item VALUES ('a', 1)`)
	tx, err := db.Read().Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRow(`SELECT count(*) FROM item`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO item VALUES ('b', 1)`)
	refused(t, db.Checkpoint(t.Context()), "sqlite/checkpoint-busy")
	tx.Rollback()
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestClosingTwiceIsOkAndLeavesOneFile(t *testing.T) {
	folder := t.TempDir()
	db := open(t, filepath.Join(folder, "x.db"), keys)
	exec(t, db, `INSERT INTO item VALUES ('a', 1)`)
	count(t, db, `SELECT count(*) FROM item`)
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "*")); len(files) != 1 {
		t.Fatalf("left: %v", files)
	}
}

func BenchmarkWriteOneRow(b *testing.B) {
	for name, opt := range map[string]sqlite.Options{"view": {Schema: schema}, "keys": keys} {
		b.Run(name, func(b *testing.B) {
			db, err := sqlite.Open(filepath.Join(b.TempDir(), "x.db"), opt)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			i := 0
			for b.Loop() {
				i++
				err := db.Write(b.Context(), func(tx *sql.Tx) error {
					_, err := tx.Exec(`INSERT INTO item VALUES (?, ?)`, fmt.Sprintf("%09d", i), i)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
