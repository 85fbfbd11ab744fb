package views

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// Whom somebody chose to stand beside them is told to the two, by GetTutoring. This chapter asks everything else that can be asked, before and after.

func (h *house) tutoring(who string) *apiv1.GetTutoringResponse {
	h.t.Helper()
	out, err := h.views.getTutoring(context.Background(), &apiv1.GetTutoringRequest{Workspace: "dsm", Initiative: "csm", Participant: who, CaughtUp: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestTheTwoAreToldOfAChoiceAsItIsNow(t *testing.T) {
	h := gathered(t)
	choose := func(who, tutor string) {
		h.do(&commandv1.ChooseTutor{Workspace: "dsm", Initiative: "csm", Participant: who, Tutor: tutor})
	}
	for _, c := range []struct{ who, tutor string }{{"u1", "p1"}, {"u2", "p1"}, {"u1", "x1"}, {"u2", ""}} {
		choose(c.who, c.tutor)
		if got := h.tutoring(c.who).Tutor; got != c.tutor {
			t.Errorf("%s chose %q, told %q", c.who, c.tutor, got)
		}
	}
	if p1, x1 := h.tutoring("p1"), h.tutoring("x1"); len(p1.ChosenBy) != 0 || len(x1.ChosenBy) != 1 || x1.ChosenBy[0] != "u1" {
		t.Errorf("p1 is told %v, x1 %v", p1, x1)
	}
	if out := h.tutoring("nobody"); out.Tutor != "" || len(out.ChosenBy) != 0 {
		t.Errorf("somebody who is not enrolled: %v", out)
	}
}

func TestNoOtherAnswerTellsWhoChoseWhom(t *testing.T) {
	h := gathered(t)
	electors := []*eventv1.Elector{{Participant: "u1", Constituency: "user", Standing: binding, Present: true}, {Participant: "p1", Constituency: "professional", Standing: binding, Present: true}}
	h.do(publish(true))
	h.decide("d1", majority(), electors, nil)
	h.do(&commandv1.CloseSession{Workspace: "dsm", Session: "csm:s1"})
	before := h.everything(electors)
	h.do(&commandv1.ChooseTutor{Workspace: "dsm", Initiative: "csm", Participant: "u1", Tutor: "p1"})
	if told := h.tutoring("p1"); len(told.ChosenBy) != 1 { // and the views have read it
		t.Fatalf("the tutor is told %v", told)
	}
	for subject, after := range h.everything(electors) {
		if !proto.Equal(before[subject], after) {
			t.Errorf("%s was\n%v\nand is\n%v", subject, before[subject], after)
		}
	}
}

// everything asks all questions but one, and gives the answers without how far the record was read. A question that is not tried here fails the test.
func (h *house) everything(electors []*eventv1.Elector) map[string]proto.Message {
	h.t.Helper()
	if _, err := h.views.ready(context.Background(), "dsm", 0, true); err != nil {
		h.t.Fatal(err)
	}
	period := &apiv1.EvidencePeriod{Departments: []string{"dsm"}, AsOf: timestamppb.New(h.now.AddDate(1, 0, 0))}
	answers := map[string]proto.Message{}
	for subject, handler := range h.views.questions() {
		if subject == "query.get_tutoring" {
			continue
		}
		x, ok := map[string]struct{ q, a proto.Message }{
			"query.list_roles":         {&apiv1.ListRolesRequest{Workspace: "dsm"}, &apiv1.ListRolesResponse{}},
			"query.summarise_roles":    {&apiv1.SummariseRolesRequest{Decisions: &apiv1.ListRolesRequest{Workspace: "dsm"}}, &apiv1.SummariseRolesResponse{}},
			"query.why":                {&apiv1.WhyRequest{Workspace: "dsm", Decision: d1, Who: "u1"}, &apiv1.WhyResponse{}},
			"query.power":              {&apiv1.PowerRequest{Rule: majority(), Electors: electors}, &apiv1.PowerResponse{}},
			"query.list_workspaces":    {&apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{}},
			"query.get_initiative":     {&apiv1.GetInitiativeRequest{Workspace: "dsm", Initiative: "csm"}, &apiv1.InitiativeView{}},
			"query.get_session":        {&apiv1.GetSessionRequest{Workspace: "dsm", Session: "csm:s1"}, &apiv1.SessionView{}},
			"query.get_decision":       {&apiv1.GetDecisionRequest{Workspace: "dsm", Decision: d1}, &apiv1.DecisionView{}},
			"query.list_contributions": {&apiv1.ListContributionsRequest{Workspace: "dsm", Item: "csm:i1", Session: "csm:s1"}, &apiv1.ListContributionsResponse{}},
			"query.get_own_ballots":    {&apiv1.GetOwnBallotsRequest{Workspace: "dsm", Session: "csm:s1", Participant: "u1"}, &apiv1.GetOwnBallotsResponse{}},
			"query.export_minutes":     {&apiv1.ExportMinutesRequest{Workspace: "dsm", Session: "csm:s1"}, &apiv1.ExportMinutesResponse{}},
			"query.recorded":           {&apiv1.RecordedRequest{Workspace: "dsm", Initiative: "csm", Session: "s1"}, &apiv1.RecordedResponse{}},
			"query.feed_entries":       {&feedv1.FeedEntriesRequest{Workspace: "dsm"}, &feedv1.FeedEntriesResponse{}},
			"query.list_role_ledger":   {&apiv1.ListRoleLedgerRequest{Period: period, Level: apiv1.LedgerLevel_LEDGER_LEVEL_DECISION}, &apiv1.ListRoleLedgerResponse{}},
			"query.get_table3":         {&apiv1.GetTable3Request{Period: period}, &apiv1.GetTable3Response{}},
			"query.list_findings":      {&apiv1.ListFindingsRequest{Period: period}, &apiv1.ListFindingsResponse{}},
			"query.get_figures":        {&apiv1.GetFiguresRequest{Period: period}, &apiv1.GetFiguresResponse{}},
			"query.list_trends":        {&apiv1.ListTrendsRequest{Period: period}, &apiv1.ListTrendsResponse{}},
			"query.get_signals":        {&apiv1.GetSignalsRequest{Workspace: "dsm", Initiative: "csm", Participant: "u1"}, &apiv1.GetSignalsResponse{}},
		}[subject]
		if !ok {
			h.t.Errorf("%s is not tried: may it tell who chose whom?", subject)
			continue
		}
		data, err := proto.Marshal(x.q)
		if err != nil {
			h.t.Fatal(err)
		}
		answer, err := handler(context.Background(), data)
		if err != nil || len(answer) == 0 {
			h.t.Fatalf("%s: %d bytes, %v", subject, len(answer), err)
		}
		if err := proto.Unmarshal(answer, x.a); err != nil {
			h.t.Fatal(err)
		}
		withoutPosition(x.a.ProtoReflect())
		answers[subject] = x.a
	}
	return answers
}

// withoutPosition takes out of an answer how far, and when, the record was read.
func withoutPosition(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "sequence", f.Name() == "as_of":
			m.Clear(f)
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				withoutPosition(v.List().Get(i).Message())
			}
		default:
			withoutPosition(v.Message())
		}
		return true
	})
}
