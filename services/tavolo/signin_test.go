package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
	"tavolo/services/gateway"
)

// Coming in, with every service at home: real NATS, real SQLite, real HTTP.

// home is a running house and its log.
type home struct {
	t     *testing.T
	house *house
	dir   string
	log   *bytes.Buffer
	mu    sync.Mutex
}

func (h *home) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func openHome(t *testing.T, dir string) *home {
	t.Helper()
	h := &home{t: t, dir: dir, log: &bytes.Buffer{}}
	var err error
	if h.house, err = openHouse(t.Context(), plan{Dir: dir, Services: allServices, Listen: "127.0.0.1:0", Temporary: true, Logger: slog.New(slog.NewJSONHandler(h, nil))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

func (h *home) close() {
	if err := h.house.close(); err != nil {
		h.t.Error(err)
	}
}

// browser is somebody's device: it keeps its cookie, and says which page it is on.
type browser struct {
	h      *home
	client *http.Client
}

func (h *home) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h: h, client: &http.Client{Jar: jar}}
}

// ask calls a method; code is that of a refusal, "" for none.
func (b *browser) ask(method string, req, answer proto.Message) (code string) {
	b.h.t.Helper()
	data, err := protojson.Marshal(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	base := "http://" + b.h.house.gateway.Addr()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodPost, base+"/tavolo.api.v1."+method, bytes.NewReader(data))
	if err != nil {
		b.h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", base)
	response, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		if response.Header.Get("Tavolo-Code") == "" {
			b.h.t.Fatalf("%s: %d %s", method, response.StatusCode, body)
		}
		return response.Header.Get("Tavolo-Code")
	}
	if err := protojson.Unmarshal(body, answer); err != nil {
		b.h.t.Fatalf("%s: %v in %s", method, err, body)
	}
	return ""
}

// do is ask where nothing may be refused. The request is JSON.
func do[A any, PA interface {
	*A
	proto.Message
}](b *browser, method string, req proto.Message) PA {
	b.h.t.Helper()
	answer := PA(new(A))
	if code := b.ask(method, req, answer); code != "" {
		b.h.t.Fatalf("%s refused: %s", method, code)
	}
	return answer
}

const (
	dsm   = "dsm-esempio"
	orari = "csm-orari"
)

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// offer makes the link of the first facilitator, as serve does.
func (h *home) offer() (secret string) {
	h.t.Helper()
	nc, err := h.house.dial(bus.Operator)
	if err != nil {
		h.t.Fatal(err)
	}
	secret, hash := gateway.NewInvitation()
	var offered peoplev1.FirstResponse
	if err := bus.Request(h.t.Context(), nc, "people.first", &peoplev1.FirstRequest{Secret: hash}, &offered); err != nil || !offered.Needed {
		h.t.Fatal(err, "needed", offered.Needed)
	}
	return secret
}

// withExample is a house with the example minutes and its first facilitator, Giulia.
func withExample(t *testing.T) (*home, *browser) {
	t.Helper()
	h := openHome(t, filepath.Join(t.TempDir(), "data"))
	if err := demo(t.Context(), h.house); err != nil {
		t.Fatal(err)
	}
	giulia := h.browser()
	do[apiv1.MeView](giulia, "AccountService/Enter", &apiv1.EnterRequest{Secret: h.offer(), Name: "Giulia", Id: newID()})
	return h, giulia
}

func (b *browser) invite(grant apiv1.Grant) *apiv1.InvitationMade {
	b.h.t.Helper()
	return do[apiv1.InvitationMade](b, "AccountService/Invite", &apiv1.InviteRequest{Workspace: dsm, Initiative: orari, Grant: grant})
}

func (b *browser) enter(secret, name string) *apiv1.MeView {
	b.h.t.Helper()
	return do[apiv1.MeView](b, "AccountService/Enter", &apiv1.EnterRequest{Secret: secret, Name: name, Constituency: "user", Id: newID()})
}

func (b *browser) initiative() *apiv1.InitiativeView {
	b.h.t.Helper()
	return do[apiv1.InitiativeView](b, "InitiativeService/GetInitiative", &apiv1.GetInitiativeRequest{Workspace: dsm, Initiative: orari})
}

// find gives a participant as the record shows them.
func find(view *apiv1.InitiativeView, participant string) *apiv1.ParticipantView {
	for _, p := range view.Participants {
		if p.Participant == participant {
			return p
		}
	}
	return &apiv1.ParticipantView{}
}

// seen waits until the views show something: commands of entering give no sequence to the client.
func seen(t *testing.T, b *browser, what string, holds func(*apiv1.InitiativeView) bool) {
	t.Helper()
	for range 1000 {
		view := b.initiative()
		if holds(view) {
			return
		}
		do[apiv1.InitiativeView](b, "InitiativeService/GetInitiative", &apiv1.GetInitiativeRequest{Workspace: dsm, Initiative: orari, AtLeastSequence: view.Sequence})
	}
	t.Fatalf("never seen: %s", what)
}

func TestTheFirstFacilitatorInvitesAndPeopleComeIn(t *testing.T) {
	h, giulia := withExample(t)
	me := do[apiv1.MeView](giulia, "AccountService/GetMe", &apiv1.GetMeRequest{})
	if me.Name != "Giulia" || !me.Administers || len(me.Memberships) != 1 || me.Memberships[0].Workspace != dsm || me.Memberships[0].Grant != apiv1.Grant_GRANT_ADMINISTER {
		t.Fatalf("%v", me)
	}
	made := giulia.invite(0)
	if made.Link != "http://"+h.house.gateway.Addr()+"/enter#"+made.Secret || !strings.HasPrefix(made.QrSvg, "<svg ") {
		t.Errorf("link %s", made.Link)
	}
	anna := h.browser()
	looked := do[apiv1.InvitationView](anna, "AccountService/LookAtInvitation", &apiv1.LookAtInvitationRequest{Secret: strings.ToLower(made.Code[:3]) + "-" + made.Code[3:]})
	if looked.Department != "DSM Esempio" || looked.Title != "Orari del Centro diurno" || looked.Grant != apiv1.Grant_GRANT_TAKE_PART {
		t.Errorf("%v", looked)
	}
	if code := anna.ask("InitiativeService/GetInitiative", &apiv1.GetInitiativeRequest{Workspace: dsm, Initiative: orari}, &apiv1.InitiativeView{}); code != "account/signed-out" {
		t.Errorf("before entering: %q", code)
	}
	me = anna.enter(made.Code, "Anna")
	p := me.Memberships[0].Participant
	seen(t, anna, "Anna in the initiative", func(v *apiv1.InitiativeView) bool {
		a := find(v, p)
		return a.Name == "Anna" && a.Ref == "u4" && a.Constituency == "user"
	})
	do[apiv1.MeView](anna, "AccountService/Rename", &apiv1.RenameRequest{Name: "Anna B."})
	seen(t, anna, "her new name", func(v *apiv1.InitiativeView) bool { return find(v, p).Name == "Anna B." })
	for method, req := range map[string]proto.Message{
		"AccountService/Invite":     &apiv1.InviteRequest{Workspace: dsm, Initiative: orari},
		"AccountService/ListGrants": &apiv1.ListGrantsRequest{Workspace: dsm, Initiative: orari},
		"AccountService/SetGrant":   &apiv1.SetGrantRequest{Workspace: dsm, Initiative: orari, Account: me.Account, Grant: apiv1.Grant_GRANT_FACILITATE},
	} {
		if code := anna.ask(method, req, &apiv1.MeView{}); code != "gateway/not-permitted" {
			t.Errorf("%s: %q", method, code)
		}
	}
	grants := do[apiv1.ListGrantsResponse](giulia, "AccountService/SetGrant", &apiv1.SetGrantRequest{Workspace: dsm, Initiative: orari, Account: me.Account, Grant: apiv1.Grant_GRANT_FACILITATE}).Grants
	if len(grants) != 2 || grants[1].Name != "Anna B." || grants[1].Grant != apiv1.Grant_GRANT_FACILITATE || grants[1].Participant != p {
		t.Errorf("%v", grants)
	}
	bruno := h.browser()
	bruno.enter(anna.invite(apiv1.Grant_GRANT_FACILITATE).Secret, "Bruno")
	if code := anna.ask("AccountService/Invite", &apiv1.InviteRequest{Workspace: dsm, Initiative: orari, Grant: apiv1.Grant_GRANT_ADMINISTER}, &apiv1.InvitationMade{}); code != "account/grant-beyond-own" {
		t.Errorf("Anna invites an administrator: %q", code)
	}
	for req, want := range map[*apiv1.InviteRequest]string{{Workspace: dsm, Initiative: "none"}: "initiative/unknown", {Workspace: "none"}: "workspace/unknown",
		{Workspace: dsm, Initiative: orari, Session: orari + ":none"}: "session/unknown", {Workspace: dsm, Initiative: orari, Hours: 2000}: "account/hours-out-of-range"} {
		if code := giulia.ask("AccountService/Invite", req, &apiv1.InvitationMade{}); code != want {
			t.Errorf("%v: %q, want %s", req, code, want)
		}
	}
	if me := do[apiv1.MeView](giulia, "AccountService/BecomeParticipant", &apiv1.BecomeParticipantRequest{Workspace: dsm, Initiative: orari, Constituency: "professional"}); len(me.Memberships) != 2 {
		t.Errorf("%v", me)
	}
}

// What somebody consents to when they come in is recorded with their seat, and shown to them and to who facilitates.
func TestWhoFoundsCanInviteAtOnce(t *testing.T) {
	h := openHome(t, filepath.Join(t.TempDir(), "data"))
	giulia := h.browser()
	do[apiv1.MeView](giulia, "AccountService/Enter", &apiv1.EnterRequest{Secret: h.offer(), Name: "Giulia", Id: newID()})
	for i := range 50 {
		ws, initiative := fmt.Sprintf("dsm-%d", i), "orari"
		do[commandv1.Receipt](giulia, "WorkspaceService/FoundWorkspace", &commandv1.FoundWorkspace{Workspace: ws, Name: clear("Dipartimento"), Region: "emilia-romagna"})
		do[apiv1.InvitationMade](giulia, "AccountService/Invite", &apiv1.InviteRequest{Workspace: ws, Grant: apiv1.Grant_GRANT_FACILITATE})
		do[commandv1.Receipt](giulia, "InitiativeService/OpenInitiative", &commandv1.OpenInitiative{Workspace: ws, Initiative: initiative, Title: clear("Orari")})
		do[apiv1.InvitationMade](giulia, "AccountService/Invite", &apiv1.InviteRequest{Workspace: ws, Initiative: initiative, Grant: apiv1.Grant_GRANT_TAKE_PART})
		do[commandv1.Receipt](giulia, "SessionService/PrepareSession", &commandv1.PrepareSession{Workspace: ws, Session: initiative + ":s", Title: clear("Incontro"), Kind: eventv1.SessionKind_SESSION_KIND_MEETING})
		do[apiv1.InvitationMade](giulia, "AccountService/Invite", &apiv1.InviteRequest{Workspace: ws, Initiative: initiative, Session: initiative + ":s", Grant: apiv1.Grant_GRANT_TAKE_PART})
	}
	if code := giulia.ask("AccountService/Invite", &apiv1.InviteRequest{Workspace: "dsm-none", Grant: apiv1.Grant_GRANT_READ}, &apiv1.InvitationMade{}); code != "workspace/unknown" {
		t.Errorf("into a workspace that nobody founded: %q", code)
	}
}

func TestConsentsAreRecordedWithTheSeat(t *testing.T) {
	h, giulia := withExample(t)
	made := giulia.invite(0)
	anna, bruno := h.browser(), h.browser()
	for _, bad := range [][]string{{"Research"}, {"research", "research"}, {"Anna Rossi"}} {
		code := anna.ask("AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: "Anna", ConsentsGiven: bad, ConsentsVersion: 1, Id: newID()}, &apiv1.MeView{})
		if code != "account/consent-malformed" {
			t.Errorf("%v: %q", bad, code)
		}
	}
	me := do[apiv1.MeView](anna, "AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: "Anna", Constituency: "user", Id: newID(),
		ConsentsGiven: []string{"research", "words_in_minutes"}, ConsentsRefused: []string{"name_in_minutes"}, ConsentsVersion: 1})
	bruno.enter(made.Secret, "Bruno")
	p := me.Memberships[0].Participant
	for name, c := range map[string]struct {
		who  *browser
		want int
	}{"Giulia": {giulia, 3}, "Anna": {anna, 3}, "Bruno": {bruno, 0}} {
		seen(t, c.who, "Anna", func(v *apiv1.InitiativeView) bool { return find(v, p).Name == "Anna" })
		consents := find(c.who.initiative(), p).Consents
		if len(consents) != c.want {
			t.Errorf("%s sees %v", name, consents)
		}
		for _, s := range consents {
			if s.Given != (s.Consent != "name_in_minutes") || s.Version != 1 {
				t.Errorf("%s sees %v", name, s)
			}
		}
	}
}

// The cookie of a device is all that it takes to be somebody, so it ends when the device is signed out, and lasts over a restart until then.
func TestASignInLastsUntilItIsEnded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	h := openHome(t, dir)
	giulia := h.browser()
	do[apiv1.MeView](giulia, "AccountService/Enter", &apiv1.EnterRequest{Secret: h.offer(), Name: "Giulia", Id: newID()})
	cookies := giulia.client.Jar.Cookies(mustURL(t, h))
	h.close()
	h = openHome(t, dir)
	again, thief := h.browser(), h.browser()
	for _, b := range []*browser{again, thief} {
		b.client.Jar.SetCookies(mustURL(t, h), cookies)
	}
	if me := do[apiv1.MeView](again, "AccountService/GetMe", &apiv1.GetMeRequest{}); me.Name != "Giulia" {
		t.Fatalf("after a restart: %v", me)
	}
	if devices := do[apiv1.ListDevicesResponse](again, "AccountService/ListDevices", &apiv1.ListDevicesRequest{}).Devices; len(devices) != 1 || !devices[0].Here {
		t.Errorf("%v", devices)
	}
	if me := do[apiv1.MeView](again, "AccountService/SignOut", &apiv1.SignOutRequest{}); me.Account != "" || me.Empty {
		t.Errorf("%v", me)
	}
	if len(again.client.Jar.Cookies(mustURL(t, h))) != 0 {
		t.Error("the cookie was left")
	}
	if code := thief.ask("WorkspaceService/ListWorkspaces", &apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{}); code != "account/signed-out" {
		t.Errorf("a copy of the cookie: %q", code)
	}
}

func mustURL(t *testing.T, h *home) *url.URL {
	t.Helper()
	u, err := url.Parse("http://" + h.house.gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Entering, and a crash before the record heard of it: the next GetMe makes it good, and so does entering again.
func TestASeatThatTheRecordDidNotHearOfIsMadeGood(t *testing.T) {
	h, giulia := withExample(t)
	made := giulia.invite(0)
	nc, err := h.house.dial(bus.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(secret string) []byte {
		h := sha256.Sum256([]byte(secret))
		return h[:]
	}
	enter := &peoplev1.EnterRequest{Invitation: &peoplev1.LookRequest{Secret: sum(made.Secret)}, NewToken: sum("cookie"),
		Entry: &apiv1.EnterRequest{Name: "Anna", Constituency: "family", Id: newID()}}
	if err := bus.Request(t.Context(), nc, "people.enter", enter, &peoplev1.EnterResponse{}); err != nil { // and nothing after it
		t.Fatal(err)
	}
	anna := h.browser()
	anna.client.Jar.SetCookies(mustURL(t, h), []*http.Cookie{{Name: "tavolo-device", Value: "cookie", Path: "/"}})
	p := ""
	for range 2 {
		me := do[apiv1.MeView](anna, "AccountService/GetMe", &apiv1.GetMeRequest{})
		p = me.Memberships[0].Participant
	}
	again := do[apiv1.MeView](h.browser(), "AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: "Anna", Constituency: "family", Id: enter.Entry.Id})
	if again.Memberships[0].Participant != p {
		t.Errorf("entering again gave another seat: %v", again)
	}
	seen(t, giulia, "Anna, once", func(v *apiv1.InitiativeView) bool {
		n := 0
		for _, x := range v.Participants {
			if x.Name == "Anna" {
				n++
			}
		}
		return n == 1 && find(v, p).Ref == "f2"
	})
}

func TestTwoPeopleOfASharedDeviceSpeakForThemselves(t *testing.T) {
	h, giulia := withExample(t)
	made := giulia.invite(0)
	tablet := h.browser()
	anna := do[apiv1.MeView](tablet, "AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: "Anna", Shared: true, Id: newID()})
	bruno := tablet.enter(made.Secret, "Bruno")
	if len(bruno.People) != 2 || bruno.Account == anna.Account || !bruno.Shared {
		t.Fatalf("%v", bruno)
	}
	propose := func(item, by string) string {
		r, err := http.NewRequest(http.MethodPost, "http://"+h.house.gateway.Addr()+"/tavolo.api.v1.ItemService/ProposeItem",
			strings.NewReader(fmt.Sprintf(`{"workspace":%q,"item":%q,"title":{"clear":"T"},"proposedBy":%q}`, dsm, orari+":"+item, by)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://"+r.Host)
		answer, err := tablet.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.Header.Get("Tavolo-Code")
	}
	a, b := anna.Memberships[0].Participant, bruno.Memberships[0].Participant
	if code := propose("b1", b); code != "" {
		t.Errorf("Bruno for himself: %q", code)
	}
	if code := propose("b2", a); code != "gateway/for-oneself" {
		t.Errorf("Bruno for Anna: %q", code)
	}
	do[apiv1.MeView](tablet, "AccountService/SwitchPerson", &apiv1.SwitchPersonRequest{Account: anna.Account})
	if code := propose("a1", a); code != "" {
		t.Errorf("Anna for herself: %q", code)
	}
	do[apiv1.MeView](tablet, "AccountService/SwitchPerson", &apiv1.SwitchPersonRequest{})
	if code := propose("n1", a); code != "account/signed-out" {
		t.Errorf("nobody for Anna: %q", code)
	}
}

func TestWrongCodesAreLimitedAndLinksAreNot(t *testing.T) {
	h, giulia := withExample(t)
	made := giulia.invite(0)
	stranger := h.browser()
	look := func(secret string) string {
		return stranger.ask("AccountService/LookAtInvitation", &apiv1.LookAtInvitationRequest{Secret: secret}, &apiv1.InvitationView{})
	}
	for range 30 {
		if code := look(made.Code); code != "" { // right ones do not count
			t.Fatalf("a right code: %q", code)
		}
	}
	for i := range 10 {
		wrong := "ZZZZZ" + string("23456789AB"[i])
		if code := look(wrong); code != "account/invitation-unknown" {
			t.Fatalf("wrong code %d: %q", i+1, code)
		}
	}
	if code := look("ZZZZZZ"); code != "account/too-many-tries" {
		t.Errorf("the eleventh: %q", code)
	}
	if code := stranger.ask("AccountService/Enter", &apiv1.EnterRequest{Secret: made.Code, Name: "Anna", Id: newID()}, &apiv1.MeView{}); code != "account/too-many-tries" {
		t.Errorf("a right code from there: %q", code)
	}
	if code := look("a-link-that-nobody-made"); code != "account/invitation-unknown" {
		t.Errorf("a wrong link: %q", code)
	}
	stranger.enter(made.Secret, "Anna")
}

func TestMinutesAreImportedWhereOneMay(t *testing.T) {
	h, giulia := withExample(t)
	anna := h.browser()
	anna.enter(giulia.invite(apiv1.Grant_GRANT_FACILITATE).Secret, "Anna")
	file, err := os.ReadFile("../../examples/1-apertura-del-sabato.yaml")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := bytes.ReplaceAll(file, []byte("id: csm-orari"), []byte("id: altrove"))
	// Who runs one initiative does not run the department: they may not give it another name or another region by the way.
	region := bytes.Replace(file, []byte("region: Emilia-Romagna"), []byte("region: Sicilia"), 1)
	name := bytes.Replace(file, []byte("name: "), []byte("name: Altro "), 1)
	if bytes.Equal(elsewhere, file) || bytes.Equal(region, file) || bytes.Equal(name, file) {
		t.Fatal("the file was not changed")
	}
	for name, c := range map[string]struct {
		who  *browser
		data []byte
		want string
	}{"Anna at home": {anna, file, ""}, "Anna moves the department": {anna, region, "gateway/not-permitted"}, "Anna names the department": {anna, name, "gateway/not-permitted"}, "Anna elsewhere": {anna, elsewhere, "gateway/not-permitted"}, "Giulia elsewhere": {giulia, elsewhere, ""}, "nobody": {h.browser(), file, "account/signed-out"}} {
		if code := c.who.ask("MinutesService/ImportMinutes", &apiv1.ImportMinutesRequest{Name: "m.yaml", File: c.data}, &commandv1.Receipt{}); code != c.want {
			t.Errorf("%s: %q, want %q", name, code, c.want)
		}
	}
}

// No name, secret, code or token of who comes in is in a file that is kept, in the log, or in a refusal. (The operator's token is, in its own file.)
func TestNothingOfWhoComesInIsKeptInClear(t *testing.T) {
	h, giulia := withExample(t)
	made := giulia.invite(0)
	anna := h.browser()
	me := anna.enter(made.Secret, "zzcanaryname")
	do[apiv1.MeView](anna, "AccountService/Rename", &apiv1.RenameRequest{Name: "zzcanaryother"})
	seen(t, anna, "her name", func(v *apiv1.InitiativeView) bool {
		return find(v, me.Memberships[0].Participant).Name == "zzcanaryother"
	})
	canaries := []string{"zzcanaryname", "zzcanaryother", made.Secret, made.Code}
	for _, c := range anna.client.Jar.Cookies(mustURL(t, h)) {
		canaries = append(canaries, c.Value)
	}
	if len(canaries) != 5 {
		t.Fatalf("%d things to look for", len(canaries))
	}
	anna.ask("AccountService/Enter", &apiv1.EnterRequest{Secret: made.Secret, Name: strings.Repeat("zzcanaryname", 9), Id: newID()}, &apiv1.MeView{})
	anna.ask("AccountService/Rename", &apiv1.RenameRequest{Name: strings.Repeat("zzcanaryname", 9)}, &apiv1.MeView{})
	anna.ask("AccountService/SetGrant", &apiv1.SetGrantRequest{Workspace: "zzcanaryname"}, &apiv1.MeView{})
	h.close()
	searched := 0
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		searched += len(content)
		for i, c := range canaries {
			if bytes.Contains(content, []byte(c)) {
				t.Errorf("thing %d is in %s", i, path)
			}
		}
		return err
	})
	if err != nil || searched < 100_000 {
		t.Errorf("searched %d bytes, %v", searched, err)
	}
	for i, c := range canaries {
		if bytes.Contains(h.log.Bytes(), []byte(c)) {
			t.Errorf("thing %d was logged: %s", i, h.log)
		}
	}
}

var firstLink = regexp.MustCompile(`http://[0-9.:]+/enter#\S+`)

// Each start while nobody has entered prints a link, and the one before is void; afterwards none is printed.
func TestServePrintsTheFirstLinkUntilSomebodyEntered(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	start := func() (base, link string, stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		out, ended := &watched{more: make(chan struct{}, 1)}, make(chan error, 1)
		go func() {
			ended <- (&serveCmd{Data: data, Listen: "127.0.0.1:0", LogFormat: "text"}).Run(ctx, &terminal{out, io.Discard})
		}()
		out.until(t, "Stop with Ctrl-C")
		return address.FindString(out.String()), firstLink.FindString(out.String()), func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	enter := func(base, link string) string {
		_, secret, _ := strings.Cut(link, "#")
		body, err := json.Marshal(map[string]string{"secret": secret, "name": "Giulia", "id": newID()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.Post(base+"/tavolo.api.v1.AccountService/Enter", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		return r.Header.Get("Tavolo-Code")
	}
	_, one, stop := start()
	stop()
	base, two, stop := start()
	if one == "" || two == "" || one == two {
		t.Errorf("links %q and %q", one, two)
	}
	if code := enter(base, one); code != "account/invitation-unknown" {
		t.Errorf("the first link after the second start: %q", code)
	}
	if code := enter(base, two); code != "" {
		t.Errorf("the second link: %q", code)
	}
	stop()
	_, three, stop := start()
	stop()
	if three != "" {
		t.Errorf("a link is printed although somebody has entered: %s", three)
	}
}

// watched is output that can be waited for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watched) until(t *testing.T, what string) {
	t.Helper()
	for !strings.Contains(w.String(), what) {
		select {
		case <-w.more:
		case <-t.Context().Done():
			t.Fatalf("never printed %q", what)
		}
	}
}

func TestTheOperatorsTokenIsTheirOwn(t *testing.T) {
	dir := t.TempDir()
	one, err := operatorToken(dir)
	if err != nil || len(one) < 43 {
		t.Fatalf("%q %v", one, err)
	}
	if again, err := operatorToken(dir); err != nil || again != one {
		t.Errorf("%q then %q, %v", one, again, err)
	}
	for server, want := range map[string]string{"http://127.0.0.1:8420": one, "http://localhost:8420": one, "http://[::1]:8420": one, "https://tavolo.example.it": "", "http://127.0.0.1.example.it": "", "127.0.0.1:8420": ""} {
		if got, err := (source{Data: dir, Server: server}).token(); err != nil || got != want {
			t.Errorf("%s is shown %q, want %q (%v)", server, got, want, err)
		}
	}
	if got, err := (source{Data: dir, Server: "https://tavolo.example.it", Token: "given"}).token(); err != nil || got != "given" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := (source{Data: t.TempDir(), Server: "http://127.0.0.1:1"}).token(); err != nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
	path := filepath.Join(dir, tokenFile)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := operatorToken(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a token that others can read: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := operatorToken(dir); err == nil {
		t.Error("an empty token was taken: everybody would be the operator")
	}
}
