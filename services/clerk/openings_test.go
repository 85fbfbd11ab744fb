package clerk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func TestRestartReadsOnFromWhereItWas(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	stop := w.clerk(nil)
	far := time.Now().Add(time.Hour)
	w.vote("dsm", far, "a:1:d1")
	w.until("the position is kept", func() bool { return w.message("timer.position.dsm") > 0 })
	first := w.message("timer.at.dsm.a:1:d1")
	stop()
	w.clerk(nil)
	w.vote("dsm", far, "a:1:d2")
	w.until("the second timer is set", func() bool { return w.message("timer.at.dsm.a:1:d2") > 0 })
	if w.message("timer.at.dsm.a:1:d1") != first {
		t.Error("the first vote was read again")
	}
}

// Without timers the position is kept every thousand commits, whatever they are about.
func TestPositionIsKeptWithoutTimersToo(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.lookAtTimers()
	for range 11 {
		var batch []any
		for range 100 {
			batch = append(batch, &commandv1.DescribeItem{Workspace: "dsm", Item: "a:i"})
		}
		w.must("dsm", batch...)
	}
	w.until("the position is kept", func() bool { return w.message("timer.position.dsm") > 0 })
}

// A log that was restored from an older copy, or replaced, has openings that the position says were read.
func TestPositionOfAnotherLogIsNotTrusted(t *testing.T) {
	for name, position := range map[string]string{
		"another commit there": `{"seq":6,"commit":"of-another-log"}`,
		"beyond the end":       `{"seq":4711,"commit":"of-another-log"}`,
		"unreadable":           `what`,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, bus.Options{})
			w.ledger()
			w.found("dsm")
			w.clerk(nil)() // it makes the stream and goes
			w.put("timer.position.dsm", position)
			w.must("dsm", steps("dsm", "a:1:d", time.Now())...)
			w.clerk(nil)
			w.until("the vote closes", w.closed("dsm", "a:1:d"))
		})
	}
}

// A record that this program does not know, and a hole, stop the reading of that log and of no other.
func TestDamagedLogIsNotPassedOver(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	js, err := jetstream.NewWithAPIPrefix(w.connect(bus.Ledger), bus.LogAPI)
	if err != nil {
		t.Fatal(err)
	}
	for ws, publish := range map[string][]string{
		"holey":   {"log.holey.workspace.holey", "log.holey.workspace.holey"}, // the second replaces the first
		"strange": {"log.strange.decision.a:1:d"},
	} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOG_" + ws, Subjects: []string{"log." + ws + ".>"}, MaxMsgsPerSubject: 1, AllowDirect: true}); err != nil {
			t.Fatal(err)
		}
		for _, subject := range publish {
			if _, err := js.Publish(t.Context(), subject, []byte("not a commit")); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.clerk(nil)
	w.until("the hole is told", w.said.has("eventlog/hole expected=1 found=2 workspace=holey"))
	if !strings.Contains(w.said.String(), "level=ERROR") {
		t.Error("the hole is no error")
	}
	w.until("the strange record is told", w.said.has("eventlog/unknown-event"))
	w.vote("dsm", time.Now().Add(soon), "a:1:d")
	w.until("the vote of a sound log closes", w.closed("dsm", "a:1:d"))
	for _, ws := range []string{"holey", "strange"} {
		if w.message("timer.position."+ws) > 0 {
			t.Errorf("%s was read on", ws)
		}
	}
}

func TestManyVotesInManyWorkspacesAllClose(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	workspaces, votes := []string{"w1", "w2", "w3", "w4", "w5"}, []string{"a:1:d1", "a:1:d2", "a:1:d3", "a:1:d4"}
	for _, ws := range workspaces {
		w.found(ws)
	}
	w.clerk(nil)
	closesAt := map[string]time.Time{}
	for _, ws := range workspaces {
		closesAt[ws] = time.Now().Add(soon)
		w.vote(ws, closesAt[ws], votes...)
	}
	var latest time.Duration
	for _, ws := range workspaces {
		for _, d := range votes {
			w.until(ws+" "+d+" closes", w.closed(ws, d))
			w.wantOnce(ws, d, closesAt[ws])
			c := w.closings(ws, d)[0]
			latest = max(latest, c.RecordedAt.AsTime().Sub(closesAt[ws]))
			if c.event.Outcome != eventv1.Outcome_OUTCOME_ADOPTED {
				t.Errorf("%s %s: %v", ws, d, c.event.Outcome)
			}
		}
	}
	t.Logf("the last of %d votes closed %v after the deadline", len(workspaces)*len(votes), latest)
}
