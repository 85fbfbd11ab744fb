package bus_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// start starts an embedded server that is gone when the test ends.
func start(t testing.TB, o bus.Options) *bus.Server {
	t.Helper()
	if o.StoreDir == "" {
		o.StoreDir = t.TempDir()
	}
	s, err := bus.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

func connect(t testing.TB, s *bus.Server, service string) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(service)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// capture collects what is logged until the test ends.
func capture(t *testing.T) *logged {
	l := &logged{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(l, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Errorf("waited in vain: %s", what)
			return
		}
	}
}

func TestStoreThatEverybodyMayWriteIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := bus.Start(bus.Options{StoreDir: dir})
	wantCode(t, err, "bus/store-writable")
}

func TestStoreIsMadeForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "store")
	start(t, bus.Options{StoreDir: dir})
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("the store has mode %04o, want 0700", got)
	}
}

func TestStoreInMemoryIsRefusedUnlessTemporary(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "tavolo")
	if err != nil {
		t.Skip("no tmpfs at /dev/shm on this machine: the rule was NOT tested")
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	_, err = bus.Start(bus.Options{StoreDir: dir})
	wantCode(t, err, "bus/store-volatile")
	start(t, bus.Options{StoreDir: dir, Temporary: true})
}

func TestStoreBelongsToOneProgramAtATime(t *testing.T) {
	dir := t.TempDir()
	s := start(t, bus.Options{StoreDir: dir})
	_, err := bus.Start(bus.Options{StoreDir: dir})
	wantCode(t, err, "bus/store-in-use")
	s.Shutdown()
	start(t, bus.Options{StoreDir: dir})
}

func TestListenWantsHostAndPort(t *testing.T) {
	for _, listen := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:70000"} {
		_, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Listen: listen})
		wantCode(t, err, "bus/listen")
	}
}

func TestServerThatCannotStartSaysWhyAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), []byte("a file where a directory should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	capture(t)
	_, err := bus.Start(bus.Options{StoreDir: dir})
	wantCode(t, err, "bus/not-started")
	if err == nil || !strings.Contains(err.Error(), "did not start") { // who waits first until it takes connections says that it takes none
		t.Errorf("it says %v", err)
	}
}

func TestConnectionWithoutTheRightPasswordIsRefused(t *testing.T) {
	s := start(t, bus.Options{Listen: "127.0.0.1:0"})
	if nc, err := nats.Connect(s.URL()); err == nil {
		nc.Close()
		t.Error("a connection without a name was let in")
	}
	if nc, err := bus.Dial(s.URL(), bus.Ledger, "not the password of it"); err == nil {
		nc.Close()
		t.Error("a wrong password was let in")
	}
	if nc, err := bus.Dial(s.URL(), bus.Ledger, s.Password(bus.Views)); err == nil {
		nc.Close()
		t.Error("the password of another service was let in")
	}
	_, err := bus.Dial(s.URL(), "nobody", "")
	wantCode(t, err, "bus/no-such-service")
	_, err = s.Connect("nobody")
	wantCode(t, err, "bus/no-such-service")
	nc, err := bus.Dial(s.URL(), bus.Ledger, s.Password(bus.Ledger))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
}

func TestServerListensOnlyWhenAsked(t *testing.T) {
	if url := start(t, bus.Options{}).URL(); url != "" {
		t.Errorf("it listens on %s", url)
	}
}

func TestPasswordsAreNewAtEachStart(t *testing.T) {
	a, b := start(t, bus.Options{}), start(t, bus.Options{})
	seen := map[string]bool{}
	for _, s := range []*bus.Server{a, b} {
		for _, service := range bus.Services() {
			seen[s.Password(service)] = true
		}
	}
	if want := 2 * len(bus.Services()); len(seen) != want {
		t.Errorf("%d different passwords, want %d", len(seen), want)
	}
}

func TestServerIsCheckedForSyncAndVersion(t *testing.T) {
	s := start(t, bus.Options{})
	for _, service := range []string{bus.Ledger, bus.Operator} {
		if err := bus.CheckServer(connect(t, s, service)); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func TestServerThatDoesNotSyncIsRefused(t *testing.T) {
	text := config(t)
	nc := dialConfig(t, strings.Replace(text, "sync_interval: always", `sync_interval: "2m"`, 1), bus.Ledger)
	wantCode(t, bus.CheckServer(nc), "bus/sync-off")
}

func TestServerThatDoesNotSayWhetherItSyncsIsRefused(t *testing.T) {
	capture(t)
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	nc, err := bus.Dial(srv.ClientURL(), bus.Ledger, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	wantCode(t, bus.CheckServer(nc), "bus/sync-unknown")
}

func TestVersionsAreComparedByNumber(t *testing.T) {
	for version, want := range map[string]bool{
		"2.14.0": true, "2.14.1": true, "2.15.2": true, "3.0.0": true, "2.100.0": true, "2.14.1-beta": true,
		"2.13.99": false, "2.9.20": false, "1.99.99": false, "2.14.0-RC.1": false, "": false, "2.14": false, "new": false, "2.14.x": false,
	} {
		if got := bus.AtLeast(version, bus.MinServer); got != want {
			t.Errorf("%q is new enough: %v, want %v", version, got, want)
		}
	}
}

func TestWhatIsStoredSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, bus.Options{StoreDir: dir})
	js, err := jetstream.NewWithAPIPrefix(connect(t, s, bus.Ledger), bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_w", Subjects: []string{"log.w.>"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "log.w.session.s", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	s.Shutdown()
	if _, err := js.Publish(t.Context(), "log.w.session.s", nil); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("publishing after the shutdown: %v", err)
	}

	s = start(t, bus.Options{StoreDir: dir})
	js, err = jetstream.NewWithAPIPrefix(connect(t, s, bus.Views), bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "LOG_w")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d messages after the restart, want 1", n)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := bus.Start(bus.Options{StoreDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		nc, err := s.Connect(bus.Ledger)
		if err != nil {
			b.Fatal(err)
		}
		if err := bus.CheckServer(nc); err != nil {
			b.Fatal(err)
		}
		s.Shutdown()
	}
}

// A kill between a stream's description and its checksum must not put out of sight what is acknowledged into it later.
func TestAStreamWhoseMakingWasCutOffIsThereAgain(t *testing.T) {
	dir := t.TempDir()
	stream := func(s *bus.Server) jetstream.Stream {
		t.Helper()
		nc, err := s.Connect(bus.Ledger)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		x, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_dsm", Subjects: []string{"log.dsm.>"}})
		if err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			t.Fatal(err)
		}
		if x == nil {
			if x, err = js.Stream(t.Context(), "LOG_dsm"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := js.Publish(t.Context(), "log.dsm.a", []byte("acknowledged")); err != nil {
			t.Fatal(err)
		}
		return x
	}
	s, err := bus.Start(bus.Options{StoreDir: dir, Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	stream(s)
	s.Shutdown()
	sums, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "LOG_dsm", "meta.sum"))
	if err != nil || len(sums) != 1 {
		t.Fatalf("%v, %v", sums, err)
	}
	if err := os.Remove(sums[0]); err != nil {
		t.Fatal(err)
	}
	s = start(t, bus.Options{StoreDir: dir, Temporary: true})
	if info, err := stream(s).Info(t.Context()); err != nil || info.State.Msgs != 2 {
		t.Errorf("%+v, %v: want both messages", info, err)
	}
}
