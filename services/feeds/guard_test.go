package feeds

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tavolo/pkg/decider"
)

func TestWhatIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "93.184.216.34": true, "2606:4700:4700::1111": true, "2a00:1450:4002::200e": true, "64:ff9b::101:101": true, "2002:101:101::": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "2002:7f00:1::": false, "2002:c0a8:101::": false,
		"2001:db8::1": false, "2001::1": false, "ff02::1": false, "240.0.0.1": false, "192.0.2.1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

func TestWhatIsAnAddressForWebhooks(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.org/hook?key=1": "", "https://example.org:8443/": "", "https://1.1.1.1/": "",
		"http://example.org/": "feeds/webhook-url", "https://": "feeds/webhook-url", "https://a:b@example.org/": "feeds/webhook-url", "ftp://example.org/": "feeds/webhook-url",
		"https://example.org/#x": "feeds/webhook-url", "example.org": "feeds/webhook-url", "https:example.org": "feeds/webhook-url", "file:///etc/passwd": "feeds/webhook-url",
		"https://example.org/" + strings.Repeat("x", 2000): "feeds/webhook-url", "https://ex ample.org/": "feeds/webhook-url",
		"https://127.0.0.1/": "feeds/webhook-address", "https://localhost/": "feeds/webhook-address", "https://[::1]/": "feeds/webhook-address", "https://169.254.169.254/": "feeds/webhook-address",
	} {
		if got := decider.CodeOf(checkURL(address, false)); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// The address that counts is the one that is dialled: a name that leads to this machine is refused after it was looked up, before anything is sent.
func TestANameThatLeadsIntoTheHouseIsNotDialled(t *testing.T) {
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"} { // the last three are ways to write 127.0.0.1 and 0.0.0.0 that some resolvers take
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+port, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := newClient(false).Do(r)
		if err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s was reached", host)
		} else if code := decider.CodeOf(err); code != "feeds/webhook-address" && (host == "localhost" || strings.Contains(host, "127.0.0.1")) {
			t.Errorf("%s: %v", host, err)
		}
		cancel()
	}
	if asked {
		t.Error("something was sent to this machine")
	}
	client := newClient(true)
	defer client.CloseIdleConnections()
	answer, err := client.Post(inside.URL, "text/plain", strings.NewReader("x"))
	if err != nil || !asked {
		t.Fatalf("with the switch of the tests: %v", err)
	}
	_ = answer.Body.Close()
	for _, private := range []string{"10.0.0.1:80", "169.254.169.254:80"} { // the switch opens this machine and nothing else
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+private, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(r); decider.CodeOf(err) != "feeds/webhook-address" { //nolint:bodyclose // there is no answer
			t.Errorf("%s: %v", private, err)
		}
		cancel()
	}
}

func TestTheWaitGrowsAndIsNeverTheSame(t *testing.T) {
	total := time.Duration(0)
	for n := 1; n < attemptsMax; n++ {
		most := min(longestRetry, firstRetry<<min(n-1, 20))
		seen := map[time.Duration]bool{}
		for range 20 {
			wait := backoff(n)
			if wait < most/2 || wait > most {
				t.Errorf("after %d failures: %s, want %s to %s", n, wait, most/2, most)
			}
			seen[wait] = true
		}
		if len(seen) < 15 {
			t.Errorf("after %d failures only %d different waits", n, len(seen))
		}
		total += most
	}
	if total < 20*time.Hour || total > 40*time.Hour {
		t.Errorf("it gives up after %s", total)
	}
}
