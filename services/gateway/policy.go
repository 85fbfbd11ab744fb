package gateway

import (
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Who may do what. The table is the contract itself: every method carries the least grant that suffices, and one without it stops the start. Sign-in
// will change identify and nothing else here.

// caller is who asks.
type caller struct {
	// participant is the pseudonym of somebody at the table, "" for the operator.
	participant string
	capacity    eventv1.Capacity
	grant       apiv1.Grant
}

// audience is what decides what a caller may see of a document: callers of one audience share its pushes. Documents hold no sentences, so the
// language is not part of it.
type audience struct{ grant apiv1.Grant }

func (c caller) audience() audience { return audience{c.grant} }

func (c caller) actor() *eventv1.Actor {
	return &eventv1.Actor{Participant: c.participant, Capacity: c.capacity}
}

// identify says who a request comes from. Only this machine reaches the gateway (listen, fromHere), so it is the operator, with every grant.
func identify(*http.Request) caller {
	return caller{capacity: eventv1.Capacity_CAPACITY_OPERATOR, grant: apiv1.Grant_GRANT_ADMINISTER}
}

// permit refuses a method to a caller whose grant does not reach its row. Grants rise, each including those before it.
func permit(c caller, m *method) error {
	if m.grant == apiv1.Grant_GRANT_UNSPECIFIED || c.grant < m.grant {
		return decider.Refuse("gateway/not-permitted", "method", string(m.desc.Name()))
	}
	return nil
}

// rowOf reads the authorisation row of a method.
func rowOf(m protoreflect.MethodDescriptor) (apiv1.Grant, error) {
	row, _ := proto.GetExtension(m.Options(), apiv1.E_Access).(*apiv1.Access)
	if row.GetGrant() == apiv1.Grant_GRANT_UNSPECIFIED {
		return 0, fmt.Errorf("gateway: %s carries no authorisation row; add option (tavolo.api.v1.access)", m.FullName())
	}
	return row.GetGrant(), nil
}
