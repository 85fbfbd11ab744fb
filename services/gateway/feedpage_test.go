package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
	"tavolo/services/gateway"
)

var inAttribute = regexp.MustCompile(`data-copy="([a-z]+)"`)

// The page that explains the feeds is for anyone, in three languages; it loads only our own style and script, and each button has what it copies.
func TestThePageOfTheFeedsIsForAnyone(t *testing.T) {
	h := open(t)
	for lang, title := range map[string]string{"it": "Seguire le decisioni", "en": "Follow the decisions", "it-x-facile": "Segui le decisioni"} {
		r := h.do(http.MethodGet, "/feeds?lang="+lang, "", nobody...)
		if r.status != http.StatusOK || !strings.Contains(r.body, title) || !strings.Contains(r.body, `<html lang="`+lang+`">`) {
			t.Fatalf("%s: %d %s", lang, r.status, r.body)
		}
		if strings.Contains(r.body, "{{") || strings.Contains(r.body, "…") || strings.Contains(r.body, "page/") {
			t.Errorf("%s: a word is missing", lang)
		}
		for _, at := range regexp.MustCompile(`<(script|link)[^>]*(src|href)="([^"]*)"`).FindAllStringSubmatch(r.body, -1) {
			if !strings.HasPrefix(at[3], "/") {
				t.Errorf("%s is loaded from elsewhere", at[3])
			}
		}
		if strings.Contains(r.body, "onclick") || strings.Contains(r.body, "<script>") || strings.Contains(r.body, "style=") {
			t.Error("something in the page runs or is styled, which its policy forbids")
		}
		buttons := inAttribute.FindAllStringSubmatch(r.body, -1)
		for _, b := range buttons {
			if strings.Count(r.body, `id="`+b[1]+`"`) != 1 {
				t.Errorf("the button for %s has nothing of its own to copy", b[1])
			}
		}
		if len(buttons) < 7 || !strings.Contains(r.body, "curl -N -H") || !strings.Contains(r.body, h.url("/v1/feeds/atom")) {
			t.Errorf("%d buttons", len(buttons))
		}
		ids := map[string]bool{}
		for _, at := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(r.body, -1) {
			if ids[at[1]] {
				t.Errorf("%s is there twice", at[1])
			}
			ids[at[1]] = true
		}
	}
	script := h.do(http.MethodGet, "/pages.js", "", nobody...)
	if script.status != http.StatusOK || !strings.HasPrefix(script.header.Get("Content-Type"), "text/javascript") || strings.Contains(script.body, "innerHTML") {
		t.Errorf("the script: %d %v", script.status, script.header)
	}
	atom := h.do(http.MethodGet, "/feeds/sample.atom", "", nobody...)
	if err := xml.Unmarshal([]byte(atom.body), &struct{ XMLName xml.Name }{}); err != nil || atom.header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Errorf("the sample in Atom: %v %v", err, atom.header)
	}
	if feed := h.do(http.MethodGet, "/feeds/sample.json", "", nobody...); feed.json(t)["version"] != "https://jsonfeed.org/version/1.1" || feed.header.Get("Content-Type") != "application/feed+json; charset=utf-8" {
		t.Errorf("the sample in JSON Feed: %s", feed.body)
	}
}

// However many calendars are fetched, each initiative is asked for once in a while; each token is shown its own part of them, and only what is public.
func TestCalendarsAskForEachInitiativeOnce(t *testing.T) {
	h := open(t)
	scopes := map[string]*feedv1.FeedScope{"all": nil, "altro": {Places: []*feedv1.FeedPlace{{Workspace: "dsm", Initiative: "altro"}}}}
	h.serve(bus.Feeds, map[string]bus.Handler{"feeds.pull": func(_ context.Context, data []byte) ([]byte, error) {
		q := &feedv1.PullRequest{}
		if err := proto.Unmarshal(data, q); err != nil {
			return nil, err
		}
		for token, scope := range scopes {
			if sum := sha256.Sum256([]byte(token)); string(sum[:]) == string(q.Token) {
				return proto.Marshal(&feedv1.PullResponse{Scope: scope})
			}
		}
		return nil, decider.Refuse("feeds/token-unknown")
	}})
	h.say("list_workspaces", func(proto.Message) (proto.Message, error) {
		return &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{{Id: "dsm", Initiatives: []*apiv1.InitiativeSummary{{Id: "orari"}, {Id: "altro"}, {Id: "chiuso"}}}}}, nil
	})
	h.say("get_initiative", func(m proto.Message) (proto.Message, error) {
		id := m.(*apiv1.GetInitiativeRequest).Initiative
		return &apiv1.InitiativeView{Public: id != "chiuso", Sessions: []*apiv1.SessionSummary{{Id: id + ":s", StartsAt: timestamppb.New(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))}}}, nil
	})
	for range 3 {
		for token, want := range map[string]string{"all": "altro orari", "altro": "altro"} {
			r := h.do(http.MethodGet, "/v1/feeds/calendar.ics", "", "Authorization", "Bearer "+token)
			var got []string
			for _, uid := range regexp.MustCompile(`UID:(\w+):s@dsm`).FindAllStringSubmatch(r.body, -1) {
				got = append(got, uid[1])
			}
			slices.Sort(got)
			if r.status != http.StatusOK || strings.Join(got, " ") != want {
				t.Errorf("%s: %d, the meetings of %v, want %s", token, r.status, got, want)
			}
		}
	}
	if n := h.times("get_initiative"); n != 3 {
		t.Errorf("asked %d times for three initiatives", n)
	}
}

// While feeds is away a reader is told so, and never that there is nothing.
func TestWithoutFeedsAReaderIsToldToComeAgain(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/v1/feeds/entries", "/v1/feeds/atom", "/v1/feeds/json", "/v1/feeds/events", "/v1/feeds/live", "/v1/feeds/calendar.ics", "/v1/feeds/keys"} {
		if r := h.do(http.MethodGet, path, "", "Authorization", "Bearer some-token"); r.status != http.StatusServiceUnavailable || code(t, r) != "bus/unavailable" {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// An example that cannot work is worse than none: the page shows NATS where whoever reads it could reach it, and else says that it is not open.
func TestThePageOfTheFeedsShowsTheAddressOfNATSOnlyWhereItIs(t *testing.T) {
	for _, c := range []struct{ readers, public, want string }{
		{"", "", ""},
		{"nats://127.0.0.1:4333", "", "nats://127.0.0.1:4333"},
		{"nats://127.0.0.1:4333", "https://tavolo.example.it", ""},
		{"tls://:4333", "https://tavolo.example.it", "tls://tavolo.example.it:4333"},
		{"tls://nats.example.org", "https://tavolo.example.it", "tls://nats.example.org"},
	} {
		h := openWith(t, gateway.Options{ReadersURL: c.readers, PublicURL: c.public})
		host := []string{}
		if c.public != "" {
			host = []string{"Host", "tavolo.example.it"}
		}
		for lang, closed := range map[string]string{"it": "Qui NATS non è aperto.", "en": "NATS is not open here.", "it-x-facile": "Qui NATS non c&#39;è."} {
			r := h.do(http.MethodGet, "/feeds?lang="+lang, "", append(host, nobody...)...)
			if r.status != http.StatusOK || strings.Contains(r.body, closed) != (c.want == "") || strings.Contains(r.body, "nats --server") != (c.want != "") {
				t.Errorf("%+v in %s: %d %s", c, lang, r.status, r.body)
			}
			if c.want != "" && strings.Count(r.body, "nats --server "+c.want+" --user association --password=") != 1 {
				t.Errorf("%+v in %s: another address: %s", c, lang, r.body)
			}
		}
	}
}
