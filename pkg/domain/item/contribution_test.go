package item_test

import (
	"testing"
	"time"

	"tavolo/pkg/decider/decidertest"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

const proposal = eventv1.ContributionKind_CONTRIBUTION_KIND_PROPOSAL

// put is a proposal recorded in the first session.
func put(number uint32) *eventv1.ContributionRecorded {
	return &eventv1.ContributionRecorded{Session: "a:s1", Number: number, By: "u1", Kind: proposal}
}

func TestAnAmendmentReplacesAnEarlierProposalOfItsSession(t *testing.T) {
	given := scenario(t).Given(proposed, put(1), said("a:s1", 2))
	amend := func(number uint32) *commandv1.Contribution {
		return &commandv1.Contribution{By: "u2", Kind: proposal, Amends: number, TakesUp: 2}
	}
	given.When(say(amend(1))).Then(&eventv1.ContributionRecorded{Session: "a:s1", Number: 3, By: "u2", Kind: proposal, Amends: 1, TakesUp: 2})
	given.When(say(amend(2))).Refused("item/amends-nothing") // a statement
	given.When(say(amend(3))).Refused("item/amends-nothing")
	given.When(say(amend(1), amend(3))).Then(&eventv1.ContributionRecorded{Session: "a:s1", Number: 3, By: "u2", Kind: proposal, Amends: 1, TakesUp: 2},
		&eventv1.ContributionRecorded{Session: "a:s1", Number: 4, By: "u2", Kind: proposal, Amends: 3, TakesUp: 2})
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, Amends: 1})).Refused("item/amends-without-proposal")
	scenario(t).Given(proposed, &eventv1.ContributionRecorded{Session: "a:s2", Number: 1, By: "u1", Kind: proposal}).When(say(amend(1))).Refused("item/takes-up-nothing")
	scenario(t).Given(proposed, &eventv1.ContributionRecorded{Session: "a:s2", Number: 1, By: "u1", Kind: proposal}).
		When(say(&commandv1.Contribution{By: "u2", Kind: proposal, Amends: 1})).Refused("item/amends-nothing")
}

func TestWhatIsTakenUpWasSaidBefore(t *testing.T) {
	given := scenario(t).Given(proposed, said("a:s1", 1))
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, TakesUp: 1})).Then(&eventv1.ContributionRecorded{Session: "a:s1", Number: 2, By: "u2", Kind: statement, TakesUp: 1})
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, TakesUp: 2})).Refused("item/takes-up-nothing")
	given.When(&commandv1.CorrectContributions{Session: "a:s1", Contributions: []*commandv1.Contribution{{By: "u1", Kind: proposal, TakesUp: 1}}}).Refused("item/takes-up-nothing")
}

func TestWordsAreGivenToWhatWasSaidWithoutAny(t *testing.T) {
	given := scenario(t).Given(proposed, said("a:s1", 1), said("a:s2", 1))
	give := func(change func(*commandv1.WordContribution)) *commandv1.WordContribution {
		c := &commandv1.WordContribution{Session: "a:s1", Number: 1, By: "u1", Text: words}
		change(c)
		return c
	}
	worded := func(kind eventv1.ContributionKind) *eventv1.ContributionWorded {
		return &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: kind, Text: sealed}
	}
	given.When(give(func(*commandv1.WordContribution) {})).Then(worded(statement))
	given.When(give(func(c *commandv1.WordContribution) { c.Kind = advice })).Then(worded(advice))
	given.When(give(func(c *commandv1.WordContribution) { c.EnteredBy = "u2" })).
		Then(&eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: statement, Text: sealed, EnteredBy: "u2"})
	given.When(give(func(c *commandv1.WordContribution) { c.Text, c.Kind = nil, advice })).Then(&eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: advice})
	given.When(give(func(c *commandv1.WordContribution) { c.Text, c.Kind = nil, statement })).Then()
	given.When(give(func(c *commandv1.WordContribution) { c.Text = nil })).Refused("item/nothing-said")
	given.When(give(func(c *commandv1.WordContribution) { c.Number = 2 })).Refused("item/no-such-contribution")
	given.When(give(func(c *commandv1.WordContribution) { c.Session = "a:s3" })).Refused("item/no-such-contribution")
	given.When(give(func(c *commandv1.WordContribution) { c.By = "u2" })).Refused("item/not-their-words")
	given.When(give(func(c *commandv1.WordContribution) { c.EnteredBy = "x9" })).Refused("item/not-enrolled")
}

func TestWordsDoNotUndoAnAmendment(t *testing.T) {
	given := scenario(t).Given(proposed, put(1), &eventv1.ContributionRecorded{Session: "a:s1", Number: 2, By: "u1", Kind: proposal, Amends: 1})
	for _, number := range []uint32{1, 2} {
		given.When(&commandv1.WordContribution{Session: "a:s1", Number: number, By: "u1", Kind: statement}).Refused("item/amends-without-proposal")
		given.When(&commandv1.WordContribution{Session: "a:s1", Number: number, By: "u1", Text: words}).
			Then(&eventv1.ContributionWorded{Session: "a:s1", Number: number, Kind: proposal, Text: sealed})
	}
}

func TestWordsChangeWhatWasSaidAndNotWhoSaidItWhen(t *testing.T) {
	later := decidertest.Now.Add(time.Hour)
	given := scenario(t).Given(proposed, &eventv1.ContributionRecorded{Session: "a:s1", Number: 1, By: "u1", Kind: statement, Seconds: 40, Text: sealed})
	c := given.Given(decidertest.At(later, &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: statement, Text: sealed, EnteredBy: "u2"})).State().In("a:s1")[0]
	if c.Words.Commit != "c3" || c.EnteredBy != "u2" || c.By != "u1" || c.Seconds != 40 || !c.At.Equal(decidertest.Now) || c.Seq != 2 || c.SortedSeq != 0 || !c.SortedAt.IsZero() {
		t.Errorf("after it was worded: %+v", c)
	}
	c = given.Given(decidertest.At(later, &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: advice})).State().In("a:s1")[0]
	if c.Words.Commit != "c2" || c.Kind != advice || c.SortedSeq != 3 || !c.SortedAt.Equal(later) || c.Seq != 2 {
		t.Errorf("after it was said to be advice: %+v", c)
	}
	soon := decidertest.Now.Add(time.Minute) // recorded later, and it happened before
	c = given.Given(decidertest.At(later, &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: advice}), decidertest.At(soon, &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: statement})).State().In("a:s1")[0]
	if c.Kind != statement || c.SortedSeq != 4 || !c.SortedAt.Equal(later) {
		t.Errorf("after it was said to be a statement after all: %+v", c)
	}
}

func TestTheLastChangeOfWhatWasSaidIsKnownBySession(t *testing.T) {
	s := scenario(t).Given(proposed, said("a:s1", 1), said("a:s2", 1), raised("u1"), &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Text: sealed},
		&eventv1.ContributionsCorrected{Session: "a:s2"}, admitted).State()
	if len(s.SaidSeq) != 2 || s.SaidSeq["a:s1"] != 5 || s.SaidSeq["a:s2"] != 6 {
		t.Errorf("what was said changed at %v", s.SaidSeq)
	}
}
