package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
)

// hub knows every document that somebody looks at, and wakes those that changed.
//
//	changed.<workspace>.<initiative> (decimal sequence) ──► the topics of that initiative ──► read, compare, push
//
// Locks are taken in the order hub, topic, socket.
type hub struct {
	g       *Gateway
	ctx     context.Context // ends with close
	cancel  context.CancelFunc
	changes *nats.Subscription
	leaving *nats.Subscription
	states  chan nats.Status
	reading chan struct{} // one per document being read

	mu       sync.Mutex
	topics   map[topicKey]*topic
	of       map[home]map[*topic]struct{} // the same, by initiative
	sockets  map[*socket]struct{}
	entered  int
	at       map[string]int // of those, by device
	closed   bool
	sitting  sync.WaitGroup // sockets
	watching sync.WaitGroup // goroutines of the hub and of topics
}

// topicKey names a document as one audience sees it.
type topicKey struct {
	workspace, name string
	audience        audience
}

// home is the initiative that a document belongs to.
type home struct{ workspace, initiative string }

// allChanges are the announcements of the views; allLeft those of people: somebody is at a device no longer, or may do other things than before.
const (
	allChanges = "changed.>"
	allLeft    = "left.*"
)

// recheckEvery is how often it is asked who is at the other end of each socket, because an announcement may have been lost.
const recheckEvery = time.Minute

func newHub(g *Gateway) (*hub, error) {
	h := &hub{g: g, reading: make(chan struct{}, g.limits.room.reading),
		topics: map[topicKey]*topic{}, of: map[home]map[*topic]struct{}{}, sockets: map[*socket]struct{}{}, at: map[string]int{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	var err error
	if h.changes, err = g.o.Conn.Subscribe(allChanges, func(m *nats.Msg) { h.announced(m.Subject, m.Data) }); err != nil {
		return nil, fmt.Errorf("gateway: subscribe to %s: %w", allChanges, err)
	}
	if h.leaving, err = g.o.Conn.Subscribe(allLeft, func(m *nats.Msg) { h.left(strings.TrimPrefix(m.Subject, "left.")) }); err != nil {
		return nil, errors.Join(fmt.Errorf("gateway: subscribe to %s: %w", allLeft, err), h.changes.Unsubscribe())
	}
	if err := g.o.Conn.Flush(); err != nil { // from here on no announcement is missed
		return nil, fmt.Errorf("gateway: subscribe to %s: %w", allChanges, err)
	}
	h.states = g.o.Conn.StatusChanged(nats.CONNECTED)
	h.watching.Go(h.watchConnection)
	return h, nil
}

// watchConnection has everything looked at again after the bus was away, for what was announced meanwhile is lost.
func (h *hub) watchConnection() {
	recheck := time.NewTicker(recheckEvery)
	defer recheck.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-recheck.C:
			h.recheck()
		case <-h.states:
			h.recheck()
			h.mu.Lock()
			for _, t := range h.topics {
				t.wake()
			}
			h.mu.Unlock()
		}
	}
}

// left ends the sockets of a device. Its page opens another one, as whoever is there then.
func (h *hub) left(device string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.sockets {
		if s.who.device == device {
			s.end(closeLeft, "")
		}
	}
}

// recheck asks who is at every socket that somebody signed in for.
func (h *hub) recheck() {
	h.mu.Lock()
	sockets := slices.Collect(maps.Keys(h.sockets))
	h.mu.Unlock()
	for _, s := range sockets {
		s.recheck(h.ctx)
	}
}

// announced takes one announcement of the views.
func (h *hub) announced(subject string, data []byte) {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 {
		return
	}
	sequence, _ := strconv.ParseUint(string(data), 10, 64) // unreadable: it changed, we do not know up to where
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range h.of[home{parts[1], parts[2]}] {
		t.expect(sequence)
		t.wake()
	}
}

// enter lets one more socket of a device in, if there is room; the operator's programs have none ("") and only the limit of all. leave is called when it
// has gone.
//
// Refusals: gateway/stopping, gateway/busy, gateway/too-many-sockets.
func (h *hub) enter(device string) (leave func(), err error) {
	room := h.g.limits.room
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, decider.Refuse("gateway/stopping")
	case device != "" && h.at[device] >= room.perDevice:
		return nil, decider.Refuse("gateway/too-many-sockets", "most", strconv.Itoa(room.perDevice))
	case h.entered >= room.sockets:
		return nil, decider.Refuse("gateway/busy")
	}
	h.entered++
	if device != "" {
		h.at[device]++
	}
	h.sitting.Add(1)
	return func() {
		h.mu.Lock()
		h.entered--
		if h.at[device]--; h.at[device] <= 0 {
			delete(h.at, device)
		}
		h.mu.Unlock()
		h.sitting.Done()
	}, nil
}

// seat makes a socket known, so that close can say goodbye to it.
func (h *hub) seat(s *socket) {
	h.mu.Lock()
	h.sockets[s] = struct{}{}
	closed := h.closed
	h.mu.Unlock()
	if closed {
		s.end(closeGoingAway, "")
	}
}

func (h *hub) unseat(s *socket) {
	h.mu.Lock()
	delete(h.sockets, s)
	h.mu.Unlock()
}

// join has a socket see a document from now on. since is the last sequence that the client has seen of it, 0 for none.
func (h *hub) join(s *socket, key topicKey, since uint64) (*topic, error) {
	k, id, initiative, ok := splitTopic(key.name)
	if !ok {
		return nil, decider.Refuse("gateway/topic")
	}
	m := h.g.methods[k.method]
	if err := permit(s.who, m, k.request(key.workspace, id, 0)); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, decider.Refuse("gateway/stopping")
	}
	t := h.topics[key]
	if t == nil {
		t = newTopic(h, key, home{key.workspace, initiative}, func(ctx context.Context, atLeast uint64) (proto.Message, error) {
			answer, err := h.g.read(ctx, m, k.request(key.workspace, id, atLeast))
			if err == nil {
				narrow(caller{}, key.audience, "", answer)
			}
			return answer, err
		})
		h.topics[key] = t
		if h.of[t.home] == nil {
			h.of[t.home] = map[*topic]struct{}{}
		}
		h.of[t.home][t] = struct{}{}
		h.watching.Go(t.run)
	}
	t.join(s, since)
	return t, nil
}

// retire takes a topic out if nobody looks at it.
func (h *hub) retire(t *topic, evenLately bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !t.deserted(evenLately) {
		return false
	}
	delete(h.topics, t.key)
	delete(h.of[t.home], t)
	if len(h.of[t.home]) == 0 {
		delete(h.of, t.home)
	}
	return true
}

// guard keeps a panic over one document or socket from ending the program. It reports whether all went well.
func (h *hub) guard(what string, f func()) (well bool) {
	defer func() {
		if p := recover(); p != nil {
			well = false
			h.g.o.Logger.Error("gateway: panicked", "while", what, "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}

// close says goodbye to every socket and waits for them until ctx ends; then it cuts them off. Calling it again is ok.
func (h *hub) close(ctx context.Context) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.closed = true
	for s := range h.sockets {
		s.end(closeGoingAway, "")
	}
	h.mu.Unlock()
	_, _ = h.changes.Unsubscribe(), h.leaving.Unsubscribe() // fails only when the connection has gone
	h.cancel()
	cut := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for s := range h.sockets {
			_ = s.conn.Close()
		}
	})
	defer cut()
	h.watching.Wait()
	h.sitting.Wait()
	h.g.o.Conn.RemoveStatusListener(h.states)
}
