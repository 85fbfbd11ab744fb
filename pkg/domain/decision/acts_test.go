package decision_test

import (
	"testing"
	"time"

	"tavolo/pkg/domain/decision"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

const (
	finalAct   = eventv1.ActKind_ACT_KIND_FINAL_ACT
	putOff     = eventv1.ActKind_ACT_KIND_DEFERRED
	raised     = eventv1.ActKind_ACT_KIND_OBJECTION_RAISED
	integrated = eventv1.ActKind_ACT_KIND_OBJECTION_INTEGRATED
	takenBack  = eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN
	dismissed  = eventv1.ActKind_ACT_KIND_OBJECTION_DISMISSED
	reversed   = eventv1.ActKind_ACT_KIND_REVERSED
	due        = eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE
	done       = eventv1.ActKind_ACT_KIND_IMPLEMENTED
	notDone    = eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED
	explained  = eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED
)

func TestAnActSaysWhatItIs(t *testing.T) {
	over := given(t, open(), closed)
	over.When(&commandv1.RecordAct{}).Refused("decision/act-without-kind")
	over.When(record(act(0))).Refused("decision/act-without-kind")
	for _, kind := range []eventv1.ActKind{raised, integrated, takenBack, dismissed} {
		over.When(record(act(kind))).Refused("decision/act-without-objector")
	}
	over.When(record(act(reversed))).Refused("decision/act-without-author")
	over.When(record(act(due))).Refused("decision/due-date-missing")
	over.When(record(&eventv1.ActRecorded{Kind: due, Due: "1 aprile"})).Refused("decision/due-date-missing")
}

func TestWhoActsIsAMember(t *testing.T) {
	over := given(t, open(), closed)
	for _, a := range []*eventv1.ActRecorded{{Kind: finalAct, By: "x9"}, {Kind: done, Owner: "x9"}, {Kind: raised, Objector: "x9"}} {
		over.When(record(a)).Refused("decision/not-enrolled")
	}
}

func TestAnActIsRecordedWithItsReason(t *testing.T) {
	over := given(t, open(), closed)
	want := &eventv1.ActRecorded{Kind: reversed, By: "dir", Reason: sealed}
	over.When(&commandv1.RecordAct{Act: &eventv1.ActRecorded{Kind: reversed, By: "dir"}, Reason: words}).Then(want)
	over.When(record(&eventv1.ActRecorded{Kind: reversed, ByElectorate: true})).Then(&eventv1.ActRecorded{Kind: reversed, ByElectorate: true})
	over.When(record(&eventv1.ActRecorded{Kind: due, Due: "2026-04-01"})).Then(&eventv1.ActRecorded{Kind: due, Due: "2026-04-01"})
	if s := over.Given(want).State(); len(s.Acts) != 1 || s.Acts[0].Seq != 4 || s.Acts[0].Words.Field != "reason" {
		t.Errorf("the act is %+v", s.Acts)
	}
}

func TestWhatBecameOfADecisionComesAfterIt(t *testing.T) {
	everything := map[eventv1.ActKind]*eventv1.ActRecorded{
		finalAct: {Kind: finalAct}, putOff: {Kind: putOff}, reversed: {Kind: reversed, ByElectorate: true}, due: {Kind: due, Due: "2026-04-01"},
		raised: {Kind: raised, Objector: "u1"}, integrated: {Kind: integrated, Objector: "u1"}, takenBack: {Kind: takenBack, Objector: "u1"},
		dismissed: {Kind: dismissed, Objector: "u1"}, done: {Kind: done}, notDone: {Kind: notDone}, explained: {Kind: explained},
	}
	if len(everything) != len(eventv1.ActKind_name)-1 {
		t.Fatalf("%d kinds of act are tried, there are %d", len(everything), len(eventv1.ActKind_name)-1)
	}
	for kind, a := range everything {
		given(t, open(), closed).When(record(a)).Then(a)
		beforehand, inVoting := given(t).When(record(a)), given(t, open()).When(record(a))
		switch kind {
		case putOff:
			beforehand.Then(a)
			inVoting.Then(a)
		case raised, integrated, takenBack, dismissed:
			beforehand.Refused("decision/not-open")
			inVoting.Then(a)
		default:
			beforehand.Refused("decision/not-closed")
			inVoting.Refused("decision/not-closed")
		}
	}
}

func TestAQuestionThatWasPutOffIsNotDecided(t *testing.T) {
	given(t, charter(simple), act(putOff), open(who("u1")), ballot("u1", yes)).When(end).Then(closedWith(undecided, 0, 1))
	s := given(t, charter(simple), open(who("u1")), ballot("u1", yes), closed, act(putOff)).State()
	if s.Outcome != adopted || s.Final() != undecided {
		t.Errorf("put off after the close: outcome %v, final %v", s.Outcome, s.Final())
	}
}

func TestAnObjectionStandsUntilItIsSettledBeforeTheClose(t *testing.T) {
	asked := given(t, charter(&eventv1.Rule{Method: consent}), open(all("u1", "u2", "u3")...), ballot("u1", yes), ballot("u2", yes), ballot("u3", no))
	asked.When(end).Then(closedWith(rejected, 0, 2, 1))
	asked.Given(&eventv1.ActRecorded{Kind: raised, Objector: "u3"}).When(end).Then(closedWith(rejected, 0, 2, 1))
	for _, kind := range []eventv1.ActKind{integrated, takenBack, dismissed} {
		asked.Given(&eventv1.ActRecorded{Kind: kind, Objector: "u3"}).When(end).Then(closedWith(adopted, 0, 2, 0, 1))
		asked.Given(&eventv1.ActRecorded{Kind: kind, Objector: "u2"}).When(end).Then(closedWith(rejected, 0, 2, 1))
		late := asked.Given(closedWith(rejected, 0, 2, 1), later(time.Hour, &eventv1.ActRecorded{Kind: kind, Objector: "u3"})).State()
		if late.Choice("u3") != no {
			t.Errorf("%v after the close changed the ballot that was counted", kind)
		}
	}
	counted := given(t, charter(simple), open(all("u1", "u2", "u3")...), ballot("u3", no), &eventv1.ActRecorded{Kind: takenBack, Objector: "u3"})
	counted.When(end).Then(closedWith(rejected, 0, 0, 1))
}

func TestADayIsOverAtItsEndAndAMomentWhenItComes(t *testing.T) {
	for due, want := range map[string]string{"2026-04-01": "2026-04-02T00:00:00Z", "2026-12-31": "2027-01-01T00:00:00Z", "2026-04-01T10:00:00+02:00": "2026-04-01T08:00:00Z"} {
		at, err := decision.DueEnd(due)
		if err != nil || at.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is late from %v, %v; want %s", due, at, err, want)
		}
	}
	for _, due := range []string{"", "2026-02-30", "tomorrow"} {
		if at, err := decision.DueEnd(due); err == nil {
			t.Errorf("%q is taken for %v", due, at)
		}
	}
}
