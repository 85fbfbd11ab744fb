package feeds_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// noticed are the kinds that were noticed of a subscription, each after the number of its day (0 is the one on which the house was opened), and how often.
func (h *house) noticed(id string) (all map[string]uint64) {
	h.t.Helper()
	found := must[*feedv1.SubscriptionsResponse](h.t)(ask[feedv1.SubscriptionsResponse](h, "subscriptions", &feedv1.SubscriptionsRequest{Id: id}))
	all = map[string]uint64{}
	for _, n := range found.Subscriptions[0].Notices {
		all[fmt.Sprint(int(n.At.AsTime().Sub(today()).Hours()/24), " ", n.Kind.String()[len("NOTICE_KIND_"):])] += n.Times
	}
	return all
}

func (h *house) wantNoticed(id string, want map[string]uint64) {
	h.t.Helper()
	got := h.noticed(id)
	same := len(got) == len(want)
	for what, n := range want {
		same = same && got[what] == n
	}
	if !same {
		h.t.Errorf("noticed %v, want %v", got, want)
	}
}

func (h *house) pullFrom(token, network string) error {
	_, err := ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash(token), Limit: 1, Network: network})
	return err
}

// Whoever manages a subscription sees what was unusual in its use: another network, too many requests, tries after its end. No network is in a file.
func TestWhatIsUnusualInTheUseOfATokenIsSeen(t *testing.T) {
	h := open(t)
	s, other := h.subscribe("t", nil), h.subscribe("other", nil)
	for range 3 { // the first network is where it is at home
		if err := h.pullFrom("t", "198.51.0.0/16"); err != nil {
			t.Fatal(err)
		}
	}
	h.wantNoticed(s.Id, nil)
	for range 3 {
		if err := h.pullFrom("t", "203.0.0.0/16"); err != nil {
			t.Fatal(err)
		}
	}
	h.wantNoticed(s.Id, map[string]uint64{"0 NEW_NETWORK": 1})
	h.stop()
	h.start() // it is remembered
	h.later(24 * time.Hour)
	for _, network := range []string{"203.0.0.0/16", "198.51.0.0/16", ""} {
		if err := h.pullFrom("t", network); err != nil {
			t.Fatal(err)
		}
	}
	must[*feedv1.RefusedResponse](t)(ask[feedv1.RefusedResponse](h, "refused", &feedv1.RefusedRequest{Token: hash("t")}))
	must[*feedv1.RefusedResponse](t)(ask[feedv1.RefusedResponse](h, "refused", &feedv1.RefusedRequest{Token: hash("nobody's")}))
	h.wantNoticed(s.Id, map[string]uint64{"0 NEW_NETWORK": 1, "1 TOO_FAST": 1})

	h.onNATS("t", s.Id) // from this machine
	h.noticed(s.Id)     // written
	h.later(100 * 24 * time.Hour)
	code(t, h.pullFrom("t", "203.0.0.0/16"), "feeds/token-expired")
	_, err := ask[feedv1.PullResponse](h, "pull", &feedv1.PullRequest{Token: hash("t"), Uncounted: true}) // a stream that was open notices the end; nobody tried
	code(t, err, "feeds/token-expired")
	if again, err := nats.Connect(h.server.URL(), nats.Token("t"), nats.Timeout(far)); err == nil {
		again.Close()
		t.Error("it came in")
	}
	h.wantNoticed(s.Id, map[string]uint64{"0 NEW_NETWORK": 1, "1 TOO_FAST": 1, "1 NEW_NETWORK": 1, "101 AFTER_END": 2})
	h.wantNoticed(other.Id, nil)
	h.stop()
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil || !slices.ContainsFunc(files, func(f string) bool { return filepath.Base(f) == "notices.db" }) {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, network := range []string{"203.0", "198.51", "127.0.0.1"} {
			if bytes.Contains(content, []byte(network)) {
				t.Errorf("%s is in %s", network, f)
			}
		}
	}
}

// Ten times the busiest day before is many, a thousand uses at least; it is noticed once a day.
func TestSuddenlyManyUsesAreSeen(t *testing.T) {
	h := open(t)
	s := h.subscribe("t", nil)
	use := func(times int) {
		t.Helper()
		for range times {
			h.pull("t", 0, 1)
		}
	}
	use(1200) // the first day has nothing to be compared with
	h.wantNoticed(s.Id, nil)
	quiet := h.subscribe("quiet", nil)
	h.pull("quiet", 0, 1)
	h.noticed(quiet.Id) // written
	h.later(24 * time.Hour)
	use(1200)
	for range 999 {
		h.pull("quiet", 0, 1)
	}
	h.wantNoticed(s.Id, nil)
	h.wantNoticed(quiet.Id, nil)
	for range 2 {
		h.pull("quiet", 0, 1)
		h.wantNoticed(quiet.Id, map[string]uint64{"1 MANY_USES": 1})
	}
}
