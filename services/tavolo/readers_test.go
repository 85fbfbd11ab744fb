package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestThePageOfTheFeedsShowsWhereTheServerInsideListens(t *testing.T) {
	f := openFeedHouse(t)
	answer, body := f.get("", "/feeds")
	if want := "nats --server " + f.h.server.URL() + " --user association"; answer.StatusCode != http.StatusOK || strings.Count(string(body), want) != 1 {
		t.Errorf("%s, not with %q: %s", answer.Status, want, body)
	}
}

func TestWhereReadersFindNATS(t *testing.T) {
	f := openFeedHouse(t)
	_, port, _ := strings.Cut(f.h.server.URL(), "127.0.0.1:")
	for _, c := range []struct {
		p    plan
		want string
	}{
		{plan{}, ""},
		{plan{FeedsNATS: "localhost:0"}, "nats://localhost:" + port},
		{plan{FeedsNATS: "0.0.0.0:0"}, "nats://:" + port},
		{plan{FeedsNATS: "[::]:0"}, "nats://:" + port},
		{plan{FeedsNATS: ":0"}, "nats://:" + port},
		{plan{FeedsNATS: "0.0.0.0:0", FeedsNATSURL: "tls://nats.example.it:443"}, "tls://nats.example.it:443"},
	} {
		if got, err := readersURL(c.p, f.h.server); got != c.want || err != nil {
			t.Errorf("%+v: %q, %v", c.p, got, err)
		}
	}
	if got, err := readersURL(plan{FeedsNATSURL: "tls://nats.example.it"}, nil); got != "tls://nats.example.it" || err != nil {
		t.Errorf("an outside server: %q, %v", got, err)
	}
}

func TestAnAddressThatReadersCannotUseIsRefused(t *testing.T) {
	for _, address := range []string{"nats.example.it:4222", "https://nats.example.it", "tls://", "tls://me:word@nats.example.it", "tls://nats.example.it/x", "tls://nats.example.it?x=1"} {
		if checkReadersURL(address) == nil {
			t.Errorf("%s is taken", address)
		}
	}
	if err := checkReadersURL("tls://nats.example.it:4222"); err != nil {
		t.Error(err)
	}
	err := (&serveCmd{Data: t.TempDir(), Listen: "127.0.0.1:0", LogFormat: "text", FeedsURL: "tls://nats.example.it:4222"}).Run(t.Context(), &terminal{io.Discard, io.Discard})
	if err == nil || !strings.Contains(err.Error(), "--feeds-nats HOST:PORT") {
		t.Errorf("nothing opens it: %v", err)
	}
}
