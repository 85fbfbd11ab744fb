package item_test

import (
	"slices"
	"testing"
	"time"

	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func raised(who string) *eventv1.HandRaised {
	return &eventv1.HandRaised{Session: "a:s1", Participant: who}
}

func lowered(who string) *eventv1.HandLowered {
	return &eventv1.HandLowered{Session: "a:s1", Participant: who}
}

func speaks(who string) *eventv1.FloorGiven {
	return &eventv1.FloorGiven{Session: "a:s1", Participant: who}
}

func spoke(who string, contribution uint32) *eventv1.FloorReturned {
	return &eventv1.FloorReturned{Session: "a:s1", Participant: who, Contribution: contribution}
}

func raise(who string) *commandv1.RaiseHand {
	return &commandv1.RaiseHand{Session: "a:s1", Participant: who}
}

func give(who string) *commandv1.GiveFloor {
	return &commandv1.GiveFloor{Session: "a:s1", Participant: who}
}

func giveBack(who string) *commandv1.ReturnFloor {
	return &commandv1.ReturnFloor{Session: "a:s1", Participant: who}
}

// ago dates a fact before now.
func ago(d time.Duration, fact *eventv1.FloorGiven) *eventv1.Event {
	return decidertest.At(decidertest.Now.Add(-d), fact)
}

func TestAHandIsRaisedOnce(t *testing.T) {
	given := scenario(t).Given(proposed)
	given.When(raise("u1")).Then(raised("u1"))
	given.Given(raised("u1")).When(raise("u1")).Then()
	given.Given(raised("u1")).When(raise("u2")).Then(raised("u2"))
	given.Given(speaks("u1")).When(raise("u1")).Then()
	given.Given(raised("u1"), lowered("u1")).When(raise("u1")).Then(raised("u1"))
	given.Given(raised("u1")).When(&commandv1.RaiseHand{Session: "a:s2", Participant: "u1"}).Then(&eventv1.HandRaised{Session: "a:s2", Participant: "u1"})
	given.When(raise("x9")).Refused("item/not-enrolled")
	given.When(raise("")).Refused("item/nobody-named")
	given.Given(withdrawn).When(raise("u1")).Refused("item/not-on-any-agenda")
	scenario(t).When(raise("u1")).Refused("item/unknown")
}

func TestLoweringAHandThatIsDownIsFine(t *testing.T) {
	lower := &commandv1.LowerHand{Session: "a:s1", Participant: "u1"}
	scenario(t).Given(proposed, raised("u1")).When(lower).Then(lowered("u1"))
	scenario(t).Given(proposed).When(lower).Then()
	scenario(t).Given(proposed, raised("u1"), speaks("u1")).When(lower).Then()
}

func TestOnePersonSpeaksAtATime(t *testing.T) {
	given := scenario(t).Given(proposed)
	given.When(give("u1")).Then(speaks("u1")) // a raised hand is not needed
	given.Given(speaks("u1")).When(give("u1")).Then()
	given.Given(speaks("u1")).When(give("u2")).Refused("item/floor-taken")
	given.Given(speaks("u1"), spoke("u1", 0)).When(give("u2")).Then(speaks("u2"))
	given.Given(speaks("u1")).When(&commandv1.GiveFloor{Session: "a:s2", Participant: "u2"}).Then(&eventv1.FloorGiven{Session: "a:s2", Participant: "u2"})
	given.When(give("x9")).Refused("item/not-enrolled")
	given.When(give("")).Refused("item/nobody-named")
	given.Given(refused).When(give("u1")).Refused("item/not-on-any-agenda")
}

func TestWhoSpeaksIsNoLongerOnTheList(t *testing.T) {
	s := scenario(t).Given(proposed, raised("u1"), raised("u2"), ago(time.Minute, speaks("u1"))).State()
	f := s.Floor("a:s1")
	if f.Speaking != "u1" || !f.Since.Equal(decidertest.Now.Add(-time.Minute)) || !slices.Equal(f.Hands, []string{"u2"}) {
		t.Errorf("the floor is %+v", f)
	}
	if f := s.Floor("a:s2"); f.Speaking != "" || len(f.Hands) != 0 {
		t.Errorf("in another session the floor is %+v", f)
	}
}

func TestAnItemThatIsTakenOffHasNoFloor(t *testing.T) {
	for _, off := range []*eventv1.Event{decidertest.At(decidertest.Now, withdrawn), decidertest.At(decidertest.Now, refused)} {
		given := scenario(t).Given(proposed, speaks("u1"), raised("u2"), off)
		if f := given.State().Floor("a:s1"); f.Speaking != "" || len(f.Hands) != 0 {
			t.Errorf("after %s the floor is %+v", off.Name(), f)
		}
		given.When(giveBack("u1")).Refused("item/not-speaking")
	}
}

// A turn is a contribution, in the same commit.
func TestATurnBecomesAContributionWithItsSeconds(t *testing.T) {
	turn := func(number, seconds uint32) *eventv1.ContributionRecorded {
		return &eventv1.ContributionRecorded{Session: "a:s1", Number: number, By: "u1", Kind: statement, Seconds: seconds}
	}
	for length, seconds := range map[time.Duration]uint32{
		0: 1, -time.Hour: 1, 400 * time.Millisecond: 1, 90 * time.Second: 90, 90*time.Second + 500*time.Millisecond: 91, 4 * time.Hour: 14400, 5 * time.Hour: 14400,
	} {
		scenario(t).Given(proposed, said("a:s1", 1), said("a:s2", 1), ago(length, speaks("u1"))).When(giveBack("u1")).Then(spoke("u1", 2), turn(2, seconds))
	}
	given := scenario(t).Given(proposed, ago(time.Minute, speaks("u1")))
	whole := &commandv1.ReturnFloor{Session: "a:s1", Participant: "u1", Kind: advice, Text: words, EnteredBy: "u2", Seconds: 75}
	given.When(whole).Then(spoke("u1", 1), &eventv1.ContributionRecorded{Session: "a:s1", Number: 1, By: "u1", Kind: advice, Text: sealed, EnteredBy: "u2", Seconds: 75})
	given.When(&commandv1.ReturnFloor{Session: "a:s1", Participant: "u1", Seconds: 14400}).Then(spoke("u1", 1), turn(1, 14400))
	given.When(&commandv1.ReturnFloor{Session: "a:s1", Participant: "u1", Seconds: 14401}).Refused("item/turn-too-long")
	given.When(&commandv1.ReturnFloor{Session: "a:s1", Participant: "u1", EnteredBy: "x9"}).Refused("item/not-enrolled")
}

func TestATurnGivenByMistakeLeavesNothing(t *testing.T) {
	mistaken := &commandv1.ReturnFloor{Session: "a:s1", Participant: "u1", Mistaken: true, Seconds: 30}
	scenario(t).Given(proposed, speaks("u1")).When(mistaken).Then(spoke("u1", 0))
	if s := scenario(t).Given(proposed, speaks("u1"), spoke("u1", 0)).State(); s.Floor("a:s1").Speaking != "" || len(s.Contributions) != 0 {
		t.Errorf("after a mistake: %+v", s)
	}
}

func TestOnlyWhoSpeaksReturnsTheFloor(t *testing.T) {
	scenario(t).Given(proposed).When(giveBack("u1")).Refused("item/not-speaking")
	scenario(t).Given(proposed).When(giveBack("")).Refused("item/not-speaking")
	scenario(t).Given(proposed, speaks("u1")).When(giveBack("u2")).Refused("item/not-speaking")
	scenario(t).Given(proposed, speaks("u1")).When(giveBack("")).Refused("item/not-speaking")
	scenario(t).Given(proposed, speaks("u1"), spoke("u1", 1), said("a:s1", 1)).When(giveBack("u1")).Refused("item/not-speaking")
	scenario(t).Given(proposed, speaks("u1")).When(&commandv1.ReturnFloor{Session: "a:s2", Participant: "u1"}).Refused("item/not-speaking")
}
