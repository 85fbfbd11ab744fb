package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/sqlite"
)

func dump(t interface {
	Helper()
	Fatal(...any)
}, db *sqlite.DB) string {
	t.Helper()
	var b strings.Builder
	if err := db.Dump(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDumpWritesEveryKindOfValueOnOneLine(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{Schema: `
		CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, v, flag BOOLEAN, at TIMESTAMP);
		CREATE TABLE a (k TEXT, n INTEGER, PRIMARY KEY (n, k)) WITHOUT ROWID;
		CREATE INDEX i ON a (k);
		CREATE VIEW seen AS SELECT k FROM a;
		CREATE VIRTUAL TABLE words USING fts4 (text);`})
	for i, v := range []any{nil, 1, 1.0, 0.1, "1", []byte("1"), "", "tab\tline\nè\x00end", []byte{}, "NULL", 1e300} {
		exec(t, db, `INSERT INTO "odd ""name" VALUES (?, ?, 1, 1700000000)`, i, v)
	}
	exec(t, db, `INSERT INTO a VALUES ('b', 1), ('a', 2), ('a', 1)`)
	exec(t, db, `INSERT INTO words VALUES ('parola')`)
	want := `a(k, n)
"a"	1
"b"	1
"a"	2
odd "name(id, v, flag, at)
0	NULL	1	1700000000
1	1	1	1700000000
2	1.0	1	1700000000
3	0.1	1	1700000000
4	"1"	1	1700000000
5	X'31'	1	1700000000
6	""	1	1700000000
7	"tab\tline\nè\x00end"	1	1700000000
8	X''	1	1700000000
9	"NULL"	1	1700000000
10	1e+300	1	1700000000
words(text)
"parola"
`
	if got := dump(t, db); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The dump depends on the content alone: not on the order of arrival, nor on rows that came and went.
func TestDumpOfTheSameContentIsTheSame(t *testing.T) {
	folder, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.SampledFrom([]string{"a", "A", "b", "é", ""}).Draw(t, "k"), rapid.StringN(0, 3, -1).Draw(t, "v")}
		}), 0, 12).Draw(t, "rows")
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		made := func(rows [][2]string, passing bool) string {
			n++
			db, err := sqlite.Open(filepath.Join(folder, fmt.Sprint(n, ".db")), sqlite.Options{Schema: `CREATE TABLE x (k TEXT COLLATE NOCASE, v TEXT)`})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			err = db.Write(t.Context(), func(tx *sql.Tx) error {
				for _, r := range rows {
					if passing {
						if _, err := tx.Exec(`INSERT INTO x VALUES ('passing', 'passing')`); err != nil {
							return err
						}
					}
					if _, err := tx.Exec(`INSERT INTO x VALUES (?, ?)`, r[0], r[1]); err != nil {
						return err
					}
				}
				_, err := tx.Exec(`DELETE FROM x WHERE v = 'passing'`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return dump(t, db)
		}
		one, other := made(rows, false), made(shuffled, true)
		if one != other {
			t.Fatalf("two dumps of the same content:\n%s\n%s", one, other)
		}
		if got := strings.Count(one, "\n") - 1; got != len(rows) {
			t.Fatalf("%d lines for %d rows", got, len(rows))
		}
	})
}

func TestDumpShowsEveryDifference(t *testing.T) {
	seen := map[string]any{}
	for i, v := range []any{nil, 0, 1, 1.5, "", "1", "1.5", []byte(""), []byte("1"), "NULL", "a\\tb", "a\tb", "a\x00b", "a\x00c"} {
		db := open(t, filepath.Join(t.TempDir(), "x.db"), sqlite.Options{Schema: `CREATE TABLE x (v)`})
		exec(t, db, `INSERT INTO x VALUES (?)`, v)
		d := dump(t, db)
		if other, ok := seen[d]; ok {
			t.Errorf("value %d (%#v) has the dump of %#v", i, v, other)
		}
		seen[d] = v
	}
}
