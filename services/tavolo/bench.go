package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/examples"
	"tavolo/pkg/bus"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/power"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/sqlite"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/views"
)

// benchCmd measures this machine. Each figure stands beside its floor: the least work that could do the same, measured in the same run on the
// same disk, in turn with it. Medians of all rounds. A figure alone says little on a shared machine; the ratio says more.
type benchCmd struct {
	JSON   bool   `name:"json" help:"Write the figures as JSON."`
	Rounds int    `help:"How often each pair is measured." default:"5"`
	Dir    string `help:"Folder on the disk to measure. Default: the system's temporary folder." type:"path"`
	Child  string `hidden:"" help:"What a measured process of its own does."`
}

// figure is one row.
type figure struct {
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Floor  float64 `json:"floor"`
	Ours   float64 `json:"ours"`
	Ratio  float64 `json:"ratio"` // ours / floor; 0 when there is no floor
	Target string  `json:"target"`
	Note   string  `json:"note,omitempty"`
}

func (c *benchCmd) Run(ctx context.Context, t *terminal) error {
	if c.Child != "" {
		return benchChild(ctx, c.Child, c.Dir, t)
	}
	dir, err := os.MkdirTemp(c.Dir, "tavolo-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var figures []figure
	for i, measure := range []func(context.Context, string, int, io.Writer) ([]figure, error){benchAppend, benchProjection, benchPower, benchProcess} {
		more, err := measure(ctx, dir, c.Rounds, t.err)
		if err != nil {
			return err
		}
		figures = append(figures, more...)
		_, _ = fmt.Fprintf(t.err, "%d of 4 measured\n", i+1)
	}
	if c.JSON {
		e := json.NewEncoder(t.out)
		e.SetIndent("", " ")
		return e.Encode(figures)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "what\tfloor\tours\tours/floor\ttarget\t")
	for _, f := range figures {
		ratio, floor := "", "-"
		if f.Ratio > 0 {
			ratio, floor = fmt.Sprintf("%.2f", f.Ratio), number(f.Floor)+" "+f.Unit
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s %s\t%s\t%s\t%s\n", f.What, floor, number(f.Ours), f.Unit, ratio, f.Target, f.Note)
	}
	_, _ = fmt.Fprintf(table, "%d rounds in turn, medians; %s, %d processors, %s\n", c.Rounds, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	return table.Flush()
}

func number(f float64) string {
	switch {
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 1:
		return strconv.FormatFloat(f, 'f', 2, 64)
	default:
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

func percentile(x []float64, p float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[min(len(s)-1, int(p*float64(len(s))))]
}

func pair(what, unit, target, note string, floor, ours []float64) figure {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / floor[i]
	}
	return figure{what, unit, median(floor), median(ours), median(ratios), target, note}
}

// Sizes of the measurements.
const (
	appendsEach     = 600 // per round, each way
	clients         = 64
	latencies       = 300    // commands seen in the view, per round
	projected       = 20_000 // commits replayed
	sessionsMany    = 1000
	initiativesMany = 20
)

// benchAppend measures commands: acknowledged and synced, by one client and by many, and how soon a command is visible.
func benchAppend(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "append"), Services: inside, Temporary: true, Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	nc, err := h.dial(bus.Operator)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	send := func(c *commandv1.Command) (uint64, error) {
		c.Id = uuid.Must(uuid.NewV7()).String()
		r := &commandv1.Receipt{}
		err := bus.Request(ctx, nc, "cmd.bench", &commandv1.CommandBatch{Commands: []*commandv1.Command{c}}, r)
		return r.Sequence, err
	}
	figures, err := measureAppends(ctx, dir, rounds, nc, send)
	return figures, errors.Join(err, h.close())
}

func measureAppends(ctx context.Context, dir string, rounds int, nc *nats.Conn, send func(*commandv1.Command) (uint64, error)) ([]figure, error) {
	if _, err := send(&commandv1.Command{Of: &commandv1.Command_FoundWorkspace{FoundWorkspace: &commandv1.FoundWorkspace{Workspace: "bench"}}}); err != nil {
		return nil, err
	}
	if _, err := send(&commandv1.Command{Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: "bench", Initiative: "i"}}}); err != nil {
		return nil, err
	}
	n := 0
	next := func() *commandv1.Command {
		n++
		return &commandv1.Command{Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: "bench", Session: "i:s" + strconv.Itoa(n), Kind: eventv1.SessionKind_SESSION_KIND_MEETING, StartsAt: timestamppb.Now()}}}
	}
	var floorRate, oneRate, manyRate, floorLatency, seenP50, seenP99 []float64
	for range rounds {
		took, err := appendAndSync(filepath.Join(dir, "floor"), appendsEach)
		if err != nil {
			return nil, err
		}
		floorRate, floorLatency = append(floorRate, float64(len(took))/sum(took)*1000), append(floorLatency, median(took))

		start := time.Now()
		for range appendsEach {
			if _, err := send(next()); err != nil {
				return nil, err
			}
		}
		oneRate = append(oneRate, appendsEach/time.Since(start).Seconds())

		rate, err := manyClients(send, next)
		if err != nil {
			return nil, err
		}
		manyRate = append(manyRate, rate)

		var seen []float64
		for range latencies {
			c := next()
			start := time.Now()
			seq, err := send(c)
			if err != nil {
				return nil, err
			}
			ask := &apiv1.GetInitiativeRequest{Workspace: "bench", Initiative: "missing", AtLeastSequence: seq}
			// The answer is a refusal, and that is on purpose: it comes only once the view has read the sequence, and costs nothing more.
			_ = bus.Request(ctx, nc, "query.get_initiative", ask, &apiv1.InitiativeView{})
			seen = append(seen, float64(time.Since(start).Microseconds())/1000)
		}
		seenP50, seenP99 = append(seenP50, median(seen)), append(seenP99, percentile(seen, 0.99))
	}
	return []figure{
		pair("commands acknowledged and synced, one client", "/s", ">= 0.9 of the floor", "floor: append and fsync of a file", floorRate, oneRate),
		pair(fmt.Sprintf("commands acknowledged and synced, %d clients", clients), "/s", ">= 3 x the floor", "", floorRate, manyRate),
		pair("command to visible in the view, p50", "ms", "<= 2 x the floor", "floor: append and fsync", floorLatency, seenP50),
		pair("command to visible in the view, p99", "ms", "< 2 ms", "", floorLatency, seenP99),
	}, nil
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// appendAndSync appends records of a commit's size to a file, syncing each, and says how long each took in ms.
func appendAndSync(name string, n int) ([]float64, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	record := make([]byte, 250)
	took := make([]float64, n)
	for i := range n {
		start := time.Now()
		if _, err := f.Write(record); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took[i] = float64(time.Since(start).Nanoseconds()) / 1e6
	}
	return took, nil
}

func manyClients(send func(*commandv1.Command) (uint64, error), next func() *commandv1.Command) (float64, error) {
	const each = 40
	var mu sync.Mutex
	var failed error
	commands := make([][]*commandv1.Command, clients)
	for i := range commands {
		for range each {
			commands[i] = append(commands[i], next())
		}
	}
	var wg sync.WaitGroup
	start := time.Now()
	for _, mine := range commands {
		wg.Go(func() {
			for _, c := range mine {
				if _, err := send(c); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return clients * each / time.Since(start).Seconds(), failed
}

// benchProjection measures a rebuild of the real views against a raw consumer with prepared inserts.
func benchProjection(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: filepath.Join(dir, "projection"), Services: []string{bus.Ledger}, Temporary: true, Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureProjection(ctx, h, dir, rounds)
	return figures, errors.Join(err, h.close())
}

func measureProjection(ctx context.Context, h *house, dir string, rounds int) ([]figure, error) {
	writer, err := h.dial(bus.Ledger)
	if err != nil {
		return nil, err
	}
	log, err := eventlog.New(writer)
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, log, projected); err != nil {
		return nil, err
	}
	reader, err := h.dial(bus.Reader)
	if err != nil {
		return nil, err
	}
	var floor, ours []float64
	for i := range rounds {
		rate, err := rawConsumer(ctx, reader, filepath.Join(dir, fmt.Sprintf("raw-%d.db", i)))
		if err != nil {
			return nil, err
		}
		floor = append(floor, rate)
		start := time.Now()
		to := filepath.Join(dir, fmt.Sprintf("views-%d", i))
		n, err := views.Rebuild(ctx, reader, to, "bench")
		if err != nil {
			return nil, err
		}
		ours = append(ours, float64(n)/time.Since(start).Seconds())
		_ = os.RemoveAll(to)
	}
	return []figure{pair(fmt.Sprintf("rebuild the views, %d commits of votes", projected), "commits/s", ">= 0.9 of the floor", "floor: raw consumer and one prepared insert a commit, 500 a transaction; ours also folds and judges", floor, ours)}, nil
}

// fill writes votes of fifteen people, one commit a command, in atomic batches.
func fill(ctx context.Context, log *eventlog.Log, n int) error {
	if err := log.Create(ctx, "bench"); err != nil {
		return err
	}
	now := timestamppb.New(time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC))
	type key struct{ kind, id string }
	version := map[key]uint64{}
	var batch []eventlog.Pending
	count := 0
	last := map[key]uint64{}
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		seq, err := log.AppendAll(ctx, "bench", batch)
		for i, p := range batch {
			last[key{p.Commit.Aggregate, p.Commit.AggregateId}] = seq - uint64(len(batch)-1-i)
		}
		batch = batch[:0]
		return err
	}
	put := func(kind, id string, events ...proto.Message) error {
		k := key{kind, id}
		version[k]++
		c := &eventv1.Commit{Id: uuid.Must(uuid.NewV7()).String(), Aggregate: kind, AggregateId: id, Version: version[k], RecordedAt: now, Schema: 1}
		for _, e := range events {
			c.Events = append(c.Events, eventv1.NewEvent(now, e))
		}
		batch = append(batch, eventlog.Pending{Commit: c, After: last[k]})
		count++
		if len(batch) == 500 {
			return flush()
		}
		return nil
	}
	var electors []*eventv1.Elector
	var enrolled, seats []proto.Message
	for i := range 15 {
		constituency := "professional"
		if i < 3 {
			constituency = "user"
		}
		id := "p" + strconv.Itoa(i)
		electors = append(electors, &eventv1.Elector{Participant: id, Constituency: constituency, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
		enrolled = append(enrolled, &eventv1.ParticipantEnrolled{Participant: id, Constituency: constituency})
		seats = append(seats, &eventv1.ParticipantSeated{Participant: id, Constituency: constituency})
	}
	all := []func() error{
		func() error { return put("workspace", "bench", &eventv1.WorkspaceFounded{}) },
		func() error { return put("initiative", "i", &eventv1.InitiativeOpened{}) },
		func() error { return put("initiative", "i", enrolled...) },
		func() error { return put("item", "i:i1", &eventv1.ItemProposed{ProposedBy: "p0"}) },
	}
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}
	for _, f := range all {
		if err := f(); err != nil {
			return err
		}
	}
	for s := 0; count < n; s++ {
		session := "i:s" + strconv.Itoa(s)
		id := session + ":d"
		steps := [][]proto.Message{{&eventv1.DecisionPosed{Item: "i:i1"}}, {&eventv1.CharterWritten{Charter: &eventv1.Charter{Rule: rule}}}, {&eventv1.VotingOpened{Electors: electors}}}
		for i, e := range electors {
			choice := eventv1.Choice_CHOICE_FOR
			if i%3 == s%3 {
				choice = eventv1.Choice_CHOICE_AGAINST
			}
			steps = append(steps, []proto.Message{&eventv1.BallotCast{Participant: e.Participant, Choice: choice}})
		}
		steps = append(steps, []proto.Message{&eventv1.VotingClosed{Outcome: eventv1.Outcome_OUTCOME_ADOPTED, Tally: &eventv1.Tally{For: 10, Against: 5}}})
		if err := put("session", session, append([]proto.Message{&eventv1.SessionPrepared{}, &eventv1.SessionOpened{}}, seats...)...); err != nil {
			return err
		}
		for _, events := range steps {
			if err := put("decision", id, events...); err != nil {
				return err
			}
		}
	}
	return flush()
}

// rawConsumer is the floor of a projection: read everything, insert every message, 500 a transaction.
func rawConsumer(ctx context.Context, nc *nats.Conn, name string) (rate float64, err error) {
	js, err := jetstream.NewWithAPIPrefix(nc, bus.LogAPI)
	if err != nil {
		return 0, err
	}
	db, err := sqlite.Open(name, sqlite.Options{Schema: `CREATE TABLE IF NOT EXISTS raw (seq INTEGER PRIMARY KEY, body BLOB) STRICT;`})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	start := time.Now()
	consumer, err := js.OrderedConsumer(ctx, eventlog.Stream("bench"), jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(2000))
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	n := 0
	for left := true; left; {
		err := db.Write(ctx, func(tx *sql.Tx) error {
			insert, err := tx.PrepareContext(ctx, `INSERT INTO raw (seq, body) VALUES (?, ?)`)
			if err != nil {
				return err
			}
			defer func() { _ = insert.Close() }()
			for range 500 {
				m, err := messages.Next()
				if err != nil {
					return err
				}
				at, err := m.Metadata()
				if err != nil {
					return err
				}
				if _, err := insert.ExecContext(ctx, int64(at.Sequence.Stream), m.Data()); err != nil {
					return err
				}
				n++
				if at.NumPending == 0 {
					left = false
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// benchPower measures exact power of 120 people in three constituencies, and who could have changed the outcome.
func benchPower(_ context.Context, _ string, rounds int, _ io.Writer) ([]figure, error) {
	var electors []*eventv1.Elector
	for i := range 120 {
		constituency := "user"
		if i >= 80 {
			constituency = "family"
		}
		if i >= 89 {
			constituency = "professional"
		}
		electors = append(electors, &eventv1.Elector{Participant: strconv.Itoa(i), Constituency: constituency, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
	}
	rule := &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES}
	for _, c := range []string{"user", "family", "professional"} {
		rule.Constituencies = append(rule.Constituencies, &eventv1.ConstituencyRule{Of: []string{c}})
	}
	poll := decision.NewPoll(rule, electors)
	choice := func(i int) eventv1.Choice { return eventv1.Choice(1 + i%2) }
	var indices, bytes, pivotal []float64
	for range max(rounds, 5) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		game, _ := poll.Game()
		if _, err := power.All(game); err != nil {
			return nil, err
		}
		indices = append(indices, float64(time.Since(start).Microseconds())/1000)
		runtime.ReadMemStats(&after)
		bytes = append(bytes, float64(after.TotalAlloc-before.TotalAlloc)/(1<<20))
		start = time.Now()
		poll.PivotalEach(choice)
		pivotal = append(pivotal, float64(time.Since(start).Nanoseconds())/1000)
	}
	return []figure{
		{What: "both power indices of 120 people in 3 constituencies, exact", Unit: "ms", Ours: median(indices), Target: "< 5 ms"},
		{What: "the same, memory allocated", Unit: "MiB", Ours: median(bytes), Target: "< 1 MiB"},
		{What: "who of 120 could have changed the outcome", Unit: "us", Ours: median(pivotal), Target: "< 100 us"},
	}, nil
}

// benchProcess measures whole processes: the idle program and the audit, beside an empty server and an empty database.
func benchProcess(ctx context.Context, dir string, rounds int, _ io.Writer) ([]figure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(self)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "small.yaml")
	names, err := examples.Minutes.ReadDir(".")
	if err != nil {
		return nil, err
	}
	small, err := examples.Minutes.ReadFile(names[0].Name())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, small, 0o600); err != nil {
		return nil, err
	}
	many, err := manySessions(filepath.Join(dir, "many"), small)
	if err != nil {
		return nil, err
	}
	var floorRSS, floorReady, rss, ready, floorAudit, audit, auditMany []float64
	for i := range rounds {
		f, err := measureChild(ctx, self, "floor", filepath.Join(dir, fmt.Sprintf("idle-floor-%d", i)))
		if err != nil {
			return nil, err
		}
		o, err := measureChild(ctx, self, "serve", filepath.Join(dir, fmt.Sprintf("idle-%d", i)))
		if err != nil {
			return nil, err
		}
		floorRSS, floorReady, floorAudit = append(floorRSS, f.rss), append(floorReady, f.ready), append(floorAudit, f.whole)
		rss, ready = append(rss, o.rss), append(ready, o.ready)
		took, err := wholeProcess(ctx, self, "audit", file)
		if err != nil {
			return nil, err
		}
		audit = append(audit, took)
		if i == 0 {
			if took, err = wholeProcess(ctx, self, append([]string{"audit", "--format", "csv"}, many...)...); err != nil {
				return nil, err
			}
			auditMany = append(auditMany, took/1000)
		}
	}
	return []figure{
		pair("idle: resident memory", "MiB", "<= 64 MiB", "floor: empty NATS server and SQLite", floorRSS, rss),
		pair("idle: ready after", "ms", "< 500 ms", "", floorReady, ready),
		{What: "the program's size", Unit: "MB", Ours: float64(info.Size()) / 1e6, Target: "<= 45 MB"},
		pair("audit of a small file, whole process", "ms", "< 400 ms", "floor: empty NATS server and SQLite, start and stop", floorAudit, audit),
		{What: fmt.Sprintf("audit of %d sessions, whole process", sessionsMany), Unit: "s", Ours: auditMany[0], Target: "< 5 s", Note: "one run"},
	}, nil
}

// manySessions writes the same small session many times, each with an id of its own.
func manySessions(dir string, small []byte) ([]string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var names []string
	for i := range sessionsMany {
		day := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 4*(i/initiativesMany))
		text := strings.NewReplacer("2026-03-05", day.Format(time.DateOnly), "csm-orari", fmt.Sprintf("iniziativa-%02d", i%initiativesMany)).Replace(string(small))
		name := filepath.Join(dir, fmt.Sprintf("%04d.yaml", i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func wholeProcess(ctx context.Context, self string, args ...string) (ms float64, err error) {
	start := time.Now()
	out, err := exec.CommandContext(ctx, self, args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return float64(time.Since(start).Microseconds()) / 1000, nil
}

type child struct{ rss, ready, whole float64 }

// measureChild starts a process that says "ready", settles, is measured and is told to stop.
func measureChild(ctx context.Context, self, what, dir string) (c child, err error) {
	cmd := exec.CommandContext(ctx, self, "bench", "--child", what, "--dir", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return c, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return c, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		return c, errors.Join(err, cmd.Wait())
	}
	c.ready = float64(time.Since(start).Microseconds()) / 1000
	stopping := time.Now()
	if what == "serve" {
		const settle = time.Second // idle is what is left when starting is over
		time.Sleep(settle)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmRSS:") {
				kb, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
				c.rss = kb / 1024
			}
		}
	}
	err = errors.Join(err, in.Close(), cmd.Wait())
	c.whole = c.ready + float64(time.Since(stopping).Microseconds())/1000
	return c, err
}

// benchChild is what a measured process does: start, say so, and go when its input ends.
func benchChild(ctx context.Context, what, dir string, t *terminal) error {
	wait := func() error {
		if _, err := fmt.Fprintln(t.out, "ready"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	if what == "serve" {
		h, err := openHouse(ctx, plan{Dir: dir, Services: allServices, Temporary: true, Listen: "127.0.0.1:0", Logger: quiet(t.err)})
		if err != nil {
			return err
		}
		return errors.Join(wait(), h.close())
	}
	server, err := bus.Start(bus.Options{StoreDir: filepath.Join(dir, "log"), Temporary: true})
	if err != nil {
		return err
	}
	defer server.Shutdown()
	db, err := sqlite.Open(filepath.Join(dir, "empty.db"), sqlite.Options{Schema: `CREATE TABLE IF NOT EXISTS one (id INTEGER PRIMARY KEY) STRICT;`})
	if err != nil {
		return err
	}
	return errors.Join(wait(), db.Close())
}
