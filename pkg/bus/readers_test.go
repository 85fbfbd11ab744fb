package bus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
)

// gate opens a door that lets in who shows token-<id>, for an hour.
func gate(t *testing.T, nc *nats.Conn, seed string) *bus.Door {
	t.Helper()
	d, err := bus.OpenDoor(nc, seed, func(_ context.Context, n bus.Newcomer) (bus.Admission, error) {
		id, known := strings.CutPrefix(n.Token, "token-")
		if !known || n.InClear {
			return bus.Admission{}, decider.Refuse("feeds/token-unknown")
		}
		return bus.Admission{ID: id, Until: time.Now().Add(time.Hour)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func enter(t *testing.T, url string, o ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append(o, nats.Timeout(10*time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// everySubject are the subjects of the services, and those of two readers.
func everySubject() []string {
	return append(families(), "feed.a.entries", "feed.a.x.y", "feed.a", "feed.b.entries", "feed.b.x", "ask.a", "ask.b", "ask.a.x", "_INBOX.x.1")
}

// A reader may ask for itself and be told for itself, and nothing else: every subject is tried, embedded and outside.
func TestAReaderReachesItsOwnSubjectsOnly(t *testing.T) {
	embedded := start(t, bus.Options{Readers: "127.0.0.1:0"})
	outside := run(t, config(t))
	for name, at := range map[string]struct {
		url, seed string
		herald    *nats.Conn
	}{
		"embedded": {embedded.URL(), embedded.Password(bus.Issuer), connect(t, embedded, bus.Herald)},
		"outside":  {outside, passwords()[bus.Issuer], dial(t, outside, bus.Herald)},
	} {
		t.Run(name, func(t *testing.T) {
			capture(t)
			gate(t, at.herald, at.seed)
			nc := enter(t, at.url, nats.Token("token-a"))
			for _, subject := range everySubject() {
				if err := nc.Publish(subject, []byte("{}")); err != nil {
					t.Fatal(err)
				}
				if got, want := !refused(t, nc, subject), subject == "ask.a"; got != want {
					t.Errorf("a reader may publish %s: %v", subject, got)
				}
				for _, queue := range []string{"", "q"} {
					sub, err := nc.QueueSubscribeSync(subject, queue)
					if err != nil {
						t.Fatal(err)
					}
					if got, want := !refusedSubscription(t, nc, sub, subject), matches("feed.a.>", subject); got != want {
						t.Errorf("a reader may subscribe %s: %v", subject, got)
					}
					_ = sub.Unsubscribe()
				}
			}
			for _, wide := range []string{">", "*", "*.>", "*.*", "feed.>", "feed.*.>", "ask.>", "ask.*", "$SYS.>", "_INBOX.>"} {
				sub, err := nc.SubscribeSync(wide)
				if err != nil {
					t.Fatal(err)
				}
				if !refusedSubscription(t, nc, sub, wide) {
					t.Errorf("a reader may subscribe %s", wide)
				}
			}
			if err := nc.Publish("ask.a", make([]byte, 2048)); err == nil && nc.FlushTimeout(5*time.Second) == nil && nc.LastError() == nil {
				t.Error("a reader may say as much as it likes")
			}
			if other := enter(t, at.url, nats.UserInfo("whoever", "token-b")); other.Publish("ask.b", nil) != nil || refused(t, other, "ask.b") {
				t.Error("a token is not taken as a password")
			}
		})
	}
}

// Nobody comes in without a token that holds, and no service by the door of the readers; who is dismissed is out.
func TestTheDoorLetsReadersInAndNobodyElse(t *testing.T) {
	capture(t)
	s := start(t, bus.Options{Readers: "127.0.0.1:0"})
	d := gate(t, connect(t, s, bus.Herald), s.Password(bus.Issuer))
	for name, o := range map[string]nats.Option{
		"nobody": nats.Name("nobody"), "a wrong token": nats.Token("wrong"), "a service": nats.UserInfo(bus.Ledger, s.Password(bus.Ledger)),
		"the herald": nats.UserInfo(bus.Herald, s.Password(bus.Herald)), "a wrong password of a service": nats.UserInfo(bus.Ledger, "token-a"),
	} {
		if nc, err := nats.Connect(s.URL(), o, nats.Timeout(10*time.Second)); err == nil {
			nc.Close()
			t.Errorf("%s came in", name)
		}
	}
	gone, stays := make(chan struct{}), enter(t, s.URL(), nats.Token("token-b"))
	enter(t, s.URL(), nats.Token("token-a"), nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(gone) }))
	if err := d.Dismiss(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		t.Error("who was dismissed is still there")
	}
	if err := stays.FlushTimeout(10 * time.Second); err != nil {
		t.Errorf("somebody else was dismissed too: %v", err)
	}
	if err := d.Dismiss(t.Context(), "a"); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A token does not cross a network in clear.
func TestReadersFromOtherMachinesNeedTLS(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		_, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Readers: address})
		wantCode(t, err, "bus/readers-in-clear")
	}
	_, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Readers: "127.0.0.1"})
	wantCode(t, err, "bus/listen")
	_, err = bus.Start(bus.Options{StoreDir: t.TempDir(), Readers: "127.0.0.1:0", Listen: "127.0.0.1:0"})
	wantCode(t, err, "bus/listen")
	_, err = bus.Start(bus.Options{StoreDir: t.TempDir(), Readers: "0.0.0.0:0", ReadersCert: "missing", ReadersKey: "missing"})
	wantCode(t, err, "bus/certificate")

	cert, key, pool := certificate(t)
	s := start(t, bus.Options{Readers: "0.0.0.0:0", ReadersCert: cert, ReadersKey: key})
	gate(t, connect(t, s, bus.Herald), s.Password(bus.Issuer))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL(), "tls://"))
	if err != nil {
		t.Fatal(err)
	}
	nc := enter(t, "tls://127.0.0.1:"+port, nats.Token("token-a"), nats.Secure(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
	if _, err := nc.TLSConnectionState(); err != nil {
		t.Errorf("the connection is not encrypted: %v", err)
	}
	capture(t)
	raw, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 10*time.Second) // a client that speaks in clear all the same
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	_ = raw.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := raw.Write([]byte("CONNECT {\"auth_token\":\"token-a\",\"verbose\":true}\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	var said []byte
	for b := make([]byte, 4096); ; {
		n, err := raw.Read(b)
		said = append(said, b[:n]...)
		if err != nil {
			break
		}
	}
	if strings.Contains(string(said), "PONG") || strings.Contains(string(said), "+OK") {
		t.Errorf("a client that does not encrypt is served: %s", said)
	}
}

// certificate makes a certificate for 127.0.0.1.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key, pool = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return cert, key, pool
}

// A reader may name where it is told something, among its own subjects only.
func TestAReaderIsToldOnItsOwnSubjects(t *testing.T) {
	for named, want := range map[string]string{"": "feed.a.entries", "feed.a.x.1": "feed.a.x.1", "feed.a": "", "feed.a.": "", "feed.ab.x": "", "feed.b.x": "", "feed.a.*": "", "feed.a.>": "", "_INBOX.x": "", "ask.a": ""} {
		got, ok := bus.TellSubject("a", named)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", named, got, ok)
		}
	}
	if id := bus.ReaderOf("ask.a"); id != "a" {
		t.Errorf("ask.a is of %q", id)
	}
}
