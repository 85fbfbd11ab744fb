package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/apidoc"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway"
)

// seat is a client in the room.
type seat struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial opens a socket; headers come as pairs.
func (h *house) dial(headers ...string) *seat {
	h.t.Helper()
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	as(header)
	d := websocket.Dialer{HandshakeTimeout: time.Minute}
	conn, answer, err := d.DialContext(h.t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", header)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = answer.Body.Close()
	h.t.Cleanup(func() { _ = conn.Close() })
	return &seat{h.t, conn}
}

// say sends a message as it is.
func (s *seat) say(message string) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *seat) subscribe(topic string, since ...string) {
	s.t.Helper()
	tail := ""
	if len(since) > 0 {
		tail = `,"since":"` + since[0] + `"`
	}
	s.say(`{"subscribe":{"workspace":"dsm","topic":"` + topic + `"` + tail + `}}`)
}

// hear waits for the next message, which is one thing: what, of which topic, at which sequence.
func (s *seat) hear() (what string, topic, sequence string, data string) {
	s.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	_, raw, err := s.conn.ReadMessage()
	if err != nil {
		s.t.Fatal(err)
	}
	var m gateway.Message
	if err := json.Unmarshal(raw, &m); err != nil || len(m) != 1 {
		s.t.Fatalf("%v in %s", err, raw)
	}
	for what, body := range m {
		if what == "error" {
			return what, body.Topic, body.Code, body.Sentence
		}
		if body.Workspace != "dsm" {
			s.t.Errorf("workspace %q", body.Workspace)
		}
		return what, body.Topic, body.Sequence, string(body.Data)
	}
	return
}

// expect hears exactly this; data is compared as JSON unless "".
func (s *seat) expect(what, topic, sequence, data string) {
	s.t.Helper()
	w, to, seq, d := s.hear()
	if w != what || to != topic || seq != sequence {
		s.t.Fatalf("heard %s of %s at %s (%s), want %s of %s at %s", w, to, seq, d, what, topic, sequence)
	}
	if data == "" {
		return
	}
	var want, got any
	if err := errors.Join(json.Unmarshal([]byte(data), &want), json.Unmarshal([]byte(d), &got)); err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatalf("%s of %s (-want +got):\n%s", what, topic, diff)
	}
}

// closed waits for the end and gives code and reason.
func (s *seat) closed() (code int, reason string) {
	s.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	for {
		_, _, err := s.conn.ReadMessage()
		var end *websocket.CloseError
		switch {
		case errors.As(err, &end):
			return end.Code, end.Text
		case err != nil:
			s.t.Fatalf("ended without a close frame: %v", err)
		}
	}
}

// session has GetSession show a title at a sequence.
func (h *house) session(title string, sequence uint64) {
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "orari:s", Title: title}, Sequence: sequence, Seats: make([]*apiv1.ParticipantView, h.seats)}, nil
	})
}

func snapshot(title string, sequence int) string {
	return fmt.Sprintf(`{"session":{"id":"orari:s","title":%q,"kind":"SESSION_KIND_UNSPECIFIED","phase":"SESSION_PHASE_UNSPECIFIED","minutes":0,"place":""},"seats":[],"items":[],`+
		`"sequence":"%d","currentItem":"","paused":false,"approvedBy":[],"talk":[],"minutesSequence":"0"}`, title, sequence)
}

func patch(title string, sequence int) string {
	return fmt.Sprintf(`{"session":{"title":%q},"sequence":"%d"}`, title, sequence)
}

const room = "session:orari:s"

func TestWhoLooksSeesTheDocumentAndThenWhatChanges(t *testing.T) {
	h := open(t)
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", snapshot("uno", 5))
	h.session("due", 6)
	h.announce("dsm", "orari", 6)
	s.expect("patch", room, "6", patch("due", 6))
	last := h.asked["get_session"][len(h.asked["get_session"])-1].(*apiv1.GetSessionRequest)
	if want := (&apiv1.GetSessionRequest{Workspace: "dsm", Session: "orari:s", AtLeastSequence: 6}); !proto.Equal(last, want) {
		t.Errorf("views were asked %v, want %v", last, want)
	}
	second := h.dial()
	second.subscribe(room)
	second.expect("snapshot", room, "6", snapshot("due", 6))
	h.session("due", 7) // the same at a later sequence: nothing to say
	h.announce("dsm", "orari", 7)
	eventually(t, "the document is known to be true up to 7", func() bool {
		early := h.dial()
		early.subscribe(room)
		_, _, sequence, _ := early.hear()
		return sequence == "7"
	})
	late := h.dial()
	late.subscribe(room)
	late.expect("snapshot", room, "7", snapshot("due", 6)) // true up to 7, though it was read at 6
	late.subscribe("roles:altro")
	late.expect("snapshot", "roles:altro", "0", "")
	h.say("list_roles", func(proto.Message) (proto.Message, error) { return &apiv1.ListRolesResponse{Rules: "roles/1"}, nil })
	h.announce("altro", "orari", 8) // another workspace
	h.announce("dsm", "altro", 9)   // another initiative
	late.expect("patch", "roles:altro", "9", "")
	if asked := h.last("get_session"); asked > 7 {
		t.Errorf("it was read for sequence %d: changes elsewhere are not its own", asked)
	}
	h.session("tre", 10)
	h.announce("dsm", "orari", 10)
	s.expect("patch", room, "10", patch("tre", 10))
}

func TestEveryTopicShowsTheAnswerToItsQuestion(t *testing.T) {
	h := open(t)
	documents := map[string]string{}
	for _, topic := range apidoc.Topics {
		documents[topic.Word] = topic.Message
	}
	if d := cmp.Diff(documents, gateway.Kinds()); d != "" {
		t.Errorf("the documents of the API say (-docs +served):\n%s", d)
	}
	s := h.dial()
	for topic, subject := range map[string]string{"initiative:orari": "get_initiative", "session:orari:s": "get_session", "decision:orari:s:d": "get_decision", "roles:orari": "list_roles"} {
		s.subscribe(topic)
		if what, to, _, _ := s.hear(); what != "snapshot" || to != topic {
			t.Errorf("%s: %s of %s", topic, what, to)
		}
		_, id, _ := strings.Cut(topic, ":")
		if q := fmt.Sprint(h.asked[subject][0]); !strings.Contains(q, id) || !strings.Contains(q, "dsm") {
			t.Errorf("%s: asked %s", topic, q)
		}
	}
}

func TestWhoComesBackGetsOnlyWhatWasMissed(t *testing.T) {
	h := open(t)
	h.seats = 50 // a document larger than what changes in it
	h.session("uno", 5)
	stays := h.dial()
	stays.subscribe(room)
	stays.expect("snapshot", room, "5", "")
	proven := 2 // readings: each version is read twice
	eventually(t, "version 5 is proven", func() bool { return h.times("get_session") == proven })
	for i, title := range []string{"due", "tre"} {
		h.session(title, uint64(10*(i+1)))
		h.announce("dsm", "orari", uint64(10*(i+1)))
		stays.expect("patch", room, fmt.Sprint(10*(i+1)), "")
		proven += 2
		eventually(t, "the next version is proven", func() bool { return h.times("get_session") == proven })
	}
	h.session("tre", 25)
	h.announce("dsm", "orari", 25)
	eventually(t, "sequence 25 is known", func() bool {
		s := h.dial()
		s.subscribe(room)
		_, _, sequence, _ := s.hear()
		return sequence == "25"
	})
	before := h.times("get_session")
	for since, want := range map[string][]string{
		"25": {"current 25"}, "22": {"current 25"}, "20": {"current 25"},
		"10": {"patch 20"},
		"5":  {"patch 10", "patch 20"},
		"7":  {"snapshot 25"}, // between two readings: a state that was never seen here
		"15": {"snapshot 25"}, "4": {"snapshot 25"}, "26": {"snapshot 25"}, "": {"snapshot 25"}, "0": {"snapshot 25"},
		"18446744073709551615": {"snapshot 25"},
	} {
		s := h.dial()
		s.subscribe(room, since)
		for _, w := range want {
			if what, _, sequence, _ := s.hear(); what+" "+sequence != w {
				t.Errorf("since %q: %s %s, want %s", since, what, sequence, w)
			}
		}
	}
	if n := h.times("get_session"); n != before {
		t.Errorf("read %d times more; who comes back costs no reading", n-before)
	}
	stays.expectNothingBut(h)
}

// expectNothingBut checks that nothing was pushed: the next thing heard is the next change.
func (s *seat) expectNothingBut(h *house) {
	s.t.Helper()
	h.session("fine", 1000)
	h.announce("dsm", "orari", 1000)
	s.expect("patch", room, "1000", patch("fine", 1000))
}

func TestAChangeIsReadOnceForTheWholeRoom(t *testing.T) {
	h := open(t)
	h.session("uno", 5)
	var seats []*seat
	for range 40 {
		s := h.dial()
		s.subscribe(room)
		s.expect("snapshot", room, "5", "")
		seats = append(seats, s)
	}
	h.session("due", 6)
	h.announce("dsm", "orari", 6)
	for _, s := range seats {
		s.expect("patch", room, "6", patch("due", 6))
	}
	if n := h.times("get_session"); n > 4 {
		t.Errorf("read %d times for 40 clients and one change, want twice each version at most", n)
	}
}

func TestABurstOfChangesBecomesOnePush(t *testing.T) {
	h := open(t, gateway.Pause(2*time.Second))
	h.session("uno", 1)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "1", "")
	for i := range 100 { // each heard before the next
		h.session(fmt.Sprint(i), uint64(i+2))
		h.announce("dsm", "orari", uint64(i+2))
		if err := errors.Join(h.views.Flush(), h.gateway.Heard()); err != nil {
			t.Fatal(err)
		}
	}
	s.expect("patch", room, "101", patch("99", 101))
	if n := h.times("get_session"); n != 2 {
		t.Errorf("read %d times, want once more for the whole burst", n)
	}
}

func TestASlowClientIsClosedWithACursorAndTheOthersGoOn(t *testing.T) {
	h := open(t, gateway.Pause(0))
	title := func(i uint64) string { return fmt.Sprint(i) + strings.Repeat("x", 200<<10) }
	h.session(title(1), 1)
	slow, quick := h.dial(), h.dial()
	if err := slow.conn.NetConn().(*net.TCPConn).SetReadBuffer(128 << 10); err != nil { // so that it is soon felt that it does not read
		t.Fatal(err)
	}
	slow.subscribe(room)
	slow.expect("snapshot", room, "1", "")
	quick.subscribe(room)
	quick.expect("snapshot", room, "1", "")
	sequence := uint64(1)
	for frames := 0; h.gateway.Seated() == 2 && sequence < 500; frames++ {
		sequence++
		h.session(title(sequence), sequence)
		h.announce("dsm", "orari", sequence)
		quick.expect("patch", room, fmt.Sprint(sequence), "")
		if h.gateway.Ended() > 0 {
			break
		}
	}
	last := "1"
	if err := slow.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for {
		_, raw, err := slow.conn.ReadMessage()
		var end *websocket.CloseError
		if errors.As(err, &end) {
			if want := "resume " + room + " " + last; end.Code != 4000 || end.Text != want {
				t.Errorf("closed with %d %q, want 4000 %q", end.Code, end.Text, want)
			}
			break
		}
		if err != nil {
			t.Fatalf("ended without a close frame: %v", err)
		}
		var m gateway.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		last = m["patch"].Sequence
	}
	if last == fmt.Sprint(sequence) {
		t.Error("the slow client got everything: it was not slow")
	}
	again := h.dial()
	again.subscribe(room, last)
	if _, _, seq, _ := again.hear(); seq == last {
		t.Error("the cursor leads nowhere")
	}
}

func TestADocumentThatCannotBeReadIsToldOnceAndRecovers(t *testing.T) {
	h := open(t, gateway.Again(20*time.Millisecond))
	h.session("uno", 5)
	s := h.dial("Accept-Language", "en")
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	h.refuse("get_session", "bus/unavailable", "service", "views")
	h.announce("dsm", "orari", 6)
	what, topic, code, says := s.hear()
	if what != "error" || topic != room || code != "gateway/behind" || says != "en: gateway/behind cause=bus/unavailable" {
		t.Fatalf("heard %s of %s: %s %s", what, topic, code, says)
	}
	eventually(t, "it is tried again", func() bool { return h.times("get_session") > 4 })
	late := h.dial()
	late.subscribe(room)
	if what, _, code, _ := late.hear(); what != "error" || code != "bus/unavailable" {
		t.Errorf("who comes now hears %s %s, want the refusal", what, code)
	}
	h.session("uno", 6)
	s.expect("current", room, "6", "")
	h.session("due", 7)
	h.announce("dsm", "orari", 7)
	s.expect("patch", room, "7", patch("due", 7))
}

func TestADocumentThatDoesNotExistIsRefusedAndTakesNoPlace(t *testing.T) {
	h := open(t, gateway.Frames(1000, 1000))
	h.refuse("get_decision", "decision/unknown", "decision", "orari:s:no")
	s := h.dial()
	for i := range 35 { // more than the 32 places
		topic := fmt.Sprintf("decision:orari:s:no%d", i)
		s.subscribe(topic)
		s.expect("error", topic, "decision/unknown", "")
	}
	eventually(t, "nothing is kept of them", func() bool { return h.gateway.Topics() == 0 })
}

func TestASocketHas32Places(t *testing.T) {
	h := open(t)
	s := h.dial()
	for i := range 32 {
		s.subscribe(fmt.Sprintf("session:orari:s%d", i))
		s.hear()
	}
	s.subscribe("session:orari:other")
	s.expect("error", "session:orari:other", "gateway/too-many-subscriptions", "")
	s.subscribe("session:orari:s0") // one that it has already
	if what, _, _, _ := s.hear(); what != "snapshot" {
		t.Errorf("subscribing again: %s", what)
	}
	s.say(`{"unsubscribe":{"workspace":"dsm","topic":"session:orari:s0"}}`)
	s.subscribe("session:orari:other")
	if what, _, _, _ := s.hear(); what != "snapshot" {
		t.Errorf("after giving a place back: %s", what)
	}
}

func TestWhoUnsubscribesHearsNoMore(t *testing.T) {
	h := open(t)
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	s.say(`{"unsubscribe":{"workspace":"dsm","topic":"` + room + `"}}`)
	s.subscribe("roles:orari") // answered after the unsubscription was heard
	s.expect("snapshot", "roles:orari", "0", "")
	h.session("due", 6)
	h.announce("dsm", "orari", 6)
	h.say("list_roles", func(proto.Message) (proto.Message, error) { return &apiv1.ListRolesResponse{Rules: "roles/1"}, nil })
	h.announce("dsm", "orari", 7)
	s.expect("patch", "roles:orari", "7", `{"rules":"roles/1"}`)
}

func TestADocumentWithoutASequenceIsAlwaysSentWhole(t *testing.T) {
	h := open(t)
	h.say("list_roles", func(proto.Message) (proto.Message, error) { return &apiv1.ListRolesResponse{Rules: "roles/1"}, nil })
	stays := h.dial()
	stays.subscribe("roles:orari")
	stays.expect("snapshot", "roles:orari", "0", "")
	h.announce("dsm", "orari", 7)
	eventually(t, "it is read again", func() bool { return h.times("list_roles") == 2 })
	s := h.dial()
	s.subscribe("roles:orari", "7")
	if what, _, _, _ := s.hear(); what != "snapshot" {
		t.Errorf("heard %s; its sequence says nothing certain, so it must be sent whole", what)
	}
}

func TestWhatChangesWithoutACommitIsPushed(t *testing.T) {
	h := open(t, gateway.Look(50*time.Millisecond))
	h.seats = 50
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	eventually(t, "version 5 is proven", func() bool { return h.times("get_session") == 2 })
	h.session("scaduto", 5) // nothing is announced: a deadline passed, or an announcement was lost
	s.expect("patch", room, "5", `{"session":{"title":"scaduto"}}`)
	back := h.dial()
	back.subscribe(room, "5") // it may have either version, and after this it has the later one
	back.expect("patch", room, "5", `{"session":{"title":"scaduto"}}`)
}

// An answer of the views shows at least the commit that it names. Here it names 5 and shows already what commit 6 says, as one read while a commit
// comes in does; a client that saw 5 and only 5 must not be told that it is current.
func TestOneReadingProvesNoSequence(t *testing.T) {
	h := open(t)
	reads := 0
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		reads++
		v := &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "orari:s", Title: "sei"}, Sequence: 6}
		if reads == 1 {
			v.Sequence = 5
		}
		return v, nil
	})
	s := h.dial()
	s.subscribe(room, "5") // it has what was there at 5, by another way
	s.expect("snapshot", room, "6", snapshot("sei", 5))
}

func TestWhoComesBackWaitsForTheProofAndIsSparedTheDocument(t *testing.T) {
	h := open(t, gateway.Pause(200*time.Millisecond))
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "") // read once so far
	s.subscribe(room, "5")
	s.expect("current", room, "5", "")
}

func TestOnlyWhatADocumentSaysIsAChange(t *testing.T) {
	h := open(t)
	show := func(sequence uint64, role string, said uint64) {
		h.say("get_session", func(proto.Message) (proto.Message, error) {
			return &apiv1.SessionView{Sequence: sequence, Items: []*apiv1.ItemView{{
				Decisions:     []*apiv1.DecisionView{{Id: "orari:s:d", Item: role, Sequence: sequence}},
				Contributions: []*apiv1.ContributionView{{Number: 1, Sequence: said}},
			}}}, nil
		})
	}
	show(5, "i", 3)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	show(6, "i", 3) // the decision within was read later and says the same
	h.announce("dsm", "orari", 6)
	eventually(t, "it is read", func() bool { return h.last("get_session") >= 6 })
	show(7, "i", 4) // the sequence of a contribution is evidence
	h.announce("dsm", "orari", 7)
	s.expect("patch", room, "7", "")
}

func TestARecordThatWentBackIsShownAfterASecondLook(t *testing.T) {
	h := open(t, gateway.Again(20*time.Millisecond))
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	h.session("prima", 3)
	h.announce("dsm", "orari", 6)
	s.expect("snapshot", room, "3", snapshot("prima", 3))
	if n := h.times("get_session"); n < 3 {
		t.Errorf("believed after %d readings, want a second look", n-1)
	}
}

func TestAfterTheBusWasAwayEverythingIsLookedAtAgain(t *testing.T) {
	h := open(t)
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	h.session("nel frattempo", 6) // its announcement was lost
	if err := h.gateway.LoseTheBus(); err != nil {
		t.Fatal(err)
	}
	s.expect("patch", room, "6", patch("nel frattempo", 6))
}

func TestADocumentThatNobodyLooksAtIsForgottenAfterAWhile(t *testing.T) {
	h := open(t, gateway.Look(10*time.Millisecond), gateway.Linger(50*time.Millisecond))
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	if h.gateway.Topics() != 1 {
		t.Errorf("%d documents, want the one that is looked at", h.gateway.Topics())
	}
	if err := s.conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the socket is gone", func() bool { return h.gateway.Seated() == 0 })
	eventually(t, "the document is forgotten", func() bool { return h.gateway.Topics() == 0 })
	n := h.times("get_session")
	h.announce("dsm", "orari", 6)
	again := h.dial()
	again.subscribe(room, "5")
	again.expect("current", room, "5", "")
	if h.times("get_session") != n+2 {
		t.Errorf("read %d times, want twice for who came back", h.times("get_session")-n)
	}
}

func TestALingeringDocumentIsBroughtUpToDateForWhoComesBack(t *testing.T) {
	h := open(t)
	h.seats = 50
	h.session("uno", 5)
	s := h.dial()
	s.subscribe(room)
	s.expect("snapshot", room, "5", "")
	eventually(t, "version 5 is proven", func() bool { return h.times("get_session") == 2 })
	if err := s.conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the socket is gone", func() bool { return h.gateway.Seated() == 0 })
	h.session("due", 6)
	h.announce("dsm", "orari", 6)
	eventually(t, "the announcement has been heard", func() bool { return h.gateway.Stale() == 1 })
	again := h.dial()
	again.subscribe(room, "5")
	again.expect("patch", room, "6", patch("due", 6))
}

func TestStoppingSaysGoodbye(t *testing.T) {
	h := open(t)
	s := h.dial()
	s.subscribe("roles:orari")
	s.hear()
	stopped := make(chan error, 1)
	go func() { stopped <- h.gateway.Stop(context.Background()) }()
	if code, _ := s.closed(); code != websocket.CloseGoingAway {
		t.Errorf("closed with %d, want %d", code, websocket.CloseGoingAway)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStoppingDoesNotWaitForWhoDoesNotAnswer(t *testing.T) {
	h := open(t, gateway.Goodbye(time.Hour))
	h.dial() // never reads
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	stopped := make(chan struct{})
	go func() { _ = h.gateway.Stop(ctx); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(time.Minute):
		t.Fatal("it waits for the answer to its goodbye")
	}
}

func TestAPanicOverOneDocumentEndsNothingElse(t *testing.T) {
	h := open(t)
	h.say("get_session", func(proto.Message) (proto.Message, error) { return nil, decider.Refuse("panic/please") })
	bad, good := h.dial(), h.dial()
	bad.subscribe(room)
	what, _, code, _ := bad.hear()
	if what != "error" || code != "gateway/internal" {
		t.Errorf("heard %s %s", what, code)
	}
	good.subscribe("roles:orari")
	good.expect("snapshot", "roles:orari", "0", "")
	if !strings.Contains(h.logged.String(), "panicked") {
		t.Error("the log does not say so")
	}
}
