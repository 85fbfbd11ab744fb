package decision

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter is the charter: how it is written, and what a rule and an electorate must be so that it can be opened.

func writeCharter(s *State, c *commandv1.WriteCharter, roll Roll, at time.Time, event func(proto.Message) []*eventv1.Event) ([]*eventv1.Event, error) {
	if s.Phase != Posed {
		return nil, decider.Refuse("decision/charter-frozen")
	}
	charter := proto.CloneOf(c.Charter)
	if err := checkRule(charter.GetRule()); err != nil {
		return nil, err
	}
	if err := checkSecret(charter); err != nil {
		return nil, err
	}
	for _, id := range []string{charter.GetPrecommittedBy(), charter.GetImplementer()} {
		if err := enrolled(roll, id); err != nil {
			return nil, err
		}
	}
	if err := checkDue(charter.GetDue(), at); charter.GetDue() != "" && err != nil {
		return nil, err
	}
	planned, err := electorate(charter, c.Electors, roll)
	if err != nil {
		return nil, err
	}
	if c.Ratifier != nil && !ratified(charter) {
		return nil, decider.Refuse("decision/ratifier-without-ratification")
	}
	return event(&eventv1.CharterWritten{Charter: charter, Electors: planned, Ratifier: c.Ratifier.GetSealed()}), nil
}

// ratified reports whether an authority outside the electorate still has to act.
func ratified(c *eventv1.Charter) bool {
	return c.GetRatification() == eventv1.Ratification_RATIFICATION_LEGALITY || c.GetRatification() == eventv1.Ratification_RATIFICATION_MERIT
}

// electorate gives a copy of these lines with the capacities of the roll, or refuses them: the same before the vote and when it opens, so that a
// charter that could never be opened is not written. Nobody is fine before the vote.
func electorate(c *eventv1.Charter, lines []*eventv1.Elector, roll Roll) ([]*eventv1.Elector, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	electors := make([]*eventv1.Elector, len(lines))
	for i, e := range lines {
		electors[i] = proto.CloneOf(e)
	}
	if err := checkElectors(electors, roll); err != nil {
		return nil, err
	}
	if err := checkFulfillable(c.GetRule(), electors); err != nil {
		return nil, err
	}
	return electors, checkSecretElectors(c, electors)
}

// Binding reports whether a standing gives a vote, an objection or a veto: the standings of rule 4 of roles/1.
func Binding(s eventv1.Standing) bool {
	switch s {
	case eventv1.Standing_STANDING_BINDING_VOTE, eventv1.Standing_STANDING_CONSENT, eventv1.Standing_STANDING_VETO, eventv1.Standing_STANDING_DELEGATED:
		return true
	default:
		return false
	}
}

// checkRule refuses a rule that contradicts itself, whoever may vote under it.
func checkRule(r *eventv1.Rule) error {
	if r == nil {
		return nil
	}
	switch r.Method {
	case eventv1.Method_METHOD_UNSPECIFIED:
		return decider.Refuse("decision/rule-without-method")
	case eventv1.Method_METHOD_SOLE:
		if r.Holder == "" {
			return decider.Refuse("decision/sole-without-holder")
		}
	case eventv1.Method_METHOD_CONSTITUENCIES:
		if len(r.Constituencies) == 0 {
			return decider.Refuse("decision/no-constituency-named")
		}
	}
	if r.Method != eventv1.Method_METHOD_SOLE && r.Holder != "" {
		return decider.Refuse("decision/holder-only-with-sole")
	}
	if r.Method != eventv1.Method_METHOD_CONSTITUENCIES && len(r.Constituencies) > 0 {
		return decider.Refuse("decision/constituencies-only-with-their-method")
	}
	if r.Tie == eventv1.Tie_TIE_CHAIR && r.Chair == "" {
		return decider.Refuse("decision/tie-without-chair")
	}
	thresholds := []*eventv1.Threshold{r.Threshold}
	for _, c := range r.Constituencies {
		if len(c.Of) == 0 || slices.Contains(c.Of, "") {
			return decider.Refuse("decision/no-constituency-named")
		}
		thresholds = append(thresholds, c.Threshold)
	}
	for _, t := range thresholds {
		if err := checkThreshold(t); err != nil {
			return err
		}
	}
	return checkFraction(r.GetQuorum().GetFraction())
}

func checkThreshold(t *eventv1.Threshold) error {
	if v, ok := t.GetOf().(*eventv1.Threshold_Votes); ok && v.Votes == 0 {
		return decider.Refuse("decision/threshold-zero")
	}
	return checkFraction(t.GetFraction())
}

func checkFraction(f *eventv1.Fraction) error {
	if f == nil {
		return nil
	}
	if f.Numerator == 0 || f.Denominator == 0 || f.Numerator > f.Denominator {
		return decider.Refuse("decision/fraction-out-of-range", "fraction", strconv.Itoa(int(f.Numerator))+"/"+strconv.Itoa(int(f.Denominator)))
	}
	return nil
}

// checkSecret refuses what a secret ballot could never answer: totals do not say who voted how.
func checkSecret(c *eventv1.Charter) error {
	r := c.GetRule()
	if !c.GetSecret() || r == nil {
		return nil
	}
	if len(r.Veto) > 0 || len(r.RequiresFor) > 0 || r.Method == eventv1.Method_METHOD_SOLE {
		return decider.Refuse("decision/secret-needs-no-names")
	}
	return nil
}

// checkSecretElectors refuses an electorate that a secret ballot could not be counted for: a veto is somebody's, and heads follow from
// totals only where every ballot weighs one.
func checkSecretElectors(c *eventv1.Charter, electors []*eventv1.Elector) error {
	if !c.GetSecret() || c.Rule == nil {
		return nil
	}
	named := func(e *eventv1.Elector) bool {
		return e.Standing == eventv1.Standing_STANDING_VETO && !e.Recused || c.Rule.MinMembersFor > 0 && e.Weight > 1
	}
	if slices.ContainsFunc(electors, named) {
		return decider.Refuse("decision/secret-needs-no-names")
	}
	return nil
}

// checkFulfillable refuses a rule that this electorate could never fulfil. Whoever recused themselves does not count, whoever is away does:
// it is the rule that is looked at, not the vote.
func checkFulfillable(r *eventv1.Rule, electors []*eventv1.Elector) error {
	if r == nil {
		return nil
	}
	p := NewPoll(r, electors)
	if len(p.Voters) == 0 {
		return decider.Refuse("decision/nobody-votes")
	}
	for _, named := range [][]string{r.Veto, r.RequiresFor, nonEmpty(r.Chair), nonEmpty(r.Holder)} {
		for _, id := range named {
			if p.Index(id) < 0 {
				return decider.Refuse("decision/named-without-vote", "participant", id)
			}
		}
	}
	if int(r.MinMembersFor) > len(p.Voters) {
		return decider.Refuse("decision/out-of-reach", "needs", strconv.Itoa(int(r.MinMembersFor)), "there_are", strconv.Itoa(len(p.Voters)))
	}
	for _, c := range p.conditions {
		if c.members == 0 {
			return decider.Refuse("decision/constituency-without-voters", "constituency", strings.Join(c.of, "+"))
		}
		if c.kind == votes && c.num > c.memberWeight {
			return decider.Refuse("decision/out-of-reach", "needs", strconv.FormatUint(c.num, 10), "there_are", strconv.FormatUint(c.memberWeight, 10))
		}
		if c.minPresent > c.members {
			return decider.Refuse("decision/out-of-reach", "needs", strconv.Itoa(c.minPresent), "there_are", strconv.Itoa(c.members))
		}
	}
	if q := r.Quorum; q != nil {
		if int(q.Count) > len(p.Voters) {
			return decider.Refuse("decision/quorum-out-of-reach", "needs", strconv.Itoa(int(q.Count)), "there_are", strconv.Itoa(len(p.Voters)))
		}
		for code, n := range q.Constituencies {
			if has := p.heads(code); int(n) > has {
				return decider.Refuse("decision/quorum-out-of-reach", "needs", strconv.Itoa(int(n)), "there_are", strconv.Itoa(has), "constituency", code)
			}
		}
	}
	return nil
}

// checkElectors refuses an electorate that contradicts itself, and fills capacities from the roll.
func checkElectors(electors []*eventv1.Elector, roll Roll) error {
	byID := map[string]*eventv1.Elector{}
	for _, e := range electors {
		if _, twice := byID[e.Participant]; twice {
			return decider.Refuse("decision/elector-twice", "participant", e.Participant)
		}
		capacity, known := roll(e.Participant)
		if !known {
			return decider.Refuse("decision/not-enrolled", "participant", e.Participant)
		}
		e.Constituency, e.EmployedByDepartment = capacity.Constituency, capacity.EmployedByDepartment
		if e.Weight == 0 {
			e.Weight = 1
		}
		if e.Weight > maxWeight {
			return decider.Refuse("decision/weight-too-large", "participant", e.Participant)
		}
		byID[e.Participant] = e
	}
	for _, e := range electors {
		if e.Mandate != "" && !Binding(e.Standing) {
			return decider.Refuse("decision/mandate-without-vote", "participant", e.Participant)
		}
		if e.Proxy == nil {
			continue
		}
		if capacity, known := roll(e.Proxy.To); known {
			e.Proxy.Constituency = capacity.Constituency
		}
		switch holder := byID[e.Proxy.To]; {
		case !Binding(e.Standing):
			return decider.Refuse("decision/proxy-without-vote", "participant", e.Participant)
		case e.Proxy.To == e.Participant:
			return decider.Refuse("decision/proxy-to-oneself", "participant", e.Participant)
		case holder == nil:
			if _, known := roll(e.Proxy.To); !known {
				return decider.Refuse("decision/not-enrolled", "participant", e.Proxy.To)
			}
		case !holder.Present:
			return decider.Refuse("decision/proxy-to-absent", "participant", e.Participant)
		case holder.Proxy != nil:
			return decider.Refuse("decision/proxy-chain", "participant", e.Participant)
		}
	}
	return nil
}

// maxWeight bounds a weight so that no sum of an electorate can overflow.
const maxWeight = 1 << 32

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// CheckRule refuses a rule that contradicts itself or that this electorate could never fulfil.
func CheckRule(r *eventv1.Rule, electors []*eventv1.Elector) error {
	if err := checkRule(r); err != nil {
		return err
	}
	return checkFulfillable(r, electors)
}
