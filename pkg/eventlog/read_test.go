package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// damaged is a stream of ten commits of two aggregates that lets messages be deleted and anything be published.
func damaged(t *testing.T) (*nats.Conn, jetstream.Stream, *eventlog.Log) {
	t.Helper()
	nc, js, log := unguarded(t)
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_w", Subjects: []string{"log.w.>"}, AllowDirect: true})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]uint64{}
	for i := range uint64(10) {
		id := fmt.Sprint("d", i%2)
		last[id] = mustAppend(t, log, "w", commit(id, i/2+1), last[id])
	}
	return nc, stream, log
}

// refusalAfter reads from a sequence until the error.
func refusalAfter(t *testing.T, l *eventlog.Log, from uint64) (read int, err error) {
	t.Helper()
	for _, err := range l.Read(t.Context(), "w", from, 0) {
		if err != nil {
			return read, err
		}
		read++
	}
	return read, nil
}

func wantHole(t *testing.T, err error, expected, found string) {
	t.Helper()
	var r *decider.Refusal
	if !errors.As(err, &r) || r.Code != eventlog.CodeHole || r.Args["expected"] != expected || r.Args["found"] != found {
		t.Errorf("got %v, want a hole: expected %s, found %s", err, expected, found)
	}
}

func TestLogRefusesToDelete(t *testing.T) {
	_, js, log := unguarded(t) // here everybody may ask, and the stream itself refuses
	create(t, log, "w")
	mustAppend(t, log, "w", commit("a", 1), 0)
	stream, err := js.Stream(t.Context(), "LOG_w")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("a commit was deleted")
	}
	if err := stream.SecureDeleteMsg(t.Context(), 1); err == nil {
		t.Error("a commit was erased")
	}
	if err := stream.Purge(t.Context()); err == nil {
		t.Error("the log was purged")
	}
	c := stream.CachedInfo().Config
	c.DenyDelete = false
	if _, err := js.UpdateStream(t.Context(), c); err == nil {
		t.Error("the log was made deletable")
	}
	rollup := nats.NewMsg("log.w.decision.a")
	rollup.Header.Set("Nats-Rollup", "all")
	if _, err := js.PublishMsg(t.Context(), rollup); err == nil {
		t.Error("the log was rolled up")
	}
	if got := all(t, log, "w"); len(got) != 1 {
		t.Errorf("%d commits are left", len(got))
	}
}

func TestReadStopsAtAHole(t *testing.T) {
	for _, gone := range []uint64{1, 2, 5, 9} {
		_, stream, log := damaged(t)
		if err := stream.DeleteMsg(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		_, err := refusalAfter(t, log, 0)
		wantCode(t, err, eventlog.CodeHole)
		_, err = log.Last(t.Context(), "w")
		wantCode(t, err, eventlog.CodeHole)
	}
}

// The server's own count may say that nothing is missing. Here the hole is made when the read has begun: the commits are so large that what is deleted
// was not in the first answer.
func TestReadFindsAHoleThatTheCountDoesNotShow(t *testing.T) {
	const n = 2*eventlog.ReadBytes/eventlog.MaxCommit + 2
	for _, c := range []struct {
		gone            uint64
		expected, found string
	}{{n - 1, fmt.Sprint(n - 1), fmt.Sprint(n)}, {n, fmt.Sprint(n), "0"}} {
		_, js, log := unguarded(t)
		stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_w", Subjects: []string{"log.w.>"}, AllowDirect: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			mustAppend(t, log, "w", sized(fmt.Sprint("d", i), 1, eventlog.MaxCommit-1000), 0)
		}
		read := uint64(0)
		for _, err = range log.Read(t.Context(), "w", 0, 0) {
			if err != nil {
				break
			}
			if read++; read == 1 {
				if err := stream.DeleteMsg(t.Context(), c.gone); err != nil {
					t.Fatal(err)
				}
			}
		}
		wantHole(t, err, c.expected, c.found)
		if read != c.gone-1 {
			t.Errorf("%d commits were read before the hole at %d", read, c.gone)
		}
	}
}

// What a bad disk does: one bit of a stored commit changes while the server is off. nats-server leaves the commit out and counts it all the same, or cuts the
// log there; it says nothing.
func TestFlippedBitIsNoticed(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	create(t, w.log, "w")
	var ids []string
	for i := range 20 {
		c := commit(fmt.Sprint("d", i), 1)
		c.Id = fmt.Sprint("commit-to-look-for-", i)
		ids = append(ids, c.Id)
		mustAppend(t, w.log, "w", c, 0)
	}
	w.server.Shutdown()

	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "LOG", "streams", "LOG_w", "msgs", "*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("blocks %v, %v", blocks, err)
	}
	block, err := os.ReadFile(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(block, []byte(ids[10])) // the last is in the commit, those before in the header
	if at < 0 {
		t.Fatal("the commit is not in the block")
	}
	block[at] ^= 1
	if err := os.WriteFile(blocks[0], block, 0o600); err != nil {
		t.Fatal(err)
	}

	capture(t)
	w = open(t, dir)
	read, err := refusalAfter(t, w.reader, 0)
	if err == nil { // cut: everything before is right, and who has read further notices
		last, lastErr := w.reader.Last(t.Context(), "w")
		if lastErr != nil || last != uint64(read) || read >= len(ids) {
			t.Fatalf("read %d of %d without an error; the last is %d, %v", read, len(ids), last, lastErr)
		}
		_, err = refusalAfter(t, w.reader, uint64(len(ids)+1))
	} else if read != 10 {
		t.Errorf("%d commits were read before the damaged one, want 10", read)
	}
	wantCode(t, err, eventlog.CodeHole)
}

func TestLoadRefusesAGapInTheVersions(t *testing.T) {
	for _, gone := range []uint64{1, 3, 5} { // versions 1, 2 and 3 of d0
		_, stream, log := damaged(t)
		if err := stream.DeleteMsg(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		_, err := log.Load(t.Context(), "w", "decision", "d0", 0)
		wantCode(t, err, eventlog.CodeVersionGap)
		if got, err := log.Load(t.Context(), "w", "decision", "d1", 0); len(got) != 5 || err != nil {
			t.Errorf("the other aggregate has %d commits, %v", len(got), err)
		}
	}
	// A version written twice, past the guard.
	nc, _, log := damaged(t)
	data, err := proto.Marshal(commit("d0", 5))
	if err != nil {
		t.Fatal(err)
	}
	publish(t, nc, "log.w.decision.d0", data)
	_, err = log.Load(t.Context(), "w", "decision", "d0", 0)
	wantCode(t, err, eventlog.CodeVersionGap)
}

func TestLoadMissesTheCommitItsCallerHasSeen(t *testing.T) {
	_, stream, log := damaged(t)
	if err := stream.DeleteMsg(t.Context(), 9); err != nil { // version 5, the last of d0
		t.Fatal(err)
	}
	_, err := log.Load(t.Context(), "w", "decision", "d0", 9)
	wantHole(t, err, "9", "0")
	if err := stream.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	_, err = log.Load(t.Context(), "w", "decision", "d0", 3)
	wantHole(t, err, "3", "5")
	_, err = log.Load(t.Context(), "w", "decision", "d1", 1) // 1 is of d0
	wantHole(t, err, "1", "2")
}

func TestReaderStopsAtWhatItDoesNotKnow(t *testing.T) {
	unknownFact, err := proto.Marshal(commit("d0", 6))
	if err != nil {
		t.Fatal(err)
	}
	unknownFact = append(unknownFact, 0x52, 0x03, 0xfa, 0x7f, 0x00) // one more event, with field 2047
	right, err := proto.Marshal(commit("d0", 6))
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]struct {
		subject string
		data    []byte
	}{
		"not a commit":                   {"log.w.decision.d0", []byte("{\"type\":\"io.nats.jetstream.api.v1.stream_info_response\"}")},
		"nothing":                        {"log.w.decision.d0", nil},
		"a fact of the future":           {"log.w.decision.d0", unknownFact},
		"a commit under another's name":  {"log.w.decision.d1", right},
		"a commit under another's kind":  {"log.w.session.d0", right},
		"a commit under a longer name":   {"log.w.decision.d0.x", right},
		"a commit without its aggregate": {"log.w.d0", right},
	} {
		nc, _, log := damaged(t)
		publish(t, nc, m.subject, m.data)
		publish(t, nc, "log.w.decision.d0", right)
		read, err := refusalAfter(t, log, 0)
		if decider.CodeOf(err) != eventlog.CodeUnknownEvent || read != 10 {
			t.Errorf("%s: read %d commits and got %v", name, read, err)
		}
		if m.subject == "log.w.decision.d0" {
			_, err := log.Load(t.Context(), "w", "decision", "d0", 0)
			if decider.CodeOf(err) != eventlog.CodeUnknownEvent {
				t.Errorf("%s: load got %v", name, err)
			}
		}
	}
}

// The server adds a message's sequence to the headers it was stored with. A stored header of that name must not be taken for it.
func TestStoredHeadersDoNotMisleadAReader(t *testing.T) {
	nc, _, log := damaged(t)
	c := commit("d0", 6)
	data, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	m := nats.NewMsg("log.w.decision.d0")
	m.Data = data
	m.Header.Set(jetstream.SequenceHeader, "99")
	m.Header.Set(jetstream.SubjectHeader, "log.w.decision.d1")
	if _, err := nc.RequestMsg(m, nats.DefaultTimeout); err != nil {
		t.Fatal(err)
	}
	got := all(t, log, "w")
	wantCommits(t, got[10:], c)
}

func publish(t *testing.T, nc *nats.Conn, subject string, data []byte) {
	t.Helper()
	r, err := nc.Request(subject, data, nats.DefaultTimeout)
	if err != nil || bytes.Contains(r.Data, []byte("error")) {
		t.Fatalf("publish: %s %v", r.Data, err)
	}
}

func TestLongHistoriesAreReadInSeveralAnswers(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	var batch []eventlog.Pending
	for v := range uint64(2500) {
		batch = append(batch, eventlog.Pending{Commit: commit("long", v+1)}, eventlog.Pending{Commit: commit(fmt.Sprint("d", v), 1)})
	}
	var heavy []*eventv1.Commit
	for v := range uint64(12) {
		heavy = append(heavy, sized("heavy", v+1, eventlog.ReadBytes/8))
		batch = append(batch, eventlog.Pending{Commit: heavy[v]})
	}
	last, err := w.log.AppendAll(t.Context(), "w", batch)
	if err != nil || last != uint64(len(batch)) {
		t.Fatal(last, err)
	}
	if got := all(t, w.reader, "w"); len(got) != len(batch) {
		t.Errorf("%d commits, want %d", len(got), len(batch))
	}
	got, err := w.reader.Load(t.Context(), "w", "decision", "long", 0)
	if err != nil || len(got) != 2500 {
		t.Fatalf("%d versions, %v", len(got), err)
	}
	tail, err := w.reader.Load(t.Context(), "w", "decision", "long", got[1999].Seq)
	if err != nil || len(tail) != 500 || tail[0].Commit.Version != 2001 {
		t.Errorf("%d versions after the 2000th, %v", len(tail), err)
	}
	if got, err = w.reader.Load(t.Context(), "w", "decision", "heavy", 0); err != nil {
		t.Fatal(err)
	}
	wantCommits(t, got, heavy...)
}

func TestReadingEndsWithItsContext(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	mustAppend(t, w.log, "w", commit("a", 1), 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range w.reader.Read(ctx, "w", 0, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("read: %v", err)
		}
	}
	if _, err := w.reader.Load(ctx, "w", "decision", "a", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("load: %v", err)
	}
}

// capture keeps the server's warnings about what a test breaks out of the output.
func capture(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
}
