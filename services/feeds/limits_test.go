package feeds_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tavolo/pkg/sqlite"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

func about(workspaces ...string) *feedv1.FeedScope {
	s := &feedv1.FeedScope{}
	for _, ws := range workspaces {
		s.Places = append(s.Places, &feedv1.FeedPlace{Workspace: ws, Initiative: "i"})
	}
	return s
}

func (h *house) addHook(subscription, url string) (*feedv1.WebhookAdded, error) {
	return ask[feedv1.WebhookAdded](h, "add_webhook", &feedv1.WebhookRequest{Subscription: subscription, Url: url})
}

func (h *house) endHook(id string) error {
	_, err := ask[feedv1.WebhookEnded](h, "end_webhook", &feedv1.WebhookActRequest{Webhook: id})
	return err
}

func (h *house) revoke(id string) {
	h.t.Helper()
	must[*feedv1.Subscription](h.t)(ask[feedv1.Subscription](h, "revoke", &feedv1.SubscriptionRequest{Id: id}))
}

// kept counts rows of the database.
func (h *house) kept(query string) (n int) {
	h.t.Helper()
	db, err := sqlite.Open(filepath.Join(h.dir, "feeds.db"), sqlite.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			h.t.Error(err)
		}
	}()
	if err := db.Read().QueryRow(query).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// What one department takes leaves the others as much as before; what has ended takes nothing.
func TestOneDepartmentCannotUseUpTheSubscriptionsOfAnother(t *testing.T) {
	h := open(t)
	token := 0
	try := func(s *feedv1.FeedScope) (*feedv1.Subscription, error) {
		token++
		return ask[feedv1.Subscription](h, "subscribe", &feedv1.SubscribeRequest{Token: hash(fmt.Sprint("t", token)), Scope: s, Days: 30})
	}
	var last *feedv1.Subscription
	for range 50 {
		last = must[*feedv1.Subscription](t)(try(about("a")))
	}
	_, err := try(about("a"))
	code(t, err, "feeds/subscriptions-too-many")
	_, err = try(about("b", "a"))
	code(t, err, "feeds/subscriptions-too-many")
	for _, s := range []*feedv1.FeedScope{about("b"), nil} { // another department, and what is about everything
		if _, err := try(s); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
	h.revoke(last.Id)
	if _, err := try(about("a", "a")); err != nil {
		t.Errorf("one was revoked: %v", err)
	}
	_, err = try(about("a"))
	code(t, err, "feeds/subscriptions-too-many")
	h.later(31 * 24 * time.Hour)
	if _, err := try(about("a")); err != nil {
		t.Errorf("all have expired: %v", err)
	}
}

func TestOneDepartmentCannotUseUpTheWebhooksOfAnother(t *testing.T) {
	h := open(t)
	r := receive(t, ok)
	for n := range 5 {
		s := h.subscribe(fmt.Sprint("a", n), about("a"))
		for range 10 {
			must[*feedv1.WebhookAdded](t)(h.addHook(s.Id, r.URL))
		}
		_, err := h.addHook(s.Id, r.URL)
		code(t, err, "feeds/webhooks-too-many")
	}
	more := h.subscribe("more", about("a", "b"))
	_, err := h.addHook(more.Id, r.URL)
	code(t, err, "feeds/webhooks-too-many-here")
	other := must[*feedv1.WebhookAdded](t)(h.addHook(h.subscribe("b", about("b")).Id, r.URL))
	full := must[*feedv1.SubscriptionsResponse](t)(ask[feedv1.SubscriptionsResponse](h, "subscriptions", &feedv1.SubscriptionsRequest{})).Subscriptions[0]
	if err := h.endHook(full.Webhooks[0].Id); err != nil {
		t.Fatal(err)
	}
	must[*feedv1.WebhookAdded](t)(h.addHook(more.Id, r.URL))
	_, err = h.addHook(more.Id, r.URL)
	code(t, err, "feeds/webhooks-too-many-here")
	h.revoke(full.Id)
	must[*feedv1.WebhookAdded](t)(h.addHook(more.Id, r.URL))
	h.release("b", 1)
	eventually(t, "the other department's arrives", func() bool { return len(r.arrived()) >= 1 && h.hookOf(other).Cursor == 1 })
}

func (h *house) hookOf(w *feedv1.WebhookAdded) *feedv1.Webhook {
	h.t.Helper()
	for _, x := range must[*feedv1.SubscriptionsResponse](h.t)(ask[feedv1.SubscriptionsResponse](h, "subscriptions", &feedv1.SubscriptionsRequest{Id: w.Webhook.Subscription})).Subscriptions[0].Webhooks {
		if x.Id == w.Webhook.Id {
			return x
		}
	}
	return nil
}

// When the end is answered nothing is being sent and nothing is kept, whatever the address was doing.
func TestAnEndedWebhookIsForgotten(t *testing.T) {
	h := open(t)
	asked, release := make(chan struct{}, 1), make(chan struct{})
	r := receive(t, func(id string) int {
		switch id {
		case "a:1":
			return http.StatusBadRequest
		case "a:2":
			asked <- struct{}{}
			<-release
		}
		return http.StatusNoContent
	})
	s, w := h.hook("t", r.URL)
	h.release("a", 1)
	eventually(t, "one is put aside", func() bool { return h.webhook(s.Id).DeadLetters == 1 })
	h.release("a", 2)
	<-asked // it is being sent
	if err := h.endHook(w.Webhook.Id); err != nil {
		t.Fatal(err)
	}
	close(release)
	for _, table := range []string{"webhook", "dead_letter"} {
		if n := h.kept("SELECT count(*) FROM " + table); n != 0 {
			t.Errorf("%d rows of %s are kept", n, table)
		}
	}
	for _, verb := range []string{"end_webhook", "enable", "test_webhook", "replay", "dead_letters"} {
		_, err := ask[feedv1.WebhookEnded](h, verb, &feedv1.WebhookActRequest{Webhook: w.Webhook.Id})
		code(t, err, "feeds/unknown")
	}
	other := receive(t, ok)
	must[*feedv1.WebhookAdded](t)(h.addHook(s.Id, other.URL))
	h.release("a", 3)
	eventually(t, "another one has all", func() bool { return len(other.arrived()) == 3 })
	for _, g := range r.all() {
		if strings.HasPrefix(g, "a:3") {
			t.Error("sent after the end")
		}
	}
}

// Where entries went remains to be read; what would let somebody send or sign does not.
func TestTheSecretsOfASubscriptionGoWithIt(t *testing.T) {
	const secrets = "SELECT count(*) FROM webhook WHERE length(secret) > 0"
	ends := map[string]func(h *house, s *feedv1.Subscription){
		"feeds/token-revoked": func(h *house, s *feedv1.Subscription) {
			h.revoke(s.Id)
			if n := h.kept(secrets); n != 0 {
				h.t.Errorf("%d secrets are kept", n)
			}
		},
		"feeds/token-expired": func(h *house, _ *feedv1.Subscription) { // noticed at the next news, or when the house starts
			h.stop()
			h.later(91 * 24 * time.Hour)
			h.start()
		},
	}
	for reason, end := range ends {
		t.Run(reason, func(t *testing.T) {
			h := open(t)
			r := receive(t, ok)
			s, w := h.hook("t", r.URL+"/in?key=secret")
			if n := h.kept(secrets); n != 1 {
				t.Fatalf("%d secrets", n)
			}
			end(h, s)
			eventually(t, "it has ended", func() bool { x := h.webhook(s.Id); return !x.Enabled && x.Reason == reason })
			if x := h.webhook(s.Id); x.Url != r.URL+"/in" || h.kept(secrets) != 0 {
				t.Errorf("%v, %d secrets", x, h.kept(secrets))
			}
			for _, verb := range []string{"enable", "test_webhook", "replay"} {
				_, err := ask[feedv1.WebhookEnded](h, verb, &feedv1.WebhookActRequest{Webhook: w.Webhook.Id})
				code(t, err, "feeds/subscription-ended")
			}
			_, err := h.addHook(s.Id, r.URL)
			code(t, err, "feeds/subscription-ended")
			if err := h.endHook(w.Webhook.Id); err != nil {
				t.Errorf("it cannot be removed from the list: %v", err)
			}
			if len(r.all()) != 0 {
				t.Errorf("sent: %v", r.all())
			}
		})
	}
}
