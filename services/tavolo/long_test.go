package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// A session in which somebody writes without measure: everyone else goes on, and nothing of it is lost.

// longest is the longest text that people takes: twenty thousand characters, here of three bytes each.
var longest = strings.Repeat("€", 20_000)

const (
	longItem    = orari + ":lungo"
	longSession = orari + ":lunga"
	longTexts   = 400 // twenty-four megabytes, three times the largest message between services
)

func TestASessionOfAnyLengthIsReadAndLookedAt(t *testing.T) {
	h, giulia := withExample(t)
	me := do[apiv1.MeView](giulia, "AccountService/BecomeParticipant", &apiv1.BecomeParticipantRequest{Workspace: dsm, Initiative: orari, Constituency: "user"})
	who := ""
	for _, m := range me.Memberships {
		if m.Initiative == orari {
			who = m.Participant
		}
	}
	seen(t, giulia, "her seat", func(v *apiv1.InitiativeView) bool { return find(v, who).Participant == who })
	tell := func(method string, command proto.Message) uint64 {
		t.Helper()
		return do[commandv1.Receipt](giulia, method, command).Sequence
	}
	tell("ItemService/ProposeItem", &commandv1.ProposeItem{Workspace: dsm, Item: longItem, Title: clear("Lungo"), ProposedBy: who})
	tell("ItemService/AdmitItem", &commandv1.AdmitItem{Workspace: dsm, Item: longItem, Reason: clear("Sì")})
	tell("SessionService/PrepareSession", &commandv1.PrepareSession{Workspace: dsm, Session: longSession, Title: clear("Lunga"), Kind: eventv1.SessionKind_SESSION_KIND_MEETING})
	tell("SessionService/SetAgenda", &commandv1.SetAgenda{Workspace: dsm, Session: longSession, Items: []string{longItem}})
	tell("SessionService/OpenSession", &commandv1.OpenSession{Workspace: dsm, Session: longSession})
	tell("SessionService/SeatParticipants", &commandv1.SeatParticipants{Workspace: dsm, Session: longSession, Seats: []*eventv1.ParticipantSeated{{Participant: who}}})
	say := func(text string) uint64 {
		t.Helper()
		return tell("ItemService/RecordContributions", &commandv1.RecordContributions{Workspace: dsm, Item: longItem, Session: longSession,
			Contributions: []*commandv1.Contribution{{By: who, Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT, Text: clear(text)}}})
	}
	looking := look(t, giulia, "session:"+longSession)
	looking.until("snapshot", longSession)
	var last uint64
	for i := range longTexts {
		last = say(fmt.Sprintf("%03d %s", i+1, longest[:len(longest)-3*4]))
		if raw := looking.until("patch", fmt.Sprintf("%03d €", i+1)); len(raw) > 1<<20 {
			t.Fatalf("after %d texts a patch has %d bytes", i+1, len(raw))
		}
	}

	view := do[apiv1.SessionView](giulia, "SessionService/GetSession", &apiv1.GetSessionRequest{Workspace: dsm, Session: longSession, AtLeastSequence: last})
	said := view.Items[0].Contributions
	if len(said) != longTexts {
		t.Fatalf("%d contributions are shown", len(said))
	}
	for i, c := range said {
		if latest := i >= longTexts-4; c.TextLeftOut == latest || (c.Text != "") != latest {
			t.Fatalf("number %d of %d: left out %v, %d bytes of text", c.Number, longTexts, c.TextLeftOut, len(c.Text))
		}
	}
	say("Basta così")
	looking.until("patch", "Basta così")
	look(t, giulia, "session:"+longSession).until("snapshot", "Basta così")

	one := do[apiv1.ListContributionsResponse](giulia, "ItemService/ListContributions", &apiv1.ListContributionsRequest{Workspace: dsm, Item: longItem, Session: longSession, From: 7, Most: 1})
	if len(one.Contributions) != 1 || one.Next != 8 || !strings.HasPrefix(one.Contributions[0].Text, "007 €") || len(one.Contributions[0].Text) < 59_000 {
		t.Errorf("number 7 alone: %d contributions, next %d", len(one.Contributions), one.Next)
	}
	for _, path := range []string{"/w/" + dsm + "/s/" + longSession + "/minutes", "/v1/workspaces/" + dsm + "/sessions/" + longSession + "/minutes.md"} {
		answer, err := giulia.client.Get("http://" + h.house.gateway.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || len(body) < longTexts*59_000 || !strings.Contains(string(body), "001 €") || !strings.Contains(string(body), "Basta così") {
			t.Errorf("%s: %v, %d, %d bytes", path, err, answer.StatusCode, len(body))
		}
	}
}

// watching is a socket that looks at one topic.
type watching struct {
	t    *testing.T
	conn *websocket.Conn
}

func look(t *testing.T, b *browser, topic string) *watching {
	t.Helper()
	base := "http://" + b.h.house.gateway.Addr()
	header := http.Header{"Origin": {base}}
	for _, c := range b.client.Jar.Cookies(mustURL(t, b.h)) {
		header.Add("Cookie", c.String())
	}
	conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), strings.Replace(base, "http", "ws", 1)+"/v1/live", header)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"subscribe":{"workspace":%q,"topic":%q}}`, dsm, topic)); err != nil {
		t.Fatal(err)
	}
	return &watching{t, conn}
}

// until reads to the first message of a sort that holds some words. A patch may show more than the sequence that it tells, so it is known by what it says.
func (w *watching) until(sort, words string) string {
	w.t.Helper()
	for {
		if err := w.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			w.t.Fatal(err)
		}
		_, raw, err := w.conn.ReadMessage()
		if err != nil {
			w.t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			w.t.Fatalf("%v in %.200s", err, raw)
		}
		if _, told := m["error"]; told {
			w.t.Fatalf("told: %s", raw)
		}
		if body, ok := m[sort]; ok && strings.Contains(string(body), words) {
			return string(raw)
		}
	}
}
