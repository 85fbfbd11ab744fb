package gateway

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Who may do what. The table is the contract itself: every method carries the least grant that suffices, and one without it stops the start. A grant is
// held in an initiative or in a whole workspace, so what counts is where a request goes: every initiative that it names is asked about, and a request
// that names a workspace alone needs the grant in the whole of it. Whose words a command may bring is in oneself.go.

// caller is who asks. The zero value is nobody.
type caller struct {
	// operator is a program with the operator's token: everything, everywhere, and no seat.
	operator bool
	// device and account are ids; account is "" when nobody is at the device.
	device, account string
	// administers gives everything in every workspace.
	administers bool
	memberships []*apiv1.Membership
}

// audience is what decides what a caller may see of a document: callers of one audience share its pushes. Documents hold no sentences, so the
// language is not part of it.
type audience struct {
	// facilitates shows the consents that people stated.
	facilitates bool
}

// known reports whether anybody asks.
func (c caller) known() bool { return c.operator || c.account != "" }

// grantIn gives what the caller may do in an initiative, or in the whole workspace when h names no initiative.
func (c caller) grantIn(h home) (most apiv1.Grant) {
	if c.operator || c.administers {
		return apiv1.Grant_GRANT_ADMINISTER
	}
	for _, m := range c.memberships {
		if m.Workspace == h.workspace && (m.Initiative == "" || m.Initiative == h.initiative) {
			most = max(most, m.Grant)
		}
	}
	return most
}

// most gives the highest grant that the caller has anywhere.
func (c caller) most() (most apiv1.Grant) {
	for _, m := range c.memberships {
		most = max(most, m.Grant)
	}
	return max(most, c.grantIn(home{}))
}

// participantIn gives the caller's pseudonym in an initiative; "" without a seat there.
func (c caller) participantIn(h home) string {
	for _, m := range c.memberships {
		if m.Workspace == h.workspace && m.Initiative == h.initiative && h.initiative != "" {
			return m.Participant
		}
	}
	return ""
}

// same reports whether two callers are the same person on the same device with the same rights.
func (c caller) same(o caller) bool {
	return c.operator == o.operator && c.device == o.device && c.account == o.account && c.administers == o.administers &&
		slices.EqualFunc(c.memberships, o.memberships, func(a, b *apiv1.Membership) bool { return proto.Equal(a, b) })
}

func (c caller) facilitates(h home) bool { return c.grantIn(h) >= apiv1.Grant_GRANT_FACILITATE }

func (c caller) audience(h home) audience { return audience{c.facilitates(h)} }

// actor is the caller as the record names who acted.
func (c caller) actor(h home) *eventv1.Actor {
	switch {
	case c.operator:
		return &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_OPERATOR}
	case c.facilitates(h):
		return &eventv1.Actor{Participant: c.participantIn(h), Capacity: eventv1.Capacity_CAPACITY_FACILITATOR}
	}
	return &eventv1.Actor{Participant: c.participantIn(h), Capacity: eventv1.Capacity_CAPACITY_PARTICIPANT}
}

// permit refuses a request to a caller whose grant does not reach the method's row everywhere that the request goes. Grants rise, each including those
// before it. A request that names no workspace (ListWorkspaces, Power, ImportMinutes) needs the grant somewhere; what it answers or records is looked
// at again there. Refusals: account/signed-out, gateway/not-permitted.
func permit(c caller, m *method, req proto.Message) error {
	refused := decider.Refuse("gateway/not-permitted", "method", string(m.desc.Name()))
	switch {
	case m.anyone:
		return nil
	case m.grant == apiv1.Grant_GRANT_UNSPECIFIED:
		return refused
	case !c.known():
		return decider.Refuse("account/signed-out")
	}
	homes := homesOf(req.ProtoReflect())
	for _, h := range homes {
		if c.grantIn(h) < m.grant {
			return refused
		}
	}
	if len(homes) == 0 && c.most() < m.grant {
		return refused
	}
	return nil
}

// idFields are the fields of a request whose value begins with the id of an initiative and a colon.
var idFields = []protoreflect.Name{"session", "item", "decision", "items"}

// homesOf lists where a request goes: every initiative that it names, by itself or in the id of a session, item or decision, also within the messages
// that it holds (the filter of a summary, the steps of a correction); the workspace alone when it names none, or the departments that it chooses. An id
// without a colon names no initiative.
func homesOf(m protoreflect.Message) (homes []home) {
	fields := m.Descriptor().Fields()
	if ws := fields.ByName("workspace"); ws != nil && ws.Kind() == protoreflect.StringKind {
		h := home{workspace: m.Get(ws).String()}
		if f := fields.ByName("initiative"); f != nil && m.Get(f).String() != "" {
			homes = append(homes, home{h.workspace, m.Get(f).String()})
		}
		for _, name := range idFields {
			for _, id := range texts(m, fields.ByName(name)) {
				if initiative, _, full := strings.Cut(id, ":"); full {
					homes = append(homes, home{h.workspace, initiative})
				}
			}
		}
		if len(homes) == 0 && h.workspace == "" {
			homes = chosen(m)
		}
		if len(homes) == 0 {
			homes = append(homes, h)
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				homes = append(homes, homesOf(v.List().Get(i).Message())...)
			}
		default:
			homes = append(homes, homesOf(v.Message())...)
		}
		return true
	})
	return homes
}

// chosen lists the workspaces that the period of a question names: it is answered about these alone.
func chosen(m protoreflect.Message) (homes []home) {
	q, ok := m.Interface().(interface{ GetPeriod() *apiv1.EvidencePeriod })
	if !ok {
		return nil
	}
	for _, workspace := range q.GetPeriod().GetDepartments() {
		homes = append(homes, home{workspace: workspace})
	}
	return homes
}

// texts gives the values of a field of strings, one or many; none when there is no such field.
func texts(m protoreflect.Message, f protoreflect.FieldDescriptor) (all []string) {
	switch {
	case f == nil || f.Kind() != protoreflect.StringKind:
	case f.IsList():
		for i := range m.Get(f).List().Len() {
			all = append(all, m.Get(f).List().Get(i).String())
		}
	default:
		all = []string{m.Get(f).String()}
	}
	return all
}

// homeOf gives the place that a request is about: the first that it names.
func homeOf(req proto.Message) home {
	if homes := homesOf(req.ProtoReflect()); len(homes) > 0 {
		return homes[0]
	}
	return home{}
}

// narrow takes out of an answer what its reader may not see: workspaces and initiatives where they do not belong, and the consents that others stated,
// unless they facilitate. own is the reader's pseudonym.
func narrow(c caller, a audience, own string, answer proto.Message) {
	switch v := answer.(type) {
	case *apiv1.ListWorkspacesResponse:
		v.Workspaces = slices.DeleteFunc(v.Workspaces, func(w *apiv1.WorkspaceView) bool {
			w.Initiatives = slices.DeleteFunc(w.Initiatives, func(i *apiv1.InitiativeSummary) bool { return c.grantIn(home{w.Id, i.Id}) < apiv1.Grant_GRANT_READ })
			return len(w.Initiatives) == 0 && c.grantIn(home{workspace: w.Id}) < apiv1.Grant_GRANT_READ
		})
	case *apiv1.InitiativeView:
		hideConsents(a, own, v.Participants)
	case *apiv1.SessionView:
		hideConsents(a, own, v.Seats)
	}
}

func hideConsents(a audience, own string, people []*apiv1.ParticipantView) {
	for _, p := range people {
		if !a.facilitates && (own == "" || p.Participant != own) {
			p.Consents = nil
		}
	}
}

// rowOf reads the authorisation row of a method: a grant, or anyone, never both and never neither.
func rowOf(m protoreflect.MethodDescriptor) (grant apiv1.Grant, anyone bool, err error) {
	row, _ := proto.GetExtension(m.Options(), apiv1.E_Access).(*apiv1.Access)
	if row.GetAnyone() == (row.GetGrant() != apiv1.Grant_GRANT_UNSPECIFIED) {
		return 0, false, fmt.Errorf("gateway: %s carries no authorisation row; add option (tavolo.api.v1.access)", m.FullName())
	}
	return row.GetGrant(), row.GetAnyone(), nil
}
