package people_test

// Accounts, asked over a real bus as the gateway asks, on real files.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
	"tavolo/services/people"
)

const (
	takePart   = apiv1.Grant_GRANT_TAKE_PART
	facilitate = apiv1.Grant_GRANT_FACILITATE
	administer = apiv1.Grant_GRANT_ADMINISTER
)

// door is the service with a clock that the test turns.
type door struct {
	t      testing.TB
	nc, op *nats.Conn
	left   *nats.Subscription
	log    *bytes.Buffer
	stop   func()
	mu     sync.Mutex
	now    time.Time
}

func openDoor(t testing.TB, dir string) *door {
	t.Helper()
	srv, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	d := &door{t: t, log: &bytes.Buffer{}, now: time.Date(2026, 3, 5, 9, 30, 0, 0, time.UTC)}
	connect := func(service string) *nats.Conn {
		nc, err := srv.Connect(service)
		if err != nil {
			t.Fatal(err)
		}
		return nc
	}
	d.nc, d.op = connect(bus.Gateway), connect(bus.Operator)
	if d.left, err = d.nc.SubscribeSync("left.*"); err != nil {
		t.Fatal(err)
	}
	if err := d.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	s, err := people.Start(people.Options{Conn: connect(bus.People), Dir: dir, Logger: slog.New(slog.NewTextHandler(&lockedWriter{w: d.log}, nil)), Now: func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.now
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.stop = sync.OnceFunc(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *door) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func ask[A any, PA interface {
	*A
	proto.Message
}](d *door, verb string, req proto.Message) (PA, error) {
	d.t.Helper()
	answer := PA(new(A))
	nc := d.nc
	if verb == "first" {
		nc = d.op
	}
	return answer, bus.Request(context.Background(), nc, "people."+verb, req, answer)
}

func must[A any](t testing.TB) func(A, error) A {
	return func(a A, err error) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// entry is an Enter as the gateway puts it.
type entry struct {
	secret, name, token, newToken, id, constituency string
	code, shared                                    bool
}

func (d *door) enter(e entry) (*peoplev1.EnterResponse, error) {
	d.t.Helper()
	if e.id == "" {
		e.id = newID()
	}
	if e.newToken == "" {
		e.newToken = "token of " + e.name
	}
	q := &peoplev1.EnterRequest{Invitation: &peoplev1.LookRequest{Secret: hash(e.secret), Code: e.code}, NewToken: hash(e.newToken), Kind: "phone",
		Entry: &apiv1.EnterRequest{Name: e.name, Id: e.id, Shared: e.shared, Constituency: e.constituency}}
	if e.token != "" {
		q.Token = hash(e.token)
	}
	return ask[peoplev1.EnterResponse](d, "enter", q)
}

// does is who for somebody who does something.
func (d *door) does(token string) *peoplev1.IdentifyResponse {
	d.t.Helper()
	return must[*peoplev1.IdentifyResponse](d.t)(ask[peoplev1.IdentifyResponse](d, "identify", &peoplev1.IdentifyRequest{Token: hash(token), Acts: true}))
}

func (d *door) invite(secret string, grant apiv1.Grant, initiative string, uses uint32) *peoplev1.InviteResponse {
	d.t.Helper()
	return must[*peoplev1.InviteResponse](d.t)(ask[peoplev1.InviteResponse](d, "invite", &peoplev1.InviteRequest{Secret: hash(secret), Code: hash("code " + secret),
		Invitation: &apiv1.InviteRequest{Workspace: "dsm", Initiative: initiative, Grant: grant, Hours: 168, Uses: uses}}))
}

func (d *door) who(token string) *peoplev1.IdentifyResponse {
	d.t.Helper()
	return must[*peoplev1.IdentifyResponse](d.t)(ask[peoplev1.IdentifyResponse](d, "identify", &peoplev1.IdentifyRequest{Token: hash(token)}))
}

func (d *door) me(device string) *peoplev1.MeResponse {
	d.t.Helper()
	return must[*peoplev1.MeResponse](d.t)(ask[peoplev1.MeResponse](d, "me", &peoplev1.MeRequest{Device: device}))
}

// first brings the first facilitator in.
func (d *door) first() (account string) {
	d.t.Helper()
	if !must[*peoplev1.FirstResponse](d.t)(ask[peoplev1.FirstResponse](d, "first", &peoplev1.FirstRequest{Secret: hash("first")})).Needed {
		d.t.Fatal("the first link was not needed")
	}
	must[*peoplev1.EnterResponse](d.t)(d.enter(entry{secret: "first", name: "Giulia"}))
	return d.who("token of Giulia").Account
}

func refusedAs(t testing.TB, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Errorf("got %v, want the refusal %s", err, code)
	}
}

func TestTheFirstLinkHoldsOnceForADayAndUntilTheNextOne(t *testing.T) {
	d := openDoor(t, t.TempDir())
	if !d.me("").Me.Empty {
		t.Error("nobody has ever been here, and that is not said")
	}
	offer := func(secret string) bool {
		return must[*peoplev1.FirstResponse](t)(ask[peoplev1.FirstResponse](d, "first", &peoplev1.FirstRequest{Secret: hash(secret)})).Needed
	}
	if !offer("one") || !offer("two") {
		t.Fatal("the link is not needed, and nobody is here")
	}
	_, err := d.enter(entry{secret: "one", name: "Giulia"})
	refusedAs(t, err, "account/invitation-unknown")
	d.later(24 * time.Hour)
	_, err = d.enter(entry{secret: "two", name: "Giulia"})
	refusedAs(t, err, "account/invitation-ended")
	if !offer("three") {
		t.Fatal("a new link is not needed")
	}
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "three", name: " Giulia "}))
	_, err = d.enter(entry{secret: "three", name: "Another"})
	refusedAs(t, err, "account/invitation-ended")
	who := d.who("token of  Giulia ")
	if !who.Administers || who.Account == "" || offer("four") {
		t.Errorf("who entered is %v, and a link is offered: %v", who, offer("four"))
	}
	if me := d.me(who.Device).Me; me.Name != "Giulia" || !me.Administers || me.Empty {
		t.Errorf("%v", me)
	}
}

func TestWhoEntersGetsAnAccountADeviceAndASeat(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	must[*peoplev1.EnrolResponse](t)(ask[peoplev1.EnrolResponse](d, "enrol", &peoplev1.EnrolRequest{Workspace: "dsm", Initiative: "orari", Refs: []string{"u1", "u2", "u4"}}))
	d.invite("link", takePart, "orari", 0)
	want := map[string]string{"user": "u3", "professional": "p1", "": "x1", "local-police": "x2"}
	for _, constituency := range []string{"user", "professional", "", "local-police"} {
		e := entry{secret: "link", name: "Anna " + constituency, constituency: constituency}
		r := must[*peoplev1.EnterResponse](t)(d.enter(e))
		who, me := d.who("token of "+e.name), d.me(r.Device)
		if !r.TokenIsNew || who.Device != r.Device || len(who.Memberships) != 1 || len(me.Owed) != 1 {
			t.Fatalf("%q: %v, %v, %v", constituency, r, who, me)
		}
		m, o := who.Memberships[0], me.Owed[0]
		if m.Workspace != "dsm" || m.Initiative != "orari" || m.Grant != takePart || uuid.Validate(m.Participant) != nil || who.Administers {
			t.Errorf("%q: %v", constituency, m)
		}
		if o.Ref != want[constituency] || o.Name != strings.TrimSpace(e.name) || o.Participant != m.Participant || o.Constituency != constituency || uuid.Validate(o.Id) != nil {
			t.Errorf("%q is owed %v, want the short id %s", constituency, o, want[constituency])
		}
		given := must[*peoplev1.EnrolResponse](t)(ask[peoplev1.EnrolResponse](d, "enrol", &peoplev1.EnrolRequest{Workspace: "dsm", Initiative: "orari", Refs: []string{o.Ref}}))
		if given.Participants[0] != m.Participant {
			t.Errorf("%s is %s in the register, and %s for its account", o.Ref, given.Participants[0], m.Participant)
		}
		must[*peoplev1.PaidResponse](t)(ask[peoplev1.PaidResponse](d, "paid", &peoplev1.PaidRequest{Owed: o}))
		if me := d.me(r.Device); len(me.Owed) != 0 || me.Me.Memberships[0].Participant != m.Participant {
			t.Errorf("after paying: %v", me)
		}
	}
}

// A client that did not hear the answer asks again with the same id: one account, one seat, one use, and the newest token holds.
func TestEnteringTwiceWithTheSameIDMakesOneAccount(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("link", takePart, "orari", 1)
	e := entry{secret: "link", name: "Anna", id: newID(), newToken: "a", constituency: "user"}
	one := must[*peoplev1.EnterResponse](t)(d.enter(e))
	first := d.who("a")
	e.newToken, e.constituency = "b", "family" // the record refused the first one, say
	two := must[*peoplev1.EnterResponse](t)(d.enter(e))
	again := d.who("b")
	if one.Device != two.Device || first.Account != again.Account || !two.TokenIsNew || d.who("a").Device != "" {
		t.Errorf("%v then %v; %v then %v, the first token gives %v", one, two, first, again, d.who("a"))
	}
	if owed := d.me(two.Device).Owed; len(owed) != 1 || owed[0].Constituency != "family" || owed[0].Ref != "u1" {
		t.Errorf("owed %v", owed)
	}
	e.token, e.newToken = "b", "c"
	if three := must[*peoplev1.EnterResponse](t)(d.enter(e)); three.TokenIsNew || d.who("b").Account != again.Account {
		t.Errorf("with its own token the device got another: %v", three)
	}
	grants := must[*apiv1.ListGrantsResponse](t)(ask[apiv1.ListGrantsResponse](d, "grants", &apiv1.ListGrantsRequest{Workspace: "dsm", Initiative: "orari"})).Grants
	if len(grants) != 2 {
		t.Errorf("%d people, want the first facilitator and Anna", len(grants))
	}
	e.token, e.id = "", newID()
	_, err := d.enter(e)
	refusedAs(t, err, "account/invitation-ended") // its one use is used up
	d.invite("other", takePart, "orari", 0)
	e.id, e.secret = newID(), "other"
	must[*peoplev1.EnterResponse](t)(d.enter(e))
	e.secret = "link"
	_, err = d.enter(e)
	refusedAs(t, err, "account/invitation-ended") // the id belongs to another invitation
	d.later(time.Hour + time.Second)
	e.secret = "other"
	_, err = d.enter(e)
	refusedAs(t, err, "account/invitation-ended") // and is no key for ever
}

func TestASignedInPersonEntersAnotherInitiativeAsThemself(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("one", takePart, "orari", 0)
	d.invite("two", facilitate, "altro", 0)
	d.invite("up", facilitate, "orari", 0)
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "one", name: "Anna", newToken: "a"}))
	before := d.who("a")
	for _, secret := range []string{"two", "up", "one"} {
		r := must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: secret, token: "a", newToken: "unused"}))
		if r.TokenIsNew || r.Device != before.Device {
			t.Errorf("%s: %v", secret, r)
		}
	}
	after := d.who("a")
	if after.Account != before.Account || len(after.Memberships) != 2 || after.Memberships[0].Grant != facilitate || after.Memberships[1].Grant != facilitate ||
		after.Memberships[1].Participant != before.Memberships[0].Participant || after.Memberships[0].Participant == after.Memberships[1].Participant {
		t.Errorf("%v, before %v", after, before)
	}
	_, err := d.enter(entry{secret: "one"})
	refusedAs(t, err, "account/name-missing")
}

func TestPeopleTakeTurnsOnASharedDevice(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("link", takePart, "orari", 0)
	device := must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Anna", newToken: "t", shared: true})).Device
	anna := d.who("t").Account
	if r := must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Bruno", token: "t"})); r.TokenIsNew || r.Device != device {
		t.Errorf("%v", r)
	}
	bruno := d.who("t").Account
	me := d.me(device).Me
	if bruno == anna || me.Account != bruno || me.Name != "Bruno" || !me.Shared || len(me.People) != 2 || me.People[0].Name != "Anna" || me.People[1].Account != bruno {
		t.Fatalf("%v", me)
	}
	turn := func(account string) error {
		_, err := ask[peoplev1.SwitchResponse](d, "switch", &peoplev1.SwitchRequest{Device: device, Account: account})
		return err
	}
	if err := turn(anna); err != nil || d.who("t").Account != anna || d.me(device).Me.Memberships[0].Participant == me.Memberships[0].Participant {
		t.Errorf("after Anna took it: %v %v", err, d.who("t"))
	}
	if err := turn(""); err != nil || d.who("t").Account != "" || d.who("t").Device != device || len(d.who("t").Memberships) != 0 {
		t.Errorf("with nobody at it: %v %v", err, d.who("t"))
	}
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Mario", newToken: "m"}))
	refusedAs(t, turn(d.who("m").Account), "account/person-unknown")
	_, err := ask[peoplev1.SwitchResponse](d, "switch", &peoplev1.SwitchRequest{Device: d.who("m").Device})
	refusedAs(t, err, "account/person-unknown") // his device is his own
	if err := turn(bruno); err != nil {
		t.Fatal(err)
	}
	out := func(account string) *peoplev1.SignOutResponse {
		return must[*peoplev1.SignOutResponse](t)(ask[peoplev1.SignOutResponse](d, "sign_out", &peoplev1.SignOutRequest{Account: account, Here: device, Device: device}))
	}
	if r := out(bruno); r.Gone || d.who("t").Account != "" {
		t.Errorf("Bruno left: %v %v", r, d.who("t"))
	}
	if people := d.me(device).Me.People; len(people) != 1 || people[0].Account != anna {
		t.Errorf("left on the device: %v", people)
	}
	if r := out(anna); !r.Gone || d.who("t").Device != "" {
		t.Errorf("Anna left: %v %v", r, d.who("t"))
	}
}

func TestADeviceIsSignedOutByItsOwnersOnly(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("link", takePart, "orari", 0)
	for _, name := range []string{"Anna", "Bruno"} {
		must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: name, newToken: name}))
	}
	anna, bruno := d.who("Anna"), d.who("Bruno")
	_, err := ask[peoplev1.SignOutResponse](d, "sign_out", &peoplev1.SignOutRequest{Account: bruno.Account, Here: bruno.Device, Device: anna.Device})
	refusedAs(t, err, "account/device-unknown")
	if d.who("Anna").Device == "" {
		t.Fatal("Bruno signed Anna out")
	}
	d.later(3 * time.Hour)
	d.who("Anna")
	devices := must[*apiv1.ListDevicesResponse](t)(ask[apiv1.ListDevicesResponse](d, "devices", &peoplev1.DevicesRequest{Account: anna.Account, Here: anna.Device})).Devices
	if len(devices) != 1 || !devices[0].Here || devices[0].Kind != "phone" || devices[0].Shared || devices[0].SeenAt.AsTime().Format("15:04") != "12:00" || devices[0].Since.AsTime().Format("15:04") != "09:30" {
		t.Errorf("%v", devices)
	}
	drain(t, d)
	must[*peoplev1.SignOutResponse](t)(ask[peoplev1.SignOutResponse](d, "sign_out", &peoplev1.SignOutRequest{Account: anna.Account, Here: "elsewhere", Device: anna.Device}))
	if m, err := d.left.NextMsg(5 * time.Second); err != nil || m.Subject != "left."+anna.Device || len(m.Data) > 0 {
		t.Errorf("announced %v, %v", m, err)
	}
}

// One's own device holds over a summer without use and for a year at most; a shared one from one monthly meeting to the next.
func TestADeviceThatIsNotUsedIsSignedOut(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		shared bool
		every  time.Duration
		times  int
		holds  bool
	}{
		"own, after a summer": {false, 89 * day, 2, true}, "own, away for longer": {false, 91 * day, 1, false}, "own, used for a year": {false, 60 * day, 6, true},
		"own, used for longer": {false, 61 * day, 6, false}, "shared, a month later": {true, 35 * day, 2, true}, "shared, away for longer": {true, 37 * day, 1, false},
	} {
		d := openDoor(t, t.TempDir())
		d.first()
		d.invite("link", takePart, "orari", 0)
		must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Anna", newToken: "a", shared: c.shared}))
		var last *peoplev1.IdentifyResponse
		for range c.times {
			d.later(c.every)
			last = d.does("a")
		}
		if (last.Device != "") != c.holds {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// Whoever goes away from a shared device without a word is at it no longer after half an hour, whatever its open page asks by itself.
func TestNobodyIsAtASharedDeviceThatLiesAbout(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("link", takePart, "orari", 0)
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Anna", newToken: "own"}))
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Bruno", newToken: "tablet", shared: true}))
	bruno := d.who("tablet")
	d.later(29 * time.Minute)
	if d.does("tablet").Account != bruno.Account {
		t.Fatal("Bruno is gone although he did something")
	}
	for range 3 {
		d.later(10 * time.Minute)
		if d.who("tablet").Account != bruno.Account {
			t.Fatal("Bruno is gone too soon")
		}
	}
	drain(t, d)
	d.later(2 * time.Minute)
	if now := d.does("tablet"); now.Account != "" || len(now.Memberships) > 0 || now.Device != bruno.Device {
		t.Errorf("at the tablet: %v", now)
	}
	if m, err := d.left.NextMsg(5 * time.Second); err != nil || m.Subject != "left."+bruno.Device {
		t.Errorf("announced %v, %v", m, err)
	}
	if d.who("own").Account == "" {
		t.Error("Anna is gone from her own phone")
	}
	must[*peoplev1.SwitchResponse](t)(ask[peoplev1.SwitchResponse](d, "switch", &peoplev1.SwitchRequest{Device: bruno.Device, Account: bruno.Account}))
	if d.who("tablet").Account != bruno.Account {
		t.Error("Bruno is back and is not at the tablet")
	}
}

// drain forgets what was announced so far: the answer to a later question comes after it.
func drain(t testing.TB, d *door) {
	t.Helper()
	d.who("x")
	if err := d.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		if n, _, err := d.left.Pending(); err != nil || n == 0 {
			return
		}
		if _, err := d.left.NextMsg(time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInvitationsEnd(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	list := func() []*apiv1.Invitation {
		return must[*apiv1.ListInvitationsResponse](t)(ask[apiv1.ListInvitationsResponse](d, "invitations", &apiv1.ListInvitationsRequest{Workspace: "dsm", Initiative: "orari"})).Invitations
	}
	look := func(secret string, code bool) error {
		_, err := ask[peoplev1.LookResponse](d, "look_at_invitation", &peoplev1.LookRequest{Secret: hash(secret), Code: code})
		return err
	}
	a, b := d.invite("a", takePart, "orari", 2), d.invite("b", facilitate, "orari", 0)
	if l := list(); len(l) != 2 || l[0].Id != b.Id || l[1].Id != a.Id || l[1].Uses != 2 || l[0].Grant != facilitate {
		t.Fatalf("%v", l)
	}
	refusedAs(t, look("c", false), "account/invitation-unknown")
	refusedAs(t, look("a", true), "account/invitation-unknown") // a secret is no code
	if look("a", false) != nil || look("code a", true) != nil {
		t.Error("an invitation that holds cannot be looked at")
	}
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "code a", code: true, name: "Anna"}))
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "a", name: "Bruno"}))
	_, err := d.enter(entry{secret: "a", name: "Carla"})
	refusedAs(t, err, "account/invitation-ended")
	if l := list(); len(l) != 1 || l[0].Id != b.Id {
		t.Errorf("after two entered: %v", l)
	}
	d.later(24 * time.Hour)
	refusedAs(t, look("code b", true), "account/invitation-unknown") // a code holds for a day
	if look("b", false) != nil {
		t.Error("a link holds for its week")
	}
	_, err = ask[apiv1.ListInvitationsResponse](d, "revoke", &apiv1.RevokeInvitationRequest{Workspace: "dsm", Initiative: "altro", Id: b.Id})
	refusedAs(t, err, "account/invitation-unknown") // of another initiative
	for range 2 {
		if r := must[*apiv1.ListInvitationsResponse](t)(ask[apiv1.ListInvitationsResponse](d, "revoke", &apiv1.RevokeInvitationRequest{Workspace: "dsm", Initiative: "orari", Id: b.Id})); len(r.Invitations) != 0 {
			t.Errorf("%v", r)
		}
	}
	refusedAs(t, look("b", false), "account/invitation-ended")
	d.invite("c", takePart, "orari", 0)
	d.later(168 * time.Hour)
	refusedAs(t, look("c", false), "account/invitation-ended")
	for _, hours := range []uint32{0, 1441} {
		_, err = ask[peoplev1.InviteResponse](d, "invite", &peoplev1.InviteRequest{Secret: hash("x"), Code: hash("y"), Invitation: &apiv1.InviteRequest{Workspace: "dsm", Grant: takePart, Hours: hours}})
		refusedAs(t, err, "account/hours-out-of-range")
	}
	d.invite("e", takePart, "orari", 0)
	same := &peoplev1.InviteRequest{Secret: hash("f"), Code: hash("code e"), Invitation: &apiv1.InviteRequest{Workspace: "dsm", Grant: takePart, Hours: 1}}
	_, err = ask[peoplev1.InviteResponse](d, "invite", same)
	refusedAs(t, err, "account/code-taken")
	d.later(24 * time.Hour)
	must[*peoplev1.InviteResponse](t)(ask[peoplev1.InviteResponse](d, "invite", same)) // the other one's code is over
}

func TestGrantsAreChangedWithinOnesOwnAndTheLastAdministratorStays(t *testing.T) {
	d := openDoor(t, t.TempDir())
	giulia := d.first()
	d.invite("part", takePart, "orari", 0)
	d.invite("run", facilitate, "orari", 0)
	d.invite("whole", administer, "", 0)
	ids := map[string]string{"Giulia": giulia}
	for name, secret := range map[string]string{"Anna": "part", "Bruno": "run", "Carla": "whole"} {
		must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: secret, name: name, newToken: name}))
		ids[name] = d.who(name).Account
	}
	set := func(own apiv1.Grant, name string, grant apiv1.Grant) (map[string]apiv1.Grant, error) {
		r, err := ask[apiv1.ListGrantsResponse](d, "set_grant", &peoplev1.SetGrantRequest{Own: own, OwnInWorkspace: own, Change: &apiv1.SetGrantRequest{Workspace: "dsm", Initiative: "orari", Account: ids[name], Grant: grant}})
		got := map[string]apiv1.Grant{}
		for _, l := range r.Grants {
			got[l.Name] = l.Grant
		}
		return got, err
	}
	for _, c := range []struct {
		own  apiv1.Grant
		name string
		to   apiv1.Grant
		code string
	}{
		{facilitate, "Anna", facilitate, ""}, {facilitate, "Anna", administer, "account/grant-beyond-own"}, {facilitate, "Carla", takePart, "account/grant-beyond-own"},
		{facilitate, "nobody", takePart, "account/person-unknown"}, {administer, "Giulia", takePart, "account/last-administrator"}, {administer, "Anna", takePart, ""},
		{administer, "Carla", facilitate, ""}, {facilitate, "Bruno", 0, ""},
	} {
		_, err := set(c.own, c.name, c.to)
		refusedAs(t, err, c.code)
	}
	got, err := set(administer, "Anna", takePart)
	if want := fmt.Sprint(map[string]apiv1.Grant{"Anna": takePart, "Bruno": 0, "Carla": facilitate, "Giulia": administer}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v %v, want %s", got, err, want)
	}
	if who := d.who("Bruno"); len(who.Memberships) != 0 || who.Account == "" {
		t.Errorf("who is shut out belongs to %v", who.Memberships)
	}
	_, err = d.enter(entry{secret: "run", token: "Bruno"})
	refusedAs(t, err, "account/shut-out")
	if m := d.who("Carla").Memberships; len(m) != 2 || m[0].Grant != facilitate || m[1].Grant != facilitate {
		t.Errorf("Carla belongs to %v: the whole workspace has to come down too", m)
	}
	drain(t, d)
	if _, err := set(administer, "Bruno", takePart); err != nil || len(d.who("Bruno").Memberships) != 1 {
		t.Errorf("let in again: %v", err)
	}
	if m, err := d.left.NextMsg(5 * time.Second); err != nil || m.Subject != "left."+d.who("Bruno").Device {
		t.Errorf("announced %v, %v", m, err)
	}
	must[*peoplev1.BelongResponse](t)(ask[peoplev1.BelongResponse](d, "belong", &peoplev1.BelongRequest{Account: ids["Anna"], Workspace: "nuovo"}))
	if m := d.who("Anna").Memberships; len(m) != 2 || m[1].Workspace != "nuovo" || m[1].Initiative != "" || m[1].Grant != administer {
		t.Errorf("%v", m)
	}
}

// An invitation to one initiative is no way round: who is shut out of the whole workspace is let in by somebody's decision only.
func TestWhoIsShutOutOfTheWholeWorkspaceComesInByNoOlderInvitation(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("whole", facilitate, "", 0)
	d.invite("part", takePart, "orari", 0)
	d.invite("run", facilitate, "orari", 0)
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "whole", name: "Anna"}))
	anna := d.who("token of Anna").Account
	set := func(initiative string, grant apiv1.Grant) {
		t.Helper()
		must[*apiv1.ListGrantsResponse](t)(ask[apiv1.ListGrantsResponse](d, "set_grant", &peoplev1.SetGrantRequest{Own: administer, OwnInWorkspace: administer,
			Change: &apiv1.SetGrantRequest{Workspace: "dsm", Initiative: initiative, Account: anna, Grant: grant}}))
	}
	set("", 0)
	_, err := d.enter(entry{secret: "part", token: "token of Anna"})
	refusedAs(t, err, "account/shut-out")
	_, err = ask[peoplev1.BecomeResponse](d, "become", &peoplev1.BecomeRequest{Account: anna, Seat: &apiv1.BecomeParticipantRequest{Workspace: "dsm", Initiative: "orari"}})
	refusedAs(t, err, "account/shut-out")
	if m := d.who("token of Anna").Memberships; len(m) != 0 {
		t.Errorf("belongs to %v", m)
	}
	set("orari", takePart) // somebody lets her in there
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "part", token: "token of Anna"}))
	_, err = d.enter(entry{secret: "run", token: "token of Anna"})
	refusedAs(t, err, "account/shut-out")
	if m := d.who("token of Anna").Memberships; len(m) != 1 || m[0].Grant != takePart {
		t.Errorf("let in to take part, belongs to %v", m)
	}
}

func TestANewNameIsOwedWhereverOneHasASeat(t *testing.T) {
	d := openDoor(t, t.TempDir())
	giulia := d.first()
	for _, initiative := range []string{"orari", "altro"} {
		must[*peoplev1.BecomeResponse](t)(ask[peoplev1.BecomeResponse](d, "become", &peoplev1.BecomeRequest{Account: giulia, Seat: &apiv1.BecomeParticipantRequest{Workspace: "dsm", Initiative: initiative, Constituency: "director"}}))
	}
	device := d.who("token of Giulia").Device
	owed := d.me(device).Owed
	if len(owed) != 2 || owed[0].Ref != "d1" || owed[1].Ref != "d1" || owed[0].Participant == owed[1].Participant {
		t.Fatalf("%v", owed)
	}
	must[*peoplev1.PaidResponse](t)(ask[peoplev1.PaidResponse](d, "paid", &peoplev1.PaidRequest{Owed: owed[0]}))
	must[*peoplev1.BecomeResponse](t)(ask[peoplev1.BecomeResponse](d, "become", &peoplev1.BecomeRequest{Account: giulia, Seat: &apiv1.BecomeParticipantRequest{Workspace: "dsm", Initiative: "altro"}}))
	if again := d.me(device).Owed; len(again) != 1 {
		t.Errorf("a seat that is in the record is owed again: %v", again)
	}
	for name, code := range map[string]string{"": "account/name-missing", " \t ": "account/name-missing", "a\nb": "account/name-missing", strings.Repeat("è", 81): "account/name-too-long", strings.Repeat("è", 80): "", "Giulia B.": ""} {
		_, err := ask[peoplev1.RenameResponse](d, "rename", &peoplev1.RenameRequest{Account: giulia, Name: name})
		refusedAs(t, err, code)
	}
	must[*peoplev1.RenameResponse](t)(ask[peoplev1.RenameResponse](d, "rename", &peoplev1.RenameRequest{Account: giulia, Name: "Giulia B."}))
	me := d.me(device)
	if me.Me.Name != "Giulia B." || len(me.Owed) != 2 || me.Owed[0].Ref != "" || me.Owed[1].Ref != "d1" || me.Owed[0].Name != "Giulia B." || me.Owed[1].Name != "Giulia B." {
		t.Errorf("%v", me)
	}
	old := proto.Clone(me.Owed[0]).(*peoplev1.Owed)
	old.Id = newID()
	must[*peoplev1.PaidResponse](t)(ask[peoplev1.PaidResponse](d, "paid", &peoplev1.PaidRequest{Owed: old}))
	if len(d.me(device).Owed) != 2 {
		t.Error("paying an older name took the newer one away")
	}
}

func TestSignInsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	d := openDoor(t, dir)
	d.first()
	d.invite("link", takePart, "orari", 0)
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: "Anna", newToken: "a", constituency: "user"}))
	before, owed := d.who("a"), d.me(d.who("a").Device)
	d.stop()
	d = openDoor(t, dir)
	if after := d.who("a"); !proto.Equal(before, after) || !proto.Equal(owed, d.me(after.Device)) {
		t.Errorf("%v became %v; %v became %v", before, after, owed, d.me(after.Device))
	}
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "code link", code: true, name: "Bruno"}))
}

// Any order of entering, handing over and signing out leaves every token with the person whose it is, or with nobody.
func TestATokenIsNeverSomebodyElses(t *testing.T) {
	d := openDoor(t, t.TempDir())
	d.first()
	d.invite("link", takePart, "orari", 0)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		type device struct {
			token, id, at string
			people        []string
		}
		var devices []*device
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			n++
			name := fmt.Sprint("P", n)
			switch step := rapid.SampledFrom([]string{"enter", "add", "switch", "out"}).Draw(rt, "step"); {
			case step == "enter" || len(devices) == 0:
				r := must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: name, newToken: name, shared: true}))
				account := d.who(name).Account
				devices = append(devices, &device{name, r.Device, account, []string{account}})
			default:
				v := rapid.SampledFrom(devices).Draw(rt, "device")
				switch {
				case step == "add" && len(v.people) > 0:
					must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "link", name: name, token: v.token}))
					v.at = d.who(v.token).Account
					if slices.Contains(v.people, v.at) {
						rt.Fatalf("%s entered as somebody who was there", name)
					}
					v.people = append(v.people, v.at)
				case step == "switch" && len(v.people) > 0:
					v.at = rapid.SampledFrom(append(v.people, "")).Draw(rt, "person")
					must[*peoplev1.SwitchResponse](t)(ask[peoplev1.SwitchResponse](d, "switch", &peoplev1.SwitchRequest{Device: v.id, Account: v.at}))
				case step == "out" && v.at != "":
					must[*peoplev1.SignOutResponse](t)(ask[peoplev1.SignOutResponse](d, "sign_out", &peoplev1.SignOutRequest{Account: v.at, Here: v.id, Device: v.id}))
					v.people = slices.DeleteFunc(v.people, func(p string) bool { return p == v.at })
					v.at = ""
				}
			}
			for _, v := range devices {
				who, want := d.who(v.token), v.id
				if len(v.people) == 0 {
					want = ""
				}
				if who.Device != want || who.Account != v.at {
					rt.Fatalf("the token of %s gives %v, want %s at %s", v.token, who, v.at, want)
				}
			}
		}
	})
}

// No name, secret, code, token or short id is in a file, a log line or an error.
func TestAccountsAreNotKeptInClear(t *testing.T) {
	dir := t.TempDir()
	d := openDoor(t, dir)
	d.first()
	canaries := []string{"zzcanaryname", "zzcanarysecret", "zzcanarytoken", "ZZCANARYCODE", "zzcanaryother"}
	d.invite("zzcanarysecret", takePart, "orari", 0)
	must[*peoplev1.EnterResponse](t)(d.enter(entry{secret: "zzcanarysecret", name: "zzcanaryname", newToken: "zzcanarytoken", constituency: "user"}))
	who := d.who("zzcanarytoken")
	must[*peoplev1.RenameResponse](t)(ask[peoplev1.RenameResponse](d, "rename", &peoplev1.RenameRequest{Account: who.Account, Name: "zzcanaryother"}))
	if me := d.me(who.Device); me.Me.Name != "zzcanaryother" || me.Owed[0].Name != "zzcanaryother" {
		t.Fatal("what was planted is not there: the search below would prove nothing")
	}
	var errs []string
	for _, bad := range []entry{{secret: "zzcanarysecret", name: strings.Repeat("zzcanaryname", 8)}, {secret: "ZZCANARYCODE", code: true, name: "zzcanaryname"}, {secret: "zzcanarysecret", name: "zzcanaryname\n"}} {
		_, err := d.enter(bad)
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	if len(errs) != 2 {
		t.Errorf("refused: %v", errs)
	}
	said := strings.Join(errs, "\n") + d.log.String()
	searched := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		searched += len(content)
		for _, c := range canaries {
			if bytes.Contains(content, []byte(c)) {
				t.Errorf("%s is in %s", c, path)
			}
		}
		return err
	})
	if err != nil || searched < 50_000 {
		t.Errorf("searched %d bytes, %v", searched, err)
	}
	for _, c := range canaries {
		if strings.Contains(said, c) {
			t.Errorf("%s was said: %s", c, said)
		}
	}
}

// BenchmarkWhoIsAtADevice is what every request of the gateway costs before anything else: one hop over the embedded bus and three look-ups.
func BenchmarkWhoIsAtADevice(b *testing.B) {
	d := openDoor(b, b.TempDir())
	d.first()
	for i := range 20 {
		d.invite(fmt.Sprint("link ", i), takePart, fmt.Sprint("i", i), 0)
		must[*peoplev1.EnterResponse](b)(d.enter(entry{secret: fmt.Sprint("link ", i), name: "Anna", newToken: "a", token: "a"}))
	}
	b.ResetTimer()
	for b.Loop() {
		if len(d.who("a").Memberships) != 20 {
			b.Fatal("not all memberships")
		}
	}
}
