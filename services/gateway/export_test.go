package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// What the tests need of the inside: smaller limits, and a few parts by themselves.

// Limit changes one of the limits.
type Limit func(*limits)

// InFlight, PerAddress, BodyWithin and Room make limits small enough to be reached.
func InFlight(n int) Limit { return func(l *limits) { l.inFlight = n } }
func PerAddress(perSecond float64, burst int) Limit {
	return func(l *limits) { l.perSecond, l.burst = perSecond, burst }
}
func HeadersWithin(d time.Duration) Limit {
	return func(l *limits) { l.headersWithin = d }
}
func BodyWithin(d time.Duration) Limit { return func(l *limits) { l.bodyWithin = d } }
func Sockets(n int) Limit              { return func(l *limits) { l.room.sockets = n } }
func SocketsAt(n int) Limit            { return func(l *limits) { l.room.perDevice = n } }
func PingPong(ping, pong time.Duration) Limit {
	return func(l *limits) { l.room.ping, l.room.pong = ping, pong }
}
func Frames(perSecond float64, burst int) Limit {
	return func(l *limits) { l.room.perSecond, l.room.burst = perSecond, burst }
}
func Goodbye(d time.Duration) Limit {
	return func(l *limits) { l.room.goodbye = d }
}
func Look(d time.Duration) Limit   { return func(l *limits) { l.room.look = d } }
func Again(d time.Duration) Limit  { return func(l *limits) { l.room.again = d } }
func Pause(d time.Duration) Limit  { return func(l *limits) { l.room.pause = d } }
func Linger(d time.Duration) Limit { return func(l *limits) { l.room.linger = d } }

// StartWith starts with other limits.
func StartWith(o Options, changes ...Limit) (*Gateway, error) {
	l := defaults
	for _, change := range changes {
		change(&l)
	}
	return start(o, l)
}

// Handler is what the server serves, for a server of the test's own.
func (g *Gateway) Handler() http.Handler { return g.server.Handler }

// LoseTheBus breaks the gateway's connection, which comes back by itself.
func (g *Gateway) LoseTheBus() error { return g.o.Conn.ForceReconnect() }

// Heard returns when everything that was published before has been heard.
func (g *Gateway) Heard() error { return g.o.Conn.Flush() }

// Topics counts the documents that are kept.
func (g *Gateway) Topics() int {
	g.hub.mu.Lock()
	defer g.hub.mu.Unlock()
	return len(g.hub.topics)
}

// Seated counts the sockets.
func (g *Gateway) Seated() int {
	g.hub.mu.Lock()
	defer g.hub.mu.Unlock()
	return len(g.hub.sockets)
}

// Ended counts the sockets that are ending.
func (g *Gateway) Ended() (n int) {
	g.hub.mu.Lock()
	defer g.hub.mu.Unlock()
	for s := range g.hub.sockets {
		if s.over() {
			n++
		}
	}
	return n
}

// Stale counts the documents that changed while nobody looked.
func (g *Gateway) Stale() (n int) {
	g.hub.mu.Lock()
	defer g.hub.mu.Unlock()
	for _, t := range g.hub.topics {
		t.mu.Lock()
		if t.stale {
			n++
		}
		t.mu.Unlock()
	}
	return n
}

// Contract gives the methods that are served, with their grants.
func Contract() (map[string]apiv1.Grant, error) {
	methods, err := contract()
	grants := map[string]apiv1.Grant{}
	for name, m := range methods {
		grants[name] = m.grant
	}
	return grants, err
}

// RowOf is rowOf.
func RowOf(m protoreflect.MethodDescriptor) (apiv1.Grant, error) {
	grant, _, err := rowOf(m)
	return grant, err
}

// Permit says whether a caller with a grant may call a method.
func Permit(have, need apiv1.Grant) bool {
	methods, err := contract()
	if err != nil {
		panic(err)
	}
	for _, m := range methods {
		m.grant, m.anyone = need, false
		who := caller{account: "a", memberships: []*apiv1.Membership{{Workspace: "dsm", Initiative: "orari", Grant: have}}}
		return permit(who, m, &apiv1.GetInitiativeRequest{Workspace: "dsm", Initiative: "orari"}) == nil
	}
	panic("no methods")
}

// MeaningOf gives the Connect code of a stable code.
func MeaningOf(code string) string { return meaningOf(code).code.String() }

// Language is language.
func Language(accept string) string { return language(http.Header{"Accept-Language": {accept}}) }

// MergePatch is mergePatch.
var MergePatch = mergePatch

// ParseWish is parseWish, for what comes over the wire.
func ParseWish(data []byte) (subscribe bool, workspace, topic string, since uint64, err error) {
	w, since, err := parseWish(data)
	if err != nil {
		return false, "", "", 0, err
	}
	p := w.Subscribe
	if p == nil {
		p = w.Unsubscribe
	}
	return w.Subscribe != nil, p.Workspace, p.Topic, since, nil
}

// Kinds gives the full name of the document of each sort of topic.
func Kinds() map[string]string {
	methods, err := contract()
	if err != nil {
		panic(err)
	}
	documents := map[string]string{}
	for word, k := range kinds {
		documents[word] = string(methods[k.method].desc.Output().FullName())
	}
	return documents
}

// NewBuckets and Allow are the allowance of addresses; Remembered counts them.
type Buckets struct{ b *buckets }

func NewBuckets(perSecond float64, burst, most int) Buckets {
	return Buckets{newBuckets(perSecond, burst, most)}
}
func (b Buckets) Allow(remote string) bool { return b.b.allow(remote) }
func (b Buckets) Remembered() int          { return len(b.b.of) }

// Message is what a socket is told, as the client reads it.
type Message map[string]struct {
	Workspace, Topic, Sequence, Code, Sentence string
	Data                                       json.RawMessage
}

// Voices says which methods that GRANT_TAKE_PART reaches have a row, and checks that each row's fields exist. It gives the methods without one.
func Voices() (without []string, err error) {
	methods, err := contract()
	for _, m := range methods {
		row, ok := voices[m.desc.Name()]
		if !ok {
			if m.grant == apiv1.Grant_GRANT_TAKE_PART {
				without = append(without, string(m.desc.Name()))
			}
			continue
		}
		for _, path := range row.own {
			at := m.desc.Input()
			steps := strings.Split(path, ".")
			for i, step := range steps {
				f := at.Fields().ByName(protoreflect.Name(step))
				if f == nil || (i == len(steps)-1) != (f.Kind() == protoreflect.StringKind) {
					return nil, fmt.Errorf("%s: no field %s", m.desc.Name(), path)
				}
				at = f.Message()
			}
		}
	}
	return without, err
}

// VoiceNames are the methods of the table.
func VoiceNames() (names []string) {
	for name := range voices {
		names = append(names, string(name))
	}
	return names
}

// HomesOf lists where a request goes, as workspace/initiative.
func HomesOf(m proto.Message) (all []string) {
	for _, h := range homesOf(m.ProtoReflect()) {
		all = append(all, h.workspace+"/"+h.initiative)
	}
	return all
}

// Derived is derived.
func Derived(from, what string) (string, error) { return derived(from, what) }

// NewCode makes a code; IsCode says whether what somebody typed is taken for one.
func NewCode() (string, error)    { return newCode() }
func IsCode(typed string) bool    { return lookOf(typed).Code }
func HashOfTyped(s string) []byte { return lookOf(s).Secret }

// KindOf is kindOf.
func KindOf(userAgent string) string { return kindOf(userAgent) }

// DrawQR is drawQR.
func DrawQR(text string) (string, error) { return drawQR(text) }
