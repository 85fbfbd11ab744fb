package gateway_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// ada is a browser whose device is Ada's, who has a seat in the initiative orari of dsm.
var ada = []string{"Cookie", "tavolo-device=of-ada"}

// openPages opens a house where Ada takes part and may vote, for herself and for Bruno.
func openPages(t *testing.T) *house {
	t.Helper()
	h := open(t)
	h.here["of-ada"] = &peoplev1.IdentifyResponse{Device: "d1", Account: "a1", Memberships: []*apiv1.Membership{
		{Workspace: "dsm", Initiative: "orari", Participant: "p-ada", Grant: apiv1.Grant_GRANT_TAKE_PART},
	}}
	h.show(false)
	h.say("get_decision", func(proto.Message) (proto.Message, error) {
		return &apiv1.DecisionView{Id: "orari:s:d", Question: "Aprire il sabato?", Phase: apiv1.DecisionPhase_DECISION_PHASE_OPEN,
			Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}, Implementer: "p-bruno"},
			Electors: []*eventv1.Elector{
				{Participant: "p-ada", Constituency: "user", Standing: eventv1.Standing_STANDING_BINDING_VOTE},
				{Participant: "p-bruno", Constituency: "user", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Proxy: &eventv1.Proxy{To: "p-ada"}},
			}}, nil
	})
	h.say("get_own_ballots", func(proto.Message) (proto.Message, error) {
		return &apiv1.GetOwnBallotsResponse{Ballots: []*apiv1.OwnBallot{{Decision: "orari:s:d", Participant: "p-ada", Open: true}, {Decision: "orari:s:d", Participant: "p-bruno", Open: true}}}, nil
	})
	return h
}

// show has the initiative, public or not.
func (h *house) show(public bool) {
	h.say("get_initiative", func(proto.Message) (proto.Message, error) {
		return &apiv1.InitiativeView{Public: public, Initiative: &apiv1.InitiativeSummary{Id: "orari", Title: "Orari"}, Participants: []*apiv1.ParticipantView{
			{Participant: "p-ada", Ref: "u1", Name: "Ada"},
			{Participant: "p-bruno", Ref: "u2", Name: "Bruno", Consents: []*eventv1.ConsentStated{{Participant: "p-bruno", Consent: "name_in_minutes"}, {Participant: "p-bruno", Consent: "words_in_minutes"}}},
		}}, nil
	})
}

const (
	decisionPage = "/w/dsm/d/orari:s:d/page"
	ballotPage   = "/w/dsm/d/orari:s:d/ballot"
)

var commandField = regexp.MustCompile(`name="command" value="([^"]+)"`)

// cast sends a ballot's form as a browser does.
func (h *house) cast(form url.Values, headers ...string) reply {
	h.t.Helper()
	stay := http.DefaultClient.CheckRedirect
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { http.DefaultClient.CheckRedirect = stay }()
	all := append([]string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://" + h.gateway.Addr(), "Sec-Fetch-Site", "same-origin"}, ada...)
	return h.do(http.MethodPost, ballotPage, form.Encode(), append(all, headers...)...)
}

func (h *house) recorded() []*commandv1.Command {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*commandv1.Command
	for _, b := range h.commands {
		all = append(all, b.Commands...)
	}
	return all
}

func TestAMemberReadsADecisionWithNames(t *testing.T) {
	h := openPages(t)
	r := h.do(http.MethodGet, decisionPage, "", ada...)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(r.body, "Bruno") || !strings.Contains(r.body, ballotPage) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestWhoIsNotSignedInReadsOnlyWhatIsPublicAndNoPerson(t *testing.T) {
	h := openPages(t)
	r := h.do(http.MethodGet, decisionPage, "", nobody...)
	if r.status != http.StatusUnauthorized || r.header.Get("Tavolo-Code") != "account/signed-out" || strings.Contains(r.body, "Aprire il sabato") || h.times("get_decision") != 0 {
		t.Errorf("not public: %d %s %s", r.status, r.header.Get("Tavolo-Code"), r.body)
	}
	h.show(true)
	r = h.do(http.MethodGet, decisionPage, "", nobody...)
	if r.status != http.StatusOK || !strings.Contains(r.body, "Aprire il sabato") {
		t.Fatalf("public: %d %s", r.status, r.body)
	}
	for _, person := range []string{"Ada", "Bruno", "p-ada", "p-bruno", "u1", ballotPage} {
		if strings.Contains(r.body, person) {
			t.Errorf("%s is on a public page", person)
		}
	}
	for _, path := range []string{ballotPage, "/w/dsm/s/orari:s/minutes", "/v1/workspaces/dsm/sessions/orari:s/minutes.md", "/v1/workspaces/dsm/sessions/orari:s/minutes.json", "/v1/workspaces/dsm/sessions/orari:s.ics", "/pages"} {
		if r := h.do(http.MethodGet, path, "", nobody...); r.status != http.StatusUnauthorized {
			t.Errorf("%s of a public initiative: %d", path, r.status)
		}
	}
}

// Another group's member has no more rights than anyone.
func TestAMemberOfAnotherGroupReadsNothingThatIsNotPublic(t *testing.T) {
	h := openPages(t)
	if r := h.do(http.MethodGet, "/w/dsm/d/altro:s:d/page", "", ada...); r.status != http.StatusForbidden || strings.Contains(r.body, "Aprire") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, "/w/dsm/s/altro:s/minutes", "", ada...); r.status != http.StatusForbidden {
		t.Errorf("%d", r.status)
	}
}

func TestABallotFromAFormCountsOnce(t *testing.T) {
	h := openPages(t)
	page := h.do(http.MethodGet, ballotPage, "", ada...)
	ids := commandField.FindAllStringSubmatch(page.body, -1)
	if page.status != http.StatusOK || len(ids) != 2 || ids[0][1] == ids[1][1] {
		t.Fatalf("%d, %d forms: %s", page.status, len(ids), page.body)
	}
	form := url.Values{"command": {ids[0][1]}, "participant": {"p-ada"}, "choice": {"for"}}
	for range 2 {
		if r := h.cast(form); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), ballotPage+"/recorded?at=") {
			t.Fatalf("%d %s %s", r.status, r.header.Get("Location"), r.body)
		}
	}
	all := h.recorded()
	if len(all) != 2 || all[0].Id != all[1].Id {
		t.Fatalf("two of one form are not one command: %v", all)
	}
	b := all[0].GetCastBallots().GetBallots()
	if len(b) != 1 || b[0].Participant != "p-ada" || b[0].Choice != eventv1.Choice_CHOICE_FOR || b[0].EnteredBy != "" || all[0].Actor.GetParticipant() != "p-ada" {
		t.Errorf("%v", all[0])
	}
	form.Set("choice", "against")
	h.cast(form)
	if all = h.recorded(); all[2].Id == all[0].Id {
		t.Error("another choice on the same form is taken for the first one sent twice")
	}
	h.cast(url.Values{"command": {ids[1][1]}, "participant": {"p-bruno"}, "choice": {"abstain"}})
	if all = h.recorded(); len(all) != 4 || all[3].GetCastBallots().GetBallots()[0].GetParticipant() != "p-bruno" {
		t.Error("the holder of a proxy cannot vote with it")
	}
}

func TestTheConfirmationReadsBackWhatIsRecorded(t *testing.T) {
	h := openPages(t)
	h.say("get_own_ballots", func(proto.Message) (proto.Message, error) {
		return &apiv1.GetOwnBallotsResponse{Ballots: []*apiv1.OwnBallot{{Decision: "orari:s:d", Participant: "p-ada", Choice: eventv1.Choice_CHOICE_AGAINST, Open: true}}}, nil
	})
	r := h.do(http.MethodGet, ballotPage+"/recorded?at=7&lang=en", "", ada...)
	if r.status != http.StatusOK || !strings.Contains(r.body, "Recorded: Against.") || h.last("get_own_ballots") != 7 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestALateBallotIsToldSoInOneSentence(t *testing.T) {
	h := openPages(t)
	id := commandField.FindStringSubmatch(h.do(http.MethodGet, ballotPage, "", ada...).body)[1]
	h.ledger = func(*commandv1.CommandBatch) (*commandv1.Receipt, error) {
		return nil, decider.Refuse("decision/not-open")
	}
	r := h.cast(url.Values{"command": {id}, "participant": {"p-ada"}, "choice": {"for"}}, "Accept-Language", "en")
	if r.status != http.StatusConflict || !strings.Contains(r.body, "Voting has closed already. This choice was not counted.") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestAFormThatIsNotOursOrNotWholeCastsNothing(t *testing.T) {
	h := openPages(t)
	id := commandField.FindStringSubmatch(h.do(http.MethodGet, ballotPage, "", ada...).body)[1]
	good := func(changes ...string) url.Values {
		v := url.Values{"command": {id}, "participant": {"p-ada"}, "choice": {"for"}}
		for i := 0; i+1 < len(changes); i += 2 {
			v.Set(changes[i], changes[i+1])
		}
		return v
	}
	for name, c := range map[string]struct {
		got    reply
		status int
	}{
		"from another site":     {h.do(http.MethodPost, ballotPage, good().Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, ada...)...), http.StatusForbidden},
		"that says no origin":   {h.do(http.MethodPost, ballotPage, good().Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, ada...)...), http.StatusForbidden},
		"as JSON":               {h.do(http.MethodPost, ballotPage, `{}`, append([]string{"Content-Type", "application/json", "Origin", "http://" + h.gateway.Addr()}, ada...)...), http.StatusUnsupportedMediaType},
		"too large":             {h.cast(good("more", strings.Repeat("x", 5000))), http.StatusRequestEntityTooLarge},
		"without a choice":      {h.cast(good("choice", "")), http.StatusUnprocessableEntity},
		"with another choice":   {h.cast(good("choice", "perhaps")), http.StatusUnprocessableEntity},
		"with an id of its own": {h.cast(good("command", "1")), http.StatusUnprocessableEntity},
		"for somebody else":     {h.cast(good("participant", "p-carla")), http.StatusUnprocessableEntity},
		"of nobody":             {h.do(http.MethodPost, ballotPage, good().Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, nobody...)...), http.StatusUnauthorized},
	} {
		if c.got.status != c.status {
			t.Errorf("a form %s: %d, want %d: %s", name, c.got.status, c.status, c.got.body)
		}
	}
	if n := len(h.recorded()); n != 0 {
		t.Errorf("%d commands", n)
	}
	if r := h.do(http.MethodPost, "/tavolo.api.v1.DecisionService/CastBallots", good().Encode(), "Content-Type", "application/x-www-form-urlencoded"); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("a form to an RPC: %d", r.status)
	}
}

func TestAPageSpeaksTheLanguageChosenThenKeptThenTheBrowsers(t *testing.T) {
	h := openPages(t)
	read := func(path string, headers ...string) (string, reply) {
		r := h.do(http.MethodGet, path, "", append(headers, "Authorization", "Bearer "+operator)...)
		return r.header.Get("Content-Language"), r
	}
	if lang, _ := read(decisionPage); lang != "it" {
		t.Errorf("without a wish %s", lang)
	}
	if lang, _ := read(decisionPage, "Accept-Language", "en"); lang != "en" {
		t.Errorf("the browser's: %s", lang)
	}
	if lang, _ := read(decisionPage, "Accept-Language", "en", "Cookie", "tavolo-language=it-x-facile"); lang != "it-x-facile" {
		t.Errorf("kept: %s", lang)
	}
	lang, r := read(decisionPage+"?lang=en", "Cookie", "tavolo-language=it")
	if lang != "en" || !strings.HasPrefix(r.header.Get("Set-Cookie"), "tavolo-language=en; Path=/; Max-Age=") || !strings.Contains(r.body, `<html lang="en">`) {
		t.Errorf("chosen: %s, %s", lang, r.header.Get("Set-Cookie"))
	}
	if lang, r := read(decisionPage + "?lang=xx"); lang != "it" || r.header.Get("Set-Cookie") != "" {
		t.Errorf("one that we do not speak: %s", lang)
	}
}

func TestAPageLoadsOnlyOurOwnStyleAndRunsNothing(t *testing.T) {
	h := openPages(t)
	r := h.do(http.MethodGet, decisionPage, "", ada...)
	for _, sign := range []string{"<script", "style=", "onclick", "http://", "https://"} {
		if strings.Contains(r.body, sign) {
			t.Errorf("%s is on the page", sign)
		}
	}
	if css := h.do(http.MethodGet, "/pages.css", "", nobody...); css.status != http.StatusOK || !strings.Contains(css.body, "@page") || css.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%d %s", css.status, css.header.Get("Content-Type"))
	}
}

func TestASessionIsAnAppointment(t *testing.T) {
	h := openPages(t)
	starts := timestamppb.New(time.Date(2026, 3, 5, 15, 0, 0, 0, time.UTC))
	h.say("get_session", func(q proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: q.(*apiv1.GetSessionRequest).Session, Title: "Terzo", StartsAt: starts, Minutes: 90}, Sequence: 3}, nil
	})
	r := h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s.ics", "", ada...)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.Contains(r.body, "UID:orari:s@dsm.tavolo\r\n") || !strings.Contains(r.body, "DTEND:20260305T163000Z\r\n") || !strings.Contains(r.body, h.gateway.Addr()) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s", "", ada...); r.header.Get("Content-Type") != "application/json" {
		t.Error("the session itself is no longer there")
	}
	starts = nil
	if r := h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s.ics", "", ada...); r.status != http.StatusNotFound || code(t, r) != "gateway/no-day" {
		t.Errorf("without a day: %d", r.status)
	}
}

// A reader does not learn what others consented to; the minutes honour it all the same.
func TestMinutesHonourConsentsThatTheReaderMayNotSee(t *testing.T) {
	h := openPages(t)
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "orari:s", Title: "Terzo", Phase: apiv1.SessionPhase_SESSION_PHASE_OPEN}, Items: []*apiv1.ItemView{
			{Id: "orari:i", Title: "Sabato", Contributions: []*apiv1.ContributionView{{Number: 1, By: "p-bruno", Text: "Parole di troppo"}}},
		}}, nil
	})
	for _, path := range []string{"/w/dsm/s/orari:s/minutes", "/v1/workspaces/dsm/sessions/orari:s/minutes.md"} {
		r := h.do(http.MethodGet, path, "", ada...)
		if r.status != http.StatusOK || strings.Contains(r.body, "Bruno") || strings.Contains(r.body, "Parole di troppo") || !strings.Contains(r.body, "Parole non riportate.") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s/minutes.md", "", ada...); r.header.Get("Content-Type") != "text/markdown; charset=utf-8" || r.header.Get("Content-Disposition") != `attachment; filename="orari-s.md"` {
		t.Errorf("%v", r.header)
	}
}

func TestTheMinutesFileIsAnAttachment(t *testing.T) {
	h := openPages(t)
	h.say("export_minutes", func(proto.Message) (proto.Message, error) {
		return &apiv1.ExportMinutesResponse{File: []byte(`{"format":"tavolo-minutes/1"}`), Sequence: 9}, nil
	})
	r := h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s/minutes.json", "", ada...)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" || r.header.Get("Content-Disposition") != `attachment; filename="orari-s.json"` || r.header.Get("Tavolo-Sequence") != "9" || r.body != `{"format":"tavolo-minutes/1"}` {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
}
