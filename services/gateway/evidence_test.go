package gateway_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway"
)

// A question about departments says where it goes even when it says nothing: to all of them. Who has a grant in one initiative alone gets nothing else.
func TestAQuestionAboutAllDepartmentsNeedsAGrantInAllOfThem(t *testing.T) {
	period := &apiv1.EvidencePeriod{Departments: []string{"dsm"}}
	for want, questions := range map[string][]proto.Message{
		"/": {&apiv1.ListRoleLedgerRequest{}, &apiv1.ListRoleLedgerRequest{Period: period}, &apiv1.GetTable3Request{}, &apiv1.GetTable3Request{Period: period},
			&apiv1.ListFindingsRequest{}, &apiv1.ListFindingsRequest{Period: period}, &apiv1.GetFiguresRequest{}, &apiv1.GetFiguresRequest{Period: period}},
		"dsm/":      {&apiv1.ListRoleLedgerRequest{Workspace: "dsm"}, &apiv1.GetTable3Request{Workspace: "dsm"}, &apiv1.ListFindingsRequest{Workspace: "dsm"}, &apiv1.GetFiguresRequest{Workspace: "dsm"}},
		"dsm/orari": {&apiv1.ListRoleLedgerRequest{Workspace: "dsm", Initiative: "orari"}, &apiv1.ListRoleLedgerRequest{Workspace: "dsm", Session: "orari:s1"}},
	} {
		for _, q := range questions {
			if got := gateway.HomesOf(q); !slices.Equal(got, []string{want}) {
				t.Errorf("%T %v goes to %q, want %q", q, q, got, want)
			}
		}
	}
}
