package views

import (
	"context"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter shows decisions: one with all that belongs to it, and a line of each. While voting is open they say who has voted and never how;
// a person's own ballots are an answer of their own.

// decisionOf shows a decision whole. count is countOf of it: an answer is built twice (words.go), and the count is the dearest part.
func decisionOf(a *aggregate.Aggregate, open opener, upTo uint64, count *apiv1.CountView) *apiv1.DecisionView {
	d, view := a.Decision, briefOf(a, open, upTo, count)
	view.Shortened = false
	view.Electors = d.Electors
	if d.Phase == decision.Posed {
		view.PlannedElectors = d.Planned
	}
	for _, e := range d.Electors {
		if b, ok := d.Ballots[e.Participant]; ok {
			view.Ballots = append(view.Ballots, &eventv1.BallotCast{Participant: e.Participant, Choice: shown(d, b), EnteredBy: b.EnteredBy})
		}
		if b, ok := d.Advice[e.Participant]; ok {
			view.Advice = append(view.Advice, &eventv1.AdviceGiven{Participant: e.Participant, Advice: shown(d, b)})
		}
	}
	for _, x := range d.Amendments {
		view.Amendments = append(view.Amendments, &apiv1.AmendmentView{Text: open(x.Text), TakesUp: x.TakesUp, Objector: x.Objector, At: timestamp(x.At), Sequence: x.Seq})
	}
	for _, x := range d.Settled {
		view.Disputes = append(view.Disputes, &apiv1.DisputeView{By: x.By, Text: open(x.Text), SettledBy: x.SettledBy, How: open(x.How), At: timestamp(x.At)})
	}
	for _, act := range d.Acts {
		view.Acts = append(view.Acts, &apiv1.ActView{Act: act.ActRecorded, At: timestamp(act.At), Reason: open(act.Words), Sequence: act.Seq})
	}
	return view
}

// briefOf shows a decision without what grows with the number of people, and without how it came about.
func briefOf(a *aggregate.Aggregate, open opener, upTo uint64, count *apiv1.CountView) *apiv1.DecisionView {
	d := a.Decision
	return &apiv1.DecisionView{
		Id: a.ID, Item: d.Item, Question: open(d.Question), Phase: apiv1.DecisionPhase(d.Phase), Charter: d.Charter, Ratifier: open(d.Ratifier),
		Outcome: d.Final(), OutcomeReason: d.OutcomeReason, Tally: d.Tally, OpenedAt: timestamp(d.OpenedAt), ClosesAt: timestamp(d.ClosesAt), ClosedAt: timestamp(d.ClosedAt),
		Contested: d.Disputed, ContestedBy: d.DisputedBy, Contest: open(d.Dispute), Corrections: uint32(d.Corrections), Sequence: upTo,
		Round: d.Round, ConsentRound: uint32(d.ConsentRound), Proposal: open(d.Proposal), Count: count, Shortened: true,
	}
}

// shown is what others see of a ballot or an advice: nobody is to be led by how others chose.
func shown(d *decision.State, b decision.Ballot) eventv1.Choice {
	if d.Phase == decision.Open {
		return eventv1.Choice_CHOICE_UNSPECIFIED
	}
	return b.Choice
}

// countOf shows how a closed vote was counted. Of a secret one the numbers by constituency stay hidden where they would tell how somebody voted:
// whether a threshold was passed remains, for the outcome says as much.
func countOf(d *decision.State) *apiv1.CountView {
	c := d.Count()
	if c == nil {
		return nil
	}
	hide := d.Secret != nil && !role.NewCase(d, nil, nil, d.ClosedAt).Publishable()
	view := &apiv1.CountView{QuorumNeeded: uint32(c.Needed), QuorumPresent: uint32(c.Present), Quorate: c.Quorate, Tie: c.Tie}
	for _, q := range c.Quorums {
		view.Quorums = append(view.Quorums, &apiv1.QuorumView{Constituency: q.Constituency, Needed: uint32(q.Needed), Present: uint32(q.Present)})
	}
	for _, x := range c.Conditions {
		line := &apiv1.ConditionView{Of: x.Of, Passed: x.Passed}
		if !hide || len(x.Of) == 0 {
			line.For, line.Against, line.Abstain, line.Base, line.Needed = x.For, x.Against, x.Abstain, x.Base, x.Needed
		}
		view.Conditions = append(view.Conditions, line)
	}
	return view
}

// summaryOfDecision is the line of a list of decisions, without the question. It is kept, so that a list costs no fold of each.
func summaryOfDecision(a *aggregate.Aggregate) *apiv1.DecisionSummary {
	d := a.Decision
	line := &apiv1.DecisionSummary{Id: a.ID, Item: d.Item, Phase: apiv1.DecisionPhase(d.Phase), Outcome: d.Final(),
		ClosesAt: timestamp(d.ClosesAt), ClosedAt: timestamp(d.ClosedAt), Awaited: d.Awaited(), FollowUp: followUp(d), Contested: d.Disputed}
	line.Implementer, line.Due = d.Implementation()
	return line
}

// listedDecision is a line and its question.
type listedDecision struct {
	summary  *apiv1.DecisionSummary
	question decider.Words
}

// listDecisions lists the decisions of an initiative by the time they were posed. Those struck are left out.
func (v *Views) listDecisions(ctx context.Context, ws, initiative string) (lines []listedDecision, err error) {
	rows, err := v.read(ws).QueryContext(ctx, `SELECT question, question_commit, summary FROM decision WHERE initiative = ? AND phase NOT IN (?, ?) ORDER BY posed_at, first_seq`,
		initiative, int(decision.Unknown), int(decision.Struck))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var question, summary []byte
		line := listedDecision{summary: &apiv1.DecisionSummary{}, question: decider.Words{Field: "question"}}
		if err := rows.Scan(&question, &line.question.Commit, &summary); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(summary, line.summary); err != nil {
			return nil, err
		}
		if question != nil {
			line.question.Sealed = &eventv1.Sealed{}
			if err := proto.Unmarshal(question, line.question.Sealed); err != nil {
				return nil, err
			}
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// followUp says what became of a decision: that it no longer holds weighs more than that it was carried out, and that more than that it is to be.
func followUp(d *decision.State) apiv1.FollowUp {
	weight := map[apiv1.FollowUp]int{apiv1.FollowUp_FOLLOW_UP_DUE: 1, apiv1.FollowUp_FOLLOW_UP_EXPLAINED: 2, apiv1.FollowUp_FOLLOW_UP_DONE: 3, apiv1.FollowUp_FOLLOW_UP_REFUSED: 4, apiv1.FollowUp_FOLLOW_UP_REVERSED: 5}
	became := apiv1.FollowUp_FOLLOW_UP_UNSPECIFIED
	for _, a := range d.Acts {
		x := apiv1.FollowUp_FOLLOW_UP_UNSPECIFIED
		switch a.Kind {
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_DUE:
			x = apiv1.FollowUp_FOLLOW_UP_DUE
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_EXPLAINED:
			x = apiv1.FollowUp_FOLLOW_UP_EXPLAINED
		case eventv1.ActKind_ACT_KIND_IMPLEMENTED:
			x = apiv1.FollowUp_FOLLOW_UP_DONE
		case eventv1.ActKind_ACT_KIND_IMPLEMENTATION_REFUSED:
			x = apiv1.FollowUp_FOLLOW_UP_REFUSED
		case eventv1.ActKind_ACT_KIND_REVERSED:
			x = apiv1.FollowUp_FOLLOW_UP_REVERSED
		case eventv1.ActKind_ACT_KIND_FINAL_ACT:
			if !a.SameAsOutcome {
				x = apiv1.FollowUp_FOLLOW_UP_REVERSED
			}
		}
		if weight[x] > weight[became] {
			became = x
		}
	}
	return became
}

// getOwnBallots answers GetOwnBallots: a person's own lines, and those of whoever gave them a proxy. What these voted themselves their holder sees as all
// others do, after the close. Of a secret vote there is none.
func (v *Views) getOwnBallots(ctx context.Context, q *apiv1.GetOwnBallotsRequest) (*apiv1.GetOwnBallotsResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	out := &apiv1.GetOwnBallotsResponse{Sequence: v.sequence(q.Workspace)}
	if _, err := v.need(ctx, q.Workspace, aggregate.Session, q.Session); err != nil {
		return nil, err
	}
	decisions, err := v.folds(ctx, q.Workspace, aggregate.Decision, q.Session+":")
	if err != nil {
		return nil, err
	}
	now := v.clock()
	for _, a := range decisions {
		d := a.Decision
		if d.Charter.GetSecret() {
			continue
		}
		for _, e := range d.Electors {
			own := e.Participant == q.Participant && q.Participant != ""
			line := &apiv1.OwnBallot{Decision: a.ID, Participant: e.Participant}
			switch {
			case !own && (e.Proxy == nil || e.Proxy.To != q.Participant):
				continue
			case own && e.Standing == eventv1.Standing_STANDING_CONSULTED: // their advice, which others do not see yet either
				line.Choice = d.Advice[e.Participant].Choice
			case !decision.Binding(e.Standing) || e.Recused:
				continue
			default:
				b := d.Ballots[e.Participant]
				if !own && b.EnteredBy != q.Participant { // the person came and voted themself
					b.Choice = shown(d, b)
				}
				line.Choice, line.EnteredBy, line.Open = b.Choice, b.EnteredBy, d.MayVote(e.Participant, now)
			}
			out.Ballots = append(out.Ballots, line)
		}
	}
	return out, nil
}
