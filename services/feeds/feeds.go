// Package feeds tells associations about the decisions of public initiatives: all of them, in one order, to each what its subscription is about.
//
//	views ──query.feed_entries──► order: n = 1, 2, 3 …, durable ──feeds.pull──► gateway: Atom, JSON Feed, JSON, events, sockets
//	                                     │                      ├─► webhooks, each at its own pace (deliver.go)
//	                                     │                      └─► readers on NATS, each as it asks (herald.go)
//	                                     └─fed─► whoever waits for news
//
// Invariants:
//   - an entry has one number in this installation, for ever; numbers have no gaps and are never given again (order.go). They lie in feeds.db, which
//     belongs into the backup;
//   - a reader that goes on from the last number it has seen gets every later entry of its subscription, after any time, across restarts and rebuilds
//     of the views;
//   - every reader has a cursor of its own; nothing waits for anybody;
//   - no question and no other text of an entry is kept here: views opens it each time, so that an erasure reaches the feeds too;
//   - tokens are kept as SHA-256; secrets and addresses of webhooks are sealed with a key that lies beside the database, and secrets go with the subscription;
//   - what one department takes leaves the others as much as before (limits.go).
//
// Not here: what an entry may say (views), the forms (pkg/feed), HTTP towards readers (gateway), who may manage subscriptions (gateway).
package feeds

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// lookout is how often the views are asked although nothing was announced: an announcement can be lost.
const lookout = 5 * time.Second

// Options of the service.
type Options struct {
	// Conn is the service's own connection. Its owner closes it, after Stop.
	Conn *nats.Conn
	// Herald is the connection that speaks with readers on NATS, and Issuer the seed that it lets them in with (bus.OpenDoor). Nil: there is no such way
	// out. Its owner closes it, after Stop.
	Herald *nats.Conn
	Issuer string
	// Dir is the folder of feeds.db and its key. Both belong into the backup.
	Dir string
	// PublicURL is the address that links in webhooks are made of, and the name in the ids of Atom and CloudEvents. Empty: links have no host, and the
	// name is localhost.
	PublicURL string
	// Version of the program.
	Version string
	// Loopback lets webhooks go to this machine, without TLS: for tests only.
	Loopback bool
	// Clock says what time it is. Nil: the system's.
	Clock func() time.Time
	// Retry says when a delivery that failed so often is tried again. Nil: see backoff.
	Retry func(failures int) time.Duration
	// Logger gets what an operator must know. Nil: the default one.
	Logger *slog.Logger
}

// Service is the running service.
type Service struct {
	o       Options
	clock   func() time.Time
	log     *slog.Logger
	store   *store
	notices *notices
	order   *order
	post    *http.Client
	ctx     context.Context // ends with Stop
	cancel  context.CancelFunc
	work    sync.WaitGroup
	subs    []*nats.Subscription
	stop    func()
	herald  *herald // nil without one

	mu       sync.Mutex
	news     chan struct{}  // closed when there is something new
	used     map[string]use // by subscription: what is not written yet
	delivery map[string]*delivery
}

// Start begins to follow the views and to deliver, and answers until Stop. Views need not be there yet.
func Start(ctx context.Context, o Options) (*Service, error) {
	s := &Service{o: o, clock: o.Clock, log: o.Logger, news: make(chan struct{}), used: map[string]use{}, delivery: map[string]*delivery{}}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.o.Retry == nil {
		s.o.Retry = backoff
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	var err error
	if s.store, err = openStore(o.Dir); err != nil {
		return nil, err
	}
	if s.notices, err = openNotices(o.Dir, s.store.key[:]); err != nil {
		return nil, errors.Join(err, s.store.db.Close())
	}
	s.post = newClient(o.Loopback)
	if s.order, err = newOrder(s.store, o.Conn, s.clock, s.authority); err != nil {
		return nil, errors.Join(err, s.end())
	}
	changes, err := o.Conn.Subscribe("changed.>", func(m *nats.Msg) { s.order.changed(m.Subject) })
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	s.subs = append(s.subs, changes)
	s.work.Go(s.follow)
	s.work.Go(s.count)
	if err := s.resume(); err != nil {
		return nil, errors.Join(err, s.end())
	}
	if o.Herald != nil {
		if err := s.startHerald(); err != nil {
			return nil, errors.Join(err, s.end())
		}
	}
	if s.stop, err = bus.Serve(o.Conn, bus.Feeds, "1.0.0", s.endpoints()); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// Stop answers the requests under way, ends the deliveries and closes the database. What was being sent is sent again after the next start.
func (s *Service) Stop() error {
	s.stop()
	return s.end()
}

func (s *Service) end() error {
	if s.herald != nil {
		s.herald.stop()
	}
	for _, sub := range s.subs {
		_ = sub.Unsubscribe() // fails only when the connection has gone
	}
	s.cancel()
	s.work.Wait()
	s.post.CloseIdleConnections()
	return errors.Join(s.flush(context.Background()), s.notices.db.Close(), s.store.db.Close())
}

// follow takes the entries of the views into the order, and tells whoever waits.
func (s *Service) follow() {
	tick := time.NewTicker(lookout)
	defer tick.Stop()
	for first := true; ; first = false {
		if !first {
			select {
			case <-s.ctx.Done():
				return
			case <-tick.C:
				s.order.all()
			case <-s.order.wake:
			}
		}
		grown, err := s.order.take(s.ctx)
		if err != nil && s.ctx.Err() == nil {
			s.log.Warn("feeds: the views could not be read; tried again in a moment", "error", err)
		}
		if grown {
			s.tell()
		}
	}
}

// tell wakes whoever waits for news, here and in the gateway.
func (s *Service) tell() {
	if err := s.o.Conn.Publish("fed", nil); err != nil {
		s.log.Warn("feeds: news could not be announced", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.news)
	s.news = make(chan struct{})
	for _, d := range s.delivery {
		d.nudge()
	}
}

// next gives what is closed at the next news.
func (s *Service) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news
}

func (s *Service) endpoints() map[string]bus.Handler {
	return map[string]bus.Handler{
		"feeds.subscribe":     answer(s.subscribe),
		"feeds.subscriptions": answer(s.subscriptions),
		"feeds.revoke":        answer(s.revoke),
		"feeds.pull":          answer(s.pull),
		"feeds.refused":       answer(s.refused),
		"feeds.entries":       answer(s.entries),
		"feeds.add_webhook":   answer(s.addWebhook),
		"feeds.test_webhook":  answer(s.testWebhook),
		"feeds.enable":        answer(s.enableWebhook),
		"feeds.end_webhook":   answer(s.endWebhook),
		"feeds.dead_letters":  answer(s.deadLetters),
		"feeds.replay":        answer(s.replay),
		"feeds.keys":          answer(s.keys),
	}
}

// answer makes a handler of bytes out of one of messages.
func answer[Q any, R proto.Message, PQ interface {
	*Q
	proto.Message
}](handle func(context.Context, PQ) (R, error)) bus.Handler {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		req := PQ(new(Q))
		if err := proto.Unmarshal(data, req); err != nil {
			return nil, decider.Refuse("query/unreadable")
		}
		resp, err := handle(ctx, req)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(resp)
	}
}
