package gateway_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway"
)

// A question about departments says where it goes even when it says nothing: to all of them. Who has a grant in one initiative alone gets nothing else.
func TestAQuestionAboutAllDepartmentsNeedsAGrantInAllOfThem(t *testing.T) {
	period, regions := &apiv1.EvidencePeriod{Departments: []string{"dsm", "other"}}, &apiv1.EvidencePeriod{Regions: []string{"08"}}
	for want, questions := range map[string][]proto.Message{
		"/": {&apiv1.ListRoleLedgerRequest{}, &apiv1.ListRoleLedgerRequest{Period: regions}, &apiv1.GetTable3Request{}, &apiv1.GetTable3Request{Period: regions},
			&apiv1.ListFindingsRequest{}, &apiv1.GetFiguresRequest{}},
		"dsm/ other/": {&apiv1.ListRoleLedgerRequest{Period: period}, &apiv1.GetTable3Request{Period: period}, &apiv1.ListFindingsRequest{Period: period}, &apiv1.GetFiguresRequest{Period: period}},
		"dsm/":        {&apiv1.ListRoleLedgerRequest{Workspace: "dsm"}, &apiv1.GetTable3Request{Workspace: "dsm"}, &apiv1.ListFindingsRequest{Workspace: "dsm"}, &apiv1.GetFiguresRequest{Workspace: "dsm"}},
		"dsm/orari":   {&apiv1.ListRoleLedgerRequest{Workspace: "dsm", Initiative: "orari"}, &apiv1.ListRoleLedgerRequest{Workspace: "dsm", Session: "orari:s1"}},
	} {
		for _, q := range questions {
			if got := gateway.HomesOf(q); !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%T %v goes to %q, want %q", q, q, got, want)
			}
		}
	}
}
