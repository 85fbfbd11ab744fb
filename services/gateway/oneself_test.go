package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/initiative"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway"
)

const (
	read       = apiv1.Grant_GRANT_READ
	takePart   = apiv1.Grant_GRANT_TAKE_PART
	facilitate = apiv1.Grant_GRANT_FACILITATE
	administer = apiv1.Grant_GRANT_ADMINISTER
)

func TestEveryMethodThatTakesPartSaysWhoSpeaks(t *testing.T) {
	without, err := gateway.Voices()
	if err != nil || len(without) > 0 {
		t.Errorf("no row in voices for %v, %v", without, err)
	}
	methods, err := gateway.Contract()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range gateway.VoiceNames() {
		found := false
		for full, grant := range methods {
			found = found || strings.HasSuffix(full, "."+name) && grant == takePart
		}
		if !found {
			t.Errorf("voices has a row for %s, which is no method that GRANT_TAKE_PART reaches", name)
		}
	}
}

// words are requests that take part, with the one who speaks as %s.
var words = map[string]string{
	"InitiativeService/DeclareCapacity":        `{"workspace":"dsm","initiative":"orari","participant":"%s"}`,
	"InitiativeService/NameParticipant":        `{"workspace":"dsm","initiative":"orari","participant":"%s","name":{"clear":"A"}}`,
	"InitiativeService/StateConsents":          `{"workspace":"dsm","initiative":"orari","participant":"me","consents":[{"participant":"%s","consent":"research"}]}`,
	"InitiativeService/ReportUnloggedDecision": `{"workspace":"dsm","initiative":"orari","by":"%s","text":{"clear":"T"}}`,
	"SessionService/SeatParticipants":          `{"workspace":"dsm","session":"orari:s","seats":[{"participant":"me"},{"participant":"%s"}]}`,
	"SessionService/UnseatParticipant":         `{"workspace":"dsm","session":"orari:s","participant":"%s"}`,
	"SessionService/ApproveMinutes":            `{"workspace":"dsm","session":"orari:s","participant":"%s"}`,
	"ItemService/ProposeItem":                  `{"workspace":"dsm","item":"orari:i","title":{"clear":"T"},"proposedBy":"%s"}`,
	"ItemService/RecordContributions":          `{"workspace":"dsm","item":"orari:i","session":"orari:s","contributions":[{"by":"%s","enteredBy":"forged"}]}`,
	"ItemService/LinkAttachment":               `{"workspace":"dsm","item":"orari:i","title":{"clear":"T"},"url":{"clear":"https://a.example"},"by":"%s"}`,
	"ItemService/RaiseHand":                    `{"workspace":"dsm","item":"orari:i","session":"orari:s","participant":"%s"}`,
	"ItemService/LowerHand":                    `{"workspace":"dsm","item":"orari:i","session":"orari:s","participant":"%s"}`,
	"ItemService/ReturnFloor":                  `{"workspace":"dsm","item":"orari:i","session":"orari:s","participant":"%s","enteredBy":"forged"}`,
	"ItemService/WordContribution":             `{"workspace":"dsm","item":"orari:i","session":"orari:s","number":1,"by":"%s","enteredBy":"forged"}`,
	"DecisionService/CastBallots":              `{"workspace":"dsm","decision":"orari:s:d","ballots":[{"participant":"%s","choice":"CHOICE_FOR","enteredBy":"forged"}]}`,
	"DecisionService/GiveAdvice":               `{"workspace":"dsm","decision":"orari:s:d","advice":[{"participant":"%s"}]}`,
	"DecisionService/RecordAct":                `{"workspace":"dsm","decision":"orari:s:d","act":{"kind":"ACT_KIND_IMPLEMENTED","by":"%s"}}`,
	"DecisionService/ContestMinutes":           `{"workspace":"dsm","decision":"orari:s:d","by":"%s","text":{"clear":"No"}}`,
}

// Whoever takes part speaks for themself; who facilitates may write down what somebody else said, and the record shows who typed it.
func TestWhoTakesPartSpeaksForThemselfAlone(t *testing.T) {
	for _, name := range gateway.VoiceNames() {
		if !slices.ContainsFunc(keys(words), func(m string) bool { return strings.HasSuffix(m, "/"+name) }) && !slices.Contains([]string{"PauseSession", "WithdrawItem", "GetOwnBallots", "GetSignals", "GetTutoring", "ChooseTutor"}, name) {
			t.Errorf("%s is not tried", name)
		}
	}
	h := open(t)
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Seats: []*apiv1.ParticipantView{{Participant: "me", Present: true, Offices: []eventv1.Office{eventv1.Office_OFFICE_CHAIR}}}}, nil
	})
	anna, giulia := h.signIn("anna", in(takePart, "me")), h.signIn("giulia", in(facilitate, "giulia"))
	stranger, looks := h.signIn("stranger", in(takePart, "", "orari"), in(takePart, "me", "altro")), h.signIn("looks", in(read, "me"))
	for method, body := range words {
		for _, c := range []struct {
			who     []string
			name    string
			speaker string
			code    string
			entered string
		}{
			{anna, "anna for herself", "me", "", ""},
			{anna, "anna for another", "other", "gateway/for-oneself", ""},
			{anna, "anna for nobody", "", "gateway/for-oneself", ""},
			{giulia, "giulia for herself", "giulia", "", ""},
			{giulia, "giulia for another", "other", "", "giulia"},
			{stranger, "somebody without a seat here, under a pseudonym of elsewhere", "me", "gateway/for-oneself", ""},
			{looks, "who may only look", "me", "gateway/not-permitted", ""},
			{nobody, "nobody", "me", "account/signed-out", ""},
		} {
			before := len(h.commands)
			r := h.post(method, fmt.Sprintf(body, c.speaker), c.who...)
			if got := r.header.Get("Tavolo-Code"); got != c.code || len(h.commands)-before != map[bool]int{true: 1}[c.code == ""] {
				t.Errorf("%s, %s: %d %s, %d commands; want %q", method, c.name, r.status, r.body, len(h.commands)-before, c.code)
				continue
			}
			if c.code == "" && strings.Contains(body, "forged") {
				if got := enteredBy(h.commands[before].Commands[0].ProtoReflect()); got != c.entered {
					t.Errorf("%s, %s: typed by %q, want %q", method, c.name, got, c.entered)
				}
			}
		}
	}
	for i, c := range h.commands {
		want := &eventv1.Actor{Participant: "me", Capacity: eventv1.Capacity_CAPACITY_PARTICIPANT}
		if i%3 > 0 { // anna, giulia, giulia
			want = &eventv1.Actor{Participant: "giulia", Capacity: eventv1.Capacity_CAPACITY_FACILITATOR}
		}
		if !proto.Equal(c.Commands[0].Actor, want) {
			t.Fatalf("command %d is %v's, want %v", i, c.Commands[0].Actor, want)
		}
	}
}

func keys[V any](m map[string]V) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// enteredBy finds who typed, wherever it stands in a command.
func enteredBy(m protoreflect.Message) (found string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "entered_by":
			found = v.String()
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				found += enteredBy(v.List().Get(i).Message())
			}
		case f.Message() != nil && !f.IsMap():
			found += enteredBy(v.Message())
		}
		return true
	})
	return found
}

// The secretary writes down what others say, while in the room; nothing else that is theirs.
func TestTheSecretaryInTheRoomWritesForOthers(t *testing.T) {
	h := open(t)
	seat := &apiv1.ParticipantView{Participant: "me"}
	h.say("get_session", func(q proto.Message) (proto.Message, error) {
		if got := q.(*apiv1.GetSessionRequest).Session; got != "orari:s" {
			t.Errorf("asked about %q", got)
		}
		return &apiv1.SessionView{Seats: []*apiv1.ParticipantView{{Participant: "other", Present: true, Offices: []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}}, seat}}, nil
	})
	anna := h.signIn("anna", in(takePart, "me"))
	for _, c := range []struct {
		name, method string
		present      bool
		offices      []eventv1.Office
		code         string
	}{
		{"the secretary", "ItemService/RecordContributions", true, []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}, ""},
		{"the secretary", "ItemService/ReturnFloor", true, []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}, ""},
		{"the secretary", "ItemService/WordContribution", true, []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}, ""},
		{"the secretary, for a hand", "ItemService/RaiseHand", true, []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}, "gateway/for-oneself"},
		{"a secretary who left", "ItemService/RecordContributions", false, []eventv1.Office{eventv1.Office_OFFICE_SECRETARY}, "gateway/for-oneself"},
		{"the chair", "ItemService/RecordContributions", true, []eventv1.Office{eventv1.Office_OFFICE_CHAIR}, "gateway/for-oneself"},
	} {
		seat.Present, seat.Offices = c.present, c.offices
		before := len(h.commands)
		r := h.post(c.method, fmt.Sprintf(words[c.method], "other"), anna...)
		if got := r.header.Get("Tavolo-Code"); got != c.code {
			t.Errorf("%s, %s: %q, want %q", c.name, c.method, got, c.code)
			continue
		}
		if c.code == "" {
			if got := enteredBy(h.commands[before].Commands[0].ProtoReflect()); got != "me" {
				t.Errorf("%s, %s: typed by %q, want me", c.name, c.method, got)
			}
		}
	}
}

func TestAProxyIsCastByItsHolderAndNobodyElse(t *testing.T) {
	h := open(t)
	h.say("get_decision", func(proto.Message) (proto.Message, error) {
		return &apiv1.DecisionView{Electors: []*eventv1.Elector{{Participant: "absent", Proxy: &eventv1.Proxy{To: "me"}}, {Participant: "other", Proxy: &eventv1.Proxy{To: "third"}}}}, nil
	})
	anna := h.signIn("anna", in(takePart, "me"))
	for speaker, want := range map[string]string{"absent": "", "other": "gateway/for-oneself", "unknown": "gateway/for-oneself"} {
		r := h.post("DecisionService/CastBallots", fmt.Sprintf(`{"workspace":"dsm","decision":"orari:s:d","ballots":[{"participant":"me"},{"participant":"%s","enteredBy":"forged"}]}`, speaker), anna...)
		if got := r.header.Get("Tavolo-Code"); got != want {
			t.Errorf("%s: %q, want %q", speaker, got, want)
		}
	}
	if got := h.commands[0].Commands[0].GetCastBallots().Ballots[1]; len(h.commands) != 1 || got.Participant != "absent" || got.EnteredBy != "" {
		t.Errorf("%d commands, the first casts %v", len(h.commands), got)
	}
}

func TestWhatGoesBeyondOneselfIsForWhoFacilitates(t *testing.T) {
	h := open(t)
	h.say("get_initiative", func(proto.Message) (proto.Message, error) {
		return &apiv1.InitiativeView{Items: []*apiv1.ItemView{{Id: "orari:mine", ProposedBy: "me"}, {Id: "orari:other", ProposedBy: "other"}, {Id: "orari:nobody"}}}, nil
	})
	h.say("get_session", func(q proto.Message) (proto.Message, error) {
		seats := map[string][]*apiv1.ParticipantView{"orari:s": {{Participant: "me", Present: true}}, "orari:left": {{Participant: "me"}}, "orari:absent": {{Participant: "me", Absent: true}}}
		return &apiv1.SessionView{Seats: seats[q.(*apiv1.GetSessionRequest).Session]}, nil
	})
	h.say("get_decision", func(proto.Message) (proto.Message, error) {
		return &apiv1.DecisionView{Electors: []*eventv1.Elector{{Participant: "away", Proxy: &eventv1.Proxy{To: "me"}}, {Participant: "other"}}}, nil
	})
	anna, giulia, seatless := h.signIn("anna", in(takePart, "me")), h.signIn("giulia", in(facilitate, "giulia")), h.signIn("seatless", in(takePart, ""))
	for _, c := range []struct{ name, method, body, anna, giulia string }{
		{"offices", "SessionService/SeatParticipants", `{"workspace":"dsm","session":"orari:s","seats":[{"participant":"me","offices":["OFFICE_CHAIR"]}]}`, "gateway/not-permitted", ""},
		{"an item of one's own", "ItemService/WithdrawItem", `{"workspace":"dsm","item":"orari:mine"}`, "", ""},
		{"an item of another", "ItemService/WithdrawItem", `{"workspace":"dsm","item":"orari:other"}`, "gateway/for-oneself", ""},
		{"an item of nobody", "ItemService/WithdrawItem", `{"workspace":"dsm","item":"orari:nobody"}`, "gateway/for-oneself", ""},
		{"an objection of one's own", "DecisionService/RecordAct", `{"workspace":"dsm","decision":"orari:s:d","act":{"kind":"ACT_KIND_OBJECTION_RAISED","by":"me","objector":"me"}}`, "", ""},
		{"an objection of another", "DecisionService/RecordAct", `{"workspace":"dsm","decision":"orari:s:d","act":{"kind":"ACT_KIND_OBJECTION_WITHDRAWN","by":"me","objector":"other"}}`, "gateway/for-oneself", ""},
		{"an objection of who gave a proxy", "DecisionService/RecordAct", `{"workspace":"dsm","decision":"orari:s:d","act":{"kind":"ACT_KIND_OBJECTION_RAISED","by":"me","objector":"away"}}`, "", ""},
		{"a pause", "SessionService/PauseSession", `{"workspace":"dsm","session":"orari:s"}`, "", ""},
		{"a pause, after leaving the room", "SessionService/PauseSession", `{"workspace":"dsm","session":"orari:left"}`, "", ""},
		{"a pause, having been expected", "SessionService/PauseSession", `{"workspace":"dsm","session":"orari:absent"}`, "gateway/not-at-session", ""},
		{"a pause from elsewhere", "SessionService/PauseSession", `{"workspace":"dsm","session":"orari:elsewhere"}`, "gateway/not-at-session", ""},
		{"ballots of one's own", "DecisionService/GetOwnBallots", `{"workspace":"dsm","session":"orari:s","participant":"me"}`, "", "gateway/for-oneself"},
		{"signals for oneself", "EvidenceService/GetSignals", `{"workspace":"dsm","initiative":"orari","participant":"me"}`, "", "gateway/for-oneself"},
		{"signals for another", "EvidenceService/GetSignals", `{"workspace":"dsm","initiative":"orari","participant":"giulia"}`, "gateway/for-oneself", ""},
		{"a tutor for oneself", "InitiativeService/ChooseTutor", `{"workspace":"dsm","initiative":"orari","participant":"me","tutor":"giulia"}`, "", "gateway/for-oneself"},
		{"a tutor for another", "InitiativeService/ChooseTutor", `{"workspace":"dsm","initiative":"orari","participant":"giulia","tutor":"me"}`, "gateway/for-oneself", ""},
		{"a tutor for nobody", "InitiativeService/ChooseTutor", `{"workspace":"dsm","initiative":"orari","tutor":"me"}`, "gateway/for-oneself", "gateway/for-oneself"},
		{"one's own tutoring", "InitiativeService/GetTutoring", `{"workspace":"dsm","initiative":"orari","participant":"me"}`, "", "gateway/for-oneself"},
		{"the tutoring of another", "InitiativeService/GetTutoring", `{"workspace":"dsm","initiative":"orari","participant":"giulia"}`, "gateway/for-oneself", ""},
		{"ballots of another", "DecisionService/GetOwnBallots", `{"workspace":"dsm","session":"orari:s","participant":"giulia"}`, "gateway/for-oneself", ""},
		{"a script for a link", "ItemService/LinkAttachment", `{"workspace":"dsm","item":"orari:i","by":"me","url":{"clear":"javascript:alert(1)"}}`, "command/url", "command/url"},
		{"a file for a link", "ItemService/LinkAttachment", `{"workspace":"dsm","item":"orari:i","by":"me","url":{"clear":"file:///etc/passwd"}}`, "command/url", "command/url"},
		{"no link", "ItemService/LinkAttachment", `{"workspace":"dsm","item":"orari:i","by":"me"}`, "command/url", "command/url"},
	} {
		for name, who := range map[string]struct {
			browser []string
			want    string
		}{"anna": {anna, c.anna}, "giulia": {giulia, c.giulia}} {
			if r := h.post(c.method, c.body, who.browser...); r.header.Get("Tavolo-Code") != who.want {
				t.Errorf("%s, %s: %d %s, want %q", c.name, name, r.status, r.body, who.want)
			}
		}
	}
	if r := h.post("ItemService/WithdrawItem", `{"workspace":"dsm","item":"orari:nobody"}`, seatless...); code(t, r) != "gateway/for-oneself" {
		t.Errorf("somebody without a seat withdrew an item of nobody: %d", r.status)
	}
}

// Whatever people chose, changed and took back, signals are answered to whom they concern and to whom that person chose last; to nobody else, whatever
// they may do, and not to the operator's programs.
func TestSignalsAreAnsweredToThePersonAndTheirTutorAlone(t *testing.T) {
	h := open(t)
	people := []string{"u1", "u2", "p1", "dir"}
	readers := map[string][]string{
		"u1": h.signIn("u1", in(takePart, "u1")), "u2": h.signIn("u2", in(takePart, "u2")), "p1": h.signIn("p1", in(facilitate, "p1")), "dir": h.signIn("dir", in(administer, "dir")),
		"":          h.signIn("admin", &apiv1.Membership{Workspace: "dsm", Grant: administer}),
		"elsewhere": h.signIn("elsewhere", in(takePart, "u1", "altro"), in(takePart, "", "orari")),
		"operator":  {"Authorization", "Bearer " + operator},
	}
	rapid.Check(t, func(t *rapid.T) {
		state := initiativeOf(people...)
		last := map[string]string{}
		for range rapid.IntRange(0, 8).Draw(t, "choices") {
			who, tutor := rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom(append([]string{"", "stranger"}, people...)).Draw(t, "tutor")
			events, err := initiative.Decide(state, &commandv1.Command{Of: &commandv1.Command_ChooseTutor{ChooseTutor: &commandv1.ChooseTutor{Participant: who, Tutor: tutor}}}, time.Unix(0, 0))
			if refused := tutor == who || tutor == "stranger"; refused != (err != nil) {
				t.Fatalf("%s chose %q: %v", who, tutor, err)
			} else if !refused {
				last[who] = tutor
			}
			for _, e := range events {
				initiative.Evolve(state, decider.Fact{Event: e})
			}
		}
		h.say("get_tutoring", func(q proto.Message) (proto.Message, error) {
			who := q.(*apiv1.GetTutoringRequest)
			if !who.CaughtUp || who.Workspace != "dsm" || who.Initiative != "orari" {
				return nil, decider.Refuse("initiative/unknown")
			}
			return &apiv1.GetTutoringResponse{Tutor: state.Tutor(who.Participant), ChosenBy: state.ChosenBy(who.Participant)}, nil
		})
		about := rapid.SampledFrom(append([]string{"", "stranger"}, people...)).Draw(t, "about")
		for reader, browser := range readers {
			want := "gateway/for-oneself"
			if slices.Contains(people, about) && (reader == about || last[about] == reader && reader != "") {
				want = ""
			}
			if r := h.post("EvidenceService/GetSignals", `{"workspace":"dsm","initiative":"orari","participant":"`+about+`"}`, browser...); r.header.Get("Tavolo-Code") != want {
				t.Fatalf("%q reads of %q after %v: %d %s, want %q", reader, about, last, r.status, r.body, want)
			}
		}
	})
}

// initiativeOf is an initiative with these members.
func initiativeOf(people ...string) *initiative.State {
	s := &initiative.State{}
	initiative.Evolve(s, decider.Fact{Event: eventv1.NewEvent(nil, &eventv1.InitiativeOpened{})})
	for _, p := range people {
		initiative.Evolve(s, decider.Fact{Event: eventv1.NewEvent(nil, &eventv1.ParticipantEnrolled{Participant: p})})
	}
	return s
}

// What is a person's alone is not the operator's either; neither can the operator's programs choose for them.
func TestTheOperatorsProgramsHaveNothingOfTheirOwn(t *testing.T) {
	h := open(t)
	for method, body := range map[string]string{
		"EvidenceService/GetSignals":    `{"workspace":"dsm","initiative":"orari","participant":"me"}`,
		"InitiativeService/GetTutoring": `{"workspace":"dsm","initiative":"orari","participant":"me"}`,
		"InitiativeService/ChooseTutor": `{"workspace":"dsm","initiative":"orari","participant":"me","tutor":"giulia"}`,
		"DecisionService/GetOwnBallots": `{"workspace":"dsm","session":"orari:s","participant":"me"}`,
	} {
		if r := h.post(method, body, "Authorization", "Bearer "+operator); r.header.Get("Tavolo-Code") != "gateway/for-oneself" {
			t.Errorf("%s: %d %s", method, r.status, r.body)
		}
	}
	if len(h.commands) != 0 {
		t.Errorf("%d commands", len(h.commands))
	}
}

func TestWhereARequestGoes(t *testing.T) {
	for want, m := range map[string]proto.Message{
		"dsm/orari":                     &apiv1.GetSessionRequest{Workspace: "dsm", Session: "orari:s"},
		"dsm/":                          &apiv1.ListRolesRequest{Workspace: "dsm"},
		"/":                             &apiv1.ListRolesRequest{},
		"dsm/orari dsm/altro":           &apiv1.ListRolesRequest{Workspace: "dsm", Initiative: "orari", Decision: "altro:s:d"},
		"dsm/altro":                     &apiv1.SummariseRolesRequest{Decisions: &apiv1.ListRolesRequest{Workspace: "dsm", Initiative: "altro", Session: "2026-03-05"}},
		"":                              &apiv1.PowerRequest{},
		"dsm/orari dsm/altro dsm/terzo": &commandv1.SetAgenda{Workspace: "dsm", Session: "orari:s", Items: []string{"altro:i", "terzo:i"}},
		"dsm/orari sud/x": &commandv1.CorrectDecision{Workspace: "dsm", Decision: "orari:s:d", Steps: []*commandv1.Command{{Of: &commandv1.Command_PoseDecision{
			PoseDecision: &commandv1.PoseDecision{Workspace: "sud", Decision: "x:s:d"}}}}},
	} {
		if got := strings.Join(gateway.HomesOf(m), " "); got != want {
			t.Errorf("%T goes to %q, want %q", m, got, want)
		}
	}
}

// One may do in an initiative what one's grant there reaches, and nothing elsewhere.
func TestAGrantHoldsWhereItWasGiven(t *testing.T) {
	h := open(t)
	h.say("list_workspaces", func(proto.Message) (proto.Message, error) {
		return &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{
			{Id: "dsm", Initiatives: []*apiv1.InitiativeSummary{{Id: "altro"}, {Id: "orari"}}}, {Id: "sud", Initiatives: []*apiv1.InitiativeSummary{{Id: "orari"}}}, {Id: "vuoto"}}}, nil
	})
	browsers := map[string][]string{
		"member": h.signIn("member", in(takePart, "me")), "runs": h.signIn("runs", in(facilitate, "r"), in(read, "", "altro")), "whole": h.signIn("whole", in(administer, "", "")),
		"nowhere": h.signIn("nowhere"), "nobody": nobody, "expired": {"Cookie", "tavolo-device=forgotten", "Origin", "http://" + h.gateway.Addr()},
	}
	const (
		out, no = "account/signed-out", "gateway/not-permitted"
	)
	for _, c := range []struct {
		method, body                          string
		member, runs, whole, nowhere, someone string
	}{
		{"InitiativeService/GetInitiative", `{"workspace":"dsm","initiative":"orari"}`, "", "", "", no, out},
		{"InitiativeService/GetInitiative", `{"workspace":"dsm","initiative":"altro"}`, no, "", "", no, out},
		{"InitiativeService/GetInitiative", `{"workspace":"sud","initiative":"orari"}`, no, no, no, no, out},
		{"SessionService/GetSession", `{"workspace":"dsm","session":"orari:s"}`, "", "", "", no, out},
		{"RoleService/ListRoles", `{"workspace":"dsm","initiative":"orari"}`, "", "", "", no, out},
		{"RoleService/ListRoles", `{"workspace":"dsm","initiative":"orari","decision":"altro:s:d"}`, no, "", "", no, out},
		{"RoleService/ListRoles", `{"workspace":"dsm"}`, no, no, "", no, out},
		{"RoleService/ListRoles", `{}`, no, no, no, no, out},
		{"RoleService/SummariseRoles", `{"decisions":{"workspace":"dsm","initiative":"orari"}}`, "", "", "", no, out},
		{"RoleService/SummariseRoles", `{"decisions":{"workspace":"dsm"}}`, no, no, "", no, out},
		{"RoleService/Power", `{}`, "", "", "", no, out},
		{"SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, no, "", "", no, out},
		{"SessionService/OpenSession", `{"workspace":"dsm","session":"altro:s"}`, no, no, "", no, out},
		{"DecisionService/PoseDecision", `{"workspace":"dsm","decision":"orari:s:d","item":"altro:i"}`, no, no, "", no, out},
		{"InitiativeService/OpenInitiative", `{"workspace":"dsm","initiative":"nuova"}`, no, no, "", no, out},
		{"WorkspaceService/FoundWorkspace", `{"workspace":"nuovo"}`, no, no, no, no, out},
		{"AccountService/Invite", `{"workspace":"dsm","initiative":"altro"}`, no, no, "initiative/unknown", no, out},
	} {
		for name, want := range map[string]string{"member": c.member, "runs": c.runs, "whole": c.whole, "nowhere": c.nowhere, "nobody": c.someone, "expired": c.someone} {
			if c.method == "AccountService/Invite" && name == "whole" {
				continue // permitted; people would have to answer
			}
			r := h.post(c.method, c.body, browsers[name]...)
			if got := r.header.Get("Tavolo-Code"); got != want {
				t.Errorf("%s %s, %s: %d %q, want %q", c.method, c.body, name, r.status, got, want)
			}
			if want == out && r.status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d", c.method, name, r.status)
			}
		}
	}
	for name, want := range map[string]string{"member": "dsm:orari", "runs": "dsm:altro,orari", "whole": "dsm:altro,orari"} {
		var seen []string
		for _, w := range h.post("WorkspaceService/ListWorkspaces", `{}`, browsers[name]...).json(t)["workspaces"].([]any) {
			var initiatives []string
			for _, i := range w.(map[string]any)["initiatives"].([]any) {
				initiatives = append(initiatives, i.(map[string]any)["id"].(string))
			}
			seen = append(seen, w.(map[string]any)["id"].(string)+":"+strings.Join(initiatives, ","))
		}
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("%s sees %q, want %q", name, got, want)
		}
	}
}

func TestWhoOpensAnInitiativeBelongsToItsWorkspace(t *testing.T) {
	h := open(t)
	first := h.signIn("first")
	h.here["first"].Administers = true
	if r := h.post("WorkspaceService/FoundWorkspace", `{"workspace":"nuovo","name":{"clear":"N"}}`, first...); r.status != http.StatusOK {
		t.Fatal(r.body)
	}
	if r := h.post("InitiativeService/OpenInitiative", `{"workspace":"nuovo","initiative":"i","title":{"clear":"I"}}`); r.status != http.StatusOK { // by the operator, who is no account
		t.Fatal(r.body)
	}
	if len(h.founded) != 1 || h.founded[0].Account != "account-first" || h.founded[0].Workspace != "nuovo" {
		t.Errorf("belong was asked %v", h.founded)
	}
}
