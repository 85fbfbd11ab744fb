package feeds

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/time/rate"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is the way out over NATS. A reader connects with the token of its subscription (bus.OpenDoor) and may do two things: ask, and be told.
//
//	reader ──► ask.<subscription>    {"after":"17"}, and optionally a reply subject below feed.<subscription>.
//	reader ◄── feed.<subscription>.… entry 18, 19 …, one CloudEvent a message, as they come; at last a message without contents that says where to go on
//
// One asking is good for askedMost entries or askedFor, whichever is over first; then the reader asks again, after the last number that it has. So nothing
// is kept here for a reader: one that died goes on from its own cursor after any time, what the network lost is asked for again, and one that reads slowly
// does not ask. A reader never has more under way than it asked for.

const (
	// askedMost and askedFor are how many entries, and for how long, one asking brings.
	askedMost, askedFor = 200, 30 * time.Second
	// askedAtOnce and askedInAll are how many askings of one reader, and of all, go on at once.
	askedAtOnce, askedInAll = 20, 2000
	// asksPerSecond and asksBurst bound how often one reader asks.
	asksPerSecond, asksBurst = 5, 60
	// headerCompleteTo, on the last message of an asking, is the number to go on from; headerCode is why there is no going on, as a stable code.
	headerCompleteTo, headerCode = "Tavolo-Complete-To", "Nats-Service-Error-Code"
)

// herald speaks with the readers on NATS.
type herald struct {
	s    *Service
	nc   *nats.Conn
	door *bus.Door
	sub  *nats.Subscription

	mu       sync.Mutex
	askings  map[string]map[string]*asking // by subscription, by where it is told
	open     int
	limiters map[string]*rate.Limiter // by subscription; no more than there are
}

// asking is one that goes on.
type asking struct{ cancel context.CancelFunc }

// startHerald lets readers in and hears them.
func (s *Service) startHerald() (err error) {
	h := &herald{s: s, nc: s.o.Herald, askings: map[string]map[string]*asking{}, limiters: map[string]*rate.Limiter{}}
	if h.sub, err = h.nc.Subscribe(bus.Asks, h.hear); err != nil {
		return err
	}
	if h.door, err = bus.OpenDoor(h.nc, s.o.Issuer, h.admit); err != nil {
		_ = h.sub.Unsubscribe() // fails only when the connection has gone
		return err
	}
	s.herald = h
	return nil
}

func (h *herald) stop() {
	h.door.Close()
	_ = h.sub.Unsubscribe() // fails only when the connection has gone
}

// admit lets in who has a token that holds.
//
// Refusals: feeds/token-missing, feeds/token-in-clear, and those of readerOf. The reader hears of none: NATS tells it that it may not come in.
func (h *herald) admit(ctx context.Context, n bus.Newcomer) (bus.Admission, error) {
	switch {
	case n.Token == "":
		return bus.Admission{}, decider.Refuse("feeds/token-missing")
	case n.InClear:
		return bus.Admission{}, decider.Refuse("feeds/token-in-clear")
	}
	token := sha256.Sum256([]byte(n.Token))
	r, err := h.s.readerOf(ctx, `token = ?`, token[:])
	h.s.tried(r, feed.Network(n.Host), err)
	return bus.Admission{ID: r.id, Until: r.until}, err
}

// hear takes one asking. The subject says whose it is: the server lets a reader ask on its own only.
func (h *herald) hear(m *nats.Msg) {
	id := bus.ReaderOf(m.Subject)
	to, own := bus.TellSubject(id, m.Reply)
	if !own {
		return
	}
	after, err := wish(m.Data)
	if err != nil {
		h.end(to, 0, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.s.ctx.Err() != nil {
		return
	}
	limiter := h.limiters[id]
	if limiter == nil {
		limiter = rate.NewLimiter(asksPerSecond, asksBurst)
		h.limiters[id] = limiter
	}
	before := h.askings[id][to] // it asks again before it was told all: from here on this one counts
	switch {
	case !limiter.Allow():
		h.s.notices.note(id, feedv1.NoticeKind_NOTICE_KIND_TOO_FAST)
		h.end(to, after, decider.Refuse("feeds/too-fast"))
		return
	case before == nil && (len(h.askings[id]) >= askedAtOnce || h.open >= askedInAll):
		h.end(to, after, decider.Refuse("feeds/too-many-streams", "most", strconv.Itoa(askedAtOnce)))
		return
	case before != nil:
		before.cancel()
	default:
		h.open++
	}
	ctx, cancel := context.WithTimeout(h.s.ctx, askedFor)
	a := &asking{cancel}
	if h.askings[id] == nil {
		h.askings[id] = map[string]*asking{}
	}
	h.askings[id][to] = a
	h.s.work.Go(func() {
		defer h.done(id, to, a)
		h.tell(ctx, id, to, after)
	})
}

func (h *herald) done(id, to string, a *asking) {
	a.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.askings[id][to] != a { // another has taken its place
		return
	}
	h.open--
	if delete(h.askings[id], to); len(h.askings[id]) == 0 {
		delete(h.askings, id)
	}
}

// wish reads an asking: {"after":"17"}; nothing is from the beginning.
func wish(data []byte) (after uint64, err error) {
	if len(data) == 0 {
		return 0, nil
	}
	var w struct {
		After json.Number `json:"after"`
	}
	if err = json.Unmarshal(data, &w); err == nil && w.After != "" {
		after, err = strconv.ParseUint(w.After.String(), 10, 63)
	}
	if err != nil {
		return 0, decider.Refuse("query/unreadable")
	}
	return after, nil
}

// tell tells a reader what comes after a number until the asking is over.
func (h *herald) tell(ctx context.Context, id, to string, after uint64) {
	h.s.note(id)
	for sent := 0; ; {
		news := h.s.next() // before looking, so that nothing comes in between unnoticed
		p, err := h.look(ctx, id, after, min(askedMost-sent, pullAtOnce))
		switch {
		case ctx.Err() != nil:
		case decider.CodeOf(err) != "" && fatal(err):
			h.end(to, after, err)
			return
		case err != nil: // the views or the bus are away for a moment
			h.s.log.Warn("feeds: a reader on NATS has to wait", "subscription", id, "error", err)
		default:
			if err := h.send(ctx, to, p.entries); err != nil {
				h.s.log.Warn("feeds: a reader on NATS could not be told; it asks again", "subscription", id, "error", err)
				return
			}
			sent += len(p.entries)
			moved := p.completeTo > after
			after = p.completeTo
			if sent >= askedMost {
				h.end(to, after, nil)
				return
			}
			if p.more && moved {
				continue
			}
		}
		select {
		case <-ctx.Done():
			if h.s.ctx.Err() == nil && ctx.Err() == context.DeadlineExceeded {
				h.end(to, after, nil)
			}
			return
		case <-news:
		}
	}
}

// look gives a page, if the subscription holds.
func (h *herald) look(ctx context.Context, id string, after uint64, limit int) (page, error) {
	r, err := h.s.readerOf(ctx, `id = ?`, id)
	if err != nil {
		return page{}, err
	}
	return h.s.order.after(ctx, r.scope, after, limit)
}

// fatal: the subscription has ended. Anything else passes.
func fatal(err error) bool {
	switch decider.CodeOf(err) {
	case "feeds/token-unknown", "feeds/token-revoked", "feeds/token-expired":
		return true
	}
	return false
}

func (h *herald) send(ctx context.Context, to string, entries []*feedv1.NumberedEntry) error {
	site, err := h.s.site(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		m := nats.NewMsg(to)
		if m.Data, err = feed.CloudEvent(site, e); err != nil {
			return err
		}
		m.Header.Set("content-type", feed.CloudEventType) // in lower case, as the NATS binding of CloudEvents has it
		if err := h.nc.PublishMsg(m); err != nil {
			return err
		}
	}
	return nil
}

// end says that an asking is over: go on after this number, or why not.
func (h *herald) end(to string, after uint64, why error) {
	m := nats.NewMsg(to)
	m.Header.Set(headerCompleteTo, strconv.FormatUint(after, 10))
	if why != nil {
		m.Header.Set(headerCode, decider.CodeOf(why))
	}
	if err := h.nc.PublishMsg(m); err != nil {
		h.s.log.Warn("feeds: a reader on NATS could not be told; it asks again", "error", err)
	}
}
