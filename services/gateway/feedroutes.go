package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	apiv1 "tavolo/proto/tavolo/api/v1"
	feedv1 "tavolo/proto/tavolo/feed/v1"
	"tavolo/services/gateway/pages"
)

// The ways out for associations:
//
//	GET /v1/feeds/entries?after=n&limit=    JSON, in order; next is where to go on
//	GET /v1/feeds/atom                      Atom, newest first, older pages by prev-archive
//	GET /v1/feeds/json                      JSON Feed, newest first, older pages by next_url
//	GET /v1/feeds/events                    server-sent events, from Last-Event-ID on (feedstream.go)
//	GET /v1/feeds/live                      a WebSocket: {"after":"n"}, then entries (feedstream.go)
//	GET /v1/feeds/calendar.ics              the meetings of public initiatives
//	GET /v1/feeds/keys                      the public keys of webhook signatures, for anyone
//	GET /feeds                              how to use them, for anyone
//
// Who reads shows the token of a subscription in a header: Authorization: Bearer, or as the password of Basic, which feed readers and calendars know.
// It is never in an address, for addresses are kept in logs and histories. It opens these addresses and nothing else.

const (
	// pageUnlessSaid and pageMost are how many entries a page has.
	pageUnlessSaid, pageMost = 50, 500
	// tokenPerSecond and tokenBurst bound the requests of one token.
	tokenPerSecond, tokenBurst = 5, 60
	// toldPerSecond bounds how often feeds hears that one token was refused.
	toldPerSecond = 1.0 / 60
)

// feedRoutes adds the addresses.
func (g *Gateway) feedRoutes(mux *http.ServeMux) {
	handle := func(path string, h func(http.ResponseWriter, *http.Request, []byte) error) http.Handler {
		next := g.feedReader(h)
		if path != "events" && path != "live" { // what stays open holds no slot
			next = g.edge.busy(next)
		}
		mux.Handle("GET /v1/feeds/"+path, next)
		return next
	}
	handle("entries", g.feedEntries)
	handle("atom", g.feedDocument("application/atom+xml; charset=utf-8", feed.Atom))
	handle("json", g.feedDocument("application/feed+json; charset=utf-8", feed.JSONFeed))
	handle("events", g.feedEvents)
	handle("live", g.feedLive)
	handle("calendar.ics", g.feedCalendar)
	mux.Handle("GET /v1/feeds/keys", g.edge.busy(http.HandlerFunc(g.feedKeys)))
	mux.Handle("GET /feeds", g.edge.busy(http.HandlerFunc(g.feedPage)))
	mux.HandleFunc("GET /pages.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		writeBytes(w, http.StatusOK, "text/javascript; charset=utf-8", pages.Script())
	})
	mux.HandleFunc("GET /feeds/sample.atom", g.feedSample("application/atom+xml; charset=utf-8", feed.Atom))
	mux.HandleFunc("GET /feeds/sample.json", g.feedSample("application/feed+json; charset=utf-8", feed.JSONFeed))
}

// feedReader takes the token and its allowance; the handler gets its hash.
func (g *Gateway) feedReader(h func(http.ResponseWriter, *http.Request, []byte) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := feedToken(r)
		if err == nil && !g.feeding.buckets.allow(hex.EncodeToString(token)) {
			w.Header().Set("Retry-After", "10")
			g.tellRefused(r.Context(), token)
			err = decider.Refuse("feeds/too-fast")
		}
		if err == nil {
			err = h(w, r, token)
		}
		if err == nil {
			return
		}
		if code := decider.CodeOf(err); code == "feeds/token-missing" || code == "feeds/token-unknown" {
			w.Header().Add("WWW-Authenticate", `Bearer realm="Tavolo feeds"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="Tavolo feeds", charset="UTF-8"`)
		}
		g.refuse(w, r, err)
	})
}

// tellRefused has feeds take note that a token was used too fast, once in a while.
func (g *Gateway) tellRefused(ctx context.Context, token []byte) {
	if !g.feeding.told.allow(hex.EncodeToString(token)) {
		return
	}
	if err := g.feeds(ctx, "refused", &feedv1.RefusedRequest{Token: token}, &feedv1.RefusedResponse{}); err != nil && ctx.Err() == nil {
		g.o.Logger.Warn("gateway: that a token of the feeds was refused is not noted", "error", err)
	}
}

// network is the large part of the internet that a request comes from.
func network(r *http.Request) string {
	address, ok := addressOf(visitOf(r.Context()).remote)
	if !ok {
		return ""
	}
	return feed.Network(address.String())
}

// feedToken reads the token of a request and gives its hash (feeds/token-missing).
func feedToken(r *http.Request) ([]byte, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Basic") {
		_, token, _ = r.BasicAuth()
	} else if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	if token = strings.TrimSpace(token); token == "" {
		return nil, decider.Refuse("feeds/token-missing")
	}
	return hashOf(token), nil
}

// wanted reads the parameters of a page; what it does not know is refused, for an ignored filter gives a wrong answer.
func wanted(r *http.Request, cursor string) (from uint64, limit uint32, lang string, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	known := []string{cursor, "limit", "lang"}
	if err != nil {
		return 0, 0, "", decider.Refuse("gateway/unknown-parameter", "known", strings.Join(known, ", "))
	}
	limit, lang = pageUnlessSaid, language(r.Header)
	for name, values := range query {
		n, failed := strconv.ParseUint(values[0], 10, 63)
		switch {
		case len(values) != 1 || !slices.Contains(known, name):
			return 0, 0, "", decider.Refuse("gateway/unknown-parameter", "known", strings.Join(known, ", "))
		case name == "lang" && slices.Contains(catalogue.Languages(), values[0]):
			lang = values[0]
		case name == cursor && failed == nil:
			from = n
		case name == "limit" && failed == nil && n > 0:
			limit = uint32(min(n, pageMost))
		default:
			return 0, 0, "", decider.Refuse("gateway/bad-parameter", "parameter", name)
		}
	}
	return from, limit, lang, nil
}

func site(r *http.Request, authority string) feed.Site {
	return feed.Site{Base: visitOf(r.Context()).base, Authority: authority}
}

// feedEntries gives entries in order.
func (g *Gateway) feedEntries(w http.ResponseWriter, r *http.Request, token []byte) error {
	after, limit, _, err := wanted(r, "after")
	if err != nil {
		return err
	}
	var page feedv1.PullResponse
	if err := g.feeds(r.Context(), "pull", &feedv1.PullRequest{Token: token, After: after, Limit: limit, Network: network(r)}, &page); err != nil {
		return err
	}
	data, err := feed.Entries(site(r, page.Authority), &page, limit)
	if err != nil {
		return err
	}
	tagged(w, r, "application/json", data)
	return nil
}

// feedDocument gives the newest entries as a document, or with ?before= older ones.
func (g *Gateway) feedDocument(contentType string, write func(feed.Site, string, *feedv1.PullResponse, uint64, uint64) ([]byte, error)) func(http.ResponseWriter, *http.Request, []byte) error {
	return func(w http.ResponseWriter, r *http.Request, token []byte) error {
		before, limit, lang, err := wanted(r, "before")
		if err != nil {
			return err
		}
		var page feedv1.PullResponse
		if err := g.feeds(r.Context(), "pull", &feedv1.PullRequest{Token: token, After: before, Limit: limit, NewestFirst: true, Network: network(r)}, &page); err != nil {
			return err
		}
		data, err := write(site(r, page.Authority), lang, &page, before, uint64(limit))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Language", lang)
		tagged(w, r, contentType, data)
		return nil
	}
}

// tagged writes an answer with a tag of its contents, and nothing but the tag to who has it already.
func tagged(w http.ResponseWriter, r *http.Request, contentType string, data []byte) {
	sum := sha256.Sum256(data)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Authorization, Cookie, Accept-Language")
	for _, known := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	writeBytes(w, http.StatusOK, contentType, data)
}

// feedCalendar gives the meetings of the public initiatives of a subscription: when they are, and nothing else of them.
func (g *Gateway) feedCalendar(w http.ResponseWriter, r *http.Request, token []byte) error {
	var page feedv1.PullResponse
	if err := g.feeds(r.Context(), "pull", &feedv1.PullRequest{Token: token, After: 1 << 62, Limit: 1, Network: network(r)}, &page); err != nil {
		return err
	}
	all, err := g.publicMeetings(r.Context())
	if err != nil {
		return err
	}
	var meetings []pages.Meeting
	scope := &feedv1.FeedScope{Places: page.Scope.GetPlaces(), Areas: page.Scope.GetAreas()}
	for _, i := range all {
		if feed.Matches(scope, i.workspace, i.initiative, i.area, 0) {
			meetings = append(meetings, i.meetings...)
		}
	}
	tagged(w, r, "text/calendar; charset=utf-8", pages.PublicCalendar(language(r.Header), meetings, time.Now().UTC().Truncate(24*time.Hour)))
	return nil
}

// meetingsFresh is for how long the meetings of the public initiatives are kept: whatever the number of calendars, each initiative is asked for once in
// that time, and what is no longer public is shown no longer.
const meetingsFresh = time.Minute

// publicInitiative is what a calendar shows of one.
type publicInitiative struct {
	workspace, initiative string
	area                  int32
	meetings              []pages.Meeting
}

// publicMeetings gives the meetings of all public initiatives. One request asks for them, the others wait for it.
func (g *Gateway) publicMeetings(ctx context.Context) ([]publicInitiative, error) {
	f := g.feeding
	f.meeting.Lock()
	defer f.meeting.Unlock()
	if time.Since(f.metAt) < meetingsFresh {
		return f.met, nil
	}
	all, err := g.workspaces(ctx)
	if err != nil {
		return nil, err
	}
	asked, met := time.Now(), []publicInitiative(nil)
	for _, ws := range all {
		for _, i := range ws.Initiatives {
			view, err := unasked(ctx, g, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: ws.Id, Initiative: i.Id}, &apiv1.InitiativeView{})
			if err != nil {
				return nil, err
			}
			if view.Public {
				met = append(met, publicInitiative{ws.Id, i.Id, int32(i.Area), pages.MeetingsOf(ws.Id, view)})
			}
		}
	}
	f.met, f.metAt = met, asked
	return met, nil
}

// feedKeys gives the public keys of v1a signatures.
func (g *Gateway) feedKeys(w http.ResponseWriter, r *http.Request) {
	var keys feedv1.KeysResponse
	if err := g.feeds(r.Context(), "keys", &feedv1.KeysRequest{}, &keys); err != nil {
		g.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string][]string{"keys": keys.Keys})
}

// feedPage explains the feeds.
func (g *Gateway) feedPage(w http.ResponseWriter, r *http.Request) {
	if err := g.identify(r, visitOf(r.Context())); err != nil {
		g.refusePage(w, r, err)
		return
	}
	base := visitOf(r.Context()).base
	readers := readersAt(g.o.ReadersURL, base)
	if err := g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Feeds(lang, base, readers) }); err != nil {
		g.refusePage(w, r, err)
	}
}

// readersAt is the address of NATS for somebody who came to base. "": there is none that they could reach.
func readersAt(readers, base string) string {
	u, err := url.Parse(readers)
	if err != nil || readers == "" {
		return ""
	}
	here, err := url.Parse(base)
	if err != nil {
		return ""
	}
	switch host := u.Hostname(); {
	case host == "":
		u.Host = net.JoinHostPort(here.Hostname(), u.Port())
	case isLoopback(host) && !isLoopback(here.Hostname()): // open for this machine, and they are elsewhere
		return ""
	}
	return u.String()
}

// feedSample gives a feed of an invented decision, to try a reader with before there is a token.
func (g *Gateway) feedSample(contentType string, write func(feed.Site, string, *feedv1.PullResponse, uint64, uint64) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := write(site(r, feed.SampleAuthority), language(r.Header), feed.Sample(), 0, 0)
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		tagged(w, r, contentType, data)
	}
}

// errGone ends a stream whose reader has gone.
var errGone = errors.New("gateway: the reader has gone")

// followFeed gives a reader everything after a number, then what comes, until the reader goes, the token ends or the gateway stops. send writes entries,
// idle is called now and then when there are none. from is the network that it is in. Nothing is queued: while send takes its time, nothing more is asked for.
func (g *Gateway) followFeed(ctx context.Context, token []byte, from string, after uint64, send func(*feedv1.NumberedEntry) error, idle func() error) error {
	beat := time.NewTicker(g.feeding.beat)
	defer beat.Stop()
	for first := true; ; first = false {
		news := g.feeding.next() // before asking, so that nothing comes in between unnoticed
		var page feedv1.PullResponse
		err := g.feeds(ctx, "pull", &feedv1.PullRequest{Token: token, After: after, Limit: pageUnlessSaid, Uncounted: !first, Network: from}, &page)
		from = "" // told once
		switch {
		case ctx.Err() != nil:
			return errGone
		case err != nil && (first || fatal(err)):
			return err
		case err == nil:
			for _, e := range page.Entries {
				if err := send(e); err != nil {
					return err
				}
			}
			after = max(after, page.CompleteTo)
			if page.More && len(page.Entries) > 0 {
				continue
			}
		}
		if first {
			if err := idle(); err != nil { // the reader knows that it is connected
				return err
			}
		}
		select {
		case <-ctx.Done():
			return errGone
		case <-news:
		case <-beat.C:
			if err := idle(); err != nil {
				return err
			}
		}
	}
}

// fatal: the token has ended. Anything else is waited for: feeds or the bus are away for a moment.
func fatal(err error) bool { return strings.HasPrefix(decider.CodeOf(err), "feeds/token-") }
