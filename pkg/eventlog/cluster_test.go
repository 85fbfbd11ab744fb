package eventlog_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
)

// cluster is three nats-servers from the configuration that the bus writes, each with the lines an operator would add.
type cluster struct {
	servers   []*server.Server
	passwords map[string]string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{passwords: map[string]string{}}
	for _, s := range bus.Services() {
		c.passwords[s] = "the-password-of-" + s
	}
	var text bytes.Buffer
	if err := bus.WriteConfig(&text, c.passwords); err != nil {
		t.Fatal(err)
	}
	var addresses, routes []string
	var free []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		free = append(free, l) // held until all three are chosen
		addresses = append(addresses, l.Addr().String())
		routes = append(routes, "nats://"+l.Addr().String())
	}
	for _, l := range free {
		l.Close()
	}
	for i, address := range addresses {
		opts := &server.Options{}
		own := fmt.Sprintf("\nserver_name: n%d\nlisten: \"127.0.0.1:-1\"\nstore_dir: %q\ncluster { name: test, listen: %q, routes: [%s] }\n",
			i, t.TempDir(), address, strings.Join(routes, ", "))
		if err := opts.ProcessConfigString(text.String() + own); err != nil {
			t.Fatal(err)
		}
		opts.NoSigs, opts.NoLog = true, true
		s, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		c.servers = append(c.servers, s)
	}
	return c
}

func (c *cluster) dial(t *testing.T, service string) *nats.Conn {
	t.Helper()
	var urls []string
	for _, s := range c.servers {
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("a server of the cluster did not start")
		}
		urls = append(urls, s.ClientURL())
	}
	nc, err := bus.Dial(strings.Join(urls, ","), service, c.passwords[service])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// eventually tries until something succeeds: a cluster needs a moment to elect.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); ; {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// The same contract on three servers, and with one of them gone.
func TestClusterKeepsTheContract(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers")
	}
	capture(t)
	c := startCluster(t)
	ledger := c.dial(t, bus.Ledger)
	log := logOver(t, ledger, eventlog.Replicated(3))
	reader := logOver(t, c.dial(t, bus.Views))
	eventually(t, "a log on three servers", func() error { return log.Create(t.Context(), "w") })
	eventually(t, "all three say that they sync", func() error { return bus.CheckServer(ledger) })

	a1 := commit("a", 1)
	first := mustAppend(t, log, "w", a1, 0)
	if again := mustAppend(t, log, "w", a1, 0); again != first {
		t.Errorf("the same commit again is answered with %d", again)
	}
	_, err := log.Append(t.Context(), "w", commit("a", 1), 0)
	wantCode(t, err, eventlog.CodeConflict)
	reused := commit("b", 1)
	reused.Id = a1.Id
	_, err = log.Append(t.Context(), "w", reused, 0)
	wantCode(t, err, eventlog.CodeIDReused)

	batch := pendings(commit("m", 1), commit("m", 2), commit("n", 1))
	for range 2 {
		if last, err := log.AppendAll(t.Context(), "w", batch); last != 4 || err != nil {
			t.Errorf("batch: %d, %v", last, err)
		}
	}

	// Several ledgers write one aggregate, several goroutines each their own; in between a server is lost.
	other := logOver(t, c.dial(t, bus.Ledger), eventlog.Replicated(3))
	const versions, writers, each = 15, 20, 15
	var wg sync.WaitGroup
	var stored atomic.Int64
	wg.Go(func() {
		after := uint64(0)
		for v := uint64(1); v <= versions; v++ {
			var won atomic.Int64
			var seq atomic.Uint64
			var both sync.WaitGroup
			for _, l := range []*eventlog.Log{log, other} {
				both.Go(func() {
					switch s, err := l.Append(t.Context(), "w", commit("contested", v), after); {
					case err == nil:
						won.Add(1)
						seq.Store(s)
					case decider.CodeOf(err) != eventlog.CodeConflict:
						t.Errorf("version %d: %v", v, err)
					}
				})
			}
			both.Wait()
			if won.Load() != 1 {
				t.Errorf("version %d was won %d times", v, won.Load())
				return
			}
			after = seq.Load()
		}
	})
	for i := range writers {
		wg.Go(func() {
			after := uint64(0)
			for v := range uint64(each) {
				seq, err := log.Append(t.Context(), "w", commit(fmt.Sprint("d", i), v+1), after)
				if err != nil {
					t.Errorf("writer %d, version %d: %v", i, v+1, err)
					return
				}
				after = seq
				stored.Add(1)
			}
		})
	}
	eventually(t, "half of the commits", func() error {
		if n := stored.Load(); n < writers*each/2 {
			return fmt.Errorf("%d are stored", n)
		}
		return nil
	})
	c.servers[0].Shutdown()
	wg.Wait()

	want := 4 + versions + writers*each
	eventually(t, "all commits at the reader", func() error {
		last, err := reader.Last(t.Context(), "w")
		if err == nil && last < uint64(want) {
			err = fmt.Errorf("the last is %d", last)
		}
		return err
	})
	if got := all(t, reader, "w"); len(got) != want {
		t.Errorf("%d commits, want %d", len(got), want)
	}
	for i := range writers {
		if got, err := reader.Load(t.Context(), "w", "decision", fmt.Sprint("d", i), 0); len(got) != each || err != nil {
			t.Errorf("writer %d has %d versions, %v", i, len(got), err)
		}
	}
}
