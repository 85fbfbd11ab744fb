package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"

	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/proto/tavolo/api/v1/apiv1connect"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway"
)

func TestACommandIsSealedWrappedAndSentToItsWorkspace(t *testing.T) {
	h := open(t)
	r := h.post("DecisionService/PoseDecision", `{"workspace":"dsm","decision":"orari:s:d","item":"orari:i1","question":{"clear":"Aprire?"}}`)
	if r.status != http.StatusOK || r.body != `{"sequence":"1","commits":1}` {
		t.Fatalf("answer %d %s", r.status, r.body)
	}
	cmd := h.commands[0].Commands[0]
	if id, err := uuid.Parse(cmd.Id); err != nil || id.Version() != 7 || r.header.Get("Tavolo-Command-Id") != cmd.Id {
		t.Errorf("command id %q, header %q; want the same UUIDv7", cmd.Id, r.header.Get("Tavolo-Command-Id"))
	}
	if cmd.Correlation == "" || r.header.Get("Tavolo-Correlation") != cmd.Correlation {
		t.Errorf("correlation %q, header %q; want the same", cmd.Correlation, r.header.Get("Tavolo-Correlation"))
	}
	want := &commandv1.Command{Id: cmd.Id, Correlation: cmd.Correlation, Actor: &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_OPERATOR},
		Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: "dsm", Decision: "orari:s:d", Item: "orari:i1",
			Question: &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{Version: 1, Ciphertext: []byte("sealed:Aprire?")}}}}}}
	if d := cmp.Diff(want, cmd, protocmp.Transform()); d != "" {
		t.Errorf("command (-want +got):\n%s", d)
	}
}

func TestTheClientsCommandIdIsKeptSoThatItCanAskAgain(t *testing.T) {
	h := open(t)
	id := uuid.Must(uuid.NewV7()).String()
	for range 2 {
		if r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, "Tavolo-Command-Id", id); r.status != http.StatusOK {
			t.Fatal(r.body)
		}
	}
	if a, b := h.commands[0].Commands[0].Id, h.commands[1].Commands[0].Id; a != id || b != id {
		t.Errorf("ids %s and %s, want %s", a, b, id)
	}
	for _, bad := range []string{"x", uuid.NewString(), strings.ToUpper(id), "urn:uuid:" + id} {
		r := h.post("SessionService/OpenSession", `{"workspace":"dsm","session":"orari:s"}`, "Tavolo-Command-Id", bad)
		if r.status != http.StatusBadRequest || code(t, r) != "gateway/command-id" {
			t.Errorf("%q: %d %s", bad, r.status, r.body)
		}
	}
}

func TestWhoIsEnrolledGetsAPseudonymFromPeople(t *testing.T) {
	h := open(t)
	r := h.post("InitiativeService/EnrolParticipants", `{"workspace":"dsm","initiative":"orari","enrolments":[{"ref":{"clear":"u1"},"name":{"clear":"Ada"}},{"participant":"p-of-u2","ref":{"clear":"u2"}}]}`)
	if r.status != http.StatusOK {
		t.Fatal(r.body)
	}
	got := h.commands[0].Commands[0].GetEnrolParticipants().Enrolments
	if got[0].Participant != "p-of-u1" || got[1].Participant != "p-of-u2" {
		t.Errorf("pseudonyms %v", got)
	}
	if w := h.sealed[0].Words[0]; w.Subject != "p-of-u1" {
		t.Errorf("the words belong to %q, want the pseudonym", w.Subject)
	}
	for body, want := range map[string]string{
		`{"participant":"Ada Rossi","ref":{"clear":"u1"}}`: "command/pseudonym-by-client",
		`{"participant":"p-of-u1"}`:                        "command/without-ref",
		`{"ref":{"sealed":{"version":1}}}`:                 "command/sealed-by-client",
	} {
		r := h.post("InitiativeService/EnrolParticipants", `{"workspace":"dsm","initiative":"orari","enrolments":[`+body+`]}`)
		if code(t, r) != want || r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want %s", body, r.status, r.body, want)
		}
	}
	if len(h.commands) != 1 {
		t.Errorf("%d commands reached the ledger, want the first alone", len(h.commands))
	}
}

// TestEveryMethodReachesItsService calls every RPC of the contract through the generated client's paths, in binary.
func TestEveryMethodReachesItsService(t *testing.T) {
	imported := 0
	h := openWith(t, gateway.Options{Import: func(_ context.Context, name string, file []byte, _ gateway.ImportPermit) (*commandv1.Receipt, error) {
		imported++
		if name != "a.yaml" || string(file) != "format: x" {
			t.Errorf("imported %q %q", name, file)
		}
		return &commandv1.Receipt{Sequence: 9}, nil
	}})
	h.ledger = func(*commandv1.CommandBatch) (*commandv1.Receipt, error) { return &commandv1.Receipt{Sequence: 8}, nil }
	calls := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("tavolo.api.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			if name := f.Services().Get(i).Name(); name == "AccountService" || name == "FeedService" { // asked of people and of feeds: services/tavolo tests them with everybody at home
				continue
			}
			for j := range f.Services().Get(i).Methods().Len() {
				calls++
				h.callMethod(t, f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	asked := 0
	for _, a := range h.asked {
		asked += len(a)
	}
	if len(h.commands)+asked+imported != calls || imported != 1 || calls < 43 {
		t.Errorf("%d methods: %d commands, %d questions, %d imports", calls, len(h.commands), asked, imported)
	}
	for i, c := range h.commands {
		if c.Commands[0].Of == nil {
			t.Errorf("command %d is empty", i)
		}
	}
}

func (h *house) callMethod(t *testing.T, m protoreflect.MethodDescriptor) {
	t.Helper()
	in, _ := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
	out, _ := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	req, answer := in.New(), out.New().Interface()
	for name, value := range map[string]string{"workspace": "dsm", "initiative": "orari", "session": "orari:s", "item": "orari:i", "decision": "orari:s:d", "name": "a.yaml"} {
		if f := m.Input().Fields().ByName(protoreflect.Name(name)); f != nil && f.Kind() == protoreflect.StringKind {
			req.Set(f, protoreflect.ValueOfString(value))
		}
	}
	if q, ok := req.Interface().(*commandv1.LinkAttachment); ok {
		q.Url = &commandv1.Text{Form: &commandv1.Text_Clear{Clear: "https://www.example.it/a.pdf"}}
	}
	if f := m.Input().Fields().ByName("file"); f != nil {
		req.Set(f, protoreflect.ValueOfBytes([]byte("format: x")))
	}
	headers := []string{"Content-Type", "application/proto"}
	if slices.Contains([]protoreflect.Name{"GetOwnBallots", "GetSignals", "GetTutoring", "ChooseTutor"}, m.Name()) { // which the operator has none of
		headers = append(headers, h.signIn("me", &apiv1.Membership{Workspace: "dsm", Initiative: "orari", Participant: "me", Grant: takePart})...)
		req.Set(m.Input().Fields().ByName("participant"), protoreflect.ValueOfString("me"))
	}
	data, err := proto.Marshal(req.Interface())
	if err != nil {
		t.Fatal(err)
	}
	r := h.do(http.MethodPost, "/"+string(m.Parent().FullName())+"/"+string(m.Name()), string(data), headers...)
	if err := proto.Unmarshal([]byte(r.body), answer); err != nil || r.status != http.StatusOK {
		t.Errorf("%s: %d %q %v", m.FullName(), r.status, r.body, err)
	}
	if receipt, ok := answer.(*commandv1.Receipt); ok && receipt.Sequence < 8 {
		t.Errorf("%s: receipt %v", m.FullName(), receipt)
	}
}

// asOperator is a client that shows the operator's token.
var asOperator = &http.Client{Transport: showing{}}

type showing struct{}

func (showing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	as(r.Header)
	return http.DefaultTransport.RoundTrip(r)
}

func TestTheGeneratedClientWorksWithGETAndBothEncodings(t *testing.T) {
	h := open(t)
	h.say("why", func(q proto.Message) (proto.Message, error) {
		return &apiv1.WhyResponse{RuleSays: "about " + q.(*apiv1.WhyRequest).Who}, nil
	})
	for name, options := range map[string][]connect.ClientOption{
		"binary": nil, "json": {connect.WithProtoJSON()}, "get": {connect.WithHTTPGet()}, "json get": {connect.WithHTTPGet(), connect.WithProtoJSON()},
		"compressed": {connect.WithSendGzip()},
	} {
		client := apiv1connect.NewRoleServiceClient(asOperator, h.url(""), options...)
		answer, err := client.Why(t.Context(), &apiv1.WhyRequest{Workspace: "dsm", Who: "u1"})
		if err != nil || answer.RuleSays != "about u1" {
			t.Errorf("%s: %v %v", name, answer, err)
		}
	}
	client := apiv1connect.NewRoleServiceClient(asOperator, h.url(""))
	h.refuse("why", "decision/unknown", "decision", "orari:s:d")
	_, err := client.Why(t.Context(), &apiv1.WhyRequest{})
	var refused *connect.Error
	if !errors.As(err, &refused) || refused.Code() != connect.CodeNotFound || refused.Message() != "it: decision/unknown decision=orari:s:d" || refused.Meta().Get("Tavolo-Code") != "decision/unknown" {
		t.Errorf("error %v", err)
	}
}

func TestAnswersInJSONSayEverythingAndAreTheSameEachTime(t *testing.T) {
	h := open(t)
	h.say("get_session", func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: "orari:s"}, Sequence: 5}, nil
	})
	want := `{"session":{"id":"orari:s","title":"","kind":"SESSION_KIND_UNSPECIFIED","phase":"SESSION_PHASE_UNSPECIFIED","minutes":0,"place":""},"seats":[],"items":[],"sequence":"5",` +
		`"currentItem":"","paused":false,"approvedBy":[],"talk":[],"minutesSequence":"0"}`
	for _, r := range []reply{
		h.post("SessionService/GetSession", `{"workspace":"dsm","session":"orari:s"}`),
		h.do(http.MethodGet, "/tavolo.api.v1.SessionService/GetSession?encoding=json&message="+url.QueryEscape(`{"workspace":"dsm"}`), ""),
		h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s", ""),
	} {
		if r.status != http.StatusOK || r.body != want || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s %s", r.status, r.header.Get("Content-Type"), r.body)
		}
	}
}

func TestARefusalHasACodeForMachinesAndASentenceForPeople(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		refusal *decider.Refusal
		connect string
		status  int
	}{
		{decider.Refuse("session/unknown", "session", "orari:s"), "not_found", 404},
		{decider.Refuse("decision/not-open"), "failed_precondition", 400},
		{decider.Refuse("eventlog/conflict"), "aborted", 409},
		{decider.Refuse("id/malformed", "kind", "session"), "invalid_argument", 400},
		{decider.Refuse("bus/timeout", "service", "views"), "deadline_exceeded", 504},
		{decider.Refuse("bus/internal", "service", "views"), "internal", 500},
		{decider.Refuse("bus/unavailable", "service", "views"), "unavailable", 503},
	} {
		h.refuse("get_session", c.refusal.Code)
		h.say("get_session", func(proto.Message) (proto.Message, error) { return nil, c.refusal })
		for lang, accept := range map[string]string{"it": "", "en": "en-GB,it;q=0.5"} {
			for _, r := range []reply{
				h.post("SessionService/GetSession", `{"workspace":"dsm"}`, "Accept-Language", accept),
				h.do(http.MethodGet, "/v1/workspaces/dsm/sessions/orari:s", "", "Accept-Language", accept),
			} {
				body := r.json(t)
				if r.status != c.status || body["code"] != c.connect || code(t, r) != c.refusal.Code || body["message"] != sentence(c.refusal.Code, lang, c.refusal.Args) {
					t.Errorf("%s: %d %s", c.refusal.Code, r.status, r.body)
				}
				if r.header.Get("Content-Language") != lang || r.header.Get("Content-Type") != "application/json" {
					t.Errorf("%s: headers %v", c.refusal.Code, r.header)
				}
			}
		}
	}
}

func TestRequestsAreReadStrictly(t *testing.T) {
	h := open(t)
	unknown, err := proto.Marshal(&commandv1.OpenSession{Workspace: "dsm", Session: "orari:s"})
	if err != nil {
		t.Fatal(err)
	}
	unknown = append(unknown, 0x7a, 3, 'A', 'd', 'a') // field 15, which the contract does not have
	for _, c := range []struct{ name, method, contentType, body, code, args string }{
		{"a misspelt field", "SessionService/OpenSession", "application/json", "{\n \"workspace\":\"dsm\", \"sesion\":\"x\"}", "gateway/unreadable", "column=21 encoding=json field=sesion line=2"},
		{"a name as a field", "SessionService/OpenSession", "application/json", `{"Ada Rossi":"x"}`, "gateway/unreadable", "column=2 encoding=json line=1"},
		{"the same field twice", "SessionService/OpenSession", "application/json", `{"workspace":"a","workspace":"b"}`, "gateway/unreadable", "column=18 encoding=json line=1"},
		{"no JSON", "SessionService/OpenSession", "application/json", `workspace=a`, "gateway/unreadable", "column=1 encoding=json line=1"},
		{"nothing", "SessionService/OpenSession", "application/json", ``, "gateway/unreadable", "column=1 encoding=json line=1"},
		{"a number too large", "SessionService/GetSession", "application/json", `{"atLeastSequence":99999999999999999999999}`, "gateway/unreadable", "column=20 encoding=json line=1"},
		{"a lone surrogate", "SessionService/OpenSession", "application/json", `{"workspace":"\ud800"}`, "gateway/unreadable", "encoding=json"},
		{"bytes that are no text", "SessionService/OpenSession", "application/json", "{\"workspace\":\"\xff\"}", "gateway/unreadable", "column=14 encoding=json line=1"},
		{"deep nesting", "DecisionService/CorrectDecision", "application/json", strings.Repeat(`{"steps":[{"correctDecision":`, 2000), "gateway/unreadable", ""},
		{"broken binary", "SessionService/OpenSession", "application/proto", "\xff\xff", "gateway/unreadable", "encoding=proto"},
		{"an unknown field in binary", "SessionService/OpenSession", "application/proto", string(unknown), "command/unknown-field", "in=OpenSession"},
	} {
		r := h.do(http.MethodPost, "/tavolo.api.v1."+c.method, c.body, "Content-Type", c.contentType)
		if r.status != http.StatusBadRequest || code(t, r) != c.code {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
		if got, _ := r.json(t)["message"].(string); c.args != "" && got != "it: "+c.code+" "+c.args {
			t.Errorf("%s: sentence %q", c.name, got)
		}
		if strings.Contains(r.body, "Rossi") {
			t.Errorf("%s: the answer quotes the request: %s", c.name, r.body)
		}
	}
	if len(h.commands) > 0 {
		t.Errorf("the ledger got %v", h.commands)
	}
}

func TestIdsThatCouldBecomeAnotherSubjectAreRefused(t *testing.T) {
	h := open(t)
	for _, ws := range []string{"", "*", ">", "a.b", "a b", "a\\u0000b", "dsm.>", "$SYS", "\u202edsm", strings.Repeat("a", 65)} {
		r := h.post("WorkspaceService/FoundWorkspace", `{"workspace":"`+ws+`","name":{"clear":"x"}}`)
		if r.status != http.StatusBadRequest || code(t, r) != "id/malformed" {
			t.Errorf("%q: %d %s", ws, r.status, r.body)
		}
	}
	if len(h.commands)+len(h.sealed) > 0 {
		t.Errorf("%d commands, %d texts went through", len(h.commands), len(h.sealed))
	}
}

func TestWordsSealedByAClientAreRefused(t *testing.T) {
	h := open(t)
	for method, body := range map[string]string{
		"ItemService/RefuseItem":    `{"workspace":"dsm","item":"orari:i","reason":{"sealed":{"version":1,"ciphertext":"AAAA"}}}`,
		"DecisionService/RecordAct": `{"workspace":"dsm","decision":"orari:s:d","act":{"kind":"ACT_KIND_DEFERRED","reason":{"version":1}}}`,
	} {
		if r := h.post(method, body); r.status != http.StatusBadRequest || code(t, r) != "command/sealed-by-client" {
			t.Errorf("%s: %d %s", method, r.status, r.body)
		}
	}
	if len(h.commands) > 0 {
		t.Errorf("the ledger got %v", h.commands)
	}
}

func TestWithoutTheServicesBehindItThePublicIsTold(t *testing.T) {
	h := open(t)
	h.refuse("list_workspaces", "bus/unavailable", "service", "views")
	if r := h.do(http.MethodGet, "/readyz", ""); r.status != http.StatusServiceUnavailable || code(t, r) != "bus/unavailable" {
		t.Errorf("readyz %d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, "/livez", ""); r.status != http.StatusOK {
		t.Errorf("livez %d: the gateway itself is alive", r.status)
	}
	if r := h.post("MinutesService/ImportMinutes", `{"name":"a","file":""}`); r.status != http.StatusNotImplemented || code(t, r) != "gateway/no-import" {
		t.Errorf("import %d %s", r.status, r.body)
	}
}

func TestWhatFailsInsideIsNotToldOutside(t *testing.T) {
	h := openWith(t, gateway.Options{Import: func(_ context.Context, name string, _ []byte, _ gateway.ImportPermit) (*commandv1.Receipt, error) {
		if name == "panic" {
			panic("secret words of Ada")
		}
		return nil, errors.New("secret words of Ada")
	}})
	for _, name := range []string{"panic", "error"} {
		r := h.post("MinutesService/ImportMinutes", `{"name":"`+name+`"}`)
		if r.status != http.StatusInternalServerError || code(t, r) != "gateway/internal" || strings.Contains(r.body, "Ada") || strings.Contains(r.body, "goroutine") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		if !strings.Contains(h.logged.String(), r.header.Get("Tavolo-Correlation")) {
			t.Errorf("%s: the log does not have it under %s: %s", name, r.header.Get("Tavolo-Correlation"), h.logged)
		}
	}
	if strings.Contains(strings.SplitN(h.logged.String(), "\n", 2)[0], "Ada") {
		t.Errorf("the log quotes the panic: %s", h.logged)
	}
}
