package gateway_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway"
	"tavolo/services/gateway/web"
)

// What the page of a session brings along is, byte for byte, what the API answers to the same person; to who may not see it the page brings nothing.
func TestThePageOfASessionBringsWhatTheAPIWouldAnswer(t *testing.T) {
	client := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(web.AnswersOf(r))
	})
	h := openWith(t, gateway.Options{Web: client})
	h.answer["get_session"] = func(proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Sequence: 7, Session: &apiv1.SessionSummary{Id: "orari:s", Title: "</script>"}, Seats: []*apiv1.ParticipantView{
			{Participant: "b", Name: "Bruna", Consents: []*eventv1.ConsentStated{{Consent: "research", Given: true}}},
		}}, nil
	}
	const me, session = "/tavolo.api.v1.AccountService/GetMe", "/tavolo.api.v1.SessionService/GetSession"
	for _, c := range []struct {
		name    string
		browser []string
		want    []string
	}{
		{"takes part", h.signIn("anna", in(takePart, "a")), []string{me, session}},
		{"facilitates", h.signIn("giulia", in(facilitate, "g")), []string{me, session}},
		{"is elsewhere", h.signIn("carla", in(facilitate, "c", "altro")), []string{me}},
		{"nobody", nobody, nil},
		{"a device that is nobody's", []string{"Cookie", "tavolo-device=unknown"}, nil},
	} {
		for _, path := range []string{"/w/dsm/s/orari:s", "/w/dsm/s/orari:s/projector"} {
			r := h.do(http.MethodGet, path, "", c.browser...)
			var got map[string]json.RawMessage
			if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK || len(got) != len(c.want) {
				t.Errorf("%s, %s: %d %v %s", c.name, path, r.status, err, r.body)
			}
			for _, method := range c.want {
				body := map[string]string{me: `{}`, session: `{"workspace":"dsm","session":"orari:s"}`}[method]
				if api := h.do(http.MethodPost, method, body, slices.Concat(c.browser, []string{"Content-Type", "application/json"})...); string(got[method]) != escaped(t, api.body) {
					t.Errorf("%s, %s:\n%s\nthe API says\n%s", c.name, method, got[method], api.body)
				}
			}
		}
	}
}

// escaped writes JSON as it stands in a page.
func escaped(t *testing.T, body string) string {
	t.Helper()
	data, err := json.Marshal(json.RawMessage(body))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestThePageOfASessionComesAlsoWhenItsAnswersDoNot(t *testing.T) {
	client := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(len(web.AnswersOf(r)))
	})
	h := openWith(t, gateway.Options{Web: client})
	anna := h.signIn("anna", in(takePart, "a"))
	h.stopPeople()
	if r := h.do(http.MethodGet, "/w/dsm/s/orari:s", "", anna...); r.status != http.StatusOK || r.body != "0\n" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
