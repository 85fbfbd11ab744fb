package initiative_test

import (
	"slices"
	"strings"
	"testing"

	"tavolo/pkg/decider"
	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/initiative"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func scenario(t *testing.T) decidertest.Scenario[initiative.State] {
	return decidertest.For(t, decidertest.Rules[initiative.State]{
		Decide: func(s *initiative.State, cmd *commandv1.Command) ([]*eventv1.Event, error) {
			return initiative.Decide(s, cmd, decidertest.Now)
		},
		Evolve: initiative.Evolve,
	})
}

var (
	sealed = &eventv1.Sealed{KeyId: []byte("key"), Version: 1, Ciphertext: []byte("words")}
	words  = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: sealed}}
	opened = &eventv1.InitiativeOpened{Title: sealed, Scope: eventv1.Scope_SCOPE_AREA, Area: eventv1.Area_AREA_NEW_SERVICES, Stage: eventv1.Stage_STAGE_DESIGN}
	u1     = &eventv1.ParticipantEnrolled{Participant: "u1", Ref: sealed, Constituency: "user"}
)

func TestAnInitiativeIsOpenedOnce(t *testing.T) {
	open := &commandv1.OpenInitiative{Initiative: "csm", Title: words, Scope: opened.Scope, Area: opened.Area, Stage: opened.Stage}
	scenario(t).When(open).Then(opened)
	scenario(t).Given(opened).When(open).Refused("initiative/already-open")
}

func TestNothingHappensToAnInitiativeBeforeItIsOpened(t *testing.T) {
	scenario(t).When(&commandv1.DescribeInitiative{Initiative: "csm"}).Refused("initiative/unknown")
	scenario(t).When(&commandv1.EnrolParticipants{Enrolments: []*commandv1.Enrolment{{Participant: "u1"}}}).Refused("initiative/unknown")
}

func TestADescriptionReplacesTheOneBefore(t *testing.T) {
	scenario(t).Given(opened).When(&commandv1.DescribeInitiative{Title: words, Stage: eventv1.Stage_STAGE_ASSESS}).
		Then(&eventv1.InitiativeDescribed{Title: sealed, Stage: eventv1.Stage_STAGE_ASSESS})
	s := scenario(t).Given(opened, &eventv1.InitiativeDescribed{Title: sealed, Stage: eventv1.Stage_STAGE_ASSESS}).State()
	if s.Stage != eventv1.Stage_STAGE_ASSESS || s.Scope != eventv1.Scope_SCOPE_UNSPECIFIED || s.Title.Commit != "c2" {
		t.Errorf("the last description does not stand: %+v", s)
	}
}

func TestNobodyIsEnrolledTwice(t *testing.T) {
	twice := &commandv1.EnrolParticipants{Enrolments: []*commandv1.Enrolment{{Participant: "u1", Ref: words, Constituency: "user"}, {Participant: "u1"}}}
	scenario(t).Given(opened).When(twice).Refused("initiative/already-enrolled")
	once := &commandv1.EnrolParticipants{Enrolments: twice.Enrolments[:1]}
	scenario(t).Given(opened).When(once).Then(u1)
	scenario(t).Given(opened, u1).When(once).Refused("initiative/already-enrolled")
}

func TestAnEnrolmentNamesSomebody(t *testing.T) {
	scenario(t).Given(opened).When(&commandv1.EnrolParticipants{}).Refused("initiative/nobody-named")
	scenario(t).Given(opened).When(&commandv1.EnrolParticipants{Enrolments: []*commandv1.Enrolment{{Constituency: "user"}}}).Refused("initiative/nobody-named")
}

func TestAnEnrolmentIsTakenWholeOrRefusedWhole(t *testing.T) {
	scenario(t).Given(opened, u1).When(&commandv1.EnrolParticipants{Enrolments: []*commandv1.Enrolment{{Participant: "u2"}, {Participant: "u1"}}}).Refused("initiative/already-enrolled")
}

func TestAConstituencyIsACode(t *testing.T) {
	for code, fine := range map[string]bool{
		"": true, "user": true, "volunteers_2": true, "casa-famiglia": true, "u" + strings.Repeat("x", 63): true,
		"User": false, "2nd": false, "a b": false, "a+b": false, "però": false, "u" + strings.Repeat("x", 64): false,
	} {
		declare := &commandv1.DeclareCapacity{Participant: "u1", Constituency: code, EmployedByDepartment: true}
		enrol := &commandv1.EnrolParticipants{Enrolments: []*commandv1.Enrolment{{Participant: "u2", Constituency: code}}}
		declared, enrolled := scenario(t).Given(opened, u1).When(declare), scenario(t).Given(opened, u1).When(enrol)
		if fine {
			declared.Then(&eventv1.CapacityDeclared{Participant: "u1", Constituency: code, EmployedByDepartment: true})
			enrolled.Then(&eventv1.ParticipantEnrolled{Participant: "u2", Constituency: code})
		} else {
			declared.Refused("initiative/constituency-malformed")
			enrolled.Refused("initiative/constituency-malformed")
		}
	}
}

func TestOnlyMembersDeclareACapacityOrCarryAName(t *testing.T) {
	scenario(t).Given(opened).When(&commandv1.DeclareCapacity{Participant: "u1", Constituency: "user"}).Refused("initiative/not-enrolled")
	scenario(t).Given(opened).When(&commandv1.NameParticipant{Participant: "u1", Name: words}).Refused("initiative/not-enrolled")
	scenario(t).Given(opened, u1).When(&commandv1.NameParticipant{Participant: "u1", Name: words}).Then(&eventv1.ParticipantNamed{Participant: "u1", Name: sealed})
}

func TestTheRollSaysWhatWasDeclaredLast(t *testing.T) {
	s := scenario(t).Given(opened, u1, &eventv1.CapacityDeclared{Participant: "u1", Constituency: "psw", EmployedByDepartment: true}).State()
	if c, ok := s.Roll("u1"); !ok || c != (decision.Capacity{Constituency: "psw", EmployedByDepartment: true}) {
		t.Errorf("the roll says %+v, %v", c, ok)
	}
	if _, ok := s.Roll("u2"); ok {
		t.Error("the roll knows somebody who is not enrolled")
	}
	if s.Members[0].Ref.Commit != "c2" {
		t.Errorf("a change of capacity moved the short id: %+v", s.Members[0])
	}
}

func stated(consent string, version uint32, given bool) *eventv1.ConsentStated {
	return &eventv1.ConsentStated{Participant: "u1", Consent: consent, Version: version, Given: given}
}

func consent(consents ...*eventv1.ConsentStated) *commandv1.StateConsents {
	return &commandv1.StateConsents{Participant: "u1", Consents: consents}
}

func TestConsentsAreStatedOneByOneByAMember(t *testing.T) {
	name, research := stated("name_in_minutes", 1, true), stated("research", 1, false)
	scenario(t).Given(opened, u1).When(consent(&eventv1.ConsentStated{Consent: "name_in_minutes", Version: 1, Given: true}, research)).Then(name, research)
	scenario(t).Given(opened).When(consent(name)).Refused("initiative/not-enrolled")
	scenario(t).Given(opened, u1).When(consent()).Refused("initiative/no-consent-named")
	for _, code := range []string{"", "Research", "2nd", "a b", "però"} {
		scenario(t).Given(opened, u1).When(consent(name, stated(code, 1, true))).Refused("initiative/consent-malformed")
	}
}

func TestStatingTheSameAgainMakesNoEvent(t *testing.T) {
	given := scenario(t).Given(opened, u1, stated("research", 1, false))
	given.When(consent(stated("research", 1, false))).Then()
	given.When(consent(stated("research", 1, true), stated("name_in_minutes", 1, true))).Then(stated("research", 1, true), stated("name_in_minutes", 1, true))
	given.When(consent(stated("research", 2, false))).Then(stated("research", 2, false)) // another wording was shown
	given.When(consent(stated("research", 1, true), stated("research", 1, true), stated("research", 1, false))).Then(stated("research", 1, true), stated("research", 1, false))
}

func TestTheLastStatementOfAConsentHolds(t *testing.T) {
	s := scenario(t).Given(opened, u1, stated("name_in_minutes", 1, true), stated("research", 1, true), stated("name_in_minutes", 2, false)).State()
	m := s.Members[0]
	if len(m.Consents) != 2 || m.Consents[0] != (initiative.Consent{Code: initiative.NameInMinutes, Version: 2}) || !m.Consents[1].Given {
		t.Errorf("the consents are %+v", m.Consents)
	}
	if !m.Refuses(initiative.NameInMinutes) || m.Refuses("research") || m.Refuses(initiative.WordsInMinutes) {
		t.Error("what was refused is not what the last statements say; what was never stated is not refused")
	}
}

func TestDecisionsAreOpenedToAnyoneAndClosedAgain(t *testing.T) {
	open, shut := &commandv1.SetPublication{Public: true}, &commandv1.SetPublication{}
	isOpen := &eventv1.PublicationSet{Public: true}
	scenario(t).Given(opened).When(open).Then(isOpen)
	scenario(t).Given(opened).When(shut).Then()
	scenario(t).Given(opened, isOpen).When(open).Then()
	scenario(t).Given(opened, isOpen).When(shut).Then(&eventv1.PublicationSet{})
	if !scenario(t).Given(opened, isOpen).State().Public {
		t.Error("the initiative is not public")
	}
}

func TestAnInitiativeTakesNoOtherCommands(t *testing.T) {
	scenario(t).Given(opened).When(&commandv1.OpenSession{Session: "a:b"}).Refused("initiative/not-its-command")
}

func TestACloneGoesItsOwnWay(t *testing.T) {
	s := scenario(t).Given(opened, u1, stated("research", 1, true)).State()
	c := s.Clone()
	for i, f := range []*eventv1.Event{
		decidertest.At(decidertest.Now, &eventv1.CapacityDeclared{Participant: "u1", Constituency: "psw"}),
		decidertest.At(decidertest.Now, &eventv1.ParticipantEnrolled{Participant: "u2"}),
		decidertest.At(decidertest.Now, stated("research", 1, false)),
	} {
		initiative.Evolve(c, decider.Fact{Seq: uint64(10 + i), Event: f})
	}
	if diff := decidertest.Differ(scenario(t).Given(opened, u1, stated("research", 1, true)).State(), s); diff != "" {
		t.Errorf("folding the clone changed the original:\n%s", diff)
	}
}

func TestWhoBelongsReportsWhatWasDecidedOutside(t *testing.T) {
	report := func(by, day string) *commandv1.ReportUnloggedDecision {
		return &commandv1.ReportUnloggedDecision{By: by, Text: words, TakenOn: day}
	}
	for _, day := range []string{"", "2020-01-31"} {
		scenario(t).Given(opened, u1).When(report("u1", day)).Then(&eventv1.UnloggedDecisionReported{By: "u1", Text: sealed, TakenOn: day})
	}
	scenario(t).Given(opened, u1).When(report("u2", "")).Refused("initiative/not-enrolled")
	scenario(t).Given(opened, u1).When(&commandv1.ReportUnloggedDecision{By: "u1"}).Refused("initiative/report-without-words")
	scenario(t).Given(opened, u1).When(report("u1", "31/01/2020")).Refused("initiative/report-day")
	scenario(t).Given(opened, u1).When(report("u1", "2999-01-01")).Refused("initiative/report-ahead")
	reported := &eventv1.UnloggedDecisionReported{By: "u1", Text: sealed}
	s := scenario(t).Given(opened, u1, reported, reported).State() // two may mean the same, or not: both are counted
	if len(s.Unlogged) != 2 || s.Unlogged[1].By != "u1" || s.Unlogged[1].Text.Commit == "" || s.Unlogged[1].Seq == 0 {
		t.Errorf("%+v", s.Unlogged)
	}
}

func TestATutorIsAnotherMemberWhomAMemberChose(t *testing.T) {
	p1 := &eventv1.ParticipantEnrolled{Participant: "p1", Constituency: "professional"}
	p2 := &eventv1.ParticipantEnrolled{Participant: "p2", Constituency: "professional"}
	choose := func(participant, tutor string) *commandv1.ChooseTutor {
		return &commandv1.ChooseTutor{Participant: participant, Tutor: tutor}
	}
	chosen := func(participant, tutor string) *eventv1.TutorChosen {
		return &eventv1.TutorChosen{Participant: participant, Tutor: tutor}
	}
	group := scenario(t).Given(opened, u1, p1, p2)
	group.When(choose("u1", "p1")).Then(chosen("u1", "p1"))
	group.When(choose("u1", "u1")).Refused("initiative/tutor-oneself")
	group.When(choose("u1", "p3")).Refused("initiative/tutor-unknown")
	group.When(choose("u9", "p1")).Refused("initiative/not-enrolled")
	group.When(choose("", "p1")).Refused("initiative/not-enrolled")
	group.When(choose("u1", "")).Then() // there was none
	chose := scenario(t).Given(opened, u1, p1, p2, chosen("u1", "p1"))
	chose.When(choose("u1", "p1")).Then()
	chose.When(choose("u1", "p2")).Then(chosen("u1", "p2"))
	chose.When(choose("u1", "")).Then(chosen("u1", ""))
	chose.When(choose("p1", "u1")).Then(chosen("p1", "u1")) // two may stand beside each other
}

func TestTheLastChoiceOfATutorHolds(t *testing.T) {
	p1 := &eventv1.ParticipantEnrolled{Participant: "p1", Constituency: "professional"}
	u2 := &eventv1.ParticipantEnrolled{Participant: "u2", Constituency: "user"}
	s := scenario(t).Given(opened, u1, p1, u2, &eventv1.TutorChosen{Participant: "u2", Tutor: "p1"}, &eventv1.TutorChosen{Participant: "u1", Tutor: "u2"}, &eventv1.TutorChosen{Participant: "u1", Tutor: "p1"}).State()
	if got := s.ChosenBy("p1"); s.Tutor("u1") != "p1" || !slices.Equal(got, []string{"u1", "u2"}) || s.ChosenBy("u2") != nil {
		t.Errorf("u1 chose %q, p1 was chosen by %q, u2 by %q", s.Tutor("u1"), got, s.ChosenBy("u2"))
	}
	trial := s.Clone()
	initiative.Evolve(trial, decider.Fact{Event: &eventv1.Event{Fact: &eventv1.Event_TutorChosen{TutorChosen: &eventv1.TutorChosen{Participant: "u1"}}}})
	if trial.Tutor("u1") != "" || s.Tutor("u1") != "p1" || trial.ChosenBy("") != nil {
		t.Errorf("in a trial nobody any more: %q there, %q here; nobody was chosen by %q", trial.Tutor("u1"), s.Tutor("u1"), trial.ChosenBy(""))
	}
}
