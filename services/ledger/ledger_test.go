package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/eventlog"
	commandv1 "tavolo/proto/tavolo/command/v1"
	"tavolo/services/ledger"
)

// desk is a ledger on a real server, with a log to look into.
type desk struct {
	t   *testing.T
	ask func(...*commandv1.Command) (*commandv1.Receipt, error)
	log *eventlog.Log
	// second starts another ledger on the same server: requests go to either.
	second func()
}

func open(t *testing.T, clock func() time.Time) *desk {
	t.Helper()
	server, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	nc, err := server.Connect(bus.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	l, err := ledger.Start(ledger.Options{Conn: nc, Clock: clock, Version: "0.0.1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	operator, err := server.Connect(bus.Operator)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Close)
	log, err := eventlog.New(operator)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, log: log}
	d.second = func() {
		other, err := server.Connect(bus.Ledger)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(other.Close)
		more, err := ledger.Start(ledger.Options{Conn: other, Clock: clock, Version: "0.0.1", Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(more.Stop)
	}
	d.ask = func(commands ...*commandv1.Command) (*commandv1.Receipt, error) {
		r := &commandv1.Receipt{}
		return r, bus.Request(context.Background(), operator, "cmd.dsm", &commandv1.CommandBatch{Commands: commands}, r)
	}
	return d
}

func (d *desk) must(commands ...*commandv1.Command) *commandv1.Receipt {
	d.t.Helper()
	r, err := d.ask(commands...)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *desk) commits() (all []eventlog.Recorded) {
	d.t.Helper()
	for r, err := range d.log.Read(context.Background(), "dsm", 1, 0) {
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func found() *commandv1.Command {
	return &commandv1.Command{Id: newID(), Of: &commandv1.Command_FoundWorkspace{FoundWorkspace: &commandv1.FoundWorkspace{Workspace: "dsm", Region: "Lazio"}}}
}

func initiative(id string) *commandv1.Command {
	return &commandv1.Command{Id: newID(), Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: "dsm", Initiative: id}}}
}

func session(id string) *commandv1.Command {
	return &commandv1.Command{Id: newID(), Of: &commandv1.Command_PrepareSession{PrepareSession: &commandv1.PrepareSession{Workspace: "dsm", Session: id}}}
}

func TestTheSameCommandAgainIsAnsweredAsTheFirstTime(t *testing.T) {
	d := open(t, nil)
	c := found()
	first := d.must(c)
	again := d.must(c)
	if first.Sequence != 1 || first.Commits != 1 || again.Sequence != 1 || again.Commits != 0 {
		t.Errorf("first %v, again %v", first, again)
	}
}

func TestABatchIsAcceptedWholeOrRefusedWhole(t *testing.T) {
	d := open(t, nil)
	d.must(found())
	if _, err := d.ask(initiative("a"), session("a:1"), initiative("a")); !errors.Is(err, decider.Refuse("initiative/already-open")) {
		t.Fatalf("refused with %v", err)
	}
	if n := len(d.commits()); n != 1 {
		t.Errorf("%d commits after a refused batch, want 1", n)
	}
	r := d.must(initiative("a"), session("a:1"), session("a:2"))
	if r.Commits != 3 || r.Sequence != 4 {
		t.Errorf("receipt %v", r)
	}
}

func TestARefusalSaysWhichCommandOfTheBatch(t *testing.T) {
	d := open(t, nil)
	d.must(found())
	_, err := d.ask(initiative("a"), session("b:1"))
	var r *decider.Refusal
	if !errors.As(err, &r) || r.Args["command"] != "1" {
		t.Errorf("refused with %v", err)
	}
}

func TestATextInClearNeverReachesTheLog(t *testing.T) {
	d := open(t, nil)
	c := found()
	c.GetFoundWorkspace().Name = &commandv1.Text{Form: &commandv1.Text_Clear{Clear: "DSM"}}
	if _, err := d.ask(c); !errors.Is(err, decider.Refuse("command/text-in-clear")) {
		t.Errorf("refused with %v", err)
	}
	batch := &commandv1.Command{Id: newID(), Of: &commandv1.Command_CorrectDecision{CorrectDecision: &commandv1.CorrectDecision{Workspace: "dsm", Decision: "a:1:d", Steps: []*commandv1.Command{
		{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Question: &commandv1.Text{Form: &commandv1.Text_Clear{Clear: "?"}}}}},
	}}}}
	if _, err := d.ask(batch); !errors.Is(err, decider.Refuse("command/text-in-clear")) {
		t.Errorf("nested: refused with %v", err)
	}
}

func TestMalformedCommandsAreRefused(t *testing.T) {
	d := open(t, nil)
	d.must(found())
	for code, c := range map[string]*commandv1.Command{
		"command/empty":                {Id: newID()},
		"command/without-id":           {Of: found().Of},
		"id/malformed":                 session("a.b:1"),
		"initiative/unknown":           session("nowhere:1"),
		"command/of-another-workspace": {Id: newID(), Of: &commandv1.Command_OpenInitiative{OpenInitiative: &commandv1.OpenInitiative{Workspace: "elsewhere", Initiative: "a"}}},
	} {
		commands := []*commandv1.Command{c}
		if code == "command/of-another-workspace" {
			commands = []*commandv1.Command{initiative("x"), c}
		}
		if _, err := d.ask(commands...); !errors.Is(err, decider.Refuse(code)) {
			t.Errorf("want %s, refused with %v", code, err)
		}
	}
	if n := len(d.commits()); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
}

func TestRecordedTimeNeverDecreases(t *testing.T) {
	now := time.Date(2026, 3, 5, 16, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(-time.Hour) // a clock that runs backwards
		return now
	}
	d := open(t, clock)
	d.must(found())
	d.must(initiative("a"))
	d.must(session("a:1"))
	var last time.Time
	for _, r := range d.commits() {
		at := r.Commit.RecordedAt.AsTime()
		if at.Before(last) {
			t.Errorf("commit %d recorded at %v, after %v", r.Seq, at, last)
		}
		last = at
	}
}

// Sixteen writers enrol people in one initiative: every accepted command is in the log once, versions have no gap.
func TestConcurrentCommandsToOneAggregateAllGetIn(t *testing.T) {
	d := open(t, nil)
	d.must(found())
	d.must(initiative("a"))
	const writers, each = 16, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				c := &commandv1.Command{Id: newID(), Of: &commandv1.Command_EnrolParticipants{EnrolParticipants: &commandv1.EnrolParticipants{Workspace: "dsm", Initiative: "a", Enrolments: []*commandv1.Enrolment{{Participant: fmt.Sprintf("%d-%d", w, n), Constituency: "user"}}}}}
				if _, err := d.ask(c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	enrolled := map[string]bool{}
	for _, r := range d.commits() {
		for _, e := range r.Commit.Events {
			if p := e.GetParticipantEnrolled(); p != nil {
				if enrolled[p.Participant] {
					t.Errorf("%s is enrolled twice", p.Participant)
				}
				enrolled[p.Participant] = true
			}
		}
	}
	if len(enrolled) != writers*each {
		t.Errorf("%d enrolled, want %d", len(enrolled), writers*each)
	}
}

// INV-07 holds although the log may store commands that are under way together in any order.
func TestRecordedTimeNeverDecreasesUnderConcurrentCommands(t *testing.T) {
	d := open(t, nil)
	d.must(found())
	d.must(initiative("a"))
	const writers, each = 32, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				if _, err := d.ask(session(fmt.Sprintf("a:s%d-%d", w, n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var last time.Time
	different := map[time.Time]bool{}
	for _, r := range d.commits() {
		at := r.Commit.RecordedAt.AsTime()
		if at.Before(last) {
			t.Errorf("commit %d recorded at %v, after %v", r.Seq, at, last)
		}
		last = at
		different[at] = true
	}
	if len(different) < 3 {
		t.Errorf("only %d different times: the clock stood still", len(different))
	}
}

// Two ledgers share the work: whichever gets a repeated command, it is in the log once and answered alike.
func TestACommandRepeatedToAnotherLedgerIsInTheLogOnce(t *testing.T) {
	d := open(t, nil)
	d.second()
	d.must(found())
	d.must(initiative("a"))
	for n := range 40 {
		c := session(fmt.Sprintf("a:s%d", n))
		want := d.must(c).Sequence
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if r, err := d.ask(c); err != nil || r.Sequence != want {
					t.Errorf("repeated: %v %v, want %d", r, err, want)
				}
			})
		}
		wg.Wait()
	}
	if n := len(d.commits()); n != 42 {
		t.Errorf("%d commits, want 42", n)
	}
}
