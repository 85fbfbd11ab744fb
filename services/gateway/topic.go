package gateway

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// One document that somebody looks at. It is read once when it may have changed, compared with what was pushed last, and the difference is put into
// one frame that all sockets of its audience share. Announcements that arrive while it is being read become one more reading.
//
// What a returning client needs is told by the sequences at which each version was certainly the document:
//
//	version 1 [from, until] ──frame──► version 2 [from, until] ──frame──► the version shown [from, until]
//
// A client whose last sequence lies in the range of a past version gets the frames after it, one in the range of the version shown nothing but
// "current", any other the whole document. An answer of the views shows at least the commit that it names, perhaps a later one; so one reading proves
// no sequence. A version is read a second time, and its range begins at the sequence of that reading (DESIGN.md).

type topic struct {
	hub  *hub
	key  topicKey
	home home
	ask  func(ctx context.Context, atLeast uint64) (proto.Message, error)
	stir chan struct{} // something may have changed; one waiting is enough

	mu       sync.Mutex
	wanted   uint64 // the highest sequence announced
	doc      *document
	told     uint64 // the sequence up to which doc is true, as clients are told; never smaller than before
	from     uint64 // doc was certainly the document from this sequence …
	until    uint64 // … to this one; smaller than from when that is not known of any
	past     []version
	snapshot *frame // doc as a message, made when first needed
	stale    bool   // it changed while nobody looked
	failing  bool   // the last reading failed; those who look have been told
	back     bool   // the last reading was older than told
	looking  map[*socket]struct{}
	waiting  map[*socket]uint64 // sockets that wait for the next reading, and what they saw last
	empty    time.Time          // since when nobody looks
}

// version is a past state of the document, the sequences at which it certainly was, and the frame that leads to the next one.
type version struct {
	from, until uint64
	next        *frame
}

// frame is a message made ready once, for any number of sockets.
type frame struct {
	prepared *websocket.PreparedMessage
	size     int
	topic    string
	sequence uint64
}

func newTopic(h *hub, key topicKey, at home, ask func(context.Context, uint64) (proto.Message, error)) *topic {
	return &topic{hub: h, key: key, home: at, ask: ask, stir: make(chan struct{}, 1),
		looking: map[*socket]struct{}{}, waiting: map[*socket]uint64{}, empty: time.Now()}
}

// wake has the document read soon.
func (t *topic) wake() {
	select {
	case t.stir <- struct{}{}:
	default:
	}
}

// expect says that the document may have changed up to a sequence.
func (t *topic) expect(sequence uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wanted = max(t.wanted, sequence)
}

// join has a socket see the document: at once when it is known, else after the next reading.
func (t *topic) join(s *socket, since uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doc == nil || t.stale || t.failing || t.unproven(since) {
		t.waiting[s] = since
		t.wake()
		return
	}
	t.deliver(s, since)
}

// unproven reports whether a second reading could save a client that has seen a sequence from getting the whole document. Holds t.mu.
func (t *topic) unproven(since uint64) bool {
	return since > 0 && t.doc.exact && t.from > t.until
}

// leave ends it.
func (t *topic) leave(s *socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.looking, s)
	delete(t.waiting, s)
	if len(t.looking)+len(t.waiting) == 0 {
		t.empty = time.Now()
	}
}

// deserted reports whether nobody looks, and has not for a while unless evenLately.
func (t *topic) deserted(evenLately bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.looking)+len(t.waiting) == 0 && (evenLately || time.Since(t.empty) >= t.hub.g.limits.room.linger)
}

// run reads the document whenever it may have changed, until nobody looks any more.
func (t *topic) run() {
	room := t.hub.g.limits.room
	look := time.NewTicker(room.look)
	defer look.Stop()
	for {
		select {
		case <-t.hub.ctx.Done():
			return
		case <-look.C:
			if t.hub.retire(t, false) {
				return
			}
		case <-t.stir:
		}
		nothing := true
		if !t.hub.guard("a document was read", func() { nothing = t.refresh() }) {
			t.failed(decider.Refuse(codeInternal))
		}
		if nothing && t.hub.retire(t, true) {
			return
		}
		select { // a burst of changes becomes one push
		case <-t.hub.ctx.Done():
			return
		case <-time.After(room.pause):
		}
	}
}

// refresh reads the document and pushes what changed. It reports whether there still is none to show.
func (t *topic) refresh() (nothing bool) {
	t.mu.Lock()
	nobody, wanted := len(t.looking)+len(t.waiting) == 0, t.wanted
	if nobody {
		t.stale, nothing = true, t.doc == nil
	}
	t.mu.Unlock()
	if nobody {
		return nothing
	}
	doc, err := t.fetch(wanted)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		err = t.accept(doc, wanted)
	}
	if err != nil {
		t.fail(err)
	}
	return t.doc == nil
}

func (t *topic) fetch(atLeast uint64) (*document, error) {
	select {
	case t.hub.reading <- struct{}{}:
		defer func() { <-t.hub.reading }()
	case <-t.hub.ctx.Done():
		return nil, decider.Refuse("gateway/stopping")
	}
	answer, err := t.ask(bus.WithCorrelation(t.hub.ctx, uuid.Must(uuid.NewV7()).String()), atLeast)
	if err != nil {
		return nil, err
	}
	return documentOf(answer)
}

// accept takes a reading: the first, the same as before, a change, or an older one. Holds t.mu.
func (t *topic) accept(doc *document, wanted uint64) error {
	sequence := doc.sequence
	if !doc.exact {
		sequence = max(wanted, t.told)
	}
	heard := false // those who look have got a message of this reading
	first := t.doc == nil
	switch {
	case first:
		t.start(doc, sequence)
	case sequence < t.told && !t.back:
		// An instance of views that lags behind another. Once is waited for; twice, and the record itself went back (a restore).
		t.back = true
		t.later()
		return nil
	case sequence < t.told:
		t.start(doc, sequence)
		heard = true
		for s := range t.looking {
			t.deliver(s, 0)
		}
	default:
		patch, err := t.doc.patchTo(doc)
		if err != nil {
			return err
		}
		if heard = patch != nil; heard {
			t.change(doc, sequence, patch)
		} else {
			t.confirm(sequence)
		}
	}
	t.back, t.stale = false, false
	if t.failing && !heard {
		t.tell(t.message("current", t.told, nil))
	}
	t.failing = false
	for s, since := range t.waiting {
		if first && t.unproven(since) {
			t.wake()
			continue
		}
		delete(t.waiting, s)
		t.deliver(s, since)
	}
	if doc.exact && sequence < t.wanted {
		t.later() // views has not got there yet
	}
	return nil
}

// start forgets what was before.
func (t *topic) start(doc *document, sequence uint64) {
	t.past, t.told = nil, 0
	t.show(doc, sequence)
}

// change pushes the difference to the next version.
func (t *topic) change(doc *document, sequence uint64, patch json.RawMessage) {
	f := t.message("patch", sequence, patch)
	t.past = append(t.past, version{t.from, t.until, f})
	t.show(doc, sequence)
	t.forgetOld()
	t.tell(f)
}

// show makes doc the version shown, and has it read a second time; not when it changed without a commit, for that could go on for ever.
func (t *topic) show(doc *document, sequence uint64) {
	if doc.exact && sequence > t.told {
		t.wake()
	}
	t.doc, t.told, t.snapshot = doc, max(t.told, sequence), nil
	t.from, t.until = 1, 0
}

// confirm says that the document is still the same at a sequence.
func (t *topic) confirm(sequence uint64) {
	if t.from > t.until {
		t.from = sequence
	}
	t.until = sequence
	if sequence > t.told {
		t.told, t.snapshot = sequence, nil
	}
}

// forgetOld bounds the past: by number, and by size, for frames that are together larger than the document help nobody.
func (t *topic) forgetOld() {
	size := 0
	for i := len(t.past) - 1; i >= 0; i-- {
		size += t.past[i].next.size
		if len(t.past)-i > t.hub.g.limits.room.versions || size > len(t.doc.raw) {
			t.past = append([]version(nil), t.past[i+1:]...)
			return
		}
	}
}

// deliver brings a socket from what it has seen to the document as it is shown, and has it look from now on. Holds t.mu.
func (t *topic) deliver(s *socket, since uint64) {
	for _, f := range t.missed(since) {
		s.push(f)
	}
	t.looking[s] = struct{}{}
}

// missed gives the frames for a client that has seen a sequence. Where a sequence is in two ranges (a text was erased, which is no commit) the older one
// counts: a patch that a client has already changes nothing.
func (t *topic) missed(since uint64) []*frame {
	if since > 0 && t.doc.exact {
		for i, v := range t.past {
			if v.from <= since && since <= v.until {
				var frames []*frame
				for _, p := range t.past[i:] {
					frames = append(frames, p.next)
				}
				return frames
			}
		}
		if t.from <= since && since <= t.until {
			return []*frame{t.message("current", t.told, nil)}
		}
	}
	if t.snapshot == nil {
		t.snapshot = t.message("snapshot", t.told, t.doc.raw)
	}
	return []*frame{t.snapshot}
}

// failed is fail for who does not hold t.mu.
func (t *topic) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail(err)
}

// fail tells those who wait that they cannot see the document, and those who look that it may be out of date, once. Holds t.mu.
func (t *topic) fail(err error) {
	if t.hub.ctx.Err() != nil {
		return
	}
	r := t.hub.g.refusalOf(t.hub.ctx, err)
	for s := range t.waiting {
		s.refuse(r, t.key)
		s.forget(t.key)
		delete(t.waiting, s)
	}
	if len(t.looking) == 0 {
		t.empty = time.Now()
		return
	}
	if !t.failing {
		t.failing = true
		for s := range t.looking {
			s.refuse(decider.Refuse("gateway/behind", "cause", r.Code), t.key)
		}
	}
	t.later()
}

// later has the document read again after a while.
func (t *topic) later() { time.AfterFunc(t.hub.g.limits.room.again, t.wake) }

func (t *topic) tell(f *frame) {
	for s := range t.looking {
		s.push(f)
	}
}

// message makes a frame about the document.
func (t *topic) message(what string, sequence uint64, data json.RawMessage) *frame {
	type body struct {
		Workspace string          `json:"workspace"`
		Topic     string          `json:"topic"`
		Sequence  string          `json:"sequence"`
		Data      json.RawMessage `json:"data,omitempty"`
	}
	f := newFrame(map[string]body{what: {t.key.workspace, t.key.name, strconv.FormatUint(sequence, 10), data}})
	f.topic, f.sequence = t.key.name, sequence
	return f
}

func newFrame(message any) *frame {
	data, err := json.Marshal(message)
	if err != nil {
		panic("gateway: " + err.Error()) // only for a message that cannot be JSON, and ours can
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, data)
	if err != nil {
		panic("gateway: " + err.Error()) // only for another type of message
	}
	return &frame{prepared: prepared, size: len(data)}
}
