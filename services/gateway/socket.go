package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// One WebSocket. One goroutine reads what the client says, one writes what waits in the queue; nobody else waits for either. A client that does not
// keep up is closed with a cursor to resume from, never waited for.

// Codes with which a socket is closed, beside those of RFC 6455 that the library sends (1002 protocol error, 1009 message too big).
const (
	closeGoingAway = websocket.CloseGoingAway       // the gateway stops; come again
	closeNotText   = websocket.CloseUnsupportedData // a binary message
	closeNotUTF8   = websocket.CloseInvalidFramePayloadData
	closeTooFast   = websocket.ClosePolicyViolation // reason gateway/too-fast
	closeSlow      = 4000                           // reason "resume <topic> <sequence>"
	closeLeft      = 4001                           // who is at the device, or what they may do, has changed; open another one
)

// reasonMax is the most bytes that a close frame's reason can have.
const reasonMax = 123

// drainMax is how much of what a client sends after an error is read and thrown away, so that it gets to read why it was closed.
const drainMax = 1 << 20

type socket struct {
	g       *Gateway
	conn    *websocket.Conn
	who     caller
	token   string // of the device; "" for a program
	lang    string
	allowed *rate.Limiter

	wake chan struct{} // the queue or the end has something new

	mu      sync.Mutex
	topics  map[topicKey]*topic // what it looks at; nil while it is joining
	queue   []*frame
	bytes   int
	written map[string]uint64 // the last sequence written, by topic
	ending  bool
	slow    string // the topic whose message did not fit, when that is why it ends
	code    int    // 0: ends without a close frame
	reason  string
}

func newSocket(g *Gateway, conn *websocket.Conn, v *visit, lang string) *socket {
	room := g.limits.room
	return &socket{g: g, conn: conn, who: v.caller, token: v.token, lang: lang, allowed: rate.NewLimiter(rate.Limit(room.perSecond), room.burst),
		topics: map[topicKey]*topic{}, wake: make(chan struct{}, 1), written: map[string]uint64{}}
}

// serve reads until the client or the gateway ends it.
func (s *socket) serve() {
	s.g.hub.seat(s)
	defer s.g.hub.unseat(s)
	s.recheck(s.g.hub.ctx) // somebody who was signed out between the handshake and here was not announced to this socket
	var writing sync.WaitGroup
	writing.Go(func() { s.g.hub.guard("a socket was written", s.write) })
	var parted bool
	s.g.hub.guard("a socket was read", func() { parted = s.read() })
	s.end(0, "")
	for _, t := range s.left() {
		t.leave(s)
	}
	writing.Wait()
	if !parted {
		s.drain()
	}
	_ = s.conn.Close() // it is over either way
}

// recheck ends the socket when its device is no longer who it was made for. While people does not answer it stays as it is.
func (s *socket) recheck(ctx context.Context) {
	if s.token == "" {
		return
	}
	ctx, cancel := context.WithTimeout(bus.WithCorrelation(ctx, uuid.Must(uuid.NewV7()).String()), s.g.limits.room.write)
	defer cancel()
	if now, err := s.g.whoHas(ctx, s.token); err == nil && !now.same(s.who) {
		s.end(closeLeft, "")
	}
}

var errTooFast = errors.New("gateway: too many frames")

// read takes the client's messages until something is wrong with one or the connection ends. It reports whether the connection is at its
// end: the client said goodbye, or nothing comes any more.
func (s *socket) read() (parted bool) {
	room := s.g.limits.room
	s.conn.SetReadLimit(room.message)
	s.alive()
	s.conn.SetPongHandler(func(string) error { return s.count() })
	s.conn.SetPingHandler(func(data string) error {
		if err := s.count(); err != nil {
			return err
		}
		err := s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		var timeout net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &timeout) && timeout.Timeout() {
			return nil
		}
		return err
	})
	for {
		sort, data, err := s.conn.ReadMessage()
		var goodbye *websocket.CloseError
		var broken net.Error
		switch {
		case errors.Is(err, errTooFast):
			s.end(closeTooFast, "gateway/too-fast")
			return false
		case err != nil:
			return errors.As(err, &goodbye) || errors.As(err, &broken)
		case s.count() != nil:
			s.end(closeTooFast, "gateway/too-fast")
			return false
		case sort != websocket.TextMessage:
			s.end(closeNotText, "")
			return false
		case !utf8.Valid(data):
			s.end(closeNotUTF8, "")
			return false
		}
		if !s.over() {
			s.hear(data)
		}
	}
}

func (s *socket) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// count takes note of one frame of the client: a sign of life, and one of those it may send.
func (s *socket) count() error {
	if !s.allowed.Allow() {
		return errTooFast
	}
	s.alive()
	return nil
}

// alive waits for the next sign, unless the socket is ending and only the answer to that is waited for.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.g.limits.room.pong))
	}
}

// hear does what the client wishes.
func (s *socket) hear(data []byte) {
	w, since, err := parseWish(data)
	switch {
	case err != nil:
		s.refuse(refusal(err), topicKey{})
	case w.Subscribe != nil:
		s.subscribe(s.key(w.Subscribe), since)
	default:
		key := s.key(w.Unsubscribe)
		if t := s.forget(key); t != nil {
			t.leave(s)
		}
	}
}

// key names a document as this client sees it.
func (s *socket) key(p *place) topicKey {
	_, _, initiative, _ := splitTopic(p.Topic)
	return topicKey{p.Workspace, p.Topic, s.who.audience(home{p.Workspace, initiative})}
}

func (s *socket) subscribe(key topicKey, since uint64) {
	if !s.reserve(key) {
		s.refuse(decider.Refuse("gateway/too-many-subscriptions", "most", strconv.Itoa(s.g.limits.room.subscriptions)), key)
		return
	}
	t, err := s.g.hub.join(s, key, since)
	if err != nil {
		s.forget(key)
		s.refuse(refusal(err), key)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, still := s.topics[key]; still { // else the document could not be read, and the client has been told
		s.topics[key] = t
	}
}

// reserve keeps a place for one more topic, if there is one.
func (s *socket) reserve(key topicKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, already := s.topics[key]; already {
		return true
	}
	if len(s.topics) >= s.g.limits.room.subscriptions {
		return false
	}
	s.topics[key] = nil
	return true
}

// forget gives the place of a topic back.
func (s *socket) forget(key topicKey) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[key]
	delete(s.topics, key)
	delete(s.written, key.name)
	return t
}

// left gives the topics that it still looks at when it ends.
func (s *socket) left() (topics []*topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.topics {
		if t != nil {
			topics = append(topics, t)
		}
	}
	return topics
}

// refuse tells the client that a wish is not granted.
func (s *socket) refuse(r *decider.Refusal, about topicKey) {
	type body struct {
		Code      string `json:"code"`
		Sentence  string `json:"sentence"`
		Workspace string `json:"workspace,omitempty"`
		Topic     string `json:"topic,omitempty"`
	}
	s.push(newFrame(map[string]body{"error": {r.Code, s.g.sentence(r, s.lang), about.workspace, about.name}}))
}

// push puts a frame into the queue. It never waits: when the queue is full the client is too slow, and the socket ends.
func (s *socket) push(f *frame) {
	room := s.g.limits.room
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
		return
	case len(s.queue) >= room.queueMessages, len(s.queue) > 0 && s.bytes+f.size > room.queueBytes:
		s.ending, s.code, s.slow = true, closeSlow, f.topic
		s.queue, s.bytes = nil, 0
	default:
		s.queue = append(s.queue, f)
		s.bytes += f.size
	}
	s.nudge()
}

// end closes the socket with a code, or without a word when it is 0. Only the first end counts. What waits in the queue is not sent any more.
func (s *socket) end(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return
	}
	s.ending, s.code, s.reason = true, code, reason
	s.queue, s.bytes = nil, 0
	s.nudge()
}

func (s *socket) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write sends what waits until the socket ends, then the close frame.
func (s *socket) write() {
	ping := time.NewTicker(s.g.limits.room.ping)
	defer ping.Stop()
	for {
		select {
		case <-ping.C:
			if s.conn.WriteControl(websocket.PingMessage, nil, s.deadline()) != nil {
				s.cut()
				return
			}
		case <-s.wake:
		}
		for {
			f, ended := s.next()
			if ended {
				s.goodbye()
				return
			}
			if f == nil {
				break
			}
			_ = s.conn.SetWriteDeadline(s.deadline())
			if s.conn.WritePreparedMessage(f.prepared) != nil {
				s.cut()
				return
			}
			s.mu.Lock()
			s.written[f.topic] = f.sequence
			s.mu.Unlock()
		}
	}
}

func (s *socket) deadline() time.Time { return time.Now().Add(s.g.limits.room.write) }

// next takes the first frame out of the queue.
func (s *socket) next() (f *frame, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || len(s.queue) == 0 {
		return nil, s.ending
	}
	f = s.queue[0]
	s.queue[0], s.queue = nil, s.queue[1:]
	s.bytes -= f.size
	return f, false
}

// cut ends a connection that takes nothing any more: the reader's next read fails.
func (s *socket) cut() {
	s.end(0, "")
	_ = s.conn.Close()
}

// goodbye sends the close frame, if there is one to send, and gives the client a moment to answer it.
func (s *socket) goodbye() {
	s.mu.Lock()
	code, reason := s.code, s.reason
	if code == closeSlow {
		reason = resume(s.slow, s.written[s.slow])
	}
	s.mu.Unlock()
	if code == 0 {
		return
	}
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), s.deadline())
	_ = s.conn.SetReadDeadline(time.Now().Add(s.g.limits.room.goodbye))
}

// resume is the cursor for a client that was too slow: the topic whose message did not fit and the last sequence of it that was written. When that is
// longer than a close frame can hold the client goes by what it has seen.
func resume(topic string, sequence uint64) string {
	if reason := "resume " + topic + " " + strconv.FormatUint(sequence, 10); len(reason) <= reasonMax {
		return reason
	}
	return "resume"
}

// drain reads what is still on its way, after saying that nothing more will be sent. Closing at once would reset the connection, and the client would
// lose the close frame.
func (s *socket) drain() {
	conn := s.conn.NetConn()
	if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(s.g.limits.room.goodbye))
	_, _ = io.CopyN(io.Discard, conn, drainMax)
}

// refusal finds the refusal in an error of the hub, which returns no other.
func refusal(err error) *decider.Refusal {
	var r *decider.Refusal
	if errors.As(err, &r) {
		return r
	}
	return decider.Refuse(codeInternal)
}
