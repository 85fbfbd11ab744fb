package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// The live room: one WebSocket at /v1/live carries any number of documents as they change. Text frames, one JSON object each:
//
//	► {"subscribe":{"workspace":"dsm","topic":"session:orari:2026-03-05","since":"123"}}     since: the last sequence seen of it, if any
//	► {"unsubscribe":{"workspace":"dsm","topic":"session:orari:2026-03-05"}}
//	◄ {"snapshot":{"workspace":…,"topic":…,"sequence":"124","data":{…}}}    the whole document
//	◄ {"patch":{"workspace":…,"topic":…,"sequence":"125","data":{…}}}       what changed in it: JSON Merge Patch, RFC 7386
//	◄ {"current":{"workspace":…,"topic":…,"sequence":"125"}}                nothing changed since the client's sequence
//	◄ {"error":{"code":…,"sentence":…,"workspace":…,"topic":…}}             the subscription was refused; with gateway/behind it stands, and
//	                                                                        what is shown may be out of date until the next message of the topic
//
// A client that is too slow, too fast or out of form is closed; DESIGN.md has the codes. Nothing a client has not yet sent is touched by a patch: the
// documents hold only what is recorded.

// roomLimits of the sockets.
type roomLimits struct {
	// sockets bounds all sockets of this gateway, perDevice those of one device; subscriptions is what one may follow.
	sockets, perDevice, subscriptions int
	// message is the largest message of a client in bytes.
	message int64
	// perSecond and burst bound the frames of one client, pings and pongs included.
	perSecond float64
	burst     int
	// queueMessages and queueBytes bound what waits for a slow client.
	queueMessages, queueBytes int
	// ping is how often we ask whether somebody is there, pong how long we wait for any sign.
	ping, pong time.Duration
	// write is how long one frame may take; goodbye how long we wait for the answer to a close.
	write, goodbye time.Duration
	// pause is the shortest time between two pushes of one document: bursts in between become one.
	pause time.Duration
	// again is when a document that could not be read is tried again, and look when one is read without any sign of a change: an announcement
	// may have been lost.
	again, look time.Duration
	// linger is how long a document that nobody looks at is kept, for who comes back after a moment without a network.
	linger time.Duration
	// versions is how many past patches of a document are kept for them.
	versions int
	// reading is how many documents are read from the views at once.
	reading int
}

var defaultRoom = roomLimits{
	sockets: 4096, perDevice: 20, subscriptions: 32,
	message:   16 << 10,
	perSecond: 20, burst: 40,
	queueMessages: 256, queueBytes: 1 << 20,
	ping: 25 * time.Second, pong: time.Minute,
	write: 10 * time.Second, goodbye: 5 * time.Second,
	pause: 20 * time.Millisecond,
	again: time.Second, look: 30 * time.Second, linger: time.Minute,
	versions: 32,
	reading:  8,
}

// live makes a request a socket and serves it until it ends.
func (g *Gateway) live(w http.ResponseWriter, r *http.Request) {
	v := visitOf(r.Context())
	if !v.known() {
		g.refuse(w, r, decider.Refuse("account/signed-out"))
		return
	}
	upgrader := websocket.Upgrader{
		CheckOrigin: func(r *http.Request) bool { return sameOrigin(r, v) },
		Error: func(w http.ResponseWriter, r *http.Request, status int, _ error) {
			code := "gateway/not-a-socket"
			switch status {
			case http.StatusForbidden:
				code = "gateway/cross-origin"
			case http.StatusInternalServerError:
				code = codeInternal
			}
			g.refuse(w, r, decider.Refuse(code))
		},
		EnableCompression: false, // with it the limit on messages would count packed bytes, and 16 KiB could unpack to 8 MiB
		HandshakeTimeout:  g.limits.room.write,
	}
	leave, err := g.hub.enter(v.device)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	defer leave()
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	newSocket(g, conn, v, language(r.Header)).serve()
}

// sameOrigin allows a socket from a page of ours: scheme, name and port of its origin are those that the request came to. Without an Origin the client
// is no browser, so it must not come with a browser's cookie.
func sameOrigin(r *http.Request, v *visit) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return v.operator
	}
	scheme := "http"
	if v.secure {
		scheme = "https"
	}
	u, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && u.Scheme == scheme && strings.EqualFold(u.Host, r.Host) && u.Path == "" && u.User == nil
}

// wish is what a client may say: exactly one of the two.
type wish struct {
	Subscribe   *place `json:"subscribe"`
	Unsubscribe *place `json:"unsubscribe"`
}

// place is a document of a workspace.
type place struct {
	Workspace string `json:"workspace"`
	Topic     string `json:"topic"`
	// Since is the last sequence seen, decimal; "" for none.
	Since string `json:"since"`
}

// longest is the most bytes that a workspace's id or a topic may have.
const longest = 256

// parseWish reads one message of a client. What is not exactly a wish is refused (gateway/message).
func parseWish(data []byte) (w wish, since uint64, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&w) != nil || !errors.Is(d.Decode(&struct{}{}), io.EOF) || (w.Subscribe == nil) == (w.Unsubscribe == nil) {
		return wish{}, 0, decider.Refuse("gateway/message")
	}
	p := w.Subscribe
	if p == nil {
		p = w.Unsubscribe
	}
	if p.Since != "" {
		if since, err = strconv.ParseUint(p.Since, 10, 64); err != nil {
			return wish{}, 0, decider.Refuse("gateway/message")
		}
	}
	if !fit(p.Workspace) || !fit(p.Topic) {
		return wish{}, 0, decider.Refuse("gateway/message")
	}
	return w, since, nil
}

func fit(id string) bool { return id != "" && len(id) <= longest && utf8.ValidString(id) }

// kind is a sort of topic: the question whose answer is its document.
type kind struct {
	method  string
	request func(workspace, id string, atLeast uint64) proto.Message
}

// kinds by the word before the first colon of a topic; what follows is the id.
var kinds = map[string]kind{
	"initiative": {aliasOf + "InitiativeService.GetInitiative", func(workspace, id string, atLeast uint64) proto.Message {
		return &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: id, AtLeastSequence: atLeast}
	}},
	"session": {aliasOf + "SessionService.GetSession", func(workspace, id string, atLeast uint64) proto.Message {
		return &apiv1.GetSessionRequest{Workspace: workspace, Session: id, AtLeastSequence: atLeast}
	}},
	"decision": {aliasOf + "DecisionService.GetDecision", func(workspace, id string, atLeast uint64) proto.Message {
		return &apiv1.GetDecisionRequest{Workspace: workspace, Decision: id, AtLeastSequence: atLeast}
	}},
	"roles": {aliasOf + "RoleService.ListRoles", func(workspace, id string, atLeast uint64) proto.Message {
		return &apiv1.ListRolesRequest{Workspace: workspace, Initiative: id, AtLeastSequence: atLeast}
	}},
}

// splitTopic reads session:orari:2026-03-05 as its kind, its id, and the initiative under whose name views announces its changes.
func splitTopic(name string) (k kind, id, initiative string, ok bool) {
	word, id, _ := strings.Cut(name, ":")
	k, ok = kinds[word]
	initiative, _, _ = strings.Cut(id, ":")
	return k, id, initiative, ok && initiative != ""
}
