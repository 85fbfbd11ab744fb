package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/proto/tavolo/api/v1/apiv1connect"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

// asker answers questions about what is recorded: over NATS in this process, or over HTTP from a running server.
type asker interface {
	roles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error)
	summary(ctx context.Context, q *apiv1.SummariseRolesRequest) (*apiv1.SummariseRolesResponse, error)
	why(ctx context.Context, q *apiv1.WhyRequest) (*apiv1.WhyResponse, error)
	evaluator
}

type natsAsker struct{ nc *nats.Conn }

func (a natsAsker) roles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error) {
	q.CaughtUp = true
	return a.ListRoles(ctx, q)
}

func (a natsAsker) summary(ctx context.Context, q *apiv1.SummariseRolesRequest) (*apiv1.SummariseRolesResponse, error) {
	q.Decisions.CaughtUp = true
	out := &apiv1.SummariseRolesResponse{}
	return out, bus.Request(ctx, a.nc, "query.summarise_roles", q, out)
}

func (a natsAsker) why(ctx context.Context, q *apiv1.WhyRequest) (*apiv1.WhyResponse, error) {
	out := &apiv1.WhyResponse{}
	return out, bus.Request(ctx, a.nc, "query.why", q, out)
}

type httpAsker struct {
	apiv1connect.RoleServiceClient
	apiv1connect.EvidenceServiceClient
	apiv1connect.WorkspaceServiceClient
	apiv1connect.DecisionServiceClient
}

func (a httpAsker) roles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error) {
	q.CaughtUp = true
	return a.ListRoles(ctx, q)
}

func (a httpAsker) summary(ctx context.Context, q *apiv1.SummariseRolesRequest) (*apiv1.SummariseRolesResponse, error) {
	q.Decisions.CaughtUp = true
	return a.SummariseRoles(ctx, q)
}

func (a httpAsker) why(ctx context.Context, q *apiv1.WhyRequest) (*apiv1.WhyResponse, error) {
	return a.Why(ctx, q)
}

// answerWithin bounds one question to a server.
const answerWithin = 60 * time.Second

// bearer shows a token with every request.
type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func serverDesk(url, token string) *desk {
	client := &http.Client{Timeout: answerWithin, Transport: bearer{token}}
	files := apiv1connect.NewMinutesServiceClient(client, url)
	return &desk{
		ask: httpAsker{apiv1connect.NewRoleServiceClient(client, url), apiv1connect.NewEvidenceServiceClient(client, url), apiv1connect.NewWorkspaceServiceClient(client, url), apiv1connect.NewDecisionServiceClient(client, url)},
		record: func(ctx context.Context, in input) (*commandv1.Receipt, error) {
			return files.ImportMinutes(ctx, &apiv1.ImportMinutesRequest{Name: in.name, File: in.data})
		},
		close: func() error { return nil },
	}
}

// report prints an error as a sentence: a refusal with its own, a server's answer as it came, anything else with what to do about it.
func report(w io.Writer, err error) (status int) {
	var refusal *decider.Refusal
	var answered *connect.Error
	switch {
	case errors.As(err, &refusal):
		_, _ = fmt.Fprintf(w, "tavolo: %s (%s)\n", sentence(refusal.Code, language(), refusal.Args), refusal.Code)
		return exitRefused
	case errors.As(err, &answered) && answered.Code() == connect.CodeUnavailable:
		_, _ = fmt.Fprintf(w, "tavolo: the server does not answer (%s). Check the address and that it is running.\n", answered.Message())
		return exitFailed
	case errors.As(err, &answered):
		_, _ = fmt.Fprintf(w, "tavolo: %s\n", answered.Message())
		return exitRefused
	case errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintln(w, "tavolo: interrupted.")
		return exitFailed
	default:
		_, _ = fmt.Fprintf(w, "tavolo: %v\n", err)
		return exitFailed
	}
}
