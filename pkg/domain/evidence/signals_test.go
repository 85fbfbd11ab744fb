package evidence_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/domain/evidence"
)

func signals(r *evidence.Record, who string) (told []string) {
	for _, s := range r.Signals(who) {
		told = append(told, fmt.Sprintf("%s %v %v %d/%d", s.Code, s.Sessions, s.Items, s.Count, s.Against))
	}
	return told
}

// talk is an item on which u1 speaks for some seconds and p1 for others.
func talk(u1, p1 int) string {
	return fmt.Sprintf("id: i\ncontributions:\n  - {by: p1, kind: report, seconds: %d}\n  - {by: u1, kind: statement, seconds: %d}", p1, u1)
}

func TestLittleVoiceIsThreeSessionsRunning(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 p1 p2", talk(10, 100)))
	w.hold(meeting("2026-03-12", "meeting", "u1 u2 p1 p2", talk(10, 100)))
	if got := signals(w.record(), "u1"); len(got) != 0 {
		t.Errorf("after two sessions: %q", got)
	}
	w.hold(meeting("2026-03-19", "meeting", "u1 u2 p1 p2", talk(14, 100))) // an equal part is 28.5 seconds
	if got, want := signals(w.record(), "u1"), []string{"little_voice [csm:s2026-03-05 csm:s2026-03-12 csm:s2026-03-19] [] 0/0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := signals(w.record(), "p1"); len(got) != 0 {
		t.Errorf("who spoke: %q", got)
	}
	w.hold(meeting("2026-03-26", "meeting", "u1 u2 p1 p2", talk(50, 100)))
	if got := signals(w.record(), "u1"); len(got) != 0 {
		t.Errorf("after a session with an equal part: %q", got)
	}
}

func TestWhoIsTheOnlyExpertIsTold(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 f1 p1", talk(50, 50)))
	w.hold(meeting("2026-03-12", "meeting", "u1 p1 p2", talk(50, 50)))
	if got, want := signals(w.record(), "u1"), []string{"only_expert [csm:s2026-03-12] [] 0/0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := signals(w.record(), "p1"); len(got) != 0 {
		t.Errorf("a professional: %q", got)
	}
}

func TestOnesOwnAdviceWithoutAnAnswerIsTold(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 p1", "id: i\ncontributions:\n  - {by: u1, kind: proposal, seconds: 60}\n  - {by: u2, kind: advice, seconds: 60}\n  - {by: p1, kind: statement, seconds: 60, answers: 2}"))
	if got, want := signals(w.record(), "u1"), []string{"advice_unanswered [csm:s2026-03-05] [csm:i] 1/0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := signals(w.record(), "u2"); len(got) != 0 {
		t.Errorf("answered: %q", got)
	}
	soon, _ := w.asOf(day("2026-03-05").Add(29 * 24 * time.Hour))
	if got := signals(soon, "u1"); len(got) != 0 {
		t.Errorf("before thirty days: %q", got)
	}
}

func TestWhoIsInvitedLessIsTold(t *testing.T) {
	w := newWorld(t)
	w.hold(meeting("2026-03-05", "meeting", "u1 u2 u3 p1", talk(50, 50)))
	w.hold(meeting("2026-03-12", "meeting", "u1 u2 u3 p1", talk(50, 50)))
	w.hold(meeting("2026-03-19", "meeting", "u1 u2 p1", talk(50, 50)))
	if got := signals(w.record(), "u3"); len(got) != 0 {
		t.Errorf("once less: %q", got)
	}
	w.hold(meeting("2026-03-26", "meeting", "u1 u2 p1", talk(50, 50)))
	if got, want := signals(w.record(), "u3"), []string{"invited_less [] [] 2/4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := signals(w.record(), "u1"); len(got) != 0 {
		t.Errorf("who was always there: %q", got)
	}
}

func TestEverySignalHasASentence(t *testing.T) {
	for _, code := range evidence.SignalCodes {
		for _, lang := range []string{catalogue.Italian, catalogue.English} {
			if catalogue.Sentence("signal/"+string(code), lang, nil) == "signal/"+string(code) {
				t.Errorf("%s has no sentence in %s", code, lang)
			}
		}
	}
}

func TestTimeIsCutIntoWholeMonthsAndQuarters(t *testing.T) {
	keys := func(points []evidence.Point) (all []string) {
		for _, p := range points {
			all = append(all, p.Key)
		}
		return all
	}
	if got, want := keys(evidence.Points(day("2025-11-30"), day("2026-02-01"), false)), []string{"2025-11", "2025-12", "2026-01", "2026-02"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got, want := keys(evidence.Points(day("2025-11-30"), day("2026-04-01"), true)), []string{"2025-Q4", "2026-Q1", "2026-Q2"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := evidence.Points(time.Time{}, time.Time{}, false); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}
