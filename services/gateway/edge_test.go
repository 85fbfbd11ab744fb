package gateway_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	"tavolo/services/gateway"
)

func TestItListensOnThisMachineOnly(t *testing.T) {
	h := open(t)
	for address, want := range map[string]string{
		"0.0.0.0:0": "gateway/loopback-only", ":0": "gateway/loopback-only", "[::]:0": "gateway/loopback-only", "192.0.2.1:80": "gateway/loopback-only",
		"example.org:80": "gateway/loopback-only", "127.0.0.1.example.org:80": "gateway/loopback-only", "127.0.0.1": "gateway/listen", "": "gateway/listen",
		h.gateway.Addr(): "gateway/listen",
	} {
		g, err := gateway.Start(gateway.Options{Conn: h.connect("gateway"), Listen: address, Sentence: sentence})
		if decider.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
		if g != nil {
			_ = g.Stop(t.Context())
		}
	}
	for _, address := range []string{"localhost:0", "127.0.0.1:0", "127.9.9.9:0"} {
		g, err := gateway.Start(gateway.Options{Conn: h.connect("gateway"), Listen: address, Sentence: sentence})
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if err := g.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := g.Stop(t.Context()); err != nil {
			t.Errorf("stopping twice: %v", err)
		}
	}
}

// TestWhereARequestComesFrom is the table of who is let in: pages of ours and programs of this machine, and no page of anybody else's.
func TestWhereARequestComesFrom(t *testing.T) {
	h := open(t)
	here := h.gateway.Addr()
	_, port, _ := net.SplitHostPort(here)
	for _, c := range []struct {
		name, code string
		headers    []string
	}{
		{"a program", "", nil},
		{"our page", "", []string{"Origin", "http://" + here, "Sec-Fetch-Site", "same-origin"}},
		{"our page in an old browser", "", []string{"Origin", "http://" + here}},
		{"our page under localhost", "", []string{"Host", "localhost:" + port, "Origin", "http://localhost:" + port}},
		{"an address typed by the reader", "", []string{"Sec-Fetch-Site", "none"}},
		{"another site", "gateway/cross-origin", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}},
		{"another site in an old browser", "gateway/cross-origin", []string{"Origin", "https://evil.example"}},
		{"a site that says nothing", "gateway/cross-origin", []string{"Sec-Fetch-Site", "cross-site"}},
		{"a sibling site", "gateway/cross-origin", []string{"Sec-Fetch-Site", "same-site"}},
		{"a page without an origin", "gateway/cross-origin", []string{"Origin", "null"}},
		{"a name that begins like ours", "gateway/cross-origin", []string{"Origin", "http://" + here + ".evil.example"}},
		{"another port", "gateway/cross-origin", []string{"Origin", "http://127.0.0.1:1"}},
		{"a name that points here", "gateway/wrong-host", []string{"Host", "evil.example:" + port, "Origin", "http://evil.example:" + port, "Sec-Fetch-Site", "same-origin"}},
		{"a name with ours in it", "gateway/wrong-host", []string{"Host", "127.0.0.1.evil.example"}},
		{"another machine's address", "gateway/wrong-host", []string{"Host", "192.0.2.1:" + port}},
	} {
		h.mu.Lock()
		before := len(h.commands)
		h.mu.Unlock()
		r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, c.headers...)
		if got := r.header.Get("Tavolo-Code"); got != c.code {
			t.Errorf("%s: %d %q, want %q", c.name, r.status, got, c.code)
		}
		if through := len(h.commands) > before; through != (c.code == "") {
			t.Errorf("%s: reached the ledger: %v", c.name, through)
		}
	}
}

func TestWhatIsNotAskedInTheRightFormIsRefused(t *testing.T) {
	h := open(t)
	path := "/tavolo.api.v1.SessionService/OpenSession"
	body := `{"workspace":"dsm","session":"orari:s"}`
	for _, c := range []struct {
		name, method, path, contentType, code string
		status                                int
	}{
		{"a form", "POST", path, "application/x-www-form-urlencoded", "gateway/content-type", 415},
		{"JSON as text, as a page elsewhere could send it", "POST", path, "text/plain", "gateway/content-type", 415},
		{"no content type", "POST", path, "", "gateway/content-type", 415},
		{"another character set", "POST", path, "application/json; charset=latin1", "gateway/content-type", 415},
		{"gRPC", "POST", path, "application/grpc", "gateway/content-type", 415},
		{"gRPC-web", "POST", path, "application/grpc-web+json", "gateway/content-type", 415},
		{"a command by GET", "GET", path, "application/json", "gateway/method-not-allowed", 405},
		{"a command by PUT", "PUT", path, "application/json", "gateway/method-not-allowed", 405},
		{"a question by DELETE", "DELETE", "/tavolo.api.v1.RoleService/Why", "application/json", "gateway/method-not-allowed", 405},
		{"a method that is not there", "POST", "/tavolo.api.v1.SessionService/Nothing", "application/json", "gateway/not-found", 404},
		{"an address that is not there", "GET", "/v1/nothing", "", "gateway/not-found", 404},
		{"writing to an address", "POST", "/v1/workspaces", "application/json", "gateway/not-found", 404},
		{"no page", "GET", "/", "", "gateway/not-found", 404},
	} {
		r := h.do(c.method, c.path, body, "Content-Type", c.contentType)
		if r.status != c.status || code(t, r) != c.code {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	if r := h.post("SessionService/OpenSession", body, "Content-Encoding", "br"); r.status < 400 {
		t.Errorf("an unknown packing: %d %s", r.status, r.body)
	}
	if r := h.do("POST", path, body, "Content-Type", "application/json; charset=UTF-8"); r.status != 200 {
		t.Errorf("JSON with its character set: %d %s", r.status, r.body)
	}
	if len(h.commands) != 1 {
		t.Errorf("%d commands reached the ledger, want the last alone", len(h.commands))
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/room.js" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		_, _ = io.WriteString(w, "web "+r.URL.Path)
	})
	h := openWith(t, gateway.Options{Web: web})
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": "", "Access-Control-Allow-Origin": "",
	}
	for _, path := range []string{"/", "/docs", "/docs.css", "/openapi.json", "/livez", "/version", "/v1/workspaces", "/v1/nothing", "/tavolo.api.v1.No/No", "/v1/live"} {
		r := h.do(http.MethodGet, path, "")
		for name, value := range want {
			if got := r.header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", path, name, got, value)
			}
		}
	}
	if r := h.do(http.MethodGet, "/room.js", ""); r.body != "web /room.js" || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
		t.Errorf("the client's own file: %q %q", r.body, r.header.Get("Cache-Control"))
	}
	if r := h.do(http.MethodGet, "/tavolo.api.v1.No/No", ""); r.status != http.StatusNotFound || strings.Contains(r.body, "web") {
		t.Errorf("a misspelt method is answered with a page: %s", r.body)
	}
}

func TestStrictTransportIsSaidOverTLSOnly(t *testing.T) {
	h := open(t)
	s := httptest.NewTLSServer(h.gateway.Handler())
	defer s.Close()
	answer, err := s.Client().Get(s.URL + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := answer.Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
		t.Errorf("%q", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	imported := 0
	h := openWith(t, gateway.Options{Import: func(_ context.Context, _ string, file []byte, _ gateway.ImportPermit) (*commandv1.Receipt, error) {
		imported = len(file)
		return &commandv1.Receipt{}, nil
	}})
	long := func(n int) string {
		return `{"workspace":"dsm","item":"orari:i","reason":{"clear":"` + strings.Repeat("a", n) + `"}}`
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if r := h.post("ItemService/RefuseItem", long(60<<10)); r.status != http.StatusOK {
		t.Errorf("60 KiB: %d %s", r.status, r.body)
	}
	if r := h.post("ItemService/RefuseItem", long(64<<10)); r.status != http.StatusRequestEntityTooLarge || code(t, r) != "gateway/too-large" {
		t.Errorf("64 KiB and a little: %d %s", r.status, r.body)
	}
	chunked, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url("/tavolo.api.v1.ItemService/RefuseItem"), io.MultiReader(strings.NewReader(long(1<<20))))
	if err != nil {
		t.Fatal(err)
	}
	chunked.Header.Set("Content-Type", "application/json")
	as(chunked.Header)
	if answer, err := http.DefaultClient.Do(chunked); err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("1 MiB in chunks: %v %v", answer, err)
	} else {
		_ = answer.Body.Close()
	}
	if r := h.post("ItemService/RefuseItem", bomb.String(), "Content-Encoding", "gzip"); r.status != http.StatusTooManyRequests || len(h.commands) != 1 {
		t.Errorf("64 MiB packed into %d bytes: %d %s", bomb.Len(), r.status, r.body)
	}
	file := base64.StdEncoding.EncodeToString(make([]byte, 10<<20))
	if r := h.post("MinutesService/ImportMinutes", `{"name":"a","file":"`+file+`"}`); r.status != http.StatusOK || imported != 10<<20 {
		t.Errorf("an import of 10 MiB: %d %s, %d bytes", r.status, r.body, imported)
	}
	if r := h.do(http.MethodGet, "/tavolo.api.v1.RoleService/Why?encoding=json&message="+strings.Repeat("a", 32<<10), ""); r.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("an address of 32 KiB: %d", r.status)
	}
	if r := h.do(http.MethodGet, "/livez", "", "X-Long", strings.Repeat("a", 1<<20)); r.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 1 MiB: %d", r.status)
	}
}

// raw sends bytes as they are and gives the status line of the answer, "" when the connection was closed without one.
func (h *house) raw(request string) string {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.gateway.Addr())
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		h.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return ""
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line)
}

func TestBadlyFramedRequestsAreNotGuessedAt(t *testing.T) {
	h := open(t, gateway.HeadersWithin(200*time.Millisecond))
	head := "POST /tavolo.api.v1.SessionService/OpenSession HTTP/1.1\r\nHost: " + h.gateway.Addr() + "\r\nContent-Type: application/json\r\n"
	body := `{"workspace":"dsm","session":"orari:s"}`
	for name, request := range map[string]string{
		"two lengths":                 head + "Content-Length: 39\r\nContent-Length: 5\r\n\r\n" + body,
		"a negative length":           head + "Content-Length: -1\r\n\r\n" + body,
		"an endless length":           head + "Content-Length: 99999999999999999999\r\n\r\n" + body,
		"an unknown transfer coding":  head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
		"chunks of no size":           head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body,
		"a line break in a header":    head + "X-A: b\nContent-Length : 39\r\n\r\n" + body,
		"no host":                     "GET /livez HTTP/1.1\r\n\r\n",
		"two hosts":                   "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
		"another protocol altogether": "\x16\x03\x01\x02\x00",
	} {
		if status := h.raw(request); strings.Contains(status, " 2") {
			t.Errorf("%s: %s", name, status)
		}
	}
	if len(h.commands) > 0 {
		t.Errorf("the ledger got %v", h.commands)
	}
}

func TestSlowHeadersAreNotWaitedFor(t *testing.T) {
	h := open(t, gateway.HeadersWithin(200*time.Millisecond))
	conn, err := net.Dial("tcp", h.gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		_, _ = io.Copy(io.Discard, conn)
	}()
	if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	drip, end := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer drip.Stop()
	for {
		select {
		case <-cut:
			return
		case <-drip.C: // one byte at a time keeps it alive for ever, unless the whole is limited
			_, _ = conn.Write([]byte("a"))
		case <-end:
			t.Fatal("the connection is still open")
		}
	}
}

func TestASlowBodyIsNotWaitedFor(t *testing.T) {
	h := open(t, gateway.BodyWithin(50*time.Millisecond))
	head := "POST /tavolo.api.v1.SessionService/OpenSession HTTP/1.1\r\nHost: " + h.gateway.Addr() + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + operator + "\r\nContent-Length: 39\r\n\r\n{"
	if status := h.raw(head); !strings.Contains(status, "408") {
		t.Errorf("half a body: %q", status)
	}
	elsewhere := strings.Replace(head, "/tavolo.api.v1.SessionService/OpenSession", "/v1/nothing", 1)
	if status := h.raw(elsewhere); !strings.Contains(status, "404") {
		t.Errorf("half a body that nobody reads: %q", status)
	}
}

func TestAQuestionThatTakesLongerThanABodyMayIsNotCutOff(t *testing.T) {
	const within = time.Second
	h := open(t, gateway.BodyWithin(within))
	h.say("power", func(proto.Message) (proto.Message, error) {
		<-time.After(within + within/5)
		return &apiv1.PowerResponse{}, nil
	})
	if r := h.post("RoleService/Power", `{}`); r.status != http.StatusOK {
		t.Errorf("a slow answer: %d %s", r.status, r.body)
	}
}

func TestAFloodWaitsOutside(t *testing.T) {
	h := open(t, gateway.InFlight(2))
	holding, release := make(chan struct{}, 2), make(chan struct{})
	h.say("power", func(proto.Message) (proto.Message, error) {
		h.mu.Unlock() // both at once
		defer h.mu.Lock()
		holding <- struct{}{}
		<-release
		return &apiv1.PowerResponse{}, nil
	})
	done := make(chan int, 2)
	for range 2 {
		go func() { done <- h.post("RoleService/Power", `{}`).status }()
	}
	<-holding
	<-holding
	if r := h.post("RoleService/Power", `{}`); r.status != http.StatusServiceUnavailable || code(t, r) != "gateway/busy" || r.header.Get("Retry-After") != "1" {
		t.Errorf("the third: %d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, "/livez", ""); r.status != http.StatusOK {
		t.Errorf("livez while busy: %d", r.status)
	}
	close(release)
	if a, b := <-done, <-done; a != 200 || b != 200 {
		t.Errorf("the first two: %d %d", a, b)
	}
}

func TestOneAddressHasItsAllowance(t *testing.T) {
	h := open(t, gateway.PerAddress(0.001, 3))
	var statuses []int
	for range 4 {
		statuses = append(statuses, h.do(http.MethodGet, "/livez", "").status)
	}
	if !slices.Equal(statuses, []int{200, 200, 200, 429}) {
		t.Errorf("%v", statuses)
	}
}

func TestAddressesAreForgottenBeforeTheyFillTheMemory(t *testing.T) {
	b := gateway.NewBuckets(0.001, 2, 100)
	for i := range 1000 {
		if !b.Allow(fmt.Sprintf("192.0.2.%d:%d", i, i)) {
			t.Fatalf("a new address is refused")
		}
		if b.Remembered() > 100 {
			t.Fatalf("%d addresses are remembered", b.Remembered())
		}
	}
	if !b.Allow("198.51.100.1:1") || !b.Allow("198.51.100.1:2") || b.Allow("198.51.100.1:3") {
		t.Error("one address has two tokens, whatever its ports")
	}
	if !b.Allow("no address") {
		t.Error("an address without a port has a bucket too")
	}
}

func TestNoHeaderOfAClientReachesTheBus(t *testing.T) {
	h := open(t)
	seen := make(chan *nats.Msg, 1)
	spy := h.connect(bus.Ledger)
	if _, err := spy.ChanSubscribe("cmd.*", seen); err != nil {
		t.Fatal(err)
	}
	if err := spy.Flush(); err != nil {
		t.Fatal(err)
	}
	r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, "Nats-Msg-Id", "x", "Nats-Expected-Last-Sequence", "1", "Tavolo-Correlation", "mine", "Tavolo-Args", "{}")
	if r.status != http.StatusOK {
		t.Fatal(r.body)
	}
	m := <-seen
	for name, values := range m.Header {
		if ours := name == "Tavolo-Timeout" || name == "Tavolo-Correlation" && values[0] == r.header.Get("Tavolo-Correlation") && values[0] != "mine"; !ours && name != "Nats-Request-Info" {
			t.Errorf("the bus carries %s: %v", name, values)
		}
	}
}
