package views

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"tavolo/pkg/bus"
	"tavolo/pkg/eventlog"
	"tavolo/pkg/minutes"
	"tavolo/pkg/projection"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"

	"tavolo/pkg/domain/aggregate"
)

// record writes commits of random sessions to a log: several sessions of a few initiatives, items that return, corrections.
func record(t *rapid.T, log *eventlog.Log, ws string) {
	ctx := context.Background()
	if err := log.Create(ctx, ws); err != nil {
		t.Fatal(err)
	}
	all := map[aggregate.Key]*aggregate.Aggregate{}
	load := func(k aggregate.Key) (*aggregate.Aggregate, error) {
		if all[k] == nil {
			all[k] = aggregate.New(k)
		}
		return all[k], nil
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	do := func(cmd *commandv1.Command) {
		_, key, err := aggregate.Of(cmd)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := load(key)
		events, err := aggregate.Decide(a, cmd, load, now)
		if err != nil || len(events) == 0 {
			return // a refusal has no effect; that is not what is tested here
		}
		c := &eventv1.Commit{Id: uuid.Must(uuid.NewV7()).String(), Aggregate: string(key.Kind), AggregateId: key.ID, Version: a.Version + 1, RecordedAt: timestamppb.New(now), Schema: 1, Events: events}
		seq, err := log.Append(ctx, ws, c, a.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Apply(seq, c); err != nil {
			t.Fatal(err)
		}
	}
	people := []minutes.Participant{{ID: "u1", Constituency: "user"}, {ID: "u2", Constituency: "user"}, {ID: "p1", Constituency: "professional"}, {ID: "p2", Constituency: "professional"}, {ID: "p3", Constituency: "professional"}}
	ids := map[string]string{"": ""}
	for _, p := range people {
		ids[p.ID] = p.ID
	}
	choices := []minutes.Choice{"for", "against", "abstain", ""}
	for n := range rapid.IntRange(1, 5).Draw(t, "sessions") {
		opened := time.Date(2026, 1, 1+rapid.IntRange(0, 300).Draw(t, "day"), 16, 0, 0, 0, time.UTC)
		f := &minutes.File{Format: minutes.Format, Department: minutes.Department{ID: ws}, Initiative: minutes.Initiative{ID: "i"}, Participants: people,
			Session: minutes.Session{ID: fmt.Sprintf("s%d", rapid.IntRange(0, 3).Draw(t, "session")), OpenedAt: opened, ClosedAt: opened.Add(time.Hour)}}
		item := minutes.Item{ID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "item"), ProposedBy: rapid.SampledFrom([]string{"", "u1", "p1"}).Draw(t, "proposer")}
		for range rapid.IntRange(0, 2).Draw(t, "said") {
			item.Contributions = append(item.Contributions, minutes.Contribution{By: rapid.SampledFrom(people).Draw(t, "by").ID, Kind: "advice", Seconds: 10})
		}
		d := minutes.Decision{ID: "d", Charter: &minutes.Charter{Rule: &minutes.Rule{Method: "majority", Threshold: minutes.Majority, Base: "cast", Tie: "defer"}}}
		for _, p := range people {
			d.Electorate = append(d.Electorate, minutes.Elector{Participant: p.ID, Standing: "binding_vote", Weight: 1, Present: true, Ballot: rapid.SampledFrom(choices).Draw(t, "ballot")})
		}
		if rapid.Bool().Draw(t, "reversed") {
			d.Acts = []minutes.Act{{Kind: "reversed", By: "p1", At: opened.AddDate(0, 1, 0)}}
		}
		item.Decisions = []minutes.Decision{d}
		f.Items = []minutes.Item{item}
		steps := minutes.Steps(f, &minutes.Recorded{}, ids)
		if n > 0 { // what exists already is refused and skipped; the decision is corrected
			steps = append(steps, minutes.Step{Command: &commandv1.Command{OccurredAt: timestamppb.New(opened), Of: &commandv1.Command_CorrectDecision{CorrectDecision: &commandv1.CorrectDecision{
				Workspace: ws, Decision: "i:" + f.Session.ID + ":d", Steps: decisionSteps(steps)}}}})
		}
		session, of := "i:"+f.Session.ID, "i:"+item.ID
		for _, s := range steps {
			if s.Command.GetCloseSession() != nil {
				for _, c := range turns(ws, session, of, people[rapid.IntRange(0, len(people)-1).Draw(t, "speaker")].ID) {
					c.OccurredAt = timestamppb.New(opened.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minute")) * time.Minute))
					do(c)
				}
			}
			do(s.Command)
		}
		if rapid.IntRange(0, 3).Draw(t, "struck") == 0 {
			do(&commandv1.Command{Of: &commandv1.Command_StrikeDecision{StrikeDecision: &commandv1.StrikeDecision{Workspace: ws, Decision: "i:" + f.Session.ID + ":d", Reason: sealedText()}}})
		}
		if rapid.Bool().Draw(t, "publishes") {
			do(&commandv1.Command{Of: &commandv1.Command_SetPublication{SetPublication: &commandv1.SetPublication{Workspace: ws, Initiative: "i", Public: rapid.Bool().Draw(t, "public")}}})
		}
		if a, _ := load(aggregate.Key{Kind: aggregate.Item, ID: of}); len(a.Item.Contributions) > 0 { // something is said to have been of another kind
			c := rapid.SampledFrom(a.Item.Contributions).Draw(t, "worded")
			do(&commandv1.Command{OccurredAt: timestamppb.New(opened.AddDate(0, 0, rapid.IntRange(0, 90).Draw(t, "later"))), Of: &commandv1.Command_WordContribution{WordContribution: &commandv1.WordContribution{
				Workspace: ws, Item: of, Session: c.Session, Number: c.Number, By: c.By, Kind: rapid.SampledFrom([]eventv1.ContributionKind{1, 4}).Draw(t, "kind")}}})
		}
		for _, c := range rounds(t, ws, session+":c", of) {
			c.OccurredAt = timestamppb.New(opened)
			do(c)
		}
	}
}

// rounds are the commands of a decision by consent: asked, objected to, reworded, asked anew, closed, and perhaps struck.
func rounds(t *rapid.T, ws, id, of string) []*commandv1.Command {
	words := &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: &eventv1.Sealed{}}}
	cast := func() *commandv1.Command {
		c := &commandv1.CastBallots{Workspace: ws, Decision: id}
		for _, who := range []string{"u1", "p1"} {
			c.Ballots = append(c.Ballots, &eventv1.BallotCast{Participant: who, Choice: rapid.SampledFrom([]eventv1.Choice{eventv1.Choice_CHOICE_FOR, eventv1.Choice_CHOICE_AGAINST}).Draw(t, "choice")})
		}
		return &commandv1.Command{Of: &commandv1.Command_CastBallots{CastBallots: c}}
	}
	consents := eventv1.Standing_STANDING_CONSENT
	all := []*commandv1.Command{
		{Of: &commandv1.Command_PoseDecision{PoseDecision: &commandv1.PoseDecision{Workspace: ws, Decision: id, Item: of}}},
		{Of: &commandv1.Command_WriteCharter{WriteCharter: &commandv1.WriteCharter{Workspace: ws, Decision: id, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}, Due: "2026-06-01"},
			Electors: []*eventv1.Elector{{Participant: "u1", Standing: consents, Present: true}, {Participant: "p1", Standing: consents, Present: true}}}}},
		{Of: &commandv1.Command_BeginRound{BeginRound: &commandv1.BeginRound{Workspace: ws, Decision: id, Round: eventv1.Round_ROUND_REACT}}},
		{Of: &commandv1.Command_OpenVoting{OpenVoting: &commandv1.OpenVoting{Workspace: ws, Decision: id}}},
		cast(),
		{Of: &commandv1.Command_AmendProposal{AmendProposal: &commandv1.AmendProposal{Workspace: ws, Decision: id, Text: words, Objector: "u1"}}},
		{Of: &commandv1.Command_BeginRound{BeginRound: &commandv1.BeginRound{Workspace: ws, Decision: id, Round: eventv1.Round_ROUND_CONSENT}}},
		cast(),
		{Of: &commandv1.Command_CloseVoting{CloseVoting: &commandv1.CloseVoting{Workspace: ws, Decision: id}}},
	}
	if rapid.IntRange(0, 3).Draw(t, "struck") == 0 {
		all = append(all, &commandv1.Command{Of: &commandv1.Command_StrikeDecision{StrikeDecision: &commandv1.StrikeDecision{Workspace: ws, Decision: id, Reason: words}}})
	}
	return all
}

// turns are the commands of somebody who asks to speak and does, in a meeting that pauses once.
func turns(ws, session, of, who string) []*commandv1.Command {
	return []*commandv1.Command{
		{Of: &commandv1.Command_SetCurrentItem{SetCurrentItem: &commandv1.SetCurrentItem{Workspace: ws, Session: session, Item: of}}},
		{Of: &commandv1.Command_RaiseHand{RaiseHand: &commandv1.RaiseHand{Workspace: ws, Item: of, Session: session, Participant: who}}},
		{Of: &commandv1.Command_PauseSession{PauseSession: &commandv1.PauseSession{Workspace: ws, Session: session}}},
		{Of: &commandv1.Command_GiveFloor{GiveFloor: &commandv1.GiveFloor{Workspace: ws, Item: of, Session: session, Participant: who}}},
		{Of: &commandv1.Command_ReturnFloor{ReturnFloor: &commandv1.ReturnFloor{Workspace: ws, Item: of, Session: session, Participant: who}}},
	}
}

// decisionSteps picks the commands of the decision out of those of a session.
func decisionSteps(steps []minutes.Step) []*commandv1.Command {
	var picked []*commandv1.Command
	for _, s := range steps {
		switch s.Command.Of.(type) {
		case *commandv1.Command_PoseDecision, *commandv1.Command_WriteCharter, *commandv1.Command_OpenVoting, *commandv1.Command_CastBallots, *commandv1.Command_CloseVoting, *commandv1.Command_RecordAct:
			picked = append(picked, s.Command)
		}
	}
	return picked
}

// INV-21: what the views hold is a function of the log, whatever the batches were.
func TestTheViewsDoNotDependOnTheBatches(t *testing.T) {
	server, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	writer, err := server.Connect(bus.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(writer.Close)
	reader, err := server.Connect(bus.Views)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	log, err := eventlog.New(writer)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := eventlog.New(reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	round, judged, released := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		ws := fmt.Sprintf("ws%d-%d", round, rand.Uint32())
		record(t, log, ws)
		var dumps []string
		for _, batch := range []int{1, 7, 500} {
			db, err := openDB(dir, fmt.Sprintf("%s-%d", ws, batch))
			if err != nil {
				t.Fatal(err)
			}
			p := newProjector()
			view := viewOf(p)
			if view.Batch = batch; batch == 7 { // nor on what is still in memory from the batch before
				view.Apply = func(ctx context.Context, tx *sql.Tx, ws string, commits []eventlog.Recorded) error {
					defer p.rest(1)
					return p.apply(ctx, tx, ws, commits)
				}
			}
			if err := projection.Rebuild(context.Background(), reader, reading, ws, db, view); err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := db.Dump(&b); err != nil {
				t.Fatal(err)
			}
			dumps = append(dumps, b.String())
			var n int
			if err := db.Read().QueryRow(`SELECT count(*) FROM role`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			judged += n
			if err := db.Read().QueryRow(`SELECT count(*) FROM entry WHERE released > 0`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			released += n
			for what, query := range map[string]string{
				"a count": `SELECT count(*) FROM (SELECT who, initiative, month, kind, role, reason, n FROM tally EXCEPT SELECT who, initiative, CAST(strftime('%Y', closed_at / 1000, 'unixepoch') AS INTEGER) * 12 + strftime('%m', closed_at / 1000, 'unixepoch') - 1, kind, role, reason, count(*) FROM (SELECT * FROM ledger UNION ALL SELECT who, closed_at, decision, '', kind, role, reason FROM ledger) GROUP BY 1, 2, 3, 4, 5, 6)`,
				"a line":  `SELECT count(*) FROM (SELECT who, closed_at, decision, initiative, kind, role, reason FROM ledger EXCEPT SELECT r.who, d.closed_at, d.aggregate, d.initiative, d.kind, r.role, r.reason FROM role r JOIN decision d ON d.aggregate = r.decision)`,
				"a group": `SELECT (SELECT 2 * count(*) FROM role WHERE instr(who, ':')) - (SELECT coalesce(sum(n), 0) FROM tally)`,
			} {
				if err := db.Read().QueryRow(query).Scan(&n); err != nil || n != 0 {
					t.Fatalf("%s of the ledger is not that of the roles: %d, %v", what, n, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if dumps[0] != dumps[1] || dumps[0] != dumps[2] {
			t.Fatalf("the views differ: %s", firstDifference([]byte(dumps[0]), []byte(dumps[2])))
		}
	})
	if judged == 0 || released == 0 {
		t.Error("no role was derived: the test proves nothing")
	}
}
