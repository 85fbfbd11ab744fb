package feeds

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// A reader of a narrow scope asks every minute. The order is looked through when there is a new entry, and not each time.
func TestTheOrderIsNotLookedThroughAgainForAPageThatIsKnown(t *testing.T) {
	st, err := openStore(filepath.Join(t.TempDir(), "feeds"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.db.Close() }()
	o, err := newOrder(st, nil, time.Now, func(context.Context) (string, error) { return "localhost", nil })
	if err != nil {
		t.Fatal(err)
	}
	write := func(statement string, args ...any) {
		t.Helper()
		if err := st.db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
			t.Fatal(err)
		}
	}
	add := func(n uint64, workspace string) {
		t.Helper()
		write(`INSERT INTO entry (n, workspace, seq, released, initiative, area, outcome) VALUES (?, ?, ?, ?, 'i', 0, 0)`, n, workspace, n, n)
		o.known.Add(n, seen{&feedv1.Entry{Workspace: workspace, Sequence: n}, time.Now()})
	}
	newest := func(workspace string, before uint64) (numbers []uint64) {
		t.Helper()
		p, err := o.before(t.Context(), &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Workspace: workspace}}}, before, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.entries {
			numbers = append(numbers, e.N)
		}
		return numbers
	}
	want := func(what string, got []uint64, n ...uint64) {
		t.Helper()
		if len(got) != len(n) {
			t.Errorf("%s: %v, want %v", what, got, n)
			return
		}
		for i := range n {
			if got[i] != n[i] {
				t.Errorf("%s: %v, want %v", what, got, n)
			}
		}
	}
	add(1, "a")
	add(2, "b")
	want("the newest of a", newest("a", 0), 1)
	want("the newest of b", newest("b", 0), 2)
	write(`UPDATE entry SET workspace = 'c' WHERE n = 1`) // which never happens: whoever looks again sees it
	want("the newest of a, known", newest("a", 0), 1)
	add(3, "a")
	want("after a new entry", newest("a", 0), 3)
	want("below another number", newest("b", 3), 2)
}
