package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway"
)

func TestEveryMethodCarriesItsAuthorisationRow(t *testing.T) {
	grants, err := gateway.Contract()
	if err != nil {
		t.Fatal(err)
	}
	if len(grants) < 43 {
		t.Errorf("%d methods, fewer than there are", len(grants))
	}
	for method, need := range map[string]apiv1.Grant{
		"AccountService.Enter": apiv1.Grant_GRANT_UNSPECIFIED, "AccountService.SetGrant": apiv1.Grant_GRANT_FACILITATE, "WorkspaceService.FoundWorkspace": apiv1.Grant_GRANT_ADMINISTER, "DecisionService.OpenVoting": apiv1.Grant_GRANT_FACILITATE,
		"DecisionService.CastBallots": apiv1.Grant_GRANT_TAKE_PART, "RoleService.Why": apiv1.Grant_GRANT_READ,
	} {
		if got := grants["tavolo.api.v1."+method]; got != need {
			t.Errorf("%s needs %v, want %v", method, got, need)
		}
	}
}

// TestAMethodWithoutARowStopsTheStart plants one: without this the test above could not fail.
func TestAMethodWithoutARowStopsTheStart(t *testing.T) {
	method := func(row *apiv1.Access) protoreflect.MethodDescriptor {
		options := &descriptorpb.MethodOptions{}
		if row != nil {
			proto.SetExtension(options, apiv1.E_Access, row)
		}
		file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
			Name: proto.String("planted.proto"), Package: proto.String("planted"), Syntax: proto.String("proto3"),
			MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("M")}},
			Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("S"), Method: []*descriptorpb.MethodDescriptorProto{{
				Name: proto.String("Do"), InputType: proto.String(".planted.M"), OutputType: proto.String(".planted.M"), Options: options}}}},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return file.Services().Get(0).Methods().Get(0)
	}
	for name, row := range map[string]*apiv1.Access{"none": nil, "an empty one": {}} {
		if _, err := gateway.RowOf(method(row)); err == nil || !strings.Contains(err.Error(), "planted.S.Do") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := gateway.RowOf(method(&apiv1.Access{Grant: apiv1.Grant_GRANT_READ, Anyone: true})); err == nil {
		t.Error("a row that says both was taken")
	}
	if g, err := gateway.RowOf(method(&apiv1.Access{Grant: apiv1.Grant_GRANT_READ})); err != nil || g != apiv1.Grant_GRANT_READ {
		t.Errorf("with a row: %v %v", g, err)
	}
}

func TestAGrantIncludesThoseBeforeItAndNobodyMayDoWhatHasNoRow(t *testing.T) {
	for have := range apiv1.Grant_name {
		for need := range apiv1.Grant_name {
			want := need != 0 && have >= need
			if got := gateway.Permit(apiv1.Grant(have), apiv1.Grant(need)); got != want {
				t.Errorf("have %v, need %v: %v", apiv1.Grant(have), apiv1.Grant(need), got)
			}
		}
	}
}

func TestCodesMeanToConnectWhatTheirFormSays(t *testing.T) {
	for code, want := range map[string]string{
		"decision/unknown": "not_found", "workspace/unknown": "not_found", "eventlog/unknown-workspace": "not_found", "gateway/not-found": "not_found",
		"eventlog/conflict": "aborted", "ledger/conflict": "aborted",
		"id/malformed": "invalid_argument", "initiative/constituency-malformed": "invalid_argument", "decision/act-without-kind": "invalid_argument",
		"item/reason-missing": "invalid_argument", "command/empty": "invalid_argument", "query/unreadable": "invalid_argument", "gateway/command-id": "invalid_argument",
		"decision/not-open": "failed_precondition", "workspace/already-founded": "failed_precondition", "vault/unknown-version": "failed_precondition", "nonsense": "failed_precondition",
		"bus/unavailable": "unavailable", "bus/timeout": "deadline_exceeded", "bus/internal": "internal", "gateway/internal": "internal", "gateway/too-fast": "resource_exhausted",
		"gateway/not-permitted": "permission_denied", "gateway/for-oneself": "permission_denied", "account/signed-out": "unauthenticated",
		"account/invitation-unknown": "not_found", "account/invitation-ended": "failed_precondition", "account/name-missing": "invalid_argument",
	} {
		if got := gateway.MeaningOf(code); got != want {
			t.Errorf("%s means %s, want %s", code, got, want)
		}
	}
}

func TestTheReadersLanguage(t *testing.T) {
	for accept, want := range map[string]string{
		"": "it", "it": "it", "en": "en", "en-US,en;q=0.9,it;q=0.8": "en", "it-IT,it;q=0.9,en;q=0.8": "it", "de,en;q=0.5": "en", "de": "it", "*": "it",
		"EN": "en", "en;q=0": "it", "it;q=0.1, en;q=0.2": "en", "en;q=nonsense,it": "it", "en;q=NaN": "it", "english": "it", ",;,=": "it", "en ; q=1": "en",
	} {
		if got := gateway.Language(accept); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
}
