package feeds_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	eventv1 "tavolo/proto/tavolo/event/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
	"tavolo/services/feeds"
)

// ids of this house, without the name that all of them begin with.
func ids(entries []*feedv1.NumberedEntry) (all []string) {
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%d=%s", e.N, strings.TrimPrefix(e.Entry.Id, "tag:tavolo.example.it,2026:")))
	}
	return all
}

func TestNumbersAreGivenOnceAndKept(t *testing.T) {
	h := open(t)
	h.subscribe("t", nil)
	h.release("a", 3, 5)
	eventually(t, "the entries of a", func() bool { return len(h.pull("t", 0, 50).Entries) == 2 })
	h.release("b", 2)
	eventually(t, "the entry of b", func() bool { return len(h.pull("t", 0, 50).Entries) == 3 })
	h.release("a", 9)
	eventually(t, "the later entry of a", func() bool { return len(h.pull("t", 0, 50).Entries) == 4 })
	want := []string{"1=a:3", "2=a:5", "3=b:2", "4=a:9"}
	h.stop()
	h.release("a", 11) // while it is away, and nothing hears the announcement
	h.start()
	eventually(t, "what came while it was away", func() bool { return len(h.pull("t", 0, 50).Entries) == 5 })
	if got := ids(h.pull("t", 0, 50).Entries); !slices.Equal(got[:4], want) || got[4] != "5=a:11" {
		t.Errorf("after a restart %v", got)
	}
	page := h.pull("t", 1, 2)
	if got := ids(page.Entries); !slices.Equal(got, want[1:3]) || page.CompleteTo != 3 || !page.More {
		t.Errorf("a page of two after 1: %v up to %d, more %v", got, page.CompleteTo, page.More)
	}
	newest := must[*feedv1.PullResponse](t)(ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("t"), Limit: 2, NewestFirst: true}))
	if got := ids(newest.Entries); !slices.Equal(got, []string{"5=a:11", "4=a:9"}) || !newest.More {
		t.Errorf("the newest two: %v", got)
	}
}

// While the views are rebuilt a reader gets nothing, and misses nothing afterwards: what is not there yet is not passed over.
func TestNothingIsPassedOverWhileTheViewsAreRebuilt(t *testing.T) {
	h := open(t)
	h.subscribe("t", nil)
	h.release("a", 1, 2, 3)
	eventually(t, "the entries", func() bool { return h.pull("t", 0, 50).CompleteTo == 3 })
	h.lose(true)
	h.later(2 * time.Minute) // nothing is remembered any more
	if p := h.pull("t", 0, 50); len(p.Entries) != 0 || p.CompleteTo != 0 {
		t.Errorf("%d entries, complete to %d", len(p.Entries), p.CompleteTo)
	}
	h.lose(false)
	if p := h.pull("t", 0, 50); len(p.Entries) != 3 || p.CompleteTo != 3 {
		t.Errorf("%d entries, complete to %d", len(p.Entries), p.CompleteTo)
	}
}

func TestATokenHoldsUntilItEnds(t *testing.T) {
	h := open(t)
	s := h.subscribe("t", &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Workspace: "a"}}, Outcomes: []eventv1.Outcome{eventv1.Outcome_OUTCOME_ADOPTED}})
	_, err := ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("another")})
	code(t, err, "feeds/token-unknown")
	h.later(90*24*time.Hour - time.Second)
	h.pull("t", 0, 1)
	h.later(2 * time.Second)
	_, err = ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("t")})
	code(t, err, "feeds/token-expired")
	if _, err := ask[feedv1.Subscription](h, "revoke", &feedv1.SubscriptionRequest{Id: s.Id}); err != nil {
		t.Fatal(err)
	}
	_, err = ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("t")})
	code(t, err, "feeds/token-revoked")
	for want, q := range map[string]*feedv1.SubscribeRequest{
		"feeds/label-too-long": {Label: strings.Repeat("x", 81)}, "feeds/days-out-of-range": {Days: 367}, "feeds/scope-without-workspace": {Scope: &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Initiative: "i"}}}},
		"feeds/scope-malformed": {Scope: &feedv1.FeedScope{Areas: []eventv1.Area{77}}}, "feeds/scope-too-large": {Scope: &feedv1.FeedScope{Places: make([]*feedv1.FeedPlace, 501)}},
	} {
		q.Token = hash(want)
		if want == "feeds/scope-too-large" {
			for i := range q.Scope.Places {
				q.Scope.Places[i] = &feedv1.FeedPlace{Workspace: "a"}
			}
		}
		_, err := ask[feedv1.Subscription](h, "subscribe", q)
		code(t, err, want)
	}
}

func TestTheKeyBelongsToTheDatabase(t *testing.T) {
	h := open(t)
	h.subscribe("t", nil)
	h.stop()
	key := filepath.Join(h.dir, "key")
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	start := func() error {
		s, err := feeds.Start(t.Context(), feeds.Options{Conn: h.connect("feeds"), Dir: h.dir})
		if err == nil {
			return s.Stop()
		}
		return err
	}
	for want, spoil := range map[string]func() error{
		"feeds/key-missing":   func() error { return os.Remove(key) },
		"feeds/key-damaged":   func() error { return os.WriteFile(key, []byte("xyz"), 0o600) },
		"feeds/key-file-open": func() error { return os.Chmod(key, 0o644) },
	} {
		if err := os.WriteFile(key, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		code(t, start(), want)
	}
}

func (h *house) hook(token, url string) (*feedv1.Subscription, *feedv1.WebhookAdded) {
	h.t.Helper()
	s := h.subscribe(token, nil)
	return s, must[*feedv1.WebhookAdded](h.t)(ask[feedv1.WebhookAdded](h, "add_webhook", &feedv1.WebhookRequest{Subscription: s.Id, Url: url}))
}

func ok(string) int { return http.StatusNoContent }

// What fails for a while is tried again, in order; after enough failures the webhook says why it stopped, and goes on where it stopped.
func TestAWebhookThatFailsIsDisabledAndGoesOnWhereItStopped(t *testing.T) {
	h := open(t)
	down := func(string) int { return http.StatusBadGateway }
	r := receive(t, down)
	s, w := h.hook("t", r.URL+"/hook")
	h.release("a", 1, 2, 3)
	eventually(t, "it is disabled", func() bool { return !h.webhook(s.Id).Enabled })
	if x := h.webhook(s.Id); x.Reason != "feeds/webhook-fails" || x.Status != http.StatusBadGateway || x.Cursor != 0 {
		t.Errorf("disabled: %v", x)
	}
	if got := r.all(); len(got) != 16 || slices.ContainsFunc(got, func(g string) bool { return g != "a:1 502" }) {
		t.Errorf("it was tried %d times: %v", len(got), got)
	}
	r.set(ok)
	h.release("a", 4)
	must[*feedv1.Webhook](t)(ask[feedv1.Webhook](h, "enable", &feedv1.WebhookActRequest{Webhook: w.Webhook.Id}))
	eventually(t, "all arrived, and that is noted", func() bool { return h.webhook(s.Id).Cursor == 4 }) // what is not noted yet is sent again
	h.stop()
	h.start()
	h.release("a", 5)
	eventually(t, "the next arrived", func() bool { return len(r.arrived()) == 5 })
	if got := r.arrived(); !slices.Equal(got, []string{"a:1", "a:2", "a:3", "a:4", "a:5"}) {
		t.Errorf("arrived: %v", got)
	}
}

// An entry that the address refuses is put aside and holds back nothing; it can be sent again.
func TestARefusedEntryIsPutAside(t *testing.T) {
	h := open(t)
	r := receive(t, func(id string) int {
		if id == "a:2" {
			return http.StatusBadRequest
		}
		return http.StatusNoContent
	})
	s, w := h.hook("t", r.URL)
	h.release("a", 1, 2, 3)
	eventually(t, "the others arrived", func() bool { return len(r.arrived()) == 2 })
	act := &feedv1.WebhookActRequest{Webhook: w.Webhook.Id}
	letters := must[*feedv1.DeadLettersResponse](t)(ask[feedv1.DeadLettersResponse](h, "dead_letters", act)).DeadLetters
	if len(letters) != 1 || letters[0].Entry != "a:2" || letters[0].N != 2 || letters[0].Status != http.StatusBadRequest || h.webhook(s.Id).DeadLetters != 1 {
		t.Fatalf("dead letters: %v", letters)
	}
	must[*feedv1.ReplayResponse](t)(ask[feedv1.ReplayResponse](h, "replay", act)) // refused again: it stays
	eventually(t, "it was tried again", func() bool { return len(r.all()) == 6 })
	r.set(ok)
	if n := must[*feedv1.ReplayResponse](t)(ask[feedv1.ReplayResponse](h, "replay", &feedv1.WebhookActRequest{Webhook: w.Webhook.Id, Numbers: []uint64{2, 99}})).Replayed; n != 1 {
		t.Errorf("%d are replayed", n)
	}
	eventually(t, "it arrived at last", func() bool { return h.webhook(s.Id).DeadLetters == 0 })
	if got := r.arrived(); !slices.Equal(got, []string{"a:1", "a:3", "a:2"}) {
		t.Errorf("arrived: %v", got)
	}
}

func TestAWebhookStopsWhenItsEndIsThere(t *testing.T) {
	for reason, answer := range map[string]int{"feeds/webhook-gone": http.StatusGone, "feeds/webhook-redirects": http.StatusFound} {
		t.Run(reason, func(t *testing.T) {
			h := open(t)
			r := receive(t, func(string) int { return answer })
			s, _ := h.hook("t", r.URL)
			h.release("a", 1)
			eventually(t, "it is disabled", func() bool { return h.webhook(s.Id).Reason == reason })
			if slices.ContainsFunc(r.all(), func(g string) bool { return strings.HasPrefix(g, " ") }) {
				t.Error("a redirect was followed")
			}
		})
	}
	t.Run("feeds/token-revoked", func(t *testing.T) {
		h := open(t)
		r := receive(t, ok)
		s, _ := h.hook("t", r.URL)
		must[*feedv1.Subscription](t)(ask[feedv1.Subscription](h, "revoke", &feedv1.SubscriptionRequest{Id: s.Id}))
		h.release("a", 1)
		eventually(t, "it is disabled", func() bool { return h.webhook(s.Id).Reason == "feeds/token-revoked" })
		if len(r.all()) != 0 {
			t.Errorf("sent after the end: %v", r.all())
		}
	})
}

// A webhook that does not answer holds back nobody else.
func TestASlowWebhookHoldsBackNobody(t *testing.T) {
	h := open(t)
	release := make(chan struct{})
	slow := receive(t, func(string) int { <-release; return http.StatusNoContent })
	defer close(release)
	fast := receive(t, ok)
	h.hook("slow", slow.URL)
	h.hook("fast", fast.URL)
	for n := range uint64(20) {
		h.release("a", n+1)
	}
	eventually(t, "the fast one has all", func() bool { return len(fast.arrived()) == 20 })
	h.stop() // ends although the slow one still waits
}

func TestATestMessageSaysWhatTheAddressAnswers(t *testing.T) {
	h := open(t)
	r := receive(t, ok)
	_, w := h.hook("t", r.URL+"/?key=secret")
	if strings.Contains(w.Webhook.Url, "secret") || !strings.HasPrefix(w.Secret, "whsec_") {
		t.Errorf("shown: %v", w)
	}
	test := func() *feedv1.WebhookTested {
		return must[*feedv1.WebhookTested](t)(ask[feedv1.WebhookTested](h, "test_webhook", &feedv1.WebhookActRequest{Webhook: w.Webhook.Id}))
	}
	if got := test(); got.Status != http.StatusNoContent || got.Reason != "" {
		t.Errorf("%v", got)
	}
	r.Close()
	if got := test(); got.Status != 0 || got.Reason != "feeds/webhook-unreachable" {
		t.Errorf("%v", got)
	}
	_, err := ask[feedv1.WebhookTested](h, "test_webhook", &feedv1.WebhookActRequest{Webhook: "nobody's"})
	code(t, err, "feeds/unknown")
}

// What is newest first is read page by page from the last entry: a page without entries would end it, however far back the older ones are.
func TestOldEntriesOfANarrowSubscriptionAreFoundBehindManyOthers(t *testing.T) {
	feeds.ScanAtMost(t, 3)
	h := open(t)
	h.subscribe("all", nil)
	h.subscribe("a", &feedv1.FeedScope{Places: []*feedv1.FeedPlace{{Workspace: "a"}}})
	h.release("a", 1)
	eventually(t, "the entry of a", func() bool { return h.pull("all", 0, 50).CompleteTo == 1 })
	h.release("b", 1, 2, 3, 4, 5, 6, 7)
	eventually(t, "those of b", func() bool { return h.pull("all", 6, 50).CompleteTo == 8 })
	page := must[*feedv1.PullResponse](t)(ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("a"), NewestFirst: true, Limit: 2}))
	if len(page.Entries) != 1 || page.Entries[0].N != 1 || page.More {
		t.Errorf("the newest of a are %v, more: %v", page.Entries, page.More)
	}
}
