package gateway

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// Account methods: the third kind beside commands and questions. People keeps who is who; what is done here is what only the gateway can: secrets and
// cookies, the titles that an invitation shows, and the commands that have the record learn of a seat or a name (owed.go).

// accountService is the service whose methods are these.
const accountService = "AccountService"

// accountMethod carries out one of them.
type accountMethod func(g *Gateway, ctx context.Context, v *visit, req proto.Message) (proto.Message, error)

// accountMethods by name. A method of the service that is not here stops the start.
var accountMethods = map[protoreflect.Name]accountMethod{
	"GetMe":             of((*Gateway).getMe),
	"LookAtInvitation":  of((*Gateway).lookAtInvitation),
	"Enter":             of((*Gateway).enter),
	"BecomeParticipant": of((*Gateway).becomeParticipant),
	"Rename":            of((*Gateway).rename),
	"SwitchPerson":      of((*Gateway).switchPerson),
	"SignOut":           of((*Gateway).signOut),
	"ListDevices":       of((*Gateway).listDevices),
	"Invite":            of((*Gateway).invite),
	"ListInvitations":   of((*Gateway).listInvitations),
	"RevokeInvitation":  of((*Gateway).revokeInvitation),
	"ListGrants":        of((*Gateway).listGrants),
	"SetGrant":          of((*Gateway).setGrant),
}

// of makes an account method of one that names its messages.
func of[Q, A proto.Message](f func(*Gateway, context.Context, *visit, Q) (A, error)) accountMethod {
	return func(g *Gateway, ctx context.Context, v *visit, req proto.Message) (proto.Message, error) {
		q, ok := req.(Q)
		if !ok {
			return nil, decider.Refuse(codeInternal)
		}
		return f(g, ctx, v, q)
	}
}

// account carries out an account method for who may.
func (g *Gateway) account(ctx context.Context, v *visit, m *method, req proto.Message) (proto.Message, error) {
	if err := permit(v.caller, m, req); err != nil {
		return nil, err
	}
	return m.account(g, ctx, v, req)
}

// people asks the service people.
func (g *Gateway) people(ctx context.Context, verb string, req, answer proto.Message) error {
	return bus.Request(ctx, g.o.Conn, "people."+verb, req, answer)
}

// getMe says who is at the device. What the record still owes them is made good by the way; when that fails they are let in all the same.
func (g *Gateway) getMe(ctx context.Context, v *visit, _ *apiv1.GetMeRequest) (*apiv1.MeView, error) {
	return g.me(ctx, v.device, func(err error) error {
		g.o.Logger.Warn("gateway: a seat or a name is not in the record yet; it is tried again when the person comes back", "correlation", bus.Correlation(ctx), "error", g.refusalOf(ctx, err))
		return nil
	})
}

// strict has an error of paying end the method.
func strict(err error) error { return err }

// me gives what is shown of who is at a device, after paying what the record owes them. unpaid says what an error of paying comes to.
func (g *Gateway) me(ctx context.Context, device string, unpaid func(error) error) (*apiv1.MeView, error) {
	var answer peoplev1.MeResponse
	if err := g.people(ctx, "me", &peoplev1.MeRequest{Device: device}, &answer); err != nil {
		return nil, err
	}
	for _, o := range answer.Owed {
		if err := g.pay(ctx, o); err != nil {
			if err := unpaid(err); err != nil {
				return nil, err
			}
		}
	}
	if answer.Me.Administers {
		return answer.Me, g.addWorkspaces(ctx, answer.Me)
	}
	return answer.Me, nil
}

// addWorkspaces writes out what administering everything means: every workspace, as whoever reads memberships expects it.
func (g *Gateway) addWorkspaces(ctx context.Context, me *apiv1.MeView) error {
	all, err := g.workspaces(ctx)
	for _, w := range all {
		i := slices.IndexFunc(me.Memberships, func(m *apiv1.Membership) bool { return m.Workspace == w.Id && m.Initiative == "" })
		if i < 0 {
			me.Memberships = append(me.Memberships, &apiv1.Membership{Workspace: w.Id, Grant: apiv1.Grant_GRANT_ADMINISTER})
		} else {
			me.Memberships[i].Grant = apiv1.Grant_GRANT_ADMINISTER
		}
	}
	return err
}

func (g *Gateway) workspaces(ctx context.Context) ([]*apiv1.WorkspaceView, error) {
	var all apiv1.ListWorkspacesResponse
	err := bus.Request(ctx, g.o.Conn, "query.list_workspaces", &apiv1.ListWorkspacesRequest{}, &all)
	return all.Workspaces, err
}

// codeAlphabet leaves out what looks alike: 0 and O, 1, I and L.
const codeAlphabet, codeLength = "23456789ABCDEFGHJKMNPQRSTUVWXYZ", 6

func newCode() (string, error) {
	b := make([]byte, codeLength)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(codeAlphabet))))
		if err != nil {
			return "", err
		}
		b[i] = codeAlphabet[n.Int64()]
	}
	return string(b), nil
}

// lookOf tells a code, as people type it, from a link's secret, and hides both.
func lookOf(secret string) *peoplev1.LookRequest {
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(secret))
	if len(code) == codeLength && strings.Trim(code, codeAlphabet) == "" {
		return &peoplev1.LookRequest{Secret: hashOf(code), Code: true}
	}
	return &peoplev1.LookRequest{Secret: hashOf(strings.TrimSpace(secret))}
}

// try asks people something about an invitation. Wrong codes are counted, by address and in all: there are 900 million, and guessing must not pay.
// Links are not: nobody guesses 128 bits, and nobody shall keep others out by trying.
func (g *Gateway) try(v *visit, look *peoplev1.LookRequest, ask func() error) error {
	if look.Code && !g.tries.open(v.remote) {
		return decider.Refuse("account/too-many-tries")
	}
	err := ask()
	if look.Code && strings.HasPrefix(decider.CodeOf(err), "account/invitation-") {
		g.tries.failed(v.remote)
	}
	return err
}

// lookAtInvitation says what an invitation is for: the department, the initiative and the session by their titles.
func (g *Gateway) lookAtInvitation(ctx context.Context, v *visit, q *apiv1.LookAtInvitationRequest) (*apiv1.InvitationView, error) {
	look, answer := lookOf(q.Secret), &peoplev1.LookResponse{}
	if err := g.try(v, look, func() error { return g.people(ctx, "look_at_invitation", look, answer) }); err != nil {
		return nil, err
	}
	i := answer.Invitation
	if i.Workspace == "" {
		return i, nil
	}
	all, err := g.workspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		if w.Id == i.Workspace {
			i.Department = w.Name
			for _, in := range w.Initiatives {
				if in.Id == i.Initiative {
					i.Title = in.Title
				}
			}
		}
	}
	if i.Session != "" {
		session := &apiv1.SessionView{}
		if err := bus.Request(ctx, g.o.Conn, "query.get_session", &apiv1.GetSessionRequest{Workspace: i.Workspace, Session: i.Session}, session); err != nil {
			return nil, err
		}
		i.SessionTitle = session.GetSession().GetTitle()
	}
	return i, nil
}

// enter lets somebody in. A crash between the account and the record is repaired by the same request again, and by the next GetMe.
func (g *Gateway) enter(ctx context.Context, v *visit, q *apiv1.EnterRequest) (*apiv1.MeView, error) {
	if id, err := uuid.Parse(q.Id); err != nil || id.Version() != 7 || id.String() != q.Id {
		return nil, decider.Refuse("gateway/command-id")
	}
	look, token := lookOf(q.Secret), newSecret(tokenBytes)
	entry, _ := proto.Clone(q).(*apiv1.EnterRequest)
	entry.Secret = ""
	ask := &peoplev1.EnterRequest{Invitation: look, Entry: entry, NewToken: hashOf(token), Kind: v.kind}
	if v.token != "" {
		ask.Token = hashOf(v.token)
	}
	if err := checkSeat(q.Constituency, slices.Concat(q.ConsentsGiven, q.ConsentsRefused)); err != nil {
		return nil, err
	}
	var answer peoplev1.EnterResponse
	if err := g.try(v, look, func() error { return g.people(ctx, "enter", ask, &answer) }); err != nil {
		return nil, err
	}
	me, err := g.me(ctx, answer.Device, strict)
	if err == nil && answer.TokenIsNew {
		v.sign(token)
	}
	return me, err
}

// becomeParticipant gives a seat to somebody who runs an initiative.
func (g *Gateway) becomeParticipant(ctx context.Context, v *visit, q *apiv1.BecomeParticipantRequest) (*apiv1.MeView, error) {
	if v.account == "" {
		return nil, decider.Refuse("account/signed-out")
	}
	if err := checkSeat(q.Constituency, slices.Concat(q.ConsentsGiven, q.ConsentsRefused)); err != nil {
		return nil, err
	}
	if err := g.exists(ctx, home{q.Workspace, q.Initiative}); err != nil {
		return nil, err
	}
	if err := g.people(ctx, "become", &peoplev1.BecomeRequest{Account: v.account, Seat: q}, &peoplev1.BecomeResponse{}); err != nil {
		return nil, err
	}
	return g.me(ctx, v.device, strict)
}

// rename changes the name of the person here, also in every initiative where they have a seat.
func (g *Gateway) rename(ctx context.Context, v *visit, q *apiv1.RenameRequest) (*apiv1.MeView, error) {
	if v.account == "" {
		return nil, decider.Refuse("account/signed-out")
	}
	if _, err := g.me(ctx, v.device, strict); err != nil { // a seat that is not in the record yet goes there under the old name first
		return nil, err
	}
	if err := g.people(ctx, "rename", &peoplev1.RenameRequest{Account: v.account, Name: q.Name}, &peoplev1.RenameResponse{}); err != nil {
		return nil, err
	}
	return g.me(ctx, v.device, strict)
}

// switchPerson hands a shared device over.
func (g *Gateway) switchPerson(ctx context.Context, v *visit, q *apiv1.SwitchPersonRequest) (*apiv1.MeView, error) {
	if v.device == "" {
		return nil, decider.Refuse("account/signed-out")
	}
	if err := g.people(ctx, "switch", &peoplev1.SwitchRequest{Device: v.device, Account: q.Account}, &peoplev1.SwitchResponse{}); err != nil {
		return nil, err
	}
	return g.getMe(ctx, v, nil)
}

// signOut signs a device of this person out. Who is nowhere signed in is told so, as GetMe does.
func (g *Gateway) signOut(ctx context.Context, v *visit, q *apiv1.SignOutRequest) (*apiv1.MeView, error) {
	if v.device == "" {
		v.sign("")
		return g.getMe(ctx, v, nil)
	}
	ask := &peoplev1.SignOutRequest{Account: v.account, Here: v.device, Device: q.Device}
	if ask.Device == "" {
		ask.Device = v.device
	}
	var answer peoplev1.SignOutResponse
	if err := g.people(ctx, "sign_out", ask, &answer); err != nil {
		return nil, err
	}
	if answer.Gone {
		v.sign("")
	}
	return g.getMe(ctx, v, nil)
}

func (g *Gateway) listDevices(ctx context.Context, v *visit, _ *apiv1.ListDevicesRequest) (*apiv1.ListDevicesResponse, error) {
	if v.account == "" {
		return nil, decider.Refuse("account/signed-out")
	}
	answer := &apiv1.ListDevicesResponse{}
	return answer, g.people(ctx, "devices", &peoplev1.DevicesRequest{Account: v.account, Here: v.device}, answer)
}
