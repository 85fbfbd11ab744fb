package eventlog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// What goes wrong around the log: a process that is killed, a disk that refuses, an acknowledgement that does not arrive, a server that restarts.

const (
	childEnv  = "TAVOLO_EVENTLOG_CHILD" // what the test binary does when it is run by a test: kill or full
	dirEnv    = "TAVOLO_EVENTLOG_DIR"
	roundEnv  = "TAVOLO_EVENTLOG_ROUND"
	roundsEnv = "TAVOLO_KILL_ROUNDS" // how often TestKilledProcess… kills; 20 when unset
)

const batchSize = 20 // commits in each batch of the child

func child() {
	signal.Ignore(syscall.SIGXFSZ) // a refused write is an error then, not a death
	s, err := bus.Start(bus.Options{StoreDir: os.Getenv(dirEnv)})
	must(err)
	nc, err := s.Connect(bus.Ledger)
	must(err)
	if os.Getenv(childEnv) == "full" {
		eventlog.HurryAll(300*time.Millisecond, time.Second)
	}
	log, err := eventlog.New(nc)
	must(err)
	must(log.Create(context.Background(), "w"))
	if os.Getenv(childEnv) == "full" {
		fill(s, log)
		return
	}
	appendForEver(log, os.Getenv(roundEnv))
}

func must(err error) {
	if err != nil {
		fmt.Println("E", err)
		os.Exit(1)
	}
}

// start runs the test binary as a child.
func startChild(t *testing.T, what, dir, round string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what, dirEnv+"="+dir, roundEnv+"="+round)
	cmd.Stderr = io.Discard
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// appendForEver appends from many goroutines, alone and in batches, and says each acknowledged commit in one write: A sequence id.
func appendForEver(log *eventlog.Log, round string) {
	say := func(seq uint64, id string) { fmt.Fprintf(os.Stdout, "A %d %s\n", seq, id) }
	for i := range 2 * eventlog.BatchFrom {
		go func() {
			after, id := uint64(0), fmt.Sprintf("r%s-w%d", round, i)
			for v := uint64(1); ; v++ {
				c := commit(id, v)
				c.Id = fmt.Sprintf("%s-%d", id, v)
				seq, err := log.Append(context.Background(), "w", c, after)
				must(err)
				after = seq
				say(seq, c.Id)
			}
		}()
	}
	for n := 0; ; n++ {
		id := fmt.Sprintf("batch-r%s-%d", round, n)
		var batch []eventlog.Pending
		for v := range uint64(batchSize) {
			c := commit(id, v+1)
			c.Id = fmt.Sprintf("%s-%d", id, v+1)
			batch = append(batch, eventlog.Pending{Commit: c})
		}
		last, err := log.AppendAll(context.Background(), "w", batch)
		must(err)
		for i, p := range batch {
			say(last-uint64(len(batch)-1-i), p.Commit.Id)
		}
	}
}

// INV-01, INV-02, INV-05 under kill -9: what was acknowledged is there, once, where it was said to be; a batch is there whole or not at all.
// This proves the order of acknowledgement and recovery, not the syncing: the kernel keeps what a killed process wrote.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv(roundsEnv)); err == nil {
		rounds = n
	}
	capture(t)
	dir := t.TempDir()
	acked := map[string]uint64{}
	for round := range rounds {
		cmd, said := startChild(t, "kill", dir, strconv.Itoa(round))
		wait := time.Duration(rand.IntN(150)) * time.Millisecond
		first := true
		for said.Scan() {
			var seq uint64
			var id string
			if _, err := fmt.Sscanf(said.Text(), "A %d %s", &seq, &id); err != nil {
				t.Fatalf("round %d: the child says %q", round, said.Text())
			}
			if first {
				first = false
				time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
			}
			acked[id] = seq
		}
		_ = cmd.Wait()

		s, err := bus.Start(bus.Options{StoreDir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		_, reader := connect(t, s, bus.Views)
		at, batched := map[string]uint64{}, map[string]int{}
		for _, r := range all(t, reader, "w") {
			if before, twice := at[r.Commit.Id]; twice {
				t.Fatalf("round %d: %s is at %d and at %d", round, r.Commit.Id, before, r.Seq)
			}
			at[r.Commit.Id] = r.Seq
			if strings.HasPrefix(r.Commit.AggregateId, "batch-") {
				batched[r.Commit.AggregateId]++
			}
		}
		for id, seq := range acked {
			if at[id] != seq {
				t.Fatalf("round %d: %s was acknowledged at %d and is at %d", round, id, seq, at[id])
			}
		}
		for id, n := range batched {
			if n != batchSize {
				t.Fatalf("round %d: %s has %d commits of %d", round, id, n, batchSize)
			}
		}
		s.Shutdown()
	}
	t.Logf("%d kills, %d acknowledged commits", rounds, len(acked))
	if len(acked) < rounds {
		t.Errorf("only %d commits were acknowledged in %d rounds: nothing was tested", len(acked), rounds)
	}
}

// fill appends until the disk refuses, in a process that may not make a file larger than 3 MiB.
func fill(s *bus.Server, log *eventlog.Log) {
	const most = 3 << 20
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}))
	ctx := context.Background()
	var err error
	n := uint64(0)
	for ; err == nil && n < 100; n++ {
		_, err = log.Append(ctx, "w", sizedForFill(n), n)
		if err == nil {
			fmt.Println("A", n+1)
		}
	}
	fmt.Println("refused", decider.CodeOf(err))
	commits, err := log.Load(ctx, "w", "decision", "a", 0)
	fmt.Println("read", len(commits), decider.CodeOf(err))
	select {
	case <-s.Broken():
		fmt.Println("broken")
	case <-time.After(5 * time.Second):
		fmt.Println("not said to be broken")
	}
	_, err = log.AppendAll(ctx, "w", pendings(commit("b", 1), commit("b", 2)))
	fmt.Println("batch", decider.CodeOf(err))
}

func sizedForFill(n uint64) *eventv1.Commit {
	c := sized("a", n+1, 300_000)
	c.Id = fmt.Sprint("fill-", n)
	return c
}

func TestDiskThatRefusesIsSaidAndReadingGoesOn(t *testing.T) {
	dir := t.TempDir()
	_, said := startChild(t, "full", dir, "")
	acked := 0
	var rest []string
	for said.Scan() {
		if strings.HasPrefix(said.Text(), "A ") {
			acked++
		} else {
			rest = append(rest, said.Text())
		}
	}
	want := []string{"refused " + eventlog.CodeStorage, fmt.Sprintf("read %d ", acked), "broken", "batch " + eventlog.CodeStorage}
	if fmt.Sprint(rest) != fmt.Sprint(want) || acked < 5 {
		t.Fatalf("after %d commits the child says %q, want %q", acked, rest, want)
	}
	// With room again everything acknowledged is there, the unacknowledged one at most once, and the log goes on.
	w := open(t, dir)
	got := all(t, w.reader, "w")
	if len(got) != acked && len(got) != acked+1 {
		t.Fatalf("%d commits, %d were acknowledged", len(got), acked)
	}
	for i, r := range got {
		if r.Commit.Version != uint64(i+1) {
			t.Errorf("version %d at %d", r.Commit.Version, r.Seq)
		}
	}
	n := uint64(len(got))
	if seq := mustAppend(t, w.log, "w", sizedForFill(n), n); seq != n+1 {
		t.Errorf("the next commit is at %d, want %d", seq, n+1)
	}
}

func TestRestartKeepsTheLog(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	create(t, w.log, "w")
	a1 := commit("a", 1)
	mustAppend(t, w.log, "w", a1, 0)
	batch := pendings(commit("b", 1), commit("b", 2), commit("c", 1))
	if _, err := w.log.AppendAll(t.Context(), "w", batch); err != nil {
		t.Fatal(err)
	}
	w.server.Shutdown()
	w = open(t, dir)
	create(t, w.log, "w")
	wantCommits(t, all(t, w.reader, "w"), a1, batch[0].Commit, batch[1].Commit, batch[2].Commit)
	if seq := mustAppend(t, w.log, "w", a1, 0); seq != 1 {
		t.Errorf("the same commit after a restart is answered with %d", seq)
	}
	if last, err := w.log.AppendAll(t.Context(), "w", batch); last != 4 || err != nil {
		t.Errorf("the same batch after a restart is answered with %d, %v", last, err)
	}
	if seq := mustAppend(t, w.log, "w", commit("a", 2), 1); seq != 5 {
		t.Errorf("the next commit is at %d", seq)
	}
}

// relay stands between a ledger and the server, and can keep the server's words to itself.
type relay struct {
	address string

	mu     sync.Mutex
	silent bool
	conns  []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String()}
	t.Cleanup(func() { listener.Close(); r.hangUp() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, client, server)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(server, client); server.Close() }()
			go func() { _, _ = io.Copy(gate{r, client}, server); client.Close() }()
		}
	}()
	return r
}

// gate drops what the server says while the relay is silent.
type gate struct {
	r  *relay
	to net.Conn
}

func (g gate) Write(b []byte) (int, error) {
	g.r.mu.Lock()
	silent := g.r.silent
	g.r.mu.Unlock()
	if silent {
		return len(b), nil
	}
	return g.to.Write(b)
}

func (r *relay) keepSilent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
}

// hangUp ends all connections; those made after it are relayed whole.
func (r *relay) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns, r.silent = nil, false
}

// behindRelay gives a ledger that reaches the server through a relay, and a reader that reaches it directly.
func behindRelay(t *testing.T) (*relay, *eventlog.Log, *eventlog.Log) {
	t.Helper()
	capture(t)
	s, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	r := newRelay(t, strings.TrimPrefix(s.URL(), "nats://"))
	nc, err := bus.Dial("nats://"+r.address, bus.Ledger, s.Password(bus.Ledger))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	log := logOver(t, nc)
	create(t, log, "w")
	_, reader := connect(t, s, bus.Views)
	return r, log, reader
}

// waitForCommits waits until the server has stored n commits.
func waitForCommits(t *testing.T, reader *eventlog.Log, n uint64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(10 * time.Second); ; {
		if last, err := reader.Last(t.Context(), "w"); err == nil && last >= n {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the server never stored %d commits", n)
		}
	}
}

func TestLostAcknowledgementIsFoundOut(t *testing.T) {
	for _, how := range []string{"connection lost", "answers lost"} {
		eventlog.Hurry(t, 500*time.Millisecond, 10*time.Second)
		r, log, reader := behindRelay(t)
		const together = 2 * eventlog.BatchFrom
		alone := commit("alone", 1)
		batch := pendings(commit("batch", 1), commit("batch", 2), commit("other", 1))
		mustAppend(t, log, "w", commit("before", 1), 0)

		r.keepSilent()
		type result struct {
			seq uint64
			err error
		}
		results := make(chan result)
		send := func(n int, f func() (uint64, error)) {
			for range n {
				go func() { seq, err := f(); results <- result{seq, err} }()
			}
		}
		send(1, func() (uint64, error) { return log.Append(t.Context(), "w", alone, 0) })
		send(1, func() (uint64, error) { return log.AppendAll(t.Context(), "w", batch) })
		send(together, func() (uint64, error) {
			return log.Append(t.Context(), "w", commit(fmt.Sprint("d", serial.Add(1)), 1), 0)
		})
		waitForCommits(t, reader, 5) // at least the first two were stored; their acknowledgements are gone
		if how == "connection lost" {
			r.hangUp()
		} else {
			r.mu.Lock()
			r.silent = false // the stream of bytes has lost whole messages at least; the client library starts over if it was cut in one
			r.mu.Unlock()
		}
		for range together + 2 {
			if got := <-results; got.err != nil || got.seq < 2 {
				t.Errorf("%s: answered %d, %v", how, got.seq, got.err)
			}
		}
		if got := all(t, reader, "w"); len(got) != 1+1+3+together {
			t.Errorf("%s: %d commits, want %d", how, len(got), 1+1+3+together)
		}
	}
}

func TestSilentServerLeavesTheOutcomeUnknown(t *testing.T) {
	eventlog.Hurry(t, 100*time.Millisecond, 300*time.Millisecond)
	r, log, reader := behindRelay(t)
	r.keepSilent()
	a := commit("a", 1)
	_, err := log.Append(t.Context(), "w", a, 0)
	wantCode(t, err, eventlog.CodeUnknownOutcome)
	batch := pendings(commit("b", 1), commit("b", 2))
	_, err = log.AppendAll(t.Context(), "w", batch)
	wantCode(t, err, eventlog.CodeUnknownOutcome)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c := commit("c", 1)
	_, err = log.Append(ctx, "w", c, 0)
	wantCode(t, err, eventlog.CodeUnknownOutcome)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not say that the caller's time was over", err)
	}
	waitForCommits(t, reader, 4) // all were stored, as may be
	r.hangUp()
	eventlog.HurryAll(5*time.Second, 12*time.Second)
	if seq := mustAppend(t, log, "w", a, 0); seq != 1 {
		t.Errorf("appending again says %d", seq)
	}
	if last, err := log.AppendAll(t.Context(), "w", batch); last != 3 || err != nil {
		t.Errorf("appending the batch again says %d, %v", last, err)
	}
	if seq := mustAppend(t, log, "w", c, 0); seq != 4 {
		t.Errorf("appending the last again says %d", seq)
	}
	if got := all(t, reader, "w"); len(got) != 4 {
		t.Errorf("%d commits, want 4", len(got))
	}
}
