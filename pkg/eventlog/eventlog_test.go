package eventlog_test

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// world is a running server and the log as the ledger and as a reader sees it.
type world struct {
	server *bus.Server
	ledger *nats.Conn
	log    *eventlog.Log // the ledger's
	reader *eventlog.Log // the views'
}

func open(t testing.TB, dir string) *world {
	t.Helper()
	s, err := bus.Start(bus.Options{StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	w := &world{server: s}
	w.ledger, w.log = connect(t, s, bus.Ledger)
	_, w.reader = connect(t, s, bus.Views)
	return w
}

func connect(t testing.TB, s *bus.Server, service string) (*nats.Conn, *eventlog.Log) {
	t.Helper()
	nc, err := s.Connect(service)
	if err != nil {
		t.Fatal(err)
	}
	return nc, logOver(t, nc)
}

func logOver(t testing.TB, nc *nats.Conn, options ...eventlog.Option) *eventlog.Log {
	t.Helper()
	l, err := eventlog.New(nc, options...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func create(t testing.TB, l *eventlog.Log, workspace string) {
	t.Helper()
	if err := l.Create(t.Context(), workspace); err != nil {
		t.Fatal(err)
	}
}

var serial atomic.Uint64

// commit makes a commit of a decision that differs from every other.
func commit(id string, version uint64) *eventv1.Commit {
	n := serial.Add(1)
	return &eventv1.Commit{
		Id: fmt.Sprintf("c%d", n), Aggregate: "decision", AggregateId: id, Version: version, Schema: 1,
		Actor:      &eventv1.Actor{Participant: "u1", Capacity: eventv1.Capacity_CAPACITY_PARTICIPANT},
		RecordedAt: &timestamppb.Timestamp{Seconds: int64(n)},
		Events:     []*eventv1.Event{ballot(fmt.Sprintf("u%d", n))},
	}
}

func ballot(participant string) *eventv1.Event {
	return &eventv1.Event{Fact: &eventv1.Event_BallotCast{BallotCast: &eventv1.BallotCast{Participant: participant, Choice: eventv1.Choice_CHOICE_FOR}}}
}

// sized makes a commit of about so many bytes.
func sized(id string, version uint64, bytes int) *eventv1.Commit {
	c := commit(id, version)
	c.Events = append(c.Events, &eventv1.Event{Fact: &eventv1.Event_WorkspaceFounded{
		WorkspaceFounded: &eventv1.WorkspaceFounded{Name: &eventv1.Sealed{Ciphertext: make([]byte, bytes-proto.Size(c))}},
	}})
	return c
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}

func mustAppend(t testing.TB, l *eventlog.Log, workspace string, c *eventv1.Commit, after uint64) uint64 {
	t.Helper()
	seq, err := l.Append(t.Context(), workspace, c, after)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// all reads a workspace from its beginning, checking that the sequences are 1..n.
func all(t testing.TB, l *eventlog.Log, workspace string) []eventlog.Recorded {
	t.Helper()
	var got []eventlog.Recorded
	for r, err := range l.Read(t.Context(), workspace, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Seq != uint64(len(got)+1) {
			t.Fatalf("sequence %d in place %d", r.Seq, len(got)+1)
		}
		got = append(got, r)
	}
	return got
}

func wantCommits(t testing.TB, got []eventlog.Recorded, want ...*eventv1.Commit) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d commits, want %d", len(got), len(want))
	}
	for i := range want {
		if !proto.Equal(got[i].Commit, want[i]) {
			t.Errorf("commit %d is %v, want %v", i, got[i].Commit, want[i])
		}
	}
}

func TestWhatIsAppendedIsRead(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	a1, b1, a2 := commit("a", 1), commit("i:s:b", 1), commit("a", 2)
	s1 := mustAppend(t, w.log, "w", a1, 0)
	s2 := mustAppend(t, w.log, "w", b1, 0)
	s3 := mustAppend(t, w.log, "w", a2, s1)
	if s1 != 1 || s2 != 2 || s3 != 3 {
		t.Errorf("sequences %d %d %d, want 1 2 3", s1, s2, s3)
	}
	for _, l := range []*eventlog.Log{w.log, w.reader} {
		wantCommits(t, all(t, l, "w"), a1, b1, a2)
		got, err := l.Load(t.Context(), "w", "decision", "a", 0)
		if err != nil {
			t.Fatal(err)
		}
		wantCommits(t, got, a1, a2)
		if got, err = l.Load(t.Context(), "w", "decision", "a", s1); err != nil {
			t.Fatal(err)
		}
		wantCommits(t, got, a2)
		if got, err = l.Load(t.Context(), "w", "decision", "a", s3); err != nil {
			t.Fatal(err)
		}
		wantCommits(t, got)
		if got, err = l.Load(t.Context(), "w", "decision", "unheard-of", 0); err != nil {
			t.Fatal(err)
		}
		wantCommits(t, got)
		if last, err := l.Last(t.Context(), "w"); last != 3 || err != nil {
			t.Errorf("the last is %d, %v", last, err)
		}
	}
}

func TestReadTakesTheAskedPartOnly(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	for i := range uint64(10) {
		mustAppend(t, w.log, "w", commit(fmt.Sprint("d", i), 1), 0)
	}
	for _, c := range []struct{ from, upTo, first, n uint64 }{{0, 0, 1, 10}, {1, 0, 1, 10}, {4, 0, 4, 7}, {4, 6, 4, 3}, {10, 10, 10, 1}, {11, 0, 0, 0}, {6, 5, 0, 0}} {
		var first, n uint64
		for r, err := range w.reader.Read(t.Context(), "w", c.from, c.upTo) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 1 {
				first = r.Seq
			}
		}
		if first != c.first || n != c.n {
			t.Errorf("from %d up to %d: %d commits from %d on, want %d from %d on", c.from, c.upTo, n, first, c.n, c.first)
		}
	}
	for _, c := range []struct{ from, upTo uint64 }{{12, 0}, {1, 11}, {12, 20}} {
		for _, err := range w.reader.Read(t.Context(), "w", c.from, c.upTo) {
			wantCode(t, err, eventlog.CodeHole) // somebody has seen more than there is
		}
	}
	for r, err := range w.reader.Read(t.Context(), "w", 0, 0) {
		if err != nil || r.Seq > 3 {
			t.Fatalf("reading went on to %d, %v", r.Seq, err)
		}
		if r.Seq == 3 {
			break
		}
	}
}

func TestReadEndsWhereTheLogEndedWhenItStarted(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	mustAppend(t, w.log, "w", commit("a", 1), 0)
	n := uint64(0)
	for _, err := range w.log.Read(t.Context(), "w", 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		mustAppend(t, w.log, "w", commit("a", n+1), n)
	}
	if n != 1 {
		t.Errorf("it read %d commits, want the 1 there was", n)
	}
}

func TestWorkspacesAreApart(t *testing.T) {
	w := open(t, t.TempDir())
	if names, err := w.reader.Workspaces(t.Context()); len(names) != 0 || err != nil {
		t.Errorf("an empty server has %v, %v", names, err)
	}
	for _, name := range []string{"dsm-bologna", "ASL_1", "w"} {
		create(t, w.log, name)
	}
	names, err := w.reader.Workspaces(t.Context())
	if fmt.Sprint(names) != "[ASL_1 dsm-bologna w]" || err != nil {
		t.Errorf("workspaces %v, %v", names, err)
	}
	mustAppend(t, w.log, "w", commit("a", 1), 0)
	if got := all(t, w.reader, "dsm-bologna"); len(got) != 0 {
		t.Errorf("a commit of one workspace is in another: %v", got)
	}
	if seq := mustAppend(t, w.log, "ASL_1", commit("a", 1), 0); seq != 1 {
		t.Errorf("the first commit of a workspace has sequence %d", seq)
	}
}

func TestUnknownWorkspaceIsRefusedEverywhere(t *testing.T) {
	w := open(t, t.TempDir())
	_, err := w.log.Append(t.Context(), "none", commit("a", 1), 0)
	wantCode(t, err, eventlog.CodeNoWorkspace)
	_, err = w.log.AppendAll(t.Context(), "none", []eventlog.Pending{{Commit: commit("a", 1)}, {Commit: commit("b", 1)}})
	wantCode(t, err, eventlog.CodeNoWorkspace)
	_, err = w.reader.Load(t.Context(), "none", "decision", "a", 0)
	wantCode(t, err, eventlog.CodeNoWorkspace)
	_, err = w.reader.Last(t.Context(), "none")
	wantCode(t, err, eventlog.CodeNoWorkspace)
	for _, err := range w.reader.Read(t.Context(), "none", 0, 0) {
		wantCode(t, err, eventlog.CodeNoWorkspace)
	}
}

func TestCreateAgainIsOk(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	mustAppend(t, w.log, "w", commit("a", 1), 0)
	create(t, w.log, "w")
	if got := all(t, w.reader, "w"); len(got) != 1 {
		t.Errorf("after the second create there are %d commits", len(got))
	}
}

func TestLogWithOtherSettingsIsRefusedAndLeftAlone(t *testing.T) {
	w := open(t, t.TempDir())
	js, err := jetstream.NewWithAPIPrefix(w.ledger, bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	create(t, w.log, "good")
	good, err := js.Stream(t.Context(), "LOG_good")
	if err != nil {
		t.Fatal(err)
	}
	for setting, change := range map[string]func(*jetstream.StreamConfig){
		"deny_delete":  func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"deny_purge":   func(c *jetstream.StreamConfig) { c.DenyPurge = false },
		"max_age":      func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"max_msgs":     func(c *jetstream.StreamConfig) { c.MaxMsgs = 1000 },
		"discard":      func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"storage":      func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"subjects":     func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "more.>") },
		"allow_direct": func(c *jetstream.StreamConfig) { c.AllowDirect = false },
		"allow_atomic": func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"no_ack":       func(c *jetstream.StreamConfig) { c.NoAck = true },
	} {
		c := good.CachedInfo().Config
		c.Metadata = nil
		c.Name, c.Subjects = "LOG_drift-"+setting, []string{"log.drift-" + setting + ".>"}
		change(&c)
		made, err := js.CreateStream(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", setting, err)
		}
		err = w.log.Create(t.Context(), "drift-"+setting)
		var r *decider.Refusal
		if !errors.As(err, &r) || r.Code != eventlog.CodeDrift || r.Args["settings"] != setting {
			t.Errorf("%s: got %v", setting, err)
		}
		now, err := made.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(now.Config) != fmt.Sprint(made.CachedInfo().Config) {
			t.Errorf("%s: the stream was changed", setting)
		}
	}
}

func TestWhatCannotBeStoredIsRefused(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	unknownFact := func(c *eventv1.Commit) {
		e := &eventv1.Event{}
		e.ProtoReflect().SetUnknown([]byte{0xfa, 0x7f, 0x00}) // field 2047, empty
		c.Events = append(c.Events, e)
	}
	for name, spoil := range map[string]func(*eventv1.Commit){
		"no id":               func(c *eventv1.Commit) { c.Id = "" },
		"id with newline":     func(c *eventv1.Commit) { c.Id = "a\r\nNats-Rollup: all" },
		"no aggregate":        func(c *eventv1.Commit) { c.Aggregate = "" },
		"aggregate with dot":  func(c *eventv1.Commit) { c.Aggregate = "a.b" },
		"no aggregate id":     func(c *eventv1.Commit) { c.AggregateId = "" },
		"id with wildcard":    func(c *eventv1.Commit) { c.AggregateId = "*" },
		"id with rest":        func(c *eventv1.Commit) { c.AggregateId = ">" },
		"id with dot":         func(c *eventv1.Commit) { c.AggregateId = "a.b" },
		"id with space":       func(c *eventv1.Commit) { c.AggregateId = "a b" },
		"id too long":         func(c *eventv1.Commit) { c.AggregateId = string(make([]byte, 300)) },
		"version 0":           func(c *eventv1.Commit) { c.Version = 0 },
		"version 2 at first":  func(c *eventv1.Commit) { c.Version = 2 },
		"no events":           func(c *eventv1.Commit) { c.Events = nil },
		"event without fact":  func(c *eventv1.Commit) { c.Events = append(c.Events, &eventv1.Event{}) },
		"event that is nil":   func(c *eventv1.Commit) { c.Events = append(c.Events, nil) },
		"unknown fact":        unknownFact,
		"unknown enumeration": func(c *eventv1.Commit) { c.Actor.Capacity = 99 },
		"not UTF-8":           func(c *eventv1.Commit) { c.Correlation = "\xff" },
	} {
		c := commit("a", 1)
		spoil(c)
		_, err := w.log.Append(t.Context(), "w", c, 0)
		if decider.CodeOf(err) != eventlog.CodeMalformed {
			t.Errorf("%s: got %v", name, err)
		}
		_, err = w.log.AppendAll(t.Context(), "w", []eventlog.Pending{{Commit: commit("b", 1)}, {Commit: c}})
		if decider.CodeOf(err) != eventlog.CodeMalformed {
			t.Errorf("%s in a batch: got %v", name, err)
		}
	}
	_, err := w.log.Append(t.Context(), "w", nil, 0)
	wantCode(t, err, eventlog.CodeMalformed)
	_, err = w.log.Append(t.Context(), "w", commit("a", 1), 7)
	wantCode(t, err, eventlog.CodeMalformed)
	for _, workspace := range []string{"", "a.b", "*", ">", "a b", "../x", string(make([]byte, 65))} {
		_, err := w.log.Append(t.Context(), workspace, commit("a", 1), 0)
		wantCode(t, err, eventlog.CodeMalformed)
		wantCode(t, w.log.Create(t.Context(), workspace), eventlog.CodeMalformed)
		_, err = w.reader.Load(t.Context(), workspace, "decision", "a", 0)
		wantCode(t, err, eventlog.CodeMalformed)
		_, err = w.reader.Last(t.Context(), workspace)
		wantCode(t, err, eventlog.CodeMalformed)
	}
	if got := all(t, w.reader, "w"); len(got) != 0 {
		t.Errorf("%d refused commits are in the log", len(got))
	}
}

func TestCommitOverTheLimitIsRefused(t *testing.T) {
	w := open(t, t.TempDir())
	create(t, w.log, "w")
	c := sized("a", 1, eventlog.MaxCommit+100)
	_, err := w.log.Append(t.Context(), "w", c, 0)
	wantCode(t, err, eventlog.CodeTooLarge)
	sealed := c.Events[1].GetWorkspaceFounded().Name
	sealed.Ciphertext = sealed.Ciphertext[:len(sealed.Ciphertext)-(proto.Size(c)-eventlog.MaxCommit)]
	if n := proto.Size(c); n != eventlog.MaxCommit {
		t.Fatalf("the test's commit has %d bytes", n)
	}
	seq := mustAppend(t, w.log, "w", c, 0)
	wantCommits(t, all(t, w.reader, "w")[seq-1:], c)
}

// unguarded starts a server without users and without our stream settings, to make what the real one prevents.
func unguarded(t *testing.T) (*nats.Conn, jetstream.JetStream, *eventlog.Log) {
	t.Helper()
	opts := &server.Options{}
	if err := opts.ProcessConfigString(`jetstream {}
		accounts { X { jetstream: enabled, mappings { "` + bus.LogAPI + `.>": "$JS.API.>" }, users: [{user: x, password: x}] } }`); err != nil {
		t.Fatal(err)
	}
	opts.StoreDir, opts.DontListen, opts.NoSigs, opts.NoLog = t.TempDir(), true, true, true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.UserInfo("x", "x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js, logOver(t, nc)
}
