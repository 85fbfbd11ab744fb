package gateway

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// Feed methods: who runs a workspace or an initiative lets associations follow its decisions. Feeds keeps the subscriptions; what is done here is the
// token, which is shown once and known to nobody afterwards, and who may. How the feeds are read is in feedroutes.go.

const feedService = "FeedService"

// feedMethods by name, as accountMethods are.
var feedMethods = map[protoreflect.Name]accountMethod{
	"CreateSubscription": of((*Gateway).createSubscription),
	"ListSubscriptions":  of((*Gateway).listSubscriptions),
	"RevokeSubscription": of((*Gateway).revokeSubscription),
	"AddWebhook":         of((*Gateway).addWebhook),
	"TestWebhook": of(func(g *Gateway, ctx context.Context, v *visit, q *apiv1.TestWebhookRequest) (*feedv1.WebhookTested, error) {
		return onWebhook(ctx, g, v, "test_webhook", &feedv1.WebhookActRequest{Webhook: q.Webhook}, &feedv1.WebhookTested{})
	}),
	"EnableWebhook": of(func(g *Gateway, ctx context.Context, v *visit, q *apiv1.EnableWebhookRequest) (*feedv1.Webhook, error) {
		return onWebhook(ctx, g, v, "enable", &feedv1.WebhookActRequest{Webhook: q.Webhook}, &feedv1.Webhook{})
	}),
	"EndWebhook": of(func(g *Gateway, ctx context.Context, v *visit, q *apiv1.EndWebhookRequest) (*apiv1.EndWebhookResponse, error) {
		_, err := onWebhook(ctx, g, v, "end_webhook", &feedv1.WebhookActRequest{Webhook: q.Webhook}, &feedv1.WebhookEnded{})
		return &apiv1.EndWebhookResponse{}, err
	}),
	"ListDeadLetters": of(func(g *Gateway, ctx context.Context, v *visit, q *apiv1.ListDeadLettersRequest) (*feedv1.DeadLettersResponse, error) {
		return onWebhook(ctx, g, v, "dead_letters", &feedv1.WebhookActRequest{Webhook: q.Webhook}, &feedv1.DeadLettersResponse{})
	}),
	"ReplayDeadLetters": of(func(g *Gateway, ctx context.Context, v *visit, q *apiv1.ReplayDeadLettersRequest) (*feedv1.ReplayResponse, error) {
		return onWebhook(ctx, g, v, "replay", &feedv1.WebhookActRequest{Webhook: q.Webhook, Numbers: q.Numbers}, &feedv1.ReplayResponse{})
	}),
	"ListEntries": of((*Gateway).listEntries),
}

// feeds asks the service feeds.
func (g *Gateway) feeds(ctx context.Context, verb string, req, answer proto.Message) error {
	return bus.Request(ctx, g.o.Conn, "feeds."+verb, req, answer)
}

// mayManage: a caller may manage what is about nothing but initiatives that they run; everything, who administers everything.
func (c caller) mayManage(s *feedv1.FeedScope) bool {
	if len(s.GetPlaces()) == 0 {
		return c.operator || c.administers
	}
	return !slices.ContainsFunc(s.Places, func(p *feedv1.FeedPlace) bool { return !c.facilitates(home{p.Workspace, p.Initiative}) })
}

// managed refuses a subscription that is not there or not theirs to manage; which of the two is not told.
func (g *Gateway) managed(ctx context.Context, v *visit, q *feedv1.SubscriptionsRequest) error {
	var found feedv1.SubscriptionsResponse
	if q.Id != "" || q.Webhook != "" { // without either it would be about all of them
		if err := g.feeds(ctx, "subscriptions", q, &found); err != nil {
			return err
		}
	}
	if len(found.Subscriptions) != 1 || !v.mayManage(found.Subscriptions[0].Scope) {
		return decider.Refuse("feeds/unknown")
	}
	return nil
}

func onWebhook[A proto.Message](ctx context.Context, g *Gateway, v *visit, verb string, q *feedv1.WebhookActRequest, answer A) (A, error) {
	if err := g.managed(ctx, v, &feedv1.SubscriptionsRequest{Webhook: q.Webhook}); err != nil {
		return answer, err
	}
	return answer, g.feeds(ctx, verb, q, answer)
}

func (g *Gateway) createSubscription(ctx context.Context, v *visit, q *apiv1.CreateSubscriptionRequest) (*apiv1.SubscriptionMade, error) {
	if !v.mayManage(q.Scope) {
		return nil, decider.Refuse("gateway/not-permitted", "method", "CreateSubscription")
	}
	made := &apiv1.SubscriptionMade{Token: newSecret(tokenBytes), Subscription: &feedv1.Subscription{}}
	return made, g.feeds(ctx, "subscribe", &feedv1.SubscribeRequest{Scope: q.Scope, Label: q.Label, Days: q.Days, Token: hashOf(made.Token)}, made.Subscription)
}

func (g *Gateway) listSubscriptions(ctx context.Context, v *visit, _ *apiv1.ListSubscriptionsRequest) (*apiv1.ListSubscriptionsResponse, error) {
	var all feedv1.SubscriptionsResponse
	err := g.feeds(ctx, "subscriptions", &feedv1.SubscriptionsRequest{}, &all)
	theirs := slices.DeleteFunc(all.Subscriptions, func(s *feedv1.Subscription) bool { return !v.mayManage(s.Scope) })
	return &apiv1.ListSubscriptionsResponse{Subscriptions: theirs}, err
}

func (g *Gateway) revokeSubscription(ctx context.Context, v *visit, q *apiv1.RevokeSubscriptionRequest) (*feedv1.Subscription, error) {
	if err := g.managed(ctx, v, &feedv1.SubscriptionsRequest{Id: q.Subscription}); err != nil {
		return nil, err
	}
	answer := &feedv1.Subscription{}
	return answer, g.feeds(ctx, "revoke", &feedv1.SubscriptionRequest{Id: q.Subscription}, answer)
}

func (g *Gateway) addWebhook(ctx context.Context, v *visit, q *apiv1.AddWebhookRequest) (*feedv1.WebhookAdded, error) {
	if err := g.managed(ctx, v, &feedv1.SubscriptionsRequest{Id: q.Subscription}); err != nil {
		return nil, err
	}
	answer := &feedv1.WebhookAdded{}
	return answer, g.feeds(ctx, "add_webhook", &feedv1.WebhookRequest{Subscription: q.Subscription, Url: q.Url, After: q.After}, answer)
}

func (g *Gateway) listEntries(ctx context.Context, v *visit, q *apiv1.ListEntriesRequest) (*apiv1.ListEntriesResponse, error) {
	if !v.mayManage(q.Scope) {
		return nil, decider.Refuse("gateway/not-permitted", "method", "ListEntries")
	}
	var page feedv1.PullResponse
	err := g.feeds(ctx, "entries", &feedv1.EntriesRequest{Scope: q.Scope, After: q.After, Limit: q.Limit}, &page)
	return &apiv1.ListEntriesResponse{Entries: page.Entries, CompleteTo: page.CompleteTo, More: page.More}, err
}
