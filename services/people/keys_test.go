package people_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/sqlite"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// childDir names the key store that this program serves when it is the child to be killed.
const childDir = "TAVOLO_TEST_PEOPLE_DIR"

// TestTheKeyIsThereAfterAKillRightAfterTheAnswer starts a child with the service, kills it as soon as an answer is seen, and opens what it sealed.
func TestTheKeyIsThereAfterAKillRightAfterTheAnswer(t *testing.T) {
	asked := words(anna, "text", "Detto un attimo prima.")
	if dir := os.Getenv(childDir); dir != "" {
		h := start(t, dir)
		sealed, err := proto.Marshal(h.seal(t, asked)[0])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("sealed", base64.StdEncoding.EncodeToString(sealed))
		fmt.Println("enrolled", h.enrol(t, "csm-orari", fmt.Sprint("u", os.Getpid()))[0], fmt.Sprint("u", os.Getpid()))
		select {} // Until killed.
	}
	dir := filepath.Join(t.TempDir(), "people")
	var sealed []*eventv1.Sealed
	pseudonym := map[string]string{}
	for range 5 {
		child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), childDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "sealed "); ok {
				data, err := base64.StdEncoding.DecodeString(text)
				s := &eventv1.Sealed{}
				if err != nil || proto.Unmarshal(data, s) != nil {
					t.Fatalf("the child said %q", lines.Text())
				}
				sealed = append(sealed, s)
				if len(sealed)%2 == 1 {
					break // Every other time before it is asked for a pseudonym.
				}
			}
			if text, ok := strings.CutPrefix(lines.Text(), "enrolled "); ok {
				p, ref, _ := strings.Cut(text, " ")
				pseudonym[ref] = p
				break
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		child.Wait()
	}
	if len(sealed) != 5 || len(pseudonym) != 2 {
		t.Fatalf("%d texts sealed and %d pseudonyms given before the kills", len(sealed), len(pseudonym))
	}
	h := start(t, dir)
	for i, s := range sealed {
		if o := h.open(t, at(asked, s))[0]; o.Text != asked.Text {
			t.Errorf("after kill %d: %v", i+1, o)
		}
	}
	for ref, p := range pseudonym {
		if got := h.enrol(t, "csm-orari", ref)[0]; got != p {
			t.Errorf("%s was %s and is %s", ref, p, got)
		}
	}
}

// Each case takes something from a good store. The service does not start; it does again when that is undone.
func TestItDoesNotStartWithHalfAStore(t *testing.T) {
	other := filepath.Join(t.TempDir(), "people")
	start(t, other).stop()
	for name, c := range map[string]struct {
		harm func(t *testing.T, dir string)
		code string
	}{
		"KEK open to the group":  {func(t *testing.T, dir string) { chmod(t, dir, "kek", 0o640) }, "people/key-file-open"},
		"KEK open to all":        {func(t *testing.T, dir string) { chmod(t, dir, "kek", 0o604) }, "people/key-file-open"},
		"keys open to the group": {func(t *testing.T, dir string) { chmod(t, dir, "keys.db", 0o640) }, "sqlite/open-to-others"},
		"no KEK":                 {func(t *testing.T, dir string) { remove(t, dir, "kek") }, "people/kek-missing"},
		"no keys":                {func(t *testing.T, dir string) { remove(t, dir, "keys.db") }, "people/keys-missing"},
		"another store's KEK":    {func(t *testing.T, dir string) { write(t, dir, "kek", read(t, other, "kek")) }, "people/kek-wrong"},
		"an empty KEK":           {func(t *testing.T, dir string) { write(t, dir, "kek", "") }, "people/kek-damaged"},
		"half a KEK":             {func(t *testing.T, dir string) { write(t, dir, "kek", read(t, dir, "kek")[:45]) }, "people/kek-damaged"},
		"a KEK of no epoch": {func(t *testing.T, dir string) {
			write(t, dir, "kek", strings.Replace(read(t, dir, "kek"), " 1 ", " 0 ", 1))
		}, "people/kek-damaged"},
		"a KEK of another epoch": {func(t *testing.T, dir string) {
			write(t, dir, "kek", strings.Replace(read(t, dir, "kek"), " 1 ", " 2 ", 1))
		}, "people/kek-wrong"},
		"keys without the key of the register": {func(t *testing.T, dir string) {
			change(t, dir, `DELETE FROM index_key`)
			remove(t, dir, "kek")
		}, "people/kek-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "people")
			h := start(t, dir)
			asked := words(anna, "text", "Sì")
			sealed := h.seal(t, asked)[0]
			h.stop()
			kek, keys := read(t, dir, "kek"), read(t, dir, "keys.db")
			c.harm(t, dir)
			_, err := tryStart(t, dir)
			if decider.CodeOf(err) != c.code {
				t.Fatalf("got %v, want the refusal %s", err, c.code)
			}
			remove(t, dir, "kek")
			remove(t, dir, "keys.db")
			write(t, dir, "kek", kek)
			write(t, dir, "keys.db", keys)
			if o := start(t, dir).open(t, at(asked, sealed))[0]; o.Text != "Sì" {
				t.Errorf("undone, it opens %v", o)
			}
		})
	}
}

func TestTheFirstStartMakesFilesForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "people")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "kek.new", "left by a crash")
	chmod(t, dir, "kek.new", 0o644)
	h := start(t, dir)
	h.seal(t, words(anna, "text", "Sì"))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o (%v)", f.Name(), info.Mode().Perm(), err)
		}
	}
	if got := strings.Join(names, " "); got != "accounts.db accounts.db-shm accounts.db-wal kek keys.db keys.db-shm keys.db-wal" {
		t.Errorf("files: %s", got)
	}
}

// What erasure will do to the table is seen by the next request: no key is remembered.
func TestADestroyedKeyIsGoneAtOnce(t *testing.T) {
	dir := t.TempDir()
	h := start(t, dir)
	asked := words(anna, "text", "Vorrei che restasse tra noi.")
	sealed := h.seal(t, asked, asked, asked)
	h.open(t, at(asked, sealed[0]), at(asked, sealed[1]), at(asked, sealed[2]))
	change(t, dir, `UPDATE key SET wrapped_dek = NULL, destroyed_at = 1700000000 WHERE key_id = ?`, sealed[0].KeyId)
	change(t, dir, `DELETE FROM key WHERE key_id = ?`, sealed[1].KeyId)
	got := h.open(t, at(asked, sealed[0]), at(asked, sealed[1]), at(asked, sealed[2]))
	for i, want := range []*peoplev1.OpenedWords{{Gone: true}, {Gone: true}, {Text: asked.Text}} {
		if !proto.Equal(got[i], want) {
			t.Errorf("text %d: got %v, want %v", i, got[i], want)
		}
	}
	if h.log.Len() > 0 {
		t.Errorf("logged %s", h.log)
	}
}

// A key moved to another owner's row opens nothing, and is not taken for a destroyed one.
func TestAChangedRowOpensNothing(t *testing.T) {
	dir := t.TempDir()
	h := start(t, dir)
	asked := words(anna, "text", "Sì")
	for _, column := range []string{"workspace", "subject", "record", "wrapped_dek"} {
		sealed := h.seal(t, asked)[0]
		change(t, dir, `UPDATE key SET `+column+` = CASE typeof(`+column+`) WHEN 'blob' THEN randomblob(60) ELSE `+column+` || 'x' END WHERE key_id = ?`, sealed.KeyId)
		if o := h.open(t, at(asked, sealed))[0]; o.Text != "" || o.Gone {
			t.Errorf("%s changed: %v", column, o)
		}
	}
}

// No name, text or short id is in a file, a log line or an error, whatever was asked.
func TestNothingSaidIsInAnyFileLogOrError(t *testing.T) {
	canaries := []string{"Fulgenzia Passerotti", "non prendo più le gocce", "u-canarino-17", "sconosciuto-canarino"}
	root := t.TempDir()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&lockedWriter{w: &log}, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	h := start(t, filepath.Join(root, "people"))

	var errs []error
	fails := func(err error) {
		if err == nil {
			t.Error("accepted what must be refused")
		}
		errs = append(errs, err)
	}
	name, text, ref := words(anna, "name", canaries[0]), words(anna, "text", canaries[1]), words(anna, "ref", canaries[2])
	sealed := h.seal(t, name, text, ref)
	h.enrol(t, "csm-orari", canaries[2], canaries[2], "u2")
	h.open(t, at(name, sealed[0]), at(text, sealed[1]), at(name, sealed[2]))
	_, err := h.trySeal(t.Context(), workspace, words(canaries[2], "text", canaries[1]))
	fails(err)
	_, err = h.trySeal(t.Context(), workspace, words(anna, "text", strings.Repeat(canaries[1], 1_000)))
	fails(err)
	_, err = h.trySeal(t.Context(), workspace, &peoplev1.Words{Commit: canaries[0], Field: "text", Text: "Sì"})
	fails(err)
	_, err = h.tryEnrol(t.Context(), workspace, "csm-orari", strings.Repeat(canaries[3], 20))
	fails(err)
	m, err := h.nc.Request("people.seal", []byte(canaries[1]), bus.RequestTimeout)
	if err != nil {
		t.Fatal(err)
	}
	errs = append(errs, fmt.Errorf("%v %s", m.Header, m.Data))

	look := func(when string) {
		for path, content := range files(t, root) {
			for _, c := range canaries {
				if bytes.Contains(content, []byte(c)) {
					t.Errorf("%s: %q is in %s", when, c, path)
				}
			}
		}
	}
	look("while it runs")
	h.stop()
	look("after it stopped")
	for _, c := range canaries {
		for _, e := range errs {
			if strings.Contains(e.Error(), c) {
				t.Errorf("%q is in the error %v", c, e)
			}
		}
		if strings.Contains(h.log.String()+log.String(), c) {
			t.Errorf("%q is in the log", c)
		}
	}
	if !strings.Contains(h.log.String(), "do not open") {
		t.Error("the log that was searched is empty")
	}

	// The search finds what is there: ids are kept as they are.
	found := false
	for _, content := range files(t, root) {
		found = found || bytes.Contains(content, []byte(anna)) && bytes.Contains(content, []byte(commit))
	}
	if !found {
		t.Error("the search does not even find the pseudonym")
	}
}

// files reads every file below root.
func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(all) < 2 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

func change(t *testing.T, dir, query string, args ...any) {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(dir, "keys.db"), sqlite.Options{Durable: true, SecureDelete: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *sql.Tx) error {
		r, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); n != 1 {
			t.Fatalf("%s: %d rows, %v", query, n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, dir, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
