package feed_test

import (
	"testing"

	"tavolo/pkg/feed"
)

func TestANetworkIsALargePartOfTheInternet(t *testing.T) {
	for host, want := range map[string]string{
		"203.0.113.7": "203.0.0.0/16", "::ffff:203.0.113.7": "203.0.0.0/16", "2001:db8:1:2::3": "2001:db8::/32", "fe80::1%eth0": "fe80::/32", "127.0.0.1": "127.0.0.0/16", "": "", "example.org": "", "203.0.113.7:80": "",
	} {
		if got := feed.Network(host); got != want {
			t.Errorf("%s lies in %q, want %q", host, got, want)
		}
	}
}
