package bus_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"tavolo/pkg/bus"
)

// readersConfig is the configuration of a server for readers alone.
func readersConfig(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	if err := bus.WriteReadersConfig(&text, passwords()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// misplace answers at the readers' door as somebody does who took the issuer's seed and the herald's password: whoever comes is let into the account that
// they ask for as their name, and may do everything there.
func misplace(t *testing.T, url string) {
	t.Helper()
	key, err := nkeys.FromSeed([]byte(passwords()[bus.Issuer]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = dial(t, url, bus.Herald).Subscribe("$SYS.REQ.USER.AUTH", func(m *nats.Msg) {
		q, err := jwt.DecodeAuthorizationRequestClaims(string(m.Data))
		if err != nil {
			t.Error(err)
			return
		}
		u := jwt.NewUserClaims(q.UserNkey)
		u.Audience = q.ConnectOptions.Username
		a := jwt.NewAuthorizationResponseClaims(q.UserNkey)
		a.Audience = q.Server.ID
		if a.Jwt, err = u.Encode(key); err != nil {
			t.Error(err)
		}
		text, err := a.Encode(key)
		if err != nil || m.Respond([]byte(text)) != nil {
			t.Error("no answer", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the issuer's seed opens, for whoever answers at the door with it: on a server that has everything, everything but the system; on a server for readers,
// nothing but the readers. When the first line fails, nats-server bounds the answer by itself, and DESIGN.md has something to be glad of.
func TestWhatTheIssuersSeedOpens(t *testing.T) {
	capture(t)
	for name, at := range map[string]struct {
		url  string
		open map[string]bool
	}{
		"one server for all": {run(t, config(t)), map[string]bool{bus.LogAccount: true, bus.ServicesAccount: true, bus.ReadersAccount: true, bus.SystemAccount: false}},
		"one for readers":    {run(t, readersConfig(t)), map[string]bool{bus.LogAccount: false, bus.ServicesAccount: false, bus.ReadersAccount: true, bus.SystemAccount: false}},
	} {
		misplace(t, at.url)
		for account, want := range at.open {
			nc, err := nats.Connect(at.url, nats.UserInfo(account, "whatever"), nats.Timeout(time.Minute), nats.NoReconnect())
			if err == nil {
				err = nc.FlushTimeout(time.Minute)
				nc.Close()
			}
			if (err == nil) != want {
				t.Errorf("%s: let into %s: %v", name, account, err)
			}
		}
	}
}

// A server for readers has no other users, no stream, and the same door.
func TestAServerForReadersHasNothingElse(t *testing.T) {
	capture(t)
	url := run(t, readersConfig(t))
	gate(t, dial(t, url, bus.Herald), passwords()[bus.Issuer])
	for _, service := range bus.Services() {
		nc, err := bus.Dial(url, service, passwords()[service])
		if (err == nil) != (service == bus.Herald) {
			t.Errorf("%s: %v", service, err)
		}
		if err == nil {
			nc.Close()
		}
	}
	nc := enter(t, url, nats.Token("token-a"))
	for _, subject := range everySubject() {
		if err := nc.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if got, want := !refused(t, nc, subject), subject == "ask.a"; got != want {
			t.Errorf("a reader may publish %s: %v", subject, got)
		}
	}
	if strings.Contains(readersConfig(t), "jetstream") {
		t.Error("it may have streams")
	}
	p := passwords()
	delete(p, bus.Issuer)
	wantCode(t, bus.WriteReadersConfig(&bytes.Buffer{}, p), "bus/password")
}
