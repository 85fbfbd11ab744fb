package gateway

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"

	"tavolo/pkg/decider"
	"tavolo/pkg/feed"
	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// The two ways out that stay open: server-sent events and a WebSocket. Each reader is a goroutine with a cursor; between two entries it waits for news.

const (
	// beatEvery is how often a stream that is silent says that it is there; and how soon a token that ended is noticed at the latest.
	beatEvery = 15 * time.Second
	// streamsPerToken and streamsMax bound what stays open.
	streamsPerToken, streamsMax = 20, 2000
	// streamWrite is how long one entry may take to be written.
	streamWrite = 10 * time.Second
	// retryAfter is how long a browser waits before it connects again, in milliseconds.
	retryAfter = 3000
)

// feeding is what the streams share: who is there, and the news.
type feeding struct {
	buckets *buckets // requests of a token
	told    *buckets // refusals of it that feeds hears of
	beat    time.Duration
	sub     *nats.Subscription

	meeting sync.Mutex // guards met and metAt; see publicMeetings
	met     []publicInitiative
	metAt   time.Time

	mu      sync.Mutex
	news    chan struct{} // closed when there is something new
	streams map[string]int
	open    int
	sitting sync.WaitGroup
}

func newFeeding(nc *nats.Conn, addresses int) (*feeding, error) {
	f := &feeding{buckets: newBuckets(tokenPerSecond, tokenBurst, addresses), told: newBuckets(toldPerSecond, 1, addresses), beat: beatEvery, news: make(chan struct{}), streams: map[string]int{}}
	var err error
	f.sub, err = nc.Subscribe("fed", func(*nats.Msg) {
		f.mu.Lock()
		defer f.mu.Unlock()
		close(f.news)
		f.news = make(chan struct{})
	})
	return f, err
}

// next gives what is closed at the next news.
func (f *feeding) next() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.news
}

// enter lets one more stream of a token in, if there is room (feeds/too-many-streams).
func (f *feeding) enter(token []byte) (leave func(), err error) {
	key := hex.EncodeToString(token)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.streams[key] >= streamsPerToken || f.open >= streamsMax {
		return nil, decider.Refuse("feeds/too-many-streams", "most", strconv.Itoa(streamsPerToken))
	}
	f.streams[key]++
	f.open++
	f.sitting.Add(1)
	return func() {
		defer f.sitting.Done()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.open--
		if f.streams[key]--; f.streams[key] == 0 {
			delete(f.streams, key)
		}
	}, nil
}

// streaming gives a context that ends with the request and with the gateway.
func (g *Gateway) streaming(r *http.Request) (context.Context, func()) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(g.hub.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// feedEvents is a stream of server-sent events: id is the entry's number, which a client sends back as Last-Event-ID when it connects again.
func (g *Gateway) feedEvents(w http.ResponseWriter, r *http.Request, token []byte) error {
	after, _, _, err := wanted(r, "after")
	if err != nil {
		return err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if after, err = strconv.ParseUint(last, 10, 63); err != nil {
			return decider.Refuse("gateway/bad-parameter", "parameter", "Last-Event-ID")
		}
	}
	leave, err := g.feeding.enter(token)
	if err != nil {
		return err
	}
	defer leave()
	ctx, done := g.streaming(r)
	defer done()
	control, begun := http.NewResponseController(w), false
	write := func(text string) error {
		if !begun {
			begun = true
			h := w.Header()
			h.Set("Content-Type", "text/event-stream")
			h.Set("Cache-Control", "no-store")
			h.Set("X-Accel-Buffering", "no")
			w.WriteHeader(http.StatusOK)
			text = fmt.Sprintf("retry: %d\n\n", retryAfter) + text
		}
		if err := control.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
			return err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return errGone
		}
		if control.Flush() != nil {
			return errGone
		}
		return nil
	}
	err = g.followFeed(ctx, token, network(r), after, func(e *feedv1.NumberedEntry) error {
		data, err := feed.JSON(e)
		if err != nil {
			return err
		}
		return write("id: " + strconv.FormatUint(e.N, 10) + "\ndata: " + string(data) + "\n\n")
	}, func() error { return write(":\n\n") })
	if !begun {
		return err
	}
	if why := g.ending(ctx, err); why != nil {
		if data, err := json.Marshal(farewell{why.Code, g.sentence(why, language(r.Header))}); err == nil {
			_ = write("event: end\ndata: " + string(data) + "\n\n") // it is over either way
		}
	}
	return nil
}

// farewell is why a stream ended.
type farewell struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
}

// ending says why a stream ended, nil when its reader has gone.
func (g *Gateway) ending(ctx context.Context, err error) *decider.Refusal {
	if err == nil || err == errGone {
		return nil
	}
	return g.refusalOf(ctx, err)
}

// feedLive is the same over a WebSocket. The client says where to begin, {"after":"n"}, once; then it gets {"n":…,"entry":{…}}, one a frame.
func (g *Gateway) feedLive(w http.ResponseWriter, r *http.Request, token []byte) error {
	leave, err := g.feeding.enter(token)
	if err != nil {
		return err
	}
	defer leave()
	ctx, done := g.streaming(r)
	defer done()
	// A token that does not hold is told before the connection becomes a socket.
	if err := g.feeds(ctx, "pull", &feedv1.PullRequest{Token: token, After: 1 << 62, Limit: 1, Uncounted: true, Network: network(r)}, &feedv1.PullResponse{}); err != nil {
		return err
	}
	upgrader := websocket.Upgrader{HandshakeTimeout: streamWrite, Error: func(w http.ResponseWriter, r *http.Request, status int, _ error) {
		code := "gateway/not-a-socket"
		if status == http.StatusForbidden {
			code = "gateway/cross-origin"
		}
		g.refuse(w, r, decider.Refuse(code))
	}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil // the upgrader has answered
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.NetConn().SetReadDeadline(time.Now()) })() // the gateway stops: nothing is waited for
	after, err := heard(conn)
	if err != nil {
		goodbye(conn, websocket.CloseUnsupportedData, "gateway/message")
		return nil
	}
	var reading sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	reading.Go(func() { // pongs and the goodbye; anything else that the client says ends it
		defer cancel()
		_, _, _ = conn.ReadMessage()
	})
	defer reading.Wait()
	defer func() { _ = conn.Close() }()
	err = g.followFeed(ctx, token, "", after, func(e *feedv1.NumberedEntry) error {
		data, err := feed.JSON(e)
		if err != nil {
			return err
		}
		_ = conn.SetWriteDeadline(time.Now().Add(streamWrite))
		if conn.WriteMessage(websocket.TextMessage, data) != nil {
			return errGone
		}
		return nil
	}, func() error {
		if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(streamWrite)) != nil {
			return errGone
		}
		return nil
	})
	switch reason := g.ending(ctx, err); {
	case reason != nil:
		goodbye(conn, websocket.ClosePolicyViolation, reason.Code)
	case g.hub.ctx.Err() != nil:
		goodbye(conn, closeGoingAway, "")
	}
	return nil
}

// heard waits for the one thing that a client says.
func heard(conn *websocket.Conn) (after uint64, err error) {
	conn.SetReadLimit(1 << 10)
	_ = conn.SetReadDeadline(time.Now().Add(streamWrite))
	_, data, err := conn.ReadMessage()
	if err != nil {
		return 0, err
	}
	var wish struct {
		After json.Number `json:"after"`
	}
	if err := json.Unmarshal(data, &wish); err != nil {
		return 0, err
	}
	if wish.After != "" {
		if after, err = strconv.ParseUint(wish.After.String(), 10, 63); err != nil {
			return 0, err
		}
	}
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(4 * beatEvery)) }
	conn.SetPongHandler(alive)
	return after, alive("")
}

func goodbye(conn *websocket.Conn, code int, reason string) {
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}
