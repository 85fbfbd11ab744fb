package clerk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tavolo/pkg/bus"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/clerk"
)

// soon is a deadline that passes while the test waits. What has to be before it is sent in one batch; what takes longer is for inTime.
const soon = time.Second

func TestVoteIsClosedAtItsDeadlineByNobody(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	closesAt := time.Now().Add(soon)
	w.vote("dsm", closesAt, "a:1:d")
	w.until("the vote closes", w.closed("dsm", "a:1:d"))
	w.wantOnce("dsm", "a:1:d", closesAt)
	c := w.closings("dsm", "a:1:d")[0]
	t.Logf("closed %v after its deadline", c.RecordedAt.AsTime().Sub(closesAt))
	if c.event.Outcome != eventv1.Outcome_OUTCOME_ADOPTED {
		t.Errorf("outcome %v", c.event.Outcome)
	}
	if c.Correlation != "a-correlation" || c.Causation != "timer.due.dsm.a:1:d@8" {
		t.Errorf("correlation %q, causation %q", c.Correlation, c.Causation)
	}
	w.until("the timer is gone", func() bool { return w.message("timer.due.dsm.a:1:d") == 0 && w.message("timer.at.dsm.a:1:d") == 0 })
}

func TestVoteWithoutADeadlineIsLeftOpen(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.vote("dsm", time.Time{}, "a:1:open")
	w.vote("dsm", time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC), "a:1:far") // farther than the server can count
	w.vote("dsm", time.Now().Add(soon), "a:1:d")
	w.until("the vote with a deadline closes", w.closed("dsm", "a:1:d"))
	for _, d := range []string{"a:1:open", "a:1:far"} {
		if len(w.closings("dsm", d)) > 0 {
			t.Errorf("%s was closed", d)
		}
		w.wantNoTimer(d)
	}
}

// A correction may record a whole vote at once, from its opening to its close.
func TestVoteThatACorrectionClosesHasNoTimer(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.vote("dsm", time.Time{}, "a:1:d1")
	far := time.Now().Add(time.Hour)
	w.must("dsm", reopen("dsm", "a:1:d1", far, &commandv1.CloseVoting{Workspace: "dsm", Decision: "a:1:d1"}))
	w.vote("dsm", far, "a:1:d2")
	w.until("the vote after it has a timer", func() bool { return w.message("timer.at.dsm.a:1:d2") > 0 })
	w.wantNoTimer("a:1:d1")
}

func TestDeadlineThatHasPassedClosesAtOnce(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	for d, at := range map[string]time.Time{"a:1:d1": time.Now().Add(-time.Hour), "a:1:d2": time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)} {
		w.must("dsm", steps("dsm", d, at)...)
	}
	w.clerk(nil)
	w.until("the votes close", func() bool { return w.closed("dsm", "a:1:d1")() && w.closed("dsm", "a:1:d2")() })
}

func TestBallotAfterTheDeadlineIsRefused(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.must("dsm", steps("dsm", "a:1:d", time.Now().Add(-time.Second))...)
	wantCode(t, w.ask("dsm", ballot("dsm", "a:1:d")), "decision/too-late") // no clerk has closed it yet
	w.clerk(nil)
	w.until("the vote closes", w.closed("dsm", "a:1:d"))
	wantCode(t, w.ask("dsm", ballot("dsm", "a:1:d")), "decision/not-open")
}

func TestKilledClerkLosesNoDeadline(t *testing.T) {
	inTime(t, func(within time.Duration) bool {
		w := open(t, bus.Options{Listen: "127.0.0.1:0"})
		w.ledger()
		w.found("dsm")
		kill := w.process()
		closesAt := time.Now().Add(within)
		w.vote("dsm", closesAt, "a:1:d")
		w.until("the timer is set", func() bool { return w.message("timer.at.dsm.a:1:d") > 0 || passed(closesAt) })
		kill()
		if passed(closesAt) {
			return false
		}
		w.until("the timer fires without a clerk", func() bool { return w.message("timer.due.dsm.a:1:d") > 0 })
		if len(w.closings("dsm", "a:1:d")) > 0 {
			t.Fatal("closed without a clerk")
		}
		w.clerk(nil)
		w.until("the vote closes", w.closed("dsm", "a:1:d"))
		w.wantOnce("dsm", "a:1:d", closesAt)
		return true
	})
}

func TestServerThatWasDownAtTheDeadlineFiresLater(t *testing.T) {
	inTime(t, func(within time.Duration) bool {
		dir := t.TempDir()
		w := open(t, bus.Options{StoreDir: dir, Temporary: true})
		stopLedger := w.ledger()
		w.found("dsm")
		stop := w.clerk(nil)
		closesAt := time.Now().Add(within)
		w.vote("dsm", closesAt, "a:1:d")
		w.until("the timer is set", func() bool { return w.message("timer.at.dsm.a:1:d") > 0 || passed(closesAt) })
		stop()
		stopLedger()
		w.server.Shutdown()
		if passed(closesAt) {
			return false
		}
		w.until("the deadline passes", func() bool { return passed(closesAt) })
		w = open(t, bus.Options{StoreDir: dir, Temporary: true})
		w.ledger()
		w.clerk(nil)
		w.until("the vote closes", w.closed("dsm", "a:1:d"))
		w.wantOnce("dsm", "a:1:d", closesAt)
		return true
	})
}

func TestTwoClerksCloseOnce(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.clerk(nil)
	closesAt, votes := time.Now().Add(soon), []string{"a:1:d1", "a:1:d2", "a:1:d3", "a:1:d4"}
	w.vote("dsm", closesAt, votes...)
	w.until("every timer is met", func() bool {
		i := w.due()
		return i.Delivered.Consumer >= 4 && i.NumPending == 0 && i.NumAckPending == 0
	})
	for _, d := range votes {
		w.wantOnce("dsm", d, closesAt)
	}
}

func TestDeadlineWaitsForTheLedger(t *testing.T) {
	w := open(t, bus.Options{})
	stop := w.ledger()
	w.found("dsm")
	closesAt := time.Now().Add(soon)
	w.vote("dsm", closesAt, "a:1:d")
	stop()
	w.clerk(nil) // not before: however slow the machine, there is no ledger at the deadline
	w.until("the timer has come more than once", func() bool { return w.due().NumRedelivered > 0 })
	if len(w.closings("dsm", "a:1:d")) > 0 {
		t.Fatal("closed without a ledger")
	}
	w.ledger()
	w.until("the vote closes", w.closed("dsm", "a:1:d"))
	w.wantOnce("dsm", "a:1:d", closesAt)
}

func TestTimerComesAgainLaterAndLater(t *testing.T) {
	for delivered, want := range map[uint64]time.Duration{0: 500 * time.Millisecond, 1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 6: 16 * time.Second, 7: 30 * time.Second, 1 << 40: 30 * time.Second} {
		if got := clerk.DelayAfter(delivered); got != want {
			t.Errorf("after %d deliveries %v, want %v", delivered, got, want)
		}
	}
}

func TestWorkspaceFoundedLaterIsNoticed(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.clerk(nil)
	w.found("late")
	w.must("late", steps("late", "a:1:d", time.Now())...)
	w.until("the vote closes", w.closed("late", "a:1:d"))
}

func TestVoteOpenedAgainHasItsNewDeadlineOnly(t *testing.T) {
	inTime(t, func(within time.Duration) bool {
		w := open(t, bus.Options{})
		w.ledger()
		w.found("dsm")
		w.clerk(nil)
		first := time.Now().Add(within)
		w.vote("dsm", first, "a:1:d")
		w.until("the timer is set", func() bool { return w.message("timer.at.dsm.a:1:d") > 0 || passed(first) })
		before := w.message("timer.at.dsm.a:1:d")
		second := first.Add(time.Second)
		err := w.ask("dsm", reopen("dsm", "a:1:d", second))
		w.until("the timer is replaced", func() bool { return w.message("timer.at.dsm.a:1:d") > before || passed(first) })
		if passed(first) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		w.until("the vote closes", w.closed("dsm", "a:1:d"))
		w.wantOnce("dsm", "a:1:d", second)
		return true
	})
}

// The timer of the first opening stays, for the second has no deadline. It fires and must do nothing.
func TestTimerOfAnEarlierOpeningClosesNothing(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.must("dsm", append(steps("dsm", "a:1:d", time.Now().Add(soon)), reopen("dsm", "a:1:d", time.Time{}))...) // at once: however slow the machine, before the deadline
	w.until("the timer is met", func() bool { i := w.due(); return i.Delivered.Consumer == 1 && i.NumAckPending == 0 })
	if len(w.closings("dsm", "a:1:d")) > 0 {
		t.Error("a vote without a deadline was closed by the deadline of an earlier one")
	}
}

func TestVoteThatWasClosedOrStruckBeforeItsDeadlineIsLeftAlone(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	closesAt := time.Now().Add(soon)
	w.must("dsm", append(steps("dsm", "a:1:closed", closesAt), &commandv1.CloseVoting{Workspace: "dsm", Decision: "a:1:closed"})...) // at once, before the deadline
	w.must("dsm", append(steps("dsm", "a:1:struck", closesAt), &commandv1.StrikeDecision{Workspace: "dsm", Decision: "a:1:struck", Reason: reopen("", "", closesAt).Reason})...)
	w.until("both timers are met", func() bool { i := w.due(); return i.Delivered.Consumer == 2 && i.NumAckPending == 0 })
	if all := w.closings("dsm", "a:1:closed"); len(all) != 1 || all[0].event.ByDeadline {
		t.Errorf("closed by %v", all)
	}
	if n := len(w.closings("dsm", "a:1:struck")); n != 0 {
		t.Errorf("a struck vote was closed %d times", n)
	}
}

// The text changed and nobody was asked about the new one: there is nothing to close, now or when the timer would come again.
func TestVoteWhoseTextChangedIsLeftToThePeopleAtItsDeadline(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	const d = "a:1:d"
	closesAt := time.Now().Add(soon)
	begin := steps("dsm", d, closesAt)
	begin[1] = &commandv1.WriteCharter{Workspace: "dsm", Decision: d, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}}}
	objection := ballot("dsm", d)
	objection.Ballots[0].Choice = eventv1.Choice_CHOICE_AGAINST
	w.must("dsm", append(begin, objection, &commandv1.AmendProposal{Workspace: "dsm", Decision: d, Text: reopen("", "", closesAt).Reason})...)
	w.until("the timer is met", func() bool { i := w.due(); return i.Delivered.Consumer == 1 && i.NumAckPending == 0 })
	if n := len(w.closings("dsm", d)); n != 0 {
		t.Errorf("it was closed %d times", n)
	}
	if late := time.Since(closesAt); late < 0 {
		t.Errorf("the timer was met %v too early", -late)
	}
	w.must("dsm", &commandv1.BeginRound{Workspace: "dsm", Decision: d, Round: eventv1.Round_ROUND_CONSENT}, ballot("dsm", d))
	w.must("dsm", &commandv1.CloseVoting{Workspace: "dsm", Decision: d})
	if all := w.closings("dsm", d); len(all) != 1 || all[0].event.ByDeadline {
		t.Errorf("closed by %v", all)
	}
}

func TestNoVoteIsClosedBeforeItsDeadlineByTheClerksOwnClock(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	const slow = 1500 * time.Millisecond
	w.clerk(func() time.Time { return time.Now().Add(-slow) })
	closesAt := time.Now().Add(soon)
	w.vote("dsm", closesAt, "a:1:d")
	w.until("the vote closes", w.closed("dsm", "a:1:d"))
	w.wantOnce("dsm", "a:1:d", closesAt.Add(slow))
}

// A timer for an opening that the log does not have is tried again and again. The others must not wait for it, nor for one that makes no sense.
func TestTimerThatCannotBeMetHoldsNobodyBack(t *testing.T) {
	w := open(t, bus.Options{})
	w.ledger()
	w.found("dsm")
	w.clerk(nil)
	w.put("timer.due.dsm.a:1:ghost", `{"opened":4711}`)
	w.put("timer.due.nowhere.a:1:d", `{"opened":1}`)
	w.put("timer.due.dsm.a:1:odd", `what`)
	w.until("it comes again", func() bool { return w.due().NumRedelivered > 0 })
	closesAt := time.Now().Add(soon)
	w.vote("dsm", closesAt, "a:1:d")
	w.until("the vote closes", w.closed("dsm", "a:1:d"))
	w.wantOnce("dsm", "a:1:d", closesAt)
	if w.message("timer.due.dsm.a:1:ghost") == 0 {
		t.Error("the timer that cannot be met is lost")
	}
	for _, gone := range []string{"timer.due.nowhere.a:1:d", "timer.due.dsm.a:1:odd"} {
		w.until(gone+" is dropped", func() bool { return w.message(gone) == 0 })
	}
}

func TestTimersOfOtherSettingsAreRefused(t *testing.T) {
	w := open(t, bus.Options{})
	nc := w.connect(bus.Clerk)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TIMERS", Subjects: []string{"timer.>"}, MaxAge: time.Hour}); err != nil {
		t.Fatal(err)
	}
	c, err := clerk.Start(t.Context(), clerk.Options{Conn: nc, Logger: w.said.logger()})
	wantCode(t, err, clerk.CodeTimersDrift)
	if c != nil {
		t.Error("a clerk was started all the same")
	}
}

func TestClerkCannotStartWithoutAServer(t *testing.T) {
	w := open(t, bus.Options{})
	nc := w.connect(bus.Clerk)
	w.server.Shutdown()
	_, err := clerk.Start(t.Context(), clerk.Options{Conn: nc, Logger: w.said.logger()})
	wantCode(t, err, clerk.CodeTimersUnavailable)
}

// Stop, twice, and the end of the context do the same: the clerk ends in peace, and what is due then waits for the next one.
func TestStoppedClerkDoesNothingMore(t *testing.T) {
	inTime(t, func(within time.Duration) bool {
		w := open(t, bus.Options{})
		w.ledger()
		w.found("dsm")
		stop := w.clerk(nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		other, err := clerk.Start(ctx, clerk.Options{Conn: w.connect(bus.Clerk), Logger: w.said.logger()})
		if err != nil {
			t.Fatal(err)
		}
		closesAt := time.Now().Add(within)
		w.must("dsm", steps("dsm", "a:1:d", closesAt)...)
		w.until("the timer is set", func() bool { return w.message("timer.at.dsm.a:1:d") > 0 || passed(closesAt) })
		stop()
		stop()
		cancel()
		other.Stop()
		if passed(closesAt) {
			return false
		}
		w.until("the timer fires", func() bool { return w.message("timer.due.dsm.a:1:d") > 0 })
		if n := w.due().Delivered.Consumer; n != 0 {
			t.Errorf("%d timers were taken by a clerk that is stopped", n)
		}
		if s := w.said.String(); strings.Contains(s, "level=ERROR") || strings.Contains(s, "level=WARN") {
			t.Errorf("a clerk that is stopped complains:\n%s", s)
		}
		return true
	})
}
