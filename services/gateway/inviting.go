package gateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
	"rsc.io/qr"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// What those who run an initiative do: invite, see who was invited, and say who may do what.

// hoursUnlessSaid is how long an invitation holds: a week.
const hoursUnlessSaid = 168

// codeTries is how often another code is taken when one is in use: with a thousand that hold, one in a million is.
const codeTries = 5

// exists refuses an initiative that is not there (initiative/unknown).
func (g *Gateway) exists(ctx context.Context, h home) error {
	return g.afresh(ctx, h.workspace, func() error { return g.shown(ctx, h) })
}

// afresh looks for something in the views, and once more when they do not know it: whoever founds a workspace and invites into it at once is ahead of
// them. The second look sees everything that was in the log when the first had failed.
func (g *Gateway) afresh(ctx context.Context, workspace string, look func() error) error {
	err := look()
	switch decider.CodeOf(err) {
	case "workspace/unknown", "initiative/unknown", "session/unknown":
	default:
		return err
	}
	if err := bus.Request(ctx, g.o.Conn, "query.recorded", &apiv1.RecordedRequest{Workspace: workspace, CaughtUp: true}, &apiv1.RecordedResponse{}); err != nil {
		return err
	}
	return look()
}

// shown is exists as the views have it now.
func (g *Gateway) shown(ctx context.Context, h home) error {
	all, err := g.workspaces(ctx)
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.Id != h.workspace {
			continue
		}
		if h.initiative == "" {
			return nil
		}
		for _, i := range w.Initiatives {
			if i.Id == h.initiative {
				return nil
			}
		}
		return decider.Refuse("initiative/unknown")
	}
	return decider.Refuse("workspace/unknown", "workspace", h.workspace)
}

// invite makes an invitation. Its secrets are made here, and only their hashes leave for people.
func (g *Gateway) invite(ctx context.Context, v *visit, q *apiv1.InviteRequest) (*apiv1.InvitationMade, error) {
	ask, _ := proto.Clone(q).(*apiv1.InviteRequest)
	if ask.Grant == apiv1.Grant_GRANT_UNSPECIFIED {
		ask.Grant = apiv1.Grant_GRANT_TAKE_PART
	}
	if ask.Hours == 0 {
		ask.Hours = hoursUnlessSaid
	}
	h := home{q.Workspace, q.Initiative}
	if ask.Grant > v.grantIn(h) {
		return nil, decider.Refuse("account/grant-beyond-own")
	}
	if err := g.exists(ctx, h); err != nil {
		return nil, err
	}
	if q.Session != "" {
		if !strings.HasPrefix(q.Session, q.Initiative+":") {
			return nil, decider.Refuse("session/unknown")
		}
		err := g.afresh(ctx, q.Workspace, func() error {
			return bus.Request(ctx, g.o.Conn, "query.get_session", &apiv1.GetSessionRequest{Workspace: q.Workspace, Session: q.Session}, &apiv1.SessionView{})
		})
		if err != nil {
			return nil, err
		}
	}
	made := &apiv1.InvitationMade{Secret: newSecret(secretBytes)}
	for try := 1; ; try++ {
		var err error
		if made.Code, err = newCode(); err != nil {
			return nil, err
		}
		var answer peoplev1.InviteResponse
		err = g.people(ctx, "invite", &peoplev1.InviteRequest{Account: v.account, Invitation: ask, Secret: hashOf(made.Secret), Code: hashOf(made.Code)}, &answer)
		if decider.CodeOf(err) == "account/code-taken" && try < codeTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		made.Id, made.ExpiresAt = answer.Id, answer.ExpiresAt
		break
	}
	made.Link = EnterLink(v.base, made.Secret)
	var err error
	made.QrSvg, err = drawQR(made.Link)
	return made, err
}

// EnterLink is the link of an invitation. What follows # stays in the browser: no server, log or proxy on the way sees it.
func EnterLink(base, secret string) string { return strings.TrimRight(base, "/") + "/enter#" + secret }

// NewInvitation makes a link's secret and what people knows it by, for the first facilitator.
func NewInvitation() (secret string, hash []byte) {
	secret = newSecret(secretBytes)
	return secret, hashOf(secret)
}

// NewToken makes a token for the operator's programs.
func NewToken() string { return newSecret(tokenBytes) }

func (g *Gateway) listInvitations(ctx context.Context, _ *visit, q *apiv1.ListInvitationsRequest) (*apiv1.ListInvitationsResponse, error) {
	answer := &apiv1.ListInvitationsResponse{}
	return answer, g.people(ctx, "invitations", q, answer)
}

func (g *Gateway) revokeInvitation(ctx context.Context, _ *visit, q *apiv1.RevokeInvitationRequest) (*apiv1.ListInvitationsResponse, error) {
	answer := &apiv1.ListInvitationsResponse{}
	return answer, g.people(ctx, "revoke", q, answer)
}

func (g *Gateway) listGrants(ctx context.Context, _ *visit, q *apiv1.ListGrantsRequest) (*apiv1.ListGrantsResponse, error) {
	answer := &apiv1.ListGrantsResponse{}
	return answer, g.people(ctx, "grants", q, answer)
}

func (g *Gateway) setGrant(ctx context.Context, v *visit, q *apiv1.SetGrantRequest) (*apiv1.ListGrantsResponse, error) {
	answer := &apiv1.ListGrantsResponse{}
	return answer, g.people(ctx, "set_grant", &peoplev1.SetGrantRequest{Own: v.grantIn(home{q.Workspace, q.Initiative}),
		OwnInWorkspace: v.grantIn(home{workspace: q.Workspace}), Change: q}, answer)
}

// drawQR draws a text as a QR code: SVG, black on white, with the quiet edge of four modules that readers need.
func drawQR(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("gateway: a link does not fit into a QR code: %w", err)
	}
	const edge = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+edge, y+edge, x-from, x-from)
			}
		}
	}
	size := code.Size + 2*edge
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dh-%dz"/><path d="%s"/></svg>`,
		size, size, size, size, size, path.String()), nil
}

// Wrong codes: so many a minute from one address, and so many in all.
const (
	wrongPerAddress = 10
	wrongInAll      = 100
)

// tries counts wrong codes. One is looked at after the other: of many that come at once each knows how those before it went.
type tries struct {
	turn chan struct{}
	of   *buckets
	all  *rate.Limiter
}

func newTries(addresses int) *tries {
	return &tries{turn: make(chan struct{}, 1), of: newBuckets(wrongPerAddress/time.Minute.Seconds(), wrongPerAddress, addresses),
		all: rate.NewLimiter(rate.Limit(wrongInAll/time.Minute.Seconds()), wrongInAll)}
}

// open reports whether a code may be tried.
func (t *tries) open(remote string) bool {
	return t.of.has(remote) && t.all.Tokens() >= 1
}

// failed counts a wrong one.
func (t *tries) failed(remote string) {
	t.of.allow(remote)
	t.all.Allow()
}
