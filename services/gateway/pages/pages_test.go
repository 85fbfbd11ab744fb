package pages_test

import (
	"bytes"
	"flag"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/catalogue"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway/pages"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recorded reads an answer of the views of a recorded meeting: the demo, with consents, a count, approvals and a contested decision added.
func recorded[M proto.Message](t *testing.T, name string, m M) M {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(data, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func meeting(t *testing.T) pages.MinutesInput {
	return pages.MinutesInput{
		Workspace: "dsm-esempio", Session: recorded(t, "session", &apiv1.SessionView{}), Initiative: recorded(t, "initiative", &apiv1.InitiativeView{}),
		Roles: recorded(t, "roles", &apiv1.ListRolesResponse{}).Decisions,
	}
}

func decisionOf(t *testing.T) pages.DecisionInput {
	m := meeting(t)
	return pages.DecisionInput{Workspace: m.Workspace, Decision: m.Session.Items[0].Decisions[0], Initiative: m.Initiative, Roles: m.Roles[0].Roles, Me: "pseudonym-of-u1"}
}

func html(t *testing.T, lang string, d pages.Doc) string {
	t.Helper()
	var b bytes.Buffer
	if err := (pages.Frame{Lang: lang, Here: &url.URL{Path: "/here"}, Style: "/assets/app.css"}).HTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func markdown(t *testing.T, d pages.Doc) string {
	t.Helper()
	var b bytes.Buffer
	if err := pages.Markdown(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s:%d: got %q, want %q (-update writes it anew)", name, i+1, g[i], w[i])
			return
		}
	}
	t.Errorf("%s has %d lines, got %d", name, len(w), len(g))
}

func TestMinutesOfARecordedMeeting(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		doc := pages.Minutes(lang, meeting(t))
		golden(t, "minutes."+lang+".html.golden", html(t, lang, doc))
		golden(t, "minutes."+lang+".md.golden", markdown(t, doc))
	}
}

func TestDecisionOfARecordedMeeting(t *testing.T) {
	golden(t, "decision.it.html.golden", html(t, "it", pages.Decision("it", decisionOf(t))))
	in := decisionOf(t)
	in.Public = true
	golden(t, "public.it.html.golden", html(t, "it", pages.Decision("it", in)))
}

func TestWhoRefusesTheNameInTheMinutesGoesByTheShortID(t *testing.T) {
	said := markdown(t, pages.Minutes("it", meeting(t)))
	for _, name := range []string{"Bruno", "pseudonym-of"} {
		if strings.Contains(said, name) {
			t.Errorf("%s is in the minutes", name)
		}
	}
	if !strings.Contains(said, "**u2** (Affermazione") || !strings.Contains(said, "Ada") {
		t.Error("the short id of u2 or the name of u1 is missing")
	}
}

func TestWordsRefusedAreNotReported(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		said := html(t, lang, pages.Minutes(lang, meeting(t)))
		if strings.Contains(said, "non devono comparire") || !strings.Contains(said, pages.Say(lang, "page/words-withheld")) {
			t.Errorf("%s: the words of somebody who refused are there, or nothing says that they are not", lang)
		}
	}
}

// Nothing on a public page is of a person: no name, no short id, no pseudonym, nothing that anybody said.
func TestNobodyIsOnAPublicPage(t *testing.T) {
	in := decisionOf(t)
	in.Public = true
	in.Decision.Charter.Rule.Chair, in.Decision.Charter.Rule.Veto = "pseudonym-of-dir", []string{"pseudonym-of-u2"}
	in.Decision.Charter.Rule.Tie, in.Decision.Charter.Implementer = eventv1.Tie_TIE_CHAIR, "pseudonym-of-p1"
	in.Decision.Contested, in.Decision.ContestedBy, in.Decision.Contest = true, "pseudonym-of-u3", "Parole contestate"
	in.Decision.Disputes = []*apiv1.DisputeView{{By: "pseudonym-of-u2", Text: "Parole di prima", SettledBy: "pseudonym-of-p1", How: "Chiarito insieme"}}
	in.Decision.Acts[0].Reason = "Un motivo con parole"
	in.Decision.Charter.Ratification, in.Decision.Ratifier = eventv1.Ratification_RATIFICATION_MERIT, "La dottoressa Neri"
	within := html(t, "it", pages.Decision("it", pages.DecisionInput{Workspace: in.Workspace, Initiative: in.Initiative, Decision: in.Decision}))
	for _, words := range []string{"La dottoressa Neri", "Parole di prima", "Chiarito insieme"} {
		if !strings.Contains(within, words) {
			t.Errorf("who belongs to the group does not read %q", words)
		}
	}
	for _, lang := range catalogue.Languages() {
		page := html(t, lang, pages.Decision(lang, in))
		for _, p := range in.Initiative.Participants {
			for _, who := range []string{p.Name, p.Ref, p.Participant} {
				if who != "" && strings.Contains(page, ">"+who) || p.Name != "" && strings.Contains(page, p.Name) || strings.Contains(page, p.Participant) {
					t.Errorf("%s: %s is on the page", lang, who)
				}
			}
		}
		for _, words := range []string{"Parole contestate", "Parole di prima", "Chiarito insieme", "Un motivo", "Neri", "dalle 9 alle 12", "Terzo incontro"} {
			if strings.Contains(page, words) {
				t.Errorf("%s: %q is on the page", lang, words)
			}
		}
		if !strings.Contains(page, "Aprire il Centro diurno il sabato mattina") || !strings.Contains(page, pages.Say(lang, "page/users-strict")) {
			t.Errorf("%s: the question or the role of the users is missing", lang)
		}
	}
}

func TestWhatPeopleWroteStaysText(t *testing.T) {
	in := meeting(t)
	page, file := html(t, "it", pages.Minutes("it", in)), markdown(t, pages.Minutes("it", in))
	if strings.Contains(page, "<b>mesi") || !strings.Contains(page, "&lt;b&gt;mesi") {
		t.Error("markup of a contribution is markup of the page")
	}
	if !strings.Contains(file, `\# Due \| tre \<b\>mesi\</b\> \- \*di\* prova \[qui\](http://example.org)`) {
		t.Error("signs of Markdown in a contribution are not escaped")
	}
}

func TestASessionGoingOnSaysThatItsMinutesGrow(t *testing.T) {
	in := meeting(t)
	in.Session.Session.Phase = apiv1.SessionPhase_SESSION_PHASE_OPEN
	if !strings.Contains(html(t, "en", pages.Minutes("en", in)), "these minutes grow") {
		t.Error("nothing says so")
	}
}

// While people vote nobody sees how anybody voted, whatever the answer holds.
func TestNoBallotShowsBeforeTheClose(t *testing.T) {
	in := decisionOf(t)
	in.Decision.Phase = apiv1.DecisionPhase_DECISION_PHASE_OPEN
	page := html(t, "it", pages.Decision("it", in))
	if strings.Contains(page, "A favore") || !strings.Contains(page, "Ha votato") || !strings.Contains(page, `href="/w/dsm-esempio/d/csm-orari:2026-03-05:apertura/ballot"`) {
		t.Error("a choice shows, or who has voted does not, or the way to the ballot is missing")
	}
}

func TestHeadingsGoDownByOne(t *testing.T) {
	page := html(t, "it", pages.Minutes("it", meeting(t)))
	last := 1
	for _, part := range strings.Split(page, "<h")[1:] {
		if part[0] < '1' || part[0] > '6' {
			continue
		}
		if level := int(part[0] - '0'); level > last+1 {
			t.Fatalf("h%d follows h%d", level, last)
		} else {
			last = level
		}
	}
	ids := map[string]bool{}
	for _, part := range strings.Split(page, ` id="`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		if ids[id] {
			t.Errorf("the id %s is there twice", id)
		}
		ids[id] = true
	}
}

func ballot(d *apiv1.DecisionView, own ...*apiv1.OwnBallot) pages.BallotInput {
	for _, o := range own {
		o.Decision = d.Id
	}
	return pages.BallotInput{Workspace: "w", Decision: d, Me: "a", Own: own, Command: func() string { return "01980000-0000-7000-8000-000000000000" }, Initiative: &apiv1.InitiativeView{Participants: []*apiv1.ParticipantView{
		{Participant: "a", Ref: "u1", Name: "Ada"}, {Participant: "b", Ref: "u2", Name: "Bruno"},
	}}}
}

func TestABallotAsksInTheWordsOfTheRule(t *testing.T) {
	d := &apiv1.DecisionView{Id: "i:s:d", Question: "Si?", Phase: apiv1.DecisionPhase_DECISION_PHASE_OPEN, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}}}
	b := pages.BallotPage("it", ballot(d, &apiv1.OwnBallot{Participant: "a", Open: true}, &apiv1.OwnBallot{Participant: "b", Open: true, Choice: eventv1.Choice_CHOICE_AGAINST}))
	if len(b.Slips) != 2 || b.Slips[0].Choices[1].Says != "Obiezione motivata" || b.Slips[0].Choices[1].Means == "" {
		t.Fatalf("%+v", b.Slips)
	}
	if b.Slips[1].Of != "Il voto di Bruno, per delega" || !b.Slips[1].Choices[1].Chosen || b.Slips[1].Now != "È registrato: Obiezione motivata." {
		t.Errorf("the slip of the proxy: %+v", b.Slips[1])
	}
	d.Charter.Rule.Method = eventv1.Method_METHOD_MAJORITY
	if b := pages.BallotPage("en", ballot(d, &apiv1.OwnBallot{Participant: "a", Open: true})); b.Slips[0].Choices[0].Says != "For" || b.Slips[0].Choices[0].Means != "" {
		t.Errorf("%+v", b.Slips[0])
	}
	d.Phase = apiv1.DecisionPhase_DECISION_PHASE_CLOSED
	if b := pages.BallotPage("en", ballot(d, &apiv1.OwnBallot{Participant: "a"})); b.Slips[0].Open || b.Slips[0].Now != "Voting is closed and this vote was not cast." {
		t.Errorf("%+v", b.Slips[0])
	}
}

func TestARuleIsSaidInThePresentUntilTheClose(t *testing.T) {
	const now, was = "Non serve un numero minimo", "Non serviva un numero minimo"
	for phase, want := range map[apiv1.DecisionPhase][2]bool{
		apiv1.DecisionPhase_DECISION_PHASE_POSED: {true, false}, apiv1.DecisionPhase_DECISION_PHASE_OPEN: {true, false}, apiv1.DecisionPhase_DECISION_PHASE_CLOSED: {false, true},
	} {
		in := decisionOf(t)
		in.Decision.Phase, in.Decision.Count = phase, nil
		in.Decision.Charter.Rule = &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}
		page := html(t, "it", pages.Decision("it", in))
		if got := [2]bool{strings.Contains(page, now), strings.Contains(page, was)}; got != want {
			t.Errorf("%v: in the present, in the past: %v, want %v", phase, got, want)
		}
	}
}

func TestNothingIsSaidToBeRecordedThatIsNot(t *testing.T) {
	d := &apiv1.DecisionView{Id: "i:s:d", Phase: apiv1.DecisionPhase_DECISION_PHASE_OPEN}
	none := pages.Recorded("en", ballot(d, &apiv1.OwnBallot{Participant: "a", Open: true}))
	one := pages.Recorded("en", ballot(d, &apiv1.OwnBallot{Participant: "a", Open: true, Choice: eventv1.Choice_CHOICE_FOR}))
	if none.Title[0].Text != "No vote is recorded" || one.Title[0].Text != "The vote is recorded" {
		t.Error(none.Title, one.Title)
	}
}

func TestAFormSentTwiceIsOneCommand(t *testing.T) {
	const form = "01980000-0000-7000-8000-000000000000"
	one, ok := pages.CommandID(form, "a", "for")
	again, _ := pages.CommandID(form, "a", "for")
	other, _ := pages.CommandID(form, "a", "against")
	proxy, _ := pages.CommandID(form, "b", "for")
	if !ok || one != again || one == other || one == proxy || one[:19] != form[:19] {
		t.Error(one, again, other, proxy)
	}
	for _, bad := range []string{"", "01980000-0000-4000-8000-000000000000", "01980000000070008000000000000000", "x"} {
		if _, ok := pages.CommandID(bad, "a", "for"); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestWordsOfTheThreeLanguagesGoTogether(t *testing.T) {
	it, en, easy := words(t, "it"), words(t, "en"), words(t, "it-x-facile")
	for key := range it {
		if en[key] == nil {
			t.Errorf("%s is not in English", key)
		}
		for lang, other := range map[string]map[string][]string{"en": en, "it-x-facile": easy} {
			if other[key] != nil && !slices.Equal(arguments(it[key]), arguments(other[key])) {
				t.Errorf("%s in %s has other arguments: %v, %v", key, lang, it[key], other[key])
			}
		}
	}
	for _, other := range []map[string][]string{en, easy} {
		for key := range other {
			if it[key] == nil {
				t.Errorf("%s is not in Italian", key)
			}
		}
	}
}

// Every text that the pages ask for exists, and every text is asked for.
func TestEveryTextIsUsedAndEveryTextUsedExists(t *testing.T) {
	var source strings.Builder
	for _, dir := range []string{".", ".."} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".html") || strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
				data, err := os.ReadFile(dir + "/" + f.Name())
				if err != nil {
					t.Fatal(err)
				}
				source.Write(data)
			}
		}
	}
	it := words(t, "it")
	for key := range it {
		made := strings.HasPrefix(key, "page/month-") || strings.HasPrefix(key, "page/means-")
		if !made && !strings.Contains(source.String(), `"`+key+`"`) {
			t.Errorf("nothing says %s", key)
		}
	}
	for _, key := range used.FindAllStringSubmatch(source.String(), -1) {
		if it[key[1]] == nil && !strings.HasSuffix(key[1], "-") {
			t.Errorf("%s has no text", key[1])
		}
	}
}

func TestNoWordIsMissing(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		page := html(t, lang, pages.Minutes(lang, meeting(t))) + html(t, lang, pages.Decision(lang, decisionOf(t)))
		for _, sign := range []string{"page/", "reason/", "flag/", "…", "{{", "UNSPECIFIED"} {
			if strings.Contains(page, sign) {
				t.Errorf("%s: %q is on the page", lang, sign)
			}
		}
	}
}

func TestASessionWithoutADayIsNoAppointment(t *testing.T) {
	if _, ok := pages.Calendar("w", &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "i:s"}}, "http://x/", time.Now()); ok {
		t.Error("it is")
	}
	in := meeting(t).Session
	in.Session.StartsAt = timestamppb.New(time.Date(2026, 3, 5, 15, 0, 0, 0, time.UTC))
	if _, ok := pages.Calendar("w", in, "http://x/", time.Now()); !ok {
		t.Error("with one it is not")
	}
}
