package gateway_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway"
)

// A cookie that changes something must say which page it comes from, and that must be one of ours; a question that is typed need not.
func TestACookieComesFromOurPagesOnly(t *testing.T) {
	h := open(t)
	cookie := h.signIn("giulia", in(facilitate, "g"))[:2]
	here := "http://" + h.gateway.Addr()
	for _, c := range []struct {
		name, code string
		headers    []string
	}{
		{"our page", "", []string{"Origin", here}},
		{"our page in a new browser", "", []string{"Origin", here, "Sec-Fetch-Site", "same-origin"}},
		{"another site", "gateway/cross-origin", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}},
		{"another site in an old browser", "gateway/cross-origin", []string{"Origin", "https://evil.example"}},
		{"a page that does not say where it is", "gateway/cross-origin", nil},
		{"a wrong token beside it", "account/token-unknown", []string{"Origin", here, "Authorization", "Bearer x"}},
		{"another kind of authorisation", "account/token-unknown", []string{"Origin", here, "Authorization", "Basic " + operator}},
	} {
		before := len(h.commands)
		r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, slices.Concat(cookie, c.headers)...)
		if got := r.header.Get("Tavolo-Code"); got != c.code || (len(h.commands) > before) != (c.code == "") {
			t.Errorf("%s: %d %q, want %q", c.name, r.status, got, c.code)
		}
	}
	if r := h.do(http.MethodGet, "/v1/workspaces/dsm/initiatives/orari", "", cookie...); r.status != http.StatusOK {
		t.Errorf("an address typed by the reader: %d %s", r.status, r.body)
	}
}

func TestWithoutPeopleNobodyIsLetInAndTheClientIsServed(t *testing.T) {
	web := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("web")) })
	h := openWith(t, gateway.Options{Web: web})
	giulia := h.signIn("giulia", in(facilitate, "g"))
	h.stopPeople()
	if r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, giulia...); r.status != http.StatusServiceUnavailable || code(t, r) != "bus/unavailable" {
		t.Errorf("a command: %d %s", r.status, r.body)
	}
	for _, path := range []string{"/", "/enter", "/livez", "/docs", "/openapi.json"} {
		if r := h.do(http.MethodGet, path, "", slices.Concat(giulia, nobody)...); r.status != http.StatusOK {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestAPublicAddressLetsOthersIn(t *testing.T) {
	h := open(t)
	var logged bytes.Buffer
	serve := func(o gateway.Options) *gateway.Gateway {
		t.Helper()
		o.Conn, o.Sentence, o.OperatorToken, o.Logger = h.connect(bus.Gateway), sentence, operator, slog.New(slog.NewTextHandler(&logged, nil))
		g, err := gateway.Start(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := g.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		return g
	}
	own := h.gateway
	defer func() { h.gateway = own }()
	h.gateway = serve(gateway.Options{Listen: "127.0.0.1:0", PublicURL: "https://Tavolo.example.it/"})
	if logged.Len() > 0 {
		t.Errorf("an encrypted address is warned of: %s", logged.String())
	}
	for host, want := range map[string]string{"tavolo.example.it": "", "TAVOLO.example.it:443": "", h.gateway.Addr(): "", "evil.example": "gateway/wrong-host",
		"tavolo.example.it.evil.example": "gateway/wrong-host", "xtavolo.example.it": "gateway/wrong-host"} {
		if r := h.do(http.MethodGet, "/v1/workspaces", "", "Host", host); r.header.Get("Tavolo-Code") != want {
			t.Errorf("%s: %d %q, want %q", host, r.status, r.header.Get("Tavolo-Code"), want)
		}
	}
	h.signIn("giulia", in(facilitate, "g"))
	for cookie, want := range map[string]int{"__Host-tavolo-device=giulia": 200, "tavolo-device=giulia": 401} { // the plain one could have been planted over http
		if r := h.do(http.MethodGet, "/v1/workspaces", "", "Host", "tavolo.example.it", "Cookie", cookie); r.status != want || r.header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %d, want %d", cookie, r.status, want)
		}
	}
	socket := func(origin string) (int, http.Header) {
		return h.handshake([]string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
			"Host", "tavolo.example.it", "Origin", origin, "Cookie", "__Host-tavolo-device=giulia"})
	}
	if status, _ := socket("https://tavolo.example.it"); status != http.StatusSwitchingProtocols {
		t.Errorf("a socket of the page behind the proxy: %d", status)
	}
	if status, _ := socket("http://tavolo.example.it"); status != http.StatusForbidden {
		t.Errorf("a socket of an unencrypted page: %d", status)
	}
	if g := serve(gateway.Options{Listen: "0.0.0.0:0", PublicURL: "http://tavolo.example.it:8420"}); !strings.Contains(logged.String(), "not encrypted") {
		t.Errorf("no warning for %s: %s", g.Addr(), logged.String())
	}
	for _, bad := range []string{"tavolo.example.it", "ftp://x", "https://", "https://x/path", "https://x?a", "https://a@x", "://"} {
		_, err := gateway.Start(gateway.Options{Conn: h.connect(bus.Gateway), Listen: "127.0.0.1:0", Sentence: sentence, PublicURL: bad})
		if decider.CodeOf(err) != "gateway/public-url" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Behind a proxy each client has its own allowance. What it writes into X-Forwarded-For itself gives it no other.
func TestATrustedProxySaysWhereARequestComesFrom(t *testing.T) {
	for _, c := range []struct {
		name      string
		trusted   []string
		forwarded []string // of two requests
		same      bool     // they count as one address's
	}{
		{"nobody is trusted", nil, []string{"192.0.2.1", "192.0.2.2"}, true},
		{"another machine is trusted", []string{"10.0.0.0/8"}, []string{"192.0.2.1", "192.0.2.2"}, true},
		{"two clients of a trusted proxy", []string{"127.0.0.1"}, []string{"192.0.2.1", "192.0.2.2"}, false},
		{"two ports of one client", []string{"127.0.0.1"}, []string{"192.0.2.1:1234", "192.0.2.1"}, true},
		{"one client that says to be others", []string{"127.0.0.0/8"}, []string{"192.0.2.7, 192.0.2.1", "192.0.2.8, 192.0.2.1"}, true},
		{"two clients behind two proxies", []string{"127.0.0.1", "10.0.0.0/8"}, []string{"192.0.2.1, 10.0.0.9", "192.0.2.2, 10.0.0.9"}, false},
		{"two clients of IPv6", []string{"127.0.0.1"}, []string{"2001:db8::1", "[2001:db8::2]:443"}, false},
		{"a proxy that says nothing that can be read", []string{"127.0.0.1"}, []string{"192.0.2.1, unknown", "192.0.2.2, unknown"}, true},
		{"a proxy that says nothing", []string{"127.0.0.1"}, []string{"", ""}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := openWith(t, gateway.Options{TrustedProxies: c.trusted}, gateway.PerAddress(0.0001, 1))
			var statuses []int
			for _, f := range c.forwarded {
				statuses = append(statuses, h.do(http.MethodGet, "/livez", "", "X-Forwarded-For", f).status)
			}
			if statuses[0] != 200 || (statuses[1] == http.StatusTooManyRequests) != c.same {
				t.Errorf("%v", statuses)
			}
		})
	}
	h := open(t)
	for _, bad := range []string{"", "proxy.example.it", "10.0.0.0/33", "10.0.0"} {
		_, err := gateway.Start(gateway.Options{Conn: h.connect(bus.Gateway), Listen: "127.0.0.1:0", Sentence: sentence, TrustedProxies: []string{bad}})
		if decider.CodeOf(err) != "gateway/trusted-proxy" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestItSpeaksTLSWithACertificateOfItsOwn(t *testing.T) {
	h := open(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := gateway.Start(gateway.Options{Conn: h.connect(bus.Gateway), Listen: "127.0.0.1:0", Sentence: sentence, TLSCert: cert, TLSKey: key}); decider.CodeOf(err) != "gateway/certificate" {
		t.Errorf("without the files: %v", err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: privateDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g, err := gateway.Start(gateway.Options{Conn: h.connect(bus.Gateway), Listen: "127.0.0.1:0", Sentence: sentence, TLSCert: cert, TLSKey: key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Stop(context.Background()) }()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + g.Addr() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}

func TestWhoIsSignedOutIsOutAtOnceAndTheirSocketsToo(t *testing.T) {
	h := open(t)
	h.session("uno", 5)
	anna, giulia := h.signIn("anna", in(takePart, "me")), h.signIn("giulia", in(facilitate, "g"))
	gone, stays := h.dial(anna...), h.dial(giulia...)
	gone.subscribe("session:orari:s")
	gone.expect("snapshot", "session:orari:s", "5", snapshot("uno", 5))
	stays.subscribe("session:orari:s")
	stays.expect("snapshot", "session:orari:s", "5", snapshot("uno", 5))
	h.signOut("anna")
	if code, _ := gone.closed(); code != 4001 {
		t.Errorf("closed with %d, want 4001", code)
	}
	if r := h.do(http.MethodGet, "/v1/workspaces", "", anna...); r.status != http.StatusUnauthorized || code(t, r) != "account/signed-out" {
		t.Errorf("the next request: %d %s", r.status, r.body)
	}
	h.session("due", 6)
	h.announce("dsm", "orari", 6)
	stays.expect("patch", "session:orari:s", "6", patch("due", 6))
}

// An announcement may be lost while the bus is away; then everybody is asked again.
func TestWhoWasSignedOutWhileTheBusWasAwayIsFound(t *testing.T) {
	h := open(t)
	anna := h.dial(h.signIn("anna", in(takePart, "me"))...)
	eventually(t, "she sits", func() bool { return h.gateway.Seated() == 1 })
	h.mu.Lock()
	delete(h.here, "anna") // without a word
	h.mu.Unlock()
	if err := h.gateway.LoseTheBus(); err != nil {
		t.Fatal(err)
	}
	if code, _ := anna.closed(); code != 4001 {
		t.Errorf("closed with %d, want 4001", code)
	}
}

func TestASocketShowsWhatItsPersonMaySee(t *testing.T) {
	h := open(t)
	anna := h.signIn("anna", in(takePart, "me"))
	if _, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", nil); err == nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody opened a socket: %v", err)
	}
	if _, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+h.gateway.Addr()+"/v1/live", http.Header{"Cookie": {anna[1]}}); err == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("a cookie without an origin opened a socket: %v", err)
	}
	s := h.dial(anna...)
	for topic, want := range map[string]string{"session:altro:s": "gateway/not-permitted", "roles:altro": "gateway/not-permitted"} {
		s.subscribe(topic)
		if what, to, code, _ := s.hear(); what != "error" || to != topic || code != want {
			t.Errorf("%s: %s %s %s", topic, what, to, code)
		}
	}
	s.subscribe("roles:orari")
	s.expect("snapshot", "roles:orari", "0", "")
}

func TestConsentsAreShownToWhoFacilitatesAndToOneself(t *testing.T) {
	h := open(t)
	people := func() []*apiv1.ParticipantView {
		return []*apiv1.ParticipantView{{Participant: "me", Consents: []*eventv1.ConsentStated{{Consent: "research", Given: true}}},
			{Participant: "other", Consents: []*eventv1.ConsentStated{{Consent: "research"}}}}
	}
	h.say("get_initiative", func(proto.Message) (proto.Message, error) {
		return &apiv1.InitiativeView{Participants: people(), Sequence: 3}, nil
	})
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Seats: people(), Sequence: 3}, nil
	})
	browsers := map[string][]string{"anna": h.signIn("anna", in(takePart, "me")), "giulia": h.signIn("giulia", in(facilitate, "g")), "looks": h.signIn("looks", in(read, ""))}
	for name, want := range map[string]int{"anna": 1, "giulia": 2, "looks": 0} {
		for _, path := range []string{"/v1/workspaces/dsm/initiatives/orari", "/v1/workspaces/dsm/sessions/orari:s"} {
			if got := strings.Count(h.do(http.MethodGet, path, "", browsers[name]...).body, "research"); got != want {
				t.Errorf("%s in %s sees %d consents, want %d", name, path, got, want)
			}
		}
	}
	for name, want := range map[string]int{"anna": 0, "giulia": 2} { // a document is shared by its audience, so one's own are left out
		s := h.dial(browsers[name]...)
		s.subscribe("initiative:orari")
		s.subscribe("session:orari:s")
		for range 2 {
			_, data, err := s.conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(string(data), "research"); got != want {
				t.Errorf("%s is pushed %d consents, want %d: %s", name, got, want, data)
			}
		}
	}
}

func TestCodesAreWrittenAsPeopleTypeThem(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		c, err := gateway.NewCode()
		if err != nil || len(c) != 6 || strings.ContainsAny(c, "01IOL") || !gateway.IsCode(c) {
			t.Fatalf("%q %v", c, err)
		}
		seen[c] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d different codes of 1000", len(seen))
	}
	for typed, code := range map[string]bool{"abc-d23": true, " ab cd 23 ": true, "ABCD2": false, "ABCD20": false, "htyBjrMVcvIJO08EOyThBw": false, "": false} {
		if gateway.IsCode(typed) != code {
			t.Errorf("%q is taken for a code: %v", typed, !code)
		}
	}
	if !bytes.Equal(gateway.HashOfTyped("abc-d23"), gateway.HashOfTyped("ABCD23")) || bytes.Equal(gateway.HashOfTyped("htyBjrMVcvIJO08EOyThBw"), gateway.HashOfTyped("HTYBJRMVCVIJO08EOYTHBW")) {
		t.Error("codes are read in any writing, and secrets as they are")
	}
}

func TestCommandsOfWhatIsOwedHaveTheSameIDsEachTime(t *testing.T) {
	from := uuid.Must(uuid.NewV7())
	one, err := gateway.Derived(from.String(), "a")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := gateway.Derived(from.String(), "a")
	other, _ := gateway.Derived(from.String(), "b")
	id, err := uuid.Parse(one)
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || one != again || one == other || id.Time() != from.Time() {
		t.Errorf("%s, %s, %s from %s", one, again, other, from)
	}
}

func TestADeviceCallsItselfByAWord(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E": "phone", "Mozilla/5.0 (Linux; Android 14; Pixel) Mobile Safari": "phone",
		"Mozilla/5.0 (Linux; Android 14; Tab) Safari": "tablet", "Mozilla/5.0 (iPad; CPU OS 17_0)": "tablet",
		"Mozilla/5.0 (X11; Linux x86_64)": "computer", "curl/8.5.0": "program", "": "program",
	} {
		if got := gateway.KindOf(agent); got != want {
			t.Errorf("%q is a %s, want %s", agent, got, want)
		}
	}
}
