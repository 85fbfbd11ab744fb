package decision_test

import (
	"math/big"

	eventv1 "tavolo/proto/tavolo/event/v1"
)

// A second count, as naive as it can be, written from the table in decision-rules.md and from nothing else: every number a fraction, every
// voter looked at again for every question. It is what Poll is compared with.

// count is a vote to be counted: who could vote, and what each chose.
type count struct {
	rule     *eventv1.Rule
	electors []*eventv1.Elector
	ballots  map[string]eventv1.Choice
}

// voters are those with a standing that votes who did not recuse themselves.
func (c count) voters() []*eventv1.Elector {
	var v []*eventv1.Elector
	for _, e := range c.electors {
		switch e.Standing {
		case binding, consenting, vetoing, delegated:
			if !e.Recused {
				v = append(v, e)
			}
		}
	}
	return v
}

// there: in the room, or represented by somebody who is.
func (c count) there(e *eventv1.Elector) bool { return there(c.electors, e) }

func there(electors []*eventv1.Elector, e *eventv1.Elector) bool {
	for _, x := range electors {
		if e.Proxy != nil && x.Participant == e.Proxy.To {
			return e.Present || x.Present
		}
	}
	return e.Present || e.Proxy != nil
}

// weigh adds the weights of the voters for whom all conditions hold.
func (c count) weigh(conditions ...func(*eventv1.Elector) bool) *big.Rat {
	sum := new(big.Rat)
	for _, e := range c.voters() {
		if holds(e, conditions) {
			sum.Add(sum, new(big.Rat).SetUint64(e.Weight))
		}
	}
	return sum
}

func (c count) heads(conditions ...func(*eventv1.Elector) bool) int64 {
	n := int64(0)
	for _, e := range c.voters() {
		if holds(e, conditions) {
			n++
		}
	}
	return n
}

func holds(e *eventv1.Elector, conditions []func(*eventv1.Elector) bool) bool {
	for _, is := range conditions {
		if !is(e) {
			return false
		}
	}
	return true
}

func (c count) chose(what eventv1.Choice) func(*eventv1.Elector) bool {
	return func(e *eventv1.Elector) bool { return c.ballots[e.Participant] == what }
}

func sitsFor(codes ...string) func(*eventv1.Elector) bool {
	return func(e *eventv1.Elector) bool {
		for _, code := range codes {
			if e.Constituency == code {
				return true
			}
		}
		return len(codes) == 0
	}
}

func named(ids ...string) func(*eventv1.Elector) bool {
	return func(e *eventv1.Elector) bool {
		for _, id := range ids {
			if e.Participant == id {
				return true
			}
		}
		return false
	}
}

func ratio(f *eventv1.Fraction) *big.Rat {
	return big.NewRat(int64(f.Numerator), int64(f.Denominator))
}

// quorum: enough voters c.there, by head, as a number, a share, by constituency, and for each condition that asks for some.
func (c count) quorum() bool {
	q := c.rule.GetQuorum()
	here, all := c.heads(c.there), c.heads()
	if q != nil {
		if here < int64(q.Count) {
			return false
		}
		if q.Fraction != nil && (all > 0 && big.NewRat(here, all).Cmp(ratio(q.Fraction)) < 0) {
			return false
		}
		for code, n := range q.Constituencies {
			if c.heads(c.there, sitsFor(code)) < int64(n) {
				return false
			}
		}
	}
	if c.rule.GetMethod() == constituencies {
		for _, part := range c.rule.Constituencies {
			if c.heads(c.there, sitsFor(part.Of...)) < int64(part.MinPresent) {
				return false
			}
		}
	}
	return true
}

// base is what a threshold is taken of: E, P or cast.
func (c count) base(b eventv1.Base, codes ...string) *big.Rat {
	switch b {
	case members:
		return c.weigh(sitsFor(codes...))
	case present:
		return c.weigh(sitsFor(codes...), c.there)
	default:
		return new(big.Rat).Add(c.weigh(sitsFor(codes...), c.chose(yes)), c.weigh(sitsFor(codes...), c.chose(no)))
	}
}

const (
	fails = "fails"
	ties  = "ties"
	holdy = "passes"
)

// threshold: more than half of the base, at least so many votes, or at least a share of the base (and somebody in favour).
func (c count) threshold(t *eventv1.Threshold, b eventv1.Base, codes ...string) string {
	inFavour, against, of := c.weigh(sitsFor(codes...), c.chose(yes)), c.weigh(sitsFor(codes...), c.chose(no)), c.base(b, codes...)
	passes := false
	switch x := t.GetOf().(type) {
	case *eventv1.Threshold_Votes:
		passes = inFavour.Cmp(new(big.Rat).SetUint64(x.Votes)) >= 0
	case *eventv1.Threshold_Fraction:
		passes = inFavour.Sign() > 0 && inFavour.Cmp(new(big.Rat).Mul(ratio(x.Fraction), of)) >= 0
	default:
		half := new(big.Rat).Mul(big.NewRat(1, 2), of)
		if inFavour.Cmp(half) == 0 && against.Cmp(half) == 0 {
			return ties
		}
		passes = inFavour.Cmp(half) > 0
	}
	if passes {
		return holdy
	}
	return fails
}

// outcome applies the table.
func (c count) outcome() eventv1.Outcome {
	answered := c.heads() - c.heads(c.chose(none))
	if c.rule == nil || !c.quorum() || answered == 0 {
		return undecided
	}
	if c.heads(c.chose(no), func(e *eventv1.Elector) bool { return e.Standing == vetoing }) > 0 || c.heads(c.chose(no), named(c.rule.Veto...)) > 0 {
		return rejected
	}
	return c.byMethod()
}

// names: everybody whose ballot for is required gave it, and enough people did. Without them it fails, whatever the votes weigh.
func (c count) names() bool {
	for _, id := range c.rule.RequiresFor {
		if c.heads(named(id), c.chose(yes)) == 0 {
			return false
		}
	}
	return c.heads(c.chose(yes)) >= int64(c.rule.MinMembersFor)
}

// passed is an adoption, unless the names are missing.
func (c count) passed() eventv1.Outcome {
	if c.names() {
		return adopted
	}
	return rejected
}

func (c count) byMethod() eventv1.Outcome {
	inFavour := c.weigh(c.chose(yes))
	switch c.rule.Method {
	case majority:
		return c.decide(c.threshold(c.rule.Threshold, c.rule.Base))
	case constituencies:
		var verdicts []string
		for _, part := range c.rule.Constituencies {
			verdicts = append(verdicts, c.threshold(part.Threshold, part.Base, part.Of...))
		}
		if c.rule.Threshold != nil {
			verdicts = append(verdicts, c.threshold(c.rule.Threshold, c.rule.Base))
		}
		return c.decide(verdicts...)
	case unanimity:
		if inFavour.Sign() > 0 && inFavour.Cmp(c.base(c.rule.Base)) == 0 {
			return c.passed()
		}
		return rejected
	case consent, consensus:
		switch {
		case c.heads(c.chose(no)) > 0:
			return rejected
		case c.heads(c.there, c.chose(none)) > 0:
			return undecided
		}
		return c.passed()
	default:
		switch c.ballots[c.rule.Holder] {
		case yes:
			return c.passed()
		case no:
			return rejected
		}
		return undecided
	}
}

// decide: one that fails is enough to reject; a tie among those that do not goes by the tie rule.
func (c count) decide(verdicts ...string) eventv1.Outcome {
	tied := false
	for _, v := range verdicts {
		if v == fails {
			return rejected
		}
		tied = tied || v == ties
	}
	switch {
	case !tied, c.rule.Tie == chair && c.heads(named(c.rule.Chair), c.chose(yes)) > 0, !c.names():
		return c.passed()
	case c.rule.Tie == deferred:
		return undecided
	default:
		return rejected
	}
}
