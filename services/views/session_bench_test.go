package views

import (
	"context"
	"fmt"
	"testing"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// BenchmarkSession reads a session in which a thousand decisions were taken: every screen that looks at it has it read after every change.
func BenchmarkSession(b *testing.B) {
	h := crowded(b, 1000)
	q := &apiv1.GetSessionRequest{Workspace: "dsm", Session: "csm:s1", AtLeastSequence: h.seq}
	b.ResetTimer()
	for b.Loop() {
		if _, err := h.views.getSession(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
}

// crowded is a house with so many closed decisions in one session, each of three voters.
func crowded(t testing.TB, decisions int) *house {
	h := gathered(t)
	rule := &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Threshold: &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}, Base: eventv1.Base_BASE_CAST}}
	var electors []*eventv1.Elector
	var ballots []*eventv1.BallotCast
	for _, who := range []string{"u1", "u2", "p1"} {
		electors = append(electors, &eventv1.Elector{Participant: who, Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1, Present: true})
		ballots = append(ballots, &eventv1.BallotCast{Participant: who, Choice: eventv1.Choice_CHOICE_FOR})
	}
	for i := range decisions {
		d := fmt.Sprintf("csm:s1:d%d", i)
		h.do(
			&commandv1.PoseDecision{Workspace: "dsm", Decision: d, Item: "csm:i1"},
			&commandv1.WriteCharter{Workspace: "dsm", Decision: d, Charter: rule},
			&commandv1.OpenVoting{Workspace: "dsm", Decision: d, Electors: electors},
			&commandv1.CastBallots{Workspace: "dsm", Decision: d, Ballots: ballots},
			&commandv1.CloseVoting{Workspace: "dsm", Decision: d},
		)
	}
	h.session()
	return h
}
