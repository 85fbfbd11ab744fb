package views

import (
	"context"
	"slices"
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/initiative"
	"tavolo/pkg/domain/role"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter explains one answer: the rule that fired, the commits that prove it, what would have made it decisive. And it looks ahead:
// the power that a rule would give before anyone votes.

// why answers Why.
func (v *Views) why(ctx context.Context, q *apiv1.WhyRequest) (*apiv1.WhyResponse, error) {
	if err := v.readyIn(ctx, q.Workspace, q.AtLeastSequence, false); err != nil {
		return nil, err
	}
	if _, err := v.need(ctx, q.Workspace, aggregate.Decision, q.Decision); err != nil {
		return nil, err
	}
	asOf := v.clock().UTC()
	if q.AsOf != nil {
		asOf = q.AsOf.AsTime()
	}
	c, err := v.past(q.Workspace, asOf).caseOf(ctx, q.Decision)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, decider.Refuse("decision/not-closed")
	}
	home, _, _ := decision.Split(q.Decision)
	a, err := v.need(ctx, q.Workspace, aggregate.Initiative, home)
	if err != nil {
		return nil, err
	}
	who, refs, err := v.participant(ctx, q.Workspace, a.Initiative, q.Who)
	if err != nil {
		return nil, err
	}
	parties := c.Parties()
	at := slices.IndexFunc(parties, func(p role.Party) bool { return p.Who == who })
	if at < 0 {
		return nil, decider.Refuse("role/not-judged")
	}
	judgement := role.Judge(c)[at]
	out := &apiv1.WhyResponse{Judgement: message(judgement)}
	if !parties[at].Group {
		out.Judgement.Participant, out.Judgement.Who = who, refs[who]
	}
	for _, r := range role.Rules {
		if slices.ContainsFunc(r.Gives, func(g role.Given) bool { return g.Reason == judgement.Reason }) && r.ID == judgement.Rule {
			out.RuleSays = r.Says
		}
	}
	obstacles, free := c.Obstacles(parties[at])
	out.DecisiveWithout = free
	for _, o := range obstacles {
		out.Obstacles = append(out.Obstacles, &apiv1.Obstacle{Rule: uint32(o.Rule), Reason: string(o.Reason), Remedy: o.Remedy})
	}
	out.Strength = strengthOf(c.Strength(parties[at]))
	out.Proof, err = v.proof(ctx, q.Workspace, judgement.Evidence)
	return out, err
}

// participant finds who is meant: a group, a pseudonym, or a short id of the initiative.
func (v *Views) participant(ctx context.Context, ws string, i *initiative.State, who string) (string, map[string]string, error) {
	refs := map[string]string{}
	err := v.words(ws).twice(ctx, func(open func(decider.Words) string) {
		for _, m := range i.Members {
			refs[m.Participant] = open(m.Ref)
		}
	})
	if err != nil || role.IsGroup(who) {
		return who, refs, err
	}
	for pseudonym, ref := range refs {
		if who == ref || who == pseudonym {
			return pseudonym, refs, nil
		}
	}
	return "", nil, decider.Refuse("role/not-judged")
}

func strengthOf(s role.Strength) *apiv1.Strength {
	return &apiv1.Strength{
		Margin: uint32(s.Margin), Ballots: uint32(s.Ballots), Prevent: fraction(s.Prevent), Initiate: fraction(s.Initiate),
		Seconds: uint32(s.Seconds), SecondsAll: uint32(s.SecondsAll), Voice: s.Voice, AdviceGiven: uint32(s.AdviceGiven), AdviceAnswered: uint32(s.AdviceAnswered), Success: s.Success,
	}
}

// proof reads the commits of the given sequences.
func (v *Views) proof(ctx context.Context, ws string, seqs []uint64) ([]*apiv1.Proof, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	marks, args := make([]string, len(seqs)), []any(nil)
	for i, s := range seqs {
		marks[i] = "?"
		args = append(args, int64(s))
	}
	rows, err := v.read(ws).QueryContext(ctx, `SELECT seq, body FROM record WHERE seq IN (`+strings.Join(marks, ",")+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*apiv1.Proof
	for rows.Next() {
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return nil, err
		}
		c := &eventv1.Commit{}
		if err := proto.Unmarshal(body, c); err != nil {
			return nil, err
		}
		p := &apiv1.Proof{Sequence: uint64(seq), RecordedAt: c.RecordedAt, OccurredAt: c.Events[0].OccurredAt}
		for _, e := range c.Events {
			if name := e.Name(); !slices.Contains(p.Events, name) {
				p.Events = append(p.Events, name)
			}
		}
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Sequence < out[j].Sequence })
	return out, rows.Err()
}

// Summarise gives the median role of the users, strict and broad, over a list of decisions.
func Summarise(list *apiv1.ListRolesResponse, least int) *apiv1.SummariseRolesResponse {
	out := &apiv1.SummariseRolesResponse{Rules: list.Rules, AsOf: list.AsOf}
	for _, who := range []string{"users:strict", "users:broad"} {
		var weighed []role.Weighted
		s := &apiv1.RoleSummary{Who: who, Distribution: map[string]uint32{}, Excluded: map[string]uint32{}}
		for _, d := range list.Decisions {
			for _, j := range d.Roles {
				if j.Who == who {
					weighed = append(weighed, role.Weighted{Role: role.Role(j.Role), Reason: role.Reason(j.Reason), Weight: 1})
					s.Decisions = append(s.Decisions, d.Initiative+":"+d.Session+":"+d.Id)
				}
			}
		}
		m := role.Median(weighed, least)
		s.Role, s.Best, s.Worst, s.Included = string(m.Role), string(m.Best), string(m.Worst), uint32(m.Included)
		for r, n := range m.Distribution {
			s.Distribution[string(r)] = uint32(n)
		}
		for r, n := range m.Excluded {
			s.Excluded[string(r)] = uint32(n)
		}
		out.Summaries = append(out.Summaries, s)
	}
	return out
}

// power answers Power.
func (v *Views) power(_ context.Context, q *apiv1.PowerRequest) (*apiv1.PowerResponse, error) {
	p, err := role.LookAhead(q.Rule, q.Electors)
	if err != nil {
		return nil, err
	}
	return PowerMessage(p), nil
}

// PowerMessage writes a prospect as the API says it.
func PowerMessage(p *role.Prospect) *apiv1.PowerResponse {
	out := &apiv1.PowerResponse{}
	for _, s := range p.Seats {
		out.Seats = append(out.Seats, seatMessage(s))
	}
	for _, s := range p.Groups {
		out.Groups = append(out.Groups, seatMessage(s))
	}
	for _, a := range p.Alternatives {
		out.Proposals = append(out.Proposals, &apiv1.Proposal{Kind: a.Kind, Rule: a.Rule, Power: fraction(a.Users.Index.Banzhaf), PowerAmongBlocs: fraction(a.Users.AmongBlocs.Banzhaf)})
	}
	return out
}

func seatMessage(s role.Seat) *apiv1.SeatPower {
	m := &apiv1.SeatPower{Who: s.Who, Voters: uint32(s.Voters), Power: fraction(s.Index.Banzhaf), Prevent: fraction(s.Index.Prevent()), Initiate: fraction(s.Index.Initiate())}
	if s.AmongBlocs != nil {
		m.PowerAmongBlocs = fraction(s.AmongBlocs.Banzhaf)
	} else {
		m.Shapley = fraction(s.Index.Shapley)
	}
	return m
}
