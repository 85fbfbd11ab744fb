package gateway

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Whoever takes part speaks and votes for themself. Each method that GRANT_TAKE_PART reaches has a row here that says which of its fields name the
// one who speaks; they must hold the caller's own pseudonym, unless the caller facilitates and enters it for somebody else. What was said, the secretary
// in the room may enter too. A method without a row stops the start. Who typed something is written by the gateway, never by a client.

// voice is the row of one method.
type voice struct {
	// own are the fields that name who acts, by their path in the request: ballots.participant.
	own []string
	// also lists for whom else the caller may act or ask, by that person's own choice: who gave them a proxy, who chose them as tutor.
	also func(g *Gateway, ctx context.Context, own string, req proto.Message) ([]string, error)
	// secretary lets who is the secretary of the session, and in the room, write for others as who facilitates may.
	secretary bool
	// alone refuses even who facilitates and the operator's programs: it is nobody else's.
	alone bool
	// more is what else is to hold for who does not facilitate.
	more func(g *Gateway, ctx context.Context, own string, req proto.Message) error
}

var voices = map[protoreflect.Name]voice{
	"DeclareCapacity":        {own: []string{"participant"}},
	"NameParticipant":        {own: []string{"participant"}},
	"StateConsents":          {own: []string{"participant", "consents.participant"}},
	"ReportUnloggedDecision": {own: []string{"by"}},
	"ChooseTutor":            {own: []string{"participant"}, alone: true},
	"GetTutoring":            {own: []string{"participant"}, alone: true},
	"SeatParticipants":       {own: []string{"seats.participant"}, more: withoutOffices},
	"UnseatParticipant":      {own: []string{"participant"}},
	"PauseSession":           {more: inSession}, // anyone who is at the session, without a reason, and for nobody in particular
	"ApproveMinutes":         {own: []string{"participant"}},
	"ProposeItem":            {own: []string{"proposed_by"}},
	"WithdrawItem":           {more: asProposer},
	"RecordContributions":    {own: []string{"contributions.by"}, secretary: true},
	"LinkAttachment":         {own: []string{"by"}},
	"RaiseHand":              {own: []string{"participant"}},
	"LowerHand":              {own: []string{"participant"}},
	"ReturnFloor":            {own: []string{"participant"}, secretary: true},
	"WordContribution":       {own: []string{"by"}, secretary: true},
	"CastBallots":            {own: []string{"ballots.participant"}, also: (*Gateway).proxiesOf},
	"GiveAdvice":             {own: []string{"advice.participant"}},
	"RecordAct":              {own: []string{"act.by"}, more: ownObjection},
	"ContestMinutes":         {own: []string{"by"}},
	"GetOwnBallots":          {own: []string{"participant"}, alone: true},
	"GetSignals":             {own: []string{"participant"}, alone: true, also: (*Gateway).chosenBy},
}

// forOneself refuses words in another's name (gateway/for-oneself) and writes who typed those of somebody else; whoever has no seat cannot be written
// down as that, and is refused (gateway/without-seat). Programs of the operator are believed, for they record what happened elsewhere, but have nothing of
// their own.
func (g *Gateway) forOneself(ctx context.Context, c caller, m *method, req proto.Message) error {
	row, ok := voices[m.desc.Name()]
	if !ok || c.operator && !row.alone {
		return nil
	}
	h := homeOf(req)
	own, runs := c.participantIn(h), c.facilitates(h)
	var named []holder
	for _, path := range row.own {
		named = append(named, holders(req.ProtoReflect(), strings.Split(path, "."))...)
	}
	var others []string
	for _, at := range named {
		if !at.is(own) {
			others = append(others, at.value())
		}
	}
	if row.secretary && !runs && own != "" && len(others) > 0 {
		var err error
		if runs, err = g.isSecretary(ctx, own, req); err != nil {
			return err
		}
	}
	for _, at := range named {
		if f := at.message.Descriptor().Fields().ByName("entered_by"); f != nil {
			typed := "" // by who speaks, or who holds the proxy
			if !at.is(own) && runs {
				typed = own
				if own == "" && at.value() != "" { // nobody would be named, and it would look as if they had typed it themself
					return decider.Refuse("gateway/without-seat")
				}
			}
			at.message.Set(f, protoreflect.ValueOfString(typed))
		}
	}
	refused := decider.Refuse("gateway/for-oneself")
	switch {
	case runs && !row.alone:
		return nil
	case len(others) == 0:
	case row.also == nil || own == "":
		return refused
	default:
		if held, err := row.also(g, ctx, own, req); err != nil {
			return err
		} else if slices.ContainsFunc(others, func(who string) bool { return !slices.Contains(held, who) }) {
			return refused
		}
	}
	if row.more != nil {
		return row.more(g, ctx, own, req)
	}
	return nil
}

// isSecretary reports whether somebody is in the room as the secretary of the session that a request is about, as the views have it.
func (g *Gateway) isSecretary(ctx context.Context, own string, req proto.Message) (bool, error) {
	return g.sits(ctx, req, func(s *apiv1.ParticipantView) bool {
		return s.Participant == own && s.Present && slices.Contains(s.Offices, eventv1.Office_OFFICE_SECRETARY)
	})
}

// sits looks for a seat in the session that a request is about, as the views have it.
func (g *Gateway) sits(ctx context.Context, req proto.Message, wanted func(*apiv1.ParticipantView) bool) (bool, error) {
	q, ok := req.(interface {
		GetWorkspace() string
		GetSession() string
	})
	if !ok {
		return false, nil
	}
	view := &apiv1.SessionView{}
	if err := bus.Request(ctx, g.o.Conn, "query.get_session", &apiv1.GetSessionRequest{Workspace: q.GetWorkspace(), Session: q.GetSession()}, view); err != nil {
		return false, err
	}
	return slices.ContainsFunc(view.Seats, wanted), nil
}

// inSession: a pause is for who is at that session. Somebody who left the room and still feels unwell may ask for one; somebody who was never in it may not.
func inSession(g *Gateway, ctx context.Context, own string, req proto.Message) error {
	if here, err := g.sits(ctx, req, func(s *apiv1.ParticipantView) bool { return own != "" && s.Participant == own && !s.Absent }); err != nil || here {
		return err
	}
	return decider.Refuse("gateway/not-at-session")
}

// holder is a message and one of its fields.
type holder struct {
	message protoreflect.Message
	field   protoreflect.FieldDescriptor
}

func (h holder) value() string { return h.message.Get(h.field).String() }

// is reports whether it names somebody who has a seat.
func (h holder) is(own string) bool { return own != "" && h.value() == own }

// holders finds the fields at the end of a path, in all elements of the lists on the way. A message on the way that is absent counts as an empty one.
func holders(m protoreflect.Message, path []string) (all []holder) {
	f := m.Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	switch {
	case f == nil:
		panic("gateway: " + string(m.Descriptor().Name()) + " has no field " + path[0]) // the table is wrong; a test walks it
	case len(path) == 1:
		return []holder{{m, f}}
	case f.IsList():
		for i := range m.Get(f).List().Len() {
			all = append(all, holders(m.Get(f).List().Get(i).Message(), path[1:])...)
		}
		return all
	default:
		return holders(m.Mutable(f).Message(), path[1:])
	}
}

// proxiesOf lists who has given the caller their proxy in the decision that a request is about.
func (g *Gateway) proxiesOf(ctx context.Context, own string, req proto.Message) (held []string, err error) {
	q, ok := req.(interface {
		GetWorkspace() string
		GetDecision() string
	})
	if !ok || own == "" {
		return nil, nil
	}
	view := &apiv1.DecisionView{}
	if err := bus.Request(ctx, g.o.Conn, "query.get_decision", &apiv1.GetDecisionRequest{Workspace: q.GetWorkspace(), Decision: q.GetDecision()}, view); err != nil {
		return nil, err
	}
	for _, e := range view.Electors {
		if e.GetProxy().GetTo() == own {
			held = append(held, e.Participant)
		}
	}
	return held, nil
}

// chosenBy lists who has chosen the caller as tutor. The views read the log to its end first: whoever chose otherwise is not read by the former tutor once
// they were told that it is recorded.
func (g *Gateway) chosenBy(ctx context.Context, own string, req proto.Message) ([]string, error) {
	h := homeOf(req)
	view := &apiv1.GetTutoringResponse{}
	err := bus.Request(ctx, g.o.Conn, "query.get_tutoring", &apiv1.GetTutoringRequest{Workspace: h.workspace, Initiative: h.initiative, Participant: own, CaughtUp: true}, view)
	return view.ChosenBy, err
}

// withoutOffices: whoever comes in sits down; offices are given by who runs the session.
func withoutOffices(_ *Gateway, _ context.Context, _ string, req proto.Message) error {
	q, _ := req.(*commandv1.SeatParticipants)
	for _, s := range q.GetSeats() {
		if len(s.Offices) > 0 {
			return decider.Refuse("gateway/not-permitted", "method", "SeatParticipants")
		}
	}
	return nil
}

// asProposer: an item is taken back by who proposed it, as the views have it.
func asProposer(g *Gateway, ctx context.Context, own string, req proto.Message) error {
	q, _ := req.(*commandv1.WithdrawItem)
	view := &apiv1.InitiativeView{}
	if err := bus.Request(ctx, g.o.Conn, "query.get_initiative", &apiv1.GetInitiativeRequest{Workspace: q.GetWorkspace(), Initiative: homeOf(req).initiative}, view); err != nil {
		return err
	}
	for _, i := range view.Items {
		if i.Id == q.GetItem() && i.ProposedBy == own && own != "" {
			return nil
		}
	}
	return decider.Refuse("gateway/for-oneself")
}

// ownObjection: an objection is raised, and taken back, by who has it or holds their proxy.
func ownObjection(g *Gateway, ctx context.Context, own string, req proto.Message) error {
	q, _ := req.(*commandv1.RecordAct)
	switch q.GetAct().GetKind() {
	case eventv1.ActKind_ACT_KIND_OBJECTION_RAISED, eventv1.ActKind_ACT_KIND_OBJECTION_WITHDRAWN:
		o := q.Act.Objector
		if o == "" || o == own {
			return nil
		}
		if held, err := g.proxiesOf(ctx, own, req); err != nil {
			return err
		} else if !slices.Contains(held, o) {
			return decider.Refuse("gateway/for-oneself")
		}
	}
	return nil
}

// checkAddress refuses a link that is no web address (command/url): one of another kind could do something when it is followed. It is looked at here, for
// behind the gateway it is sealed.
func checkAddress(req proto.Message) error {
	q, ok := req.(*commandv1.LinkAttachment)
	if !ok {
		return nil
	}
	u, err := url.Parse(q.GetUrl().GetClear())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return decider.Refuse("command/url")
	}
	return nil
}
