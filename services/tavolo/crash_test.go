package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// guest is somebody's phone, at a server that may die at any moment.
type guest struct {
	client  *http.Client
	entry   *apiv1.EnterRequest
	vote    string // id of their vote
	me      string // pseudonym, once they were told that they are in
	voted   bool   // they were told that their vote is recorded
	spoke   int    // how often they were told that their words are
	attempt int
}

// call asks a server; false: no answer, or a refusal.
func call(client *http.Client, base, method string, req, answer proto.Message, headers ...string) (refusal string, ok bool) {
	data, err := protojson.Marshal(req)
	if err != nil {
		return err.Error(), false
	}
	r, err := http.NewRequest(http.MethodPost, base+"/tavolo.api.v1."+method, bytes.NewReader(data))
	if err != nil {
		return err.Error(), false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", base)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		return "", false
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", false
	}
	if response.StatusCode != http.StatusOK {
		return response.Header.Get("Tavolo-Code"), false
	}
	return "", protojson.Unmarshal(body, answer) == nil
}

// Fifty people come in, vote and speak while the server is killed again and again. What anybody was told is done is there, once; whoever was in is in, with
// a seat in the record; and whoever had no answer asks again and is one person.
func TestNobodyIsLostWhenTheServerDiesWhilePeopleComeIn(t *testing.T) {
	const (
		many     = 50
		session  = orari + ":oggi"
		item     = orari + ":punto"
		decision = session + ":d"
	)
	data := filepath.Join(t.TempDir(), "data")
	cmd, base := serve(t, "--data", data, "--listen", "127.0.0.1:0", "--demo")
	_, port, _ := bytes.Cut([]byte(base[len("http://"):]), []byte(":"))
	operator := &http.Client{Transport: bearer{tokenOf(t, data)}, Timeout: time.Minute}
	must := func(method string, req, answer proto.Message) {
		t.Helper()
		if code, ok := call(operator, base, method, req, answer); !ok {
			t.Fatalf("%s: %q", method, code)
		}
	}
	made := &apiv1.InvitationMade{}
	must("AccountService/Invite", &apiv1.InviteRequest{Workspace: dsm, Initiative: orari}, made)
	for _, step := range []struct {
		method string
		req    proto.Message
	}{
		{"SessionService/PrepareSession", &commandv1.PrepareSession{Workspace: dsm, Session: session, Title: clear("Oggi")}},
		{"ItemService/ProposeItem", &commandv1.ProposeItem{Workspace: dsm, Item: item, Title: clear("Punto")}},
		{"SessionService/SetAgenda", &commandv1.SetAgenda{Workspace: dsm, Session: session, Items: []string{item}}},
		{"SessionService/OpenSession", &commandv1.OpenSession{Workspace: dsm, Session: session}},
		{"DecisionService/PoseDecision", &commandv1.PoseDecision{Workspace: dsm, Decision: decision, Item: item, Question: clear("Si fa?")}},
		{"DecisionService/WriteCharter", &commandv1.WriteCharter{Workspace: dsm, Decision: decision, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}}}},
	} {
		must(step.method, step.req, &commandv1.Receipt{})
	}
	guests := make([]*guest, many)
	for i := range guests {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		guests[i] = &guest{client: &http.Client{Jar: jar, Timeout: time.Minute}, vote: newID(),
			entry: &apiv1.EnterRequest{Secret: made.Secret, Name: fmt.Sprint("Ospite ", i), Constituency: "user", Id: newID()}}
	}
	// acknowledged counts what was answered with yes in a round. Who is given the last answer of it has the server killed before anything else: it dies
	// in the midst of it, however fast the machine, and most are left without an answer.
	var acknowledged, enough, unanswered atomic.Int64
	answered := func() {
		if acknowledged.Add(1) == enough.Load() {
			_ = cmd.Process.Kill()
		}
	}
	// live is one round: everyone goes on from where they were.
	live := func(voting bool) {
		var all sync.WaitGroup
		for _, g := range guests {
			all.Go(func() {
				if g.me == "" {
					me := &apiv1.MeView{}
					if code, ok := call(g.client, base, "AccountService/Enter", g.entry, me); ok {
						g.me = me.Memberships[0].Participant
						answered()
					} else if code != "" && code != "bus/unavailable" {
						t.Errorf("%s: %s", g.entry.Name, code)
					}
				}
				if g.me != "" && voting && !g.voted {
					_, g.voted = call(g.client, base, "DecisionService/CastBallots", &commandv1.CastBallots{Workspace: dsm, Decision: decision,
						Ballots: []*eventv1.BallotCast{{Participant: g.me, Choice: eventv1.Choice_CHOICE_FOR}}}, &commandv1.Receipt{}, "Tavolo-Command-Id", g.vote)
				}
				if g.me != "" && voting {
					g.attempt++
					if _, ok := call(g.client, base, "ItemService/RecordContributions", &commandv1.RecordContributions{Workspace: dsm, Session: session, Item: item, Contributions: []*commandv1.Contribution{
						{By: g.me, Kind: eventv1.ContributionKind_CONTRIBUTION_KIND_STATEMENT, Text: clear(fmt.Sprint(g.entry.Name, " volta ", g.attempt))}}}, &commandv1.Receipt{}); ok {
						g.spoke++
						answered()
					} else {
						unanswered.Add(1)
					}
				}
			})
		}
		all.Wait()
	}
	again := func(voting bool, after int64) {
		t.Helper()
		acknowledged.Store(0)
		enough.Store(after)
		live(voting)
		_ = cmd.Process.Kill() // in case there was nobody left to come in
		_ = cmd.Wait()
		cmd, _ = serve(t, "--data", data, "--listen", "127.0.0.1:"+string(port))
	}
	rounds := []int64{1, 4, 7, 10}
	for _, after := range rounds {
		again(false, after)
	}
	enough.Store(0)
	live(false)
	open := &commandv1.OpenVoting{Workspace: dsm, Decision: decision}
	for _, g := range guests {
		if g.me == "" {
			t.Fatalf("%s did not get in", g.entry.Name)
		}
		open.Electors = append(open.Electors, &eventv1.Elector{Participant: g.me, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Present: true, Weight: 1})
	}
	must("DecisionService/OpenVoting", open, &commandv1.Receipt{})
	for _, after := range rounds {
		unanswered.Store(0)
		again(true, after)
		if unanswered.Load() == 0 {
			t.Errorf("killed after %d answers, and nobody was left without one: this proves little", after)
		}
	}
	enough.Store(0)
	live(true)
	receipt := &commandv1.Receipt{}
	must("DecisionService/CloseVoting", &commandv1.CloseVoting{Workspace: dsm, Decision: decision}, receipt)
	home, room := &apiv1.InitiativeView{}, &apiv1.SessionView{}
	must("InitiativeService/GetInitiative", &apiv1.GetInitiativeRequest{Workspace: dsm, Initiative: orari, AtLeastSequence: receipt.Sequence}, home)
	must("SessionService/GetSession", &apiv1.GetSessionRequest{Workspace: dsm, Session: session, AtLeastSequence: receipt.Sequence}, room)
	seats, said, votes := map[string]int{}, map[string]int{}, map[string]int{}
	for _, p := range home.Participants {
		seats[p.Name]++
	}
	for _, c := range room.Items[0].Contributions {
		said[c.By]++
		if votes[c.Text]++; votes[c.Text] > 1 {
			t.Errorf("%q is there %d times", c.Text, votes[c.Text])
		}
	}
	if tally := room.Items[0].Decisions[0].Tally; tally.GetFor() != many {
		t.Errorf("%v for %d who voted", tally, many)
	}
	for _, g := range guests {
		me := &apiv1.MeView{}
		if _, ok := call(g.client, base, "AccountService/GetMe", &apiv1.GetMeRequest{}, me); !ok || me.Name != g.entry.Name || len(me.Memberships) != 1 || me.Memberships[0].Participant != g.me {
			t.Errorf("%s is %v", g.entry.Name, me)
		}
		if seats[g.entry.Name] != 1 || said[g.me] < g.spoke || said[g.me] > g.attempt || !g.voted {
			t.Errorf("%s: %d seats, spoke %d times of which %d acknowledged and %d tried, voted %v", g.entry.Name, seats[g.entry.Name], said[g.me], g.spoke, g.attempt, g.voted)
		}
	}
}
