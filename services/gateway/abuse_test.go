package gateway_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tavolo/services/gateway"
)

// The abuse cases of the live room: frames as a hostile client sends them, byte by byte.

// Opcodes and bits of RFC 6455 section 5.2.
const (
	fin, rsv1                   = 0x80, 0x40
	more, text, bin, ping, pong = 0x0, 0x1, 0x2, 0x9, 0xa
	reserved                    = 0x3
)

// rawFrame makes a frame, masked as a client must unless naked.
func rawFrame(first byte, payload string, naked bool) []byte {
	b := []byte{first}
	mask := byte(0x80)
	if naked {
		mask = 0
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !naked {
		b = append(b, 0, 0, 0, 0) // a mask of zeros leaves the payload readable
	}
	return append(b, payload...)
}

func frames(of ...[]byte) (all []byte) {
	for _, f := range of {
		all = append(all, f...)
	}
	return all
}

func repeated(n int, f []byte) []byte { return []byte(strings.Repeat(string(f), n)) }

func TestHostileFramesEndTheSocketAndNothingElse(t *testing.T) {
	h := open(t)
	good := h.dial()
	for _, c := range []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"a message over 16 KiB", rawFrame(fin|text, strings.Repeat("a", 16<<10+1), false), websocket.CloseMessageTooBig},
		{"a message of 8 MiB", rawFrame(fin|text, strings.Repeat("\x00", 8<<20), false), websocket.CloseMessageTooBig},
		{"a length that never comes", []byte{fin | text, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, websocket.CloseMessageTooBig},
		{"fragments that add up to too much", frames(rawFrame(text, strings.Repeat("a", 9<<10), false), rawFrame(more, strings.Repeat("a", 9<<10), false)), websocket.CloseMessageTooBig},
		{"100,000 fragments of a byte", frames(rawFrame(text, "a", false), repeated(100_000, rawFrame(more, "a", false))), websocket.CloseMessageTooBig},
		{"bytes that are no text", rawFrame(fin|text, "{\"subscribe\":\"\xff\xfe\"}", false), websocket.CloseInvalidFramePayloadData},
		{"a binary message", rawFrame(fin|bin, "{}", false), websocket.CloseUnsupportedData},
		{"an unmasked frame", rawFrame(fin|text, "{}", true), websocket.CloseProtocolError},
		{"packed data that was not agreed on", rawFrame(fin|rsv1|text, "{}", false), websocket.CloseProtocolError},
		{"a reserved opcode", rawFrame(fin|reserved, "{}", false), websocket.CloseProtocolError},
		{"a fragment of nothing", rawFrame(fin|more, "{}", false), websocket.CloseProtocolError},
		{"a message within a message", frames(rawFrame(text, "a", false), rawFrame(fin|text, "b", false)), websocket.CloseProtocolError},
		{"a long ping", rawFrame(fin|ping, strings.Repeat("a", 126), false), websocket.CloseProtocolError},
		{"half a ping", rawFrame(ping, "a", false), websocket.CloseProtocolError},
		{"a flood of pings", repeated(200, rawFrame(fin|ping, "a", false)), websocket.ClosePolicyViolation},
		{"a flood of pongs", repeated(200, rawFrame(fin|pong, "a", false)), websocket.ClosePolicyViolation},
		{"a flood of messages", repeated(200, rawFrame(fin|text, "{}", false)), websocket.ClosePolicyViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := h.dial()
			s.t = t
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = s.conn.NetConn().Write(c.bytes) // the gateway may hang up before it has all
			}()
			if code, _ := s.closed(); code != c.code {
				t.Errorf("closed with %d, want %d", code, c.code)
			}
			_ = s.conn.Close()
			<-sent
		})
	}
	good.subscribe("roles:orari")
	good.expect("snapshot", "roles:orari", "0", "")
	_ = good.conn.Close()
	eventually(t, "all are gone", func() bool { return h.gateway.Seated() == 0 })
}

// A connection that is closed while the client's bytes lie unread is reset, and a reset can take the reason with it.
func TestWhoIsClosedForAnErrorCanReadWhy(t *testing.T) {
	h := open(t)
	s := h.dial()
	if _, err := s.conn.NetConn().Write(rawFrame(fin|text, strings.Repeat("a", 500<<10), false)); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.NetConn().SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	frame, err := io.ReadAll(s.conn.NetConn()) // not through the library: its answer to the close frame would swallow a reset
	if err != nil || len(frame) < 4 || frame[0] != 0x88 || binary.BigEndian.Uint16(frame[2:]) != websocket.CloseMessageTooBig {
		t.Errorf("%x, %v; want a close frame with 1009, the end, and no reset", frame, err)
	}
}

func TestWhatIsNotAWishIsAnsweredAndTheSocketStays(t *testing.T) {
	h := open(t)
	s := h.dial("Accept-Language", "en")
	for _, m := range []string{
		``, `{}`, `null`, `[]`, `7`, `"subscribe"`, `{"subscribe":null}`, `{"subscribe":{}}`, `{"hello":{}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari"},"unsubscribe":{"workspace":"dsm","topic":"roles:orari"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari","sinc":"1"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari","since":"-1"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari","since":"18446744073709551616"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari","since":7}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari"}} {}`,
		`{"subscribe":{"workspace":"","topic":"roles:orari"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:` + strings.Repeat("a", 300) + `"}}`,
		strings.Repeat(`{"subscribe":`, 1000),
	} {
		s.say(m)
		if what, _, code, says := s.hear(); what != "error" || code != "gateway/message" || says != "en: gateway/message" {
			t.Errorf("%.60s: %s %s %s", m, what, code, says)
		}
	}
	for _, topic := range []string{"session", "session:", ":orari", "sessions:orari:s", "roles::x", ">", "changed.dsm.>"} {
		s.say(`{"subscribe":{"workspace":"dsm","topic":"` + topic + `"}}`)
		if what, to, code, _ := s.hear(); what != "error" || code != "gateway/topic" || to != topic {
			t.Errorf("%q: %s %s", topic, what, code)
		}
	}
	s.subscribe("roles:orari")
	s.expect("snapshot", "roles:orari", "0", "")
}

// TestWhoMayOpenASocket is the table of cross-site WebSocket hijacking: only a page of ours, and programs of this machine.
func TestWhoMayOpenASocket(t *testing.T) {
	h := open(t)
	here := h.gateway.Addr()
	for _, c := range []struct {
		name, code string
		headers    []string
	}{
		{"a program", "", nil},
		{"our page", "", []string{"Origin", "http://" + here}},
		{"our page in a new browser", "", []string{"Origin", "http://" + here, "Sec-Fetch-Site", "same-origin"}},
		{"no origin", "gateway/cross-origin", []string{"Origin", "null"}},
		{"an empty origin", "gateway/cross-origin", []string{"Origin", ""}},
		{"another site", "gateway/cross-origin", []string{"Origin", "https://evil.example"}},
		{"a name that begins like ours", "gateway/cross-origin", []string{"Origin", "http://" + here + ".evil.example"}},
		{"a name that ends like ours", "gateway/cross-origin", []string{"Origin", "http://evil-" + here}},
		{"another port", "gateway/cross-origin", []string{"Origin", "http://127.0.0.1:1"}},
		{"no port", "gateway/cross-origin", []string{"Origin", "http://127.0.0.1"}},
		{"another scheme", "gateway/cross-origin", []string{"Origin", "https://" + here}},
		{"ours as somebody's name", "gateway/cross-origin", []string{"Origin", "http://" + here + "@evil.example"}},
		{"another site that says ours", "gateway/cross-origin", []string{"Origin", "http://" + here, "Sec-Fetch-Site", "cross-site"}},
		{"a name that points here", "gateway/wrong-host", []string{"Host", "evil.example", "Origin", "http://evil.example"}},
	} {
		headers := append([]string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Extensions", "permessage-deflate"}, c.headers...)
		status, header := h.handshake(headers)
		if got := header.Get("Tavolo-Code"); got != c.code || (status == http.StatusSwitchingProtocols) != (c.code == "") {
			t.Errorf("%s: %d %q, want %q", c.name, status, got, c.code)
		}
		if got := header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("%s: %q was agreed on; packed messages would get round the limit", c.name, got)
		}
	}
	if r := h.do(http.MethodGet, "/v1/live", ""); r.status != http.StatusUpgradeRequired || code(t, r) != "gateway/not-a-socket" {
		t.Errorf("a plain request: %d %s", r.status, r.body)
	}
}

// handshake sends an upgrade request and hangs up.
func (h *house) handshake(headers []string) (int, http.Header) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url("/v1/live"), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header[http.CanonicalHeaderKey(headers[i])] = []string{headers[i+1]}
	}
	as(r.Header)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header
}

func TestSocketsAreBounded(t *testing.T) {
	h := open(t, gateway.Sockets(3))
	var seats []*seat
	for range 3 {
		seats = append(seats, h.dial())
	}
	_, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", http.Header{"Authorization": {"Bearer " + operator}})
	if err == nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Tavolo-Code") != "gateway/busy" {
		t.Errorf("the fourth: %v", answer)
	}
	_ = seats[0].conn.Close()
	eventually(t, "a place is free", func() bool { return h.gateway.Seated() == 2 })
	eventually(t, "the next is let in", func() bool {
		conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", http.Header{"Authorization": {"Bearer " + operator}})
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return conn.Close() == nil
	})
}

// Two tabs and a projector are one device's; another device is not shut out by them, and neither are the operator's programs.
func TestSocketsOfADeviceAreBounded(t *testing.T) {
	h := open(t, gateway.SocketsAt(3))
	dial := func(headers []string) (*websocket.Conn, string) {
		t.Helper()
		header := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		as(header)
		conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", header)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn, ""
		}
		if answer == nil || answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("%v %v", answer, err)
		}
		return nil, answer.Header.Get("Tavolo-Code")
	}
	giulia, anna := h.signIn("giulia", in(facilitate, "g")), h.signIn("anna", in(takePart, "a"))
	var seats []*websocket.Conn
	for i := range 3 {
		conn, code := dial(giulia)
		if code != "" {
			t.Fatalf("socket %d: %s", i+1, code)
		}
		seats = append(seats, conn)
	}
	if _, code := dial(giulia); code != "gateway/too-many-sockets" {
		t.Errorf("the fourth: %q", code)
	}
	for range 4 {
		if _, code := dial(nil); code != "" {
			t.Errorf("a program: %s", code)
		}
	}
	if _, code := dial(anna); code != "" {
		t.Errorf("another device: %s", code)
	}
	_ = seats[0].Close()
	eventually(t, "a place is free at the device", func() bool { _, code := dial(giulia); return code == "" })
}

func TestASocketThatIsSilentIsClosed(t *testing.T) {
	h := open(t, gateway.PingPong(100*time.Millisecond, time.Second))
	silent, alive := h.dial(), h.dial()
	pinged := make(chan struct{}, 100)
	alive.conn.SetPingHandler(func(data string) error {
		pinged <- struct{}{}
		return alive.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Minute))
	})
	listening := make(chan error, 1)
	go func() {
		_, _, err := alive.conn.ReadMessage() // answers pings
		listening <- err
	}()
	silent.conn.SetPingHandler(func(string) error { return nil })
	eventually(t, "the silent one is gone and the other is not", func() bool { return h.gateway.Seated() == 1 })
	for range 20 { // twice as long as a silent one is waited for
		<-pinged
	}
	select {
	case err := <-listening:
		t.Errorf("the one that answers was closed: %v", err)
	default:
	}
	_ = alive.conn.Close()
	<-listening
}
