package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"tavolo/pkg/bus"
)

func TestAnAddressIsWrongSoOftenAndNoMore(t *testing.T) {
	var k bus.Knocks
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	answered := func(host string, tries int) (n int) {
		for range tries {
			if k.Wrong(host, now) {
				n++
			}
		}
		return n
	}
	for _, host := range []string{"192.0.2.1", "2001:db8::1", "not an address"} {
		if n := answered(host, 100); n != bus.WrongAtOnce {
			t.Errorf("%s: %d of 100 are answered", host, n)
		}
	}
	for host, want := range map[string]int{"192.0.2.2": bus.WrongAtOnce, "2001:db8:0:1::1": bus.WrongAtOnce, // others
		"::ffff:192.0.2.1": 0, "2001:db8::2": 0, "2001:db8::1%eth0": 0, "": 0} { // the same again
		if n := answered(host, 100); n != want {
			t.Errorf("%q: %d of 100 are answered, want %d", host, n, want)
		}
	}
	now = now.Add(3 * bus.WrongEvery)
	if n := answered("192.0.2.1", 100); n != 3 {
		t.Errorf("after a pause for three, %d are answered", n)
	}
	for i := range 3 * bus.KnocksMost {
		k.Wrong(fmt.Sprintf("2001:db8:%x:%x::", i/256, i%256), now)
		if n := k.Known(); n > bus.KnocksMost {
			t.Fatalf("%d addresses are remembered", n)
		}
	}
}

// Whoever tries tokens is answered no more after a while; a token that holds lets in from the same address, at once.
func TestWhoTriesTokensWaitsAndNobodyElse(t *testing.T) {
	capture(t)
	s := start(t, bus.Options{Readers: "127.0.0.1:0"})
	gate(t, connect(t, s, bus.Herald), s.Password(bus.Issuer))
	for try := 1; ; try++ {
		wait := 2 * time.Second // less than it takes the server to close the connection by itself
		if try <= bus.WrongAtOnce {
			wait = time.Minute
		}
		nc, err := nats.Connect(s.URL(), nats.Token(fmt.Sprint("wrong-", try)), nats.Timeout(wait), nats.NoReconnect())
		if err == nil {
			nc.Close()
			t.Fatal("a wrong token lets in")
		}
		answered := errors.Is(err, nats.ErrAuthorization)
		if try <= bus.WrongAtOnce && !answered {
			t.Fatalf("try %d: %v", try, err)
		}
		if !answered {
			break
		}
		if try > 10*bus.WrongAtOnce {
			t.Fatal("every wrong token is answered")
		}
	}
	enter(t, s.URL(), nats.Token("token-a"))
}

// A reader that comes and goes leaves no trace for each time, and what stays is asked about anew in a day.
func TestTheDoorForgetsWhoCameAndWent(t *testing.T) {
	s := start(t, bus.Options{Readers: "127.0.0.1:0"})
	nc := connect(t, s, bus.Herald)
	d, err := bus.OpenDoor(nc, s.Password(bus.Issuer), func(context.Context, bus.Newcomer) (bus.Admission, error) {
		return bus.Admission{ID: "a", Until: time.Now().Add(90 * 24 * time.Hour)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	for range bus.SeatsMost + 5 {
		enter(t, s.URL(), nats.Token("any")).Close()
	}
	gone := make(chan struct{})
	enter(t, s.URL(), nats.Token("any"), nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(gone) }))
	if n, until := d.Seats("a"); n != bus.SeatsMost || time.Until(until) > bus.SeatFor || time.Until(until) < bus.SeatFor/2 {
		t.Errorf("%d connections are remembered, the last until %v", n, until)
	}
	if err := d.Dismiss(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the latest of many is still there")
	}
}
