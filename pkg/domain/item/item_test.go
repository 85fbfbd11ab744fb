package item_test

import (
	"testing"
	"time"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// roll knows two people.
func roll(participant string) (decision.Capacity, bool) {
	return decision.Capacity{Constituency: "user"}, participant == "u1" || participant == "u2"
}

func scenario(t *testing.T) decidertest.Scenario[item.State] {
	return decidertest.For(t, decidertest.Rules[item.State]{
		Decide: func(s *item.State, cmd *commandv1.Command) ([]*eventv1.Event, error) {
			return item.Decide(s, cmd, roll, decidertest.Now)
		},
		Evolve: item.Evolve,
	})
}

const (
	statement = eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT
	advice    = eventv1.ContributionKind_CONTRIBUTION_KIND_ADVICE
	accepted  = eventv1.Reply_REPLY_ACCEPTED
)

var (
	sealed    = &eventv1.Sealed{KeyId: []byte("key"), Version: 1, Ciphertext: []byte("words")}
	words     = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: sealed}}
	inClear   = &commandv1.Text{Form: &commandv1.Text_Clear{Clear: "because"}}
	proposed  = &eventv1.ItemProposed{Title: sealed, ProposedBy: "u1"}
	admitted  = &eventv1.ItemAdmitted{Reason: sealed}
	refused   = &eventv1.ItemRefused{Reason: sealed}
	withdrawn = &eventv1.ItemWithdrawn{}
	admit     = &commandv1.AdmitItem{Reason: words}
	refuse    = &commandv1.RefuseItem{Reason: words}
	withdraw  = &commandv1.WithdrawItem{}
)

func said(session string, number uint32) *eventv1.ContributionRecorded {
	return &eventv1.ContributionRecorded{Session: session, Number: number, By: "u1", Kind: statement}
}

func say(contributions ...*commandv1.Contribution) *commandv1.RecordContributions {
	return &commandv1.RecordContributions{Session: "a:s1", Contributions: contributions}
}

func TestAnItemIsProposedOnceByAMember(t *testing.T) {
	propose := &commandv1.ProposeItem{Item: "a:i1", Title: words, ProposedBy: "u1"}
	scenario(t).When(propose).Then(proposed)
	scenario(t).Given(proposed).When(propose).Refused("item/already-proposed")
	scenario(t).When(&commandv1.ProposeItem{Item: "a:i1", ProposedBy: "x9"}).Refused("item/not-enrolled")
	scenario(t).When(&commandv1.ProposeItem{Item: "a:i1"}).Then(&eventv1.ItemProposed{})
}

func TestAnItemThatWasNeverProposedTakesNothing(t *testing.T) {
	scenario(t).When(admit).Refused("item/unknown")
	scenario(t).When(say(&commandv1.Contribution{By: "u1", Kind: statement})).Refused("item/unknown")
}

func TestWhoKeepsAnItemOffTheAgendaSaysWhy(t *testing.T) {
	scenario(t).Given(proposed).When(refuse).Then(refused)
	scenario(t).Given(proposed).When(&commandv1.RefuseItem{}).Refused("item/reason-missing")
	scenario(t).Given(proposed).When(&commandv1.RefuseItem{Reason: inClear}).Refused("item/reason-missing")
	scenario(t).Given(proposed).When(&commandv1.AdmitItem{}).Refused("item/reason-missing")
}

func TestTheLifeOfAnItem(t *testing.T) {
	given := map[string]decidertest.Scenario[item.State]{
		"proposed": scenario(t).Given(proposed), "admitted": scenario(t).Given(proposed, admitted),
		"refused": scenario(t).Given(proposed, refused), "withdrawn": scenario(t).Given(proposed, withdrawn),
	}
	for phase, can := range map[string]struct{ admit, refuse, withdraw, speak bool }{
		"proposed":  {true, true, true, true},
		"admitted":  {false, false, true, true},
		"refused":   {true, false, false, false},
		"withdrawn": {},
	} {
		for _, step := range []struct {
			can    bool
			ask    func() decidertest.Outcome
			happen func(decidertest.Outcome)
			code   string
		}{
			{can.admit, func() decidertest.Outcome { return given[phase].When(admit) }, func(o decidertest.Outcome) { o.Then(admitted) }, "item/not-proposed"},
			{can.refuse, func() decidertest.Outcome { return given[phase].When(refuse) }, func(o decidertest.Outcome) { o.Then(refused) }, "item/not-proposed"},
			{can.withdraw, func() decidertest.Outcome { return given[phase].When(withdraw) }, func(o decidertest.Outcome) { o.Then(withdrawn) }, "item/not-proposed"},
			{can.speak, func() decidertest.Outcome {
				return given[phase].When(say(&commandv1.Contribution{By: "u1", Kind: statement}))
			}, func(o decidertest.Outcome) { o.Then(said("a:s1", 1)) }, "item/not-on-any-agenda"},
		} {
			if o := step.ask(); step.can {
				step.happen(o)
			} else {
				o.Refused(step.code)
			}
		}
	}
	scenario(t).Given(proposed, withdrawn).When(admit).Refused("item/not-proposed")
	scenario(t).Given(proposed, refused).When(say(&commandv1.Contribution{By: "u1", Kind: statement})).Refused("item/not-on-any-agenda")
}

func TestContributionsAreNumberedWithinItemAndSession(t *testing.T) {
	one := &commandv1.Contribution{By: "u1", Kind: statement}
	scenario(t).Given(proposed, said("a:s1", 1), said("a:s2", 1), said("a:s2", 2)).When(say(one, one)).Then(said("a:s1", 2), said("a:s1", 3))
}

func TestAContributionIsSomebodysAndOfSomeKind(t *testing.T) {
	given := scenario(t).Given(proposed)
	given.When(say()).Refused("item/nothing-said")
	given.When(say(&commandv1.Contribution{Kind: statement})).Refused("item/nobody-said-it")
	given.When(say(&commandv1.Contribution{By: "x9", Kind: statement})).Refused("item/not-enrolled")
	given.When(say(&commandv1.Contribution{By: "u1", Kind: statement, EnteredBy: "x9"})).Refused("item/not-enrolled")
	given.When(say(&commandv1.Contribution{By: "u1"})).Refused("item/contribution-without-kind")
}

func TestAnAnswerAnswersSomethingSaidBefore(t *testing.T) {
	given := scenario(t).Given(proposed, said("a:s1", 1))
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, Answers: 1, Reply: accepted})).
		Then(&eventv1.ContributionRecorded{Session: "a:s1", Number: 2, By: "u2", Kind: statement, Answers: 1, Reply: accepted})
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, Answers: 2})).Refused("item/answers-nothing")
	given.When(say(&commandv1.Contribution{By: "u2", Kind: statement, Reply: accepted})).Refused("item/reply-without-answer")
	scenario(t).Given(proposed, said("a:s2", 1)).When(say(&commandv1.Contribution{By: "u2", Kind: statement, Answers: 1})).Refused("item/answers-nothing")
}

func TestACorrectionReplacesTheContributionsOfItsSessionOnly(t *testing.T) {
	correct := &commandv1.CorrectContributions{Session: "a:s1", Contributions: []*commandv1.Contribution{{By: "u2", Kind: advice, Text: words, Seconds: 30}}}
	corrected := &eventv1.ContributionsCorrected{Session: "a:s1", Contributions: []*eventv1.ContributionRecorded{{Session: "a:s1", Number: 1, By: "u2", Kind: advice, Text: sealed, Seconds: 30}}}
	given := scenario(t).Given(proposed, said("a:s1", 1), said("a:s1", 2), said("a:s2", 1))
	given.When(correct).Then(corrected)
	given.When(&commandv1.CorrectContributions{Session: "a:s1"}).Then(&eventv1.ContributionsCorrected{Session: "a:s1"})
	given.When(&commandv1.CorrectContributions{Session: "a:s1", Contributions: []*commandv1.Contribution{{By: "u1"}}}).Refused("item/contribution-without-kind")
	s := given.Given(corrected).State()
	if in := s.In("a:s1"); len(in) != 1 || in[0].By != "u2" || in[0].Words.Commit != "c5" || len(s.In("a:s2")) != 1 {
		t.Errorf("after the correction: %v", s.Contributions)
	}
}

func TestADescriptionReplacesWordingAndProposer(t *testing.T) {
	described := &eventv1.ItemDescribed{Title: sealed, ProposedBy: "u2"}
	scenario(t).Given(proposed).When(&commandv1.DescribeItem{Title: words, ProposedBy: "u2"}).Then(described)
	scenario(t).Given(proposed).When(&commandv1.DescribeItem{ProposedBy: "x9"}).Refused("item/not-enrolled")
	if s := scenario(t).Given(proposed, described).State(); s.ProposedBy != "u2" || s.ProposedSeq != 2 || s.Phase != item.Proposed {
		t.Errorf("after the description: %+v", s)
	}
}

func TestAnEstimatedTimeIsADayAtMost(t *testing.T) {
	scenario(t).When(&commandv1.ProposeItem{Title: words, Minutes: 1440}).Then(&eventv1.ItemProposed{Title: sealed, Minutes: 1440})
	scenario(t).When(&commandv1.ProposeItem{Minutes: 1441}).Refused("item/too-long")
	scenario(t).Given(proposed).When(&commandv1.DescribeItem{Minutes: 1441}).Refused("item/too-long")
	scenario(t).Given(proposed).When(&commandv1.DescribeItem{Minutes: 20}).Then(&eventv1.ItemDescribed{Minutes: 20})
	if s := scenario(t).Given(&eventv1.ItemProposed{Minutes: 5}, &eventv1.ItemDescribed{Minutes: 20}).State(); s.Minutes != 20 {
		t.Errorf("it is estimated at %d minutes", s.Minutes)
	}
}

func TestEarlierWordingsStayVisible(t *testing.T) {
	later := decidertest.Now.Add(time.Hour)
	s := scenario(t).Given(proposed, &eventv1.ItemDescribed{Title: sealed}, decidertest.At(later, &eventv1.ItemDescribed{Title: sealed})).State()
	if len(s.Wordings) != 2 || s.Wordings[0].Title.Commit != "c1" || s.Wordings[1].Title.Commit != "c2" || !s.Wordings[1].Until.Equal(later) || s.Title.Commit != "c3" {
		t.Errorf("the wordings are %+v, then %+v", s.Wordings, s.Title)
	}
}

func TestTheLastReasonOfAdmissionOrRefusalIsKept(t *testing.T) {
	if s := scenario(t).Given(proposed, refused).State(); s.Reason.Commit != "c2" || s.Reason.Field != "reason" {
		t.Errorf("the reason is %+v", s.Reason)
	}
	if s := scenario(t).Given(proposed, refused, admitted).State(); s.Reason.Commit != "c3" {
		t.Errorf("the reason is %+v", s.Reason)
	}
}

func TestDocumentsAreLinkedAndTheirNumbersCountUp(t *testing.T) {
	link := &commandv1.LinkAttachment{Title: words, Url: words, By: "u1"}
	linked := func(number uint32) *eventv1.AttachmentLinked {
		return &eventv1.AttachmentLinked{Number: number, Title: sealed, Url: sealed, By: "u1"}
	}
	remove, removed := &commandv1.RemoveAttachment{Number: 1}, &eventv1.AttachmentRemoved{Number: 1}
	scenario(t).Given(proposed).When(link).Then(linked(1))
	scenario(t).Given(proposed, linked(1)).When(link).Then(linked(2))
	scenario(t).Given(proposed, linked(1)).When(remove).Then(removed)
	scenario(t).Given(proposed, linked(1), removed).When(remove).Refused("item/no-such-attachment")
	scenario(t).Given(proposed, linked(1), removed).When(link).Then(linked(2))
	scenario(t).Given(proposed).When(&commandv1.LinkAttachment{Title: words, Url: words, By: "x9"}).Refused("item/not-enrolled")
	scenario(t).Given(proposed).When(&commandv1.LinkAttachment{Title: words, Url: inClear}).Refused("item/attachment-incomplete")
	scenario(t).Given(proposed).When(&commandv1.LinkAttachment{Url: words}).Refused("item/attachment-incomplete")
	s := scenario(t).Given(proposed, linked(1), linked(2), removed).State()
	if len(s.Attachments) != 1 || s.Attachments[0].Number != 2 || s.Attachments[0].URL.Field != "url" || s.Attachments[0].Title.Field != "title" || s.Attachments[0].URL.Commit != "c3" {
		t.Errorf("the documents are %+v", s.Attachments)
	}
}

func TestAnItemTakesNoOtherCommands(t *testing.T) {
	scenario(t).Given(proposed).When(&commandv1.OpenSession{}).Refused("item/not-its-command")
}

func TestACloneGoesItsOwnWay(t *testing.T) {
	given := scenario(t).Given(proposed, said("a:s1", 1), said("a:s1", 2), raised("u1"), raised("u2"), &eventv1.AttachmentLinked{Number: 1}, &eventv1.AttachmentLinked{Number: 2})
	s := given.State()
	for _, f := range []*eventv1.Event{
		decidertest.At(decidertest.Now, said("a:s1", 3)),
		decidertest.At(decidertest.Now, &eventv1.ContributionsCorrected{Session: "a:s1"}),
		decidertest.At(decidertest.Now, &eventv1.ContributionWorded{Session: "a:s1", Number: 1, Kind: advice, Text: sealed}),
		decidertest.At(decidertest.Now, &eventv1.HandLowered{Session: "a:s1", Participant: "u1"}),
		decidertest.At(decidertest.Now, &eventv1.FloorGiven{Session: "a:s1", Participant: "u1"}),
		decidertest.At(decidertest.Now, &eventv1.AttachmentRemoved{Number: 1}),
		decidertest.At(decidertest.Now, &eventv1.ItemDescribed{}),
	} {
		item.Evolve(s.Clone(), decider.Fact{Seq: 99, Event: f})
		if diff := decidertest.Differ(given.State(), s); diff != "" {
			t.Errorf("folding %s into the clone changed the original:\n%s", f.Name(), diff)
		}
	}
}
