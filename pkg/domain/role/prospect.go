package role

import (
	"math/big"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/power"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter looks ahead: which power a rule would give each seat and each group, while there is still time to choose another one.

// Seat is the power of a voter, or of a group that votes as one, before anyone votes. Whoever is only asked for advice has none: Voters is 0.
type Seat struct {
	Who    string
	Voters int
	// Index is the power when all others decide for themselves.
	Index power.Index
	// AmongBlocs is the power once each other constituency votes as one; nil where it is not asked (a single voter).
	AmongBlocs *power.Index
}

// Alternative is another rule and what it would give the users in the strict sense.
type Alternative struct {
	Kind  string
	Rule  *eventv1.Rule
	Users Seat
}

// Prospect is what a rule would give, before the vote.
type Prospect struct {
	Seats  []Seat
	Groups []Seat
	// Alternatives are rules under which the users could matter more, the most powerful first: with a vote, where they are only asked for
	// advice. Empty when they are neither.
	Alternatives []Alternative
}

// LookAhead computes the power that a rule gives an electorate. It refuses a rule that this electorate could never fulfil; that nobody votes is
// no fault where everyone is asked for advice.
func LookAhead(rule *eventv1.Rule, electors []*eventv1.Elector) (*Prospect, error) {
	if err := decision.CheckRule(rule, electors); err != nil && !(decider.CodeOf(err) == "decision/nobody-votes" && slices.ContainsFunc(electors, advises)) {
		return nil, err
	}
	c := caseBefore(rule, electors)
	p := &Prospect{}
	var users *Party
	for _, party := range c.Parties() {
		seat, ok, err := c.seat(party)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if party.Group {
			p.Groups = append(p.Groups, seat)
		} else {
			p.Seats = append(p.Seats, seat)
		}
		if Headline(party.Who) {
			users = &party
		}
	}
	if users != nil {
		p.Alternatives = alternatives(rule, electors, *users)
	}
	return p, nil
}

func caseBefore(rule *eventv1.Rule, electors []*eventv1.Elector) *Case {
	return NewCase(&decision.State{Charter: &eventv1.Charter{Rule: rule}, Electors: electors}, nil, nil, time.Time{})
}

func advises(e *eventv1.Elector) bool { return e.Standing == eventv1.Standing_STANDING_CONSULTED }

// adviser is the power of whoever is only asked for advice.
func adviser(party Party) Seat {
	none := power.Index{Swings: new(big.Int), Voters: 1, Winning: big.NewInt(1), Banzhaf: new(big.Rat), Shapley: new(big.Rat)}
	seat := Seat{Who: party.Who, Index: none}
	if party.Group {
		seat.AmongBlocs = &none
	}
	return seat
}

// seat gives the power of a party; ok is false when nobody in it has a vote or is asked for advice.
func (c *Case) seat(party Party) (seat Seat, ok bool, err error) {
	p := c.poll()
	var who []int
	for _, id := range party.Members {
		if i := p.Index(id); i >= 0 {
			who = append(who, i)
		}
	}
	if len(who) == 0 {
		asked := slices.ContainsFunc(party.Members, func(id string) bool {
			e := c.Decision.Standing(id)
			return e != nil && advises(e) && !e.Recused
		})
		return adviser(party), asked, nil
	}
	seat = Seat{Who: party.Who, Voters: len(who)}
	if seat.Index, err = p.Power(who, c.blocs()); err != nil || !party.Group {
		return seat, true, err
	}
	others := map[string][]int{}
	var codes []string
	for i, v := range p.Voters {
		if !slices.Contains(who, i) {
			if others[v.Constituency] == nil {
				codes = append(codes, v.Constituency)
			}
			others[v.Constituency] = append(others[v.Constituency], i)
		}
	}
	blocs := c.blocs()
	for _, code := range codes {
		blocs = append(slices.Clone(blocs), others[code])
	}
	among, err := p.Power(who, blocs)
	seat.AmongBlocs = &among
	return seat, true, err
}

// alternatives tries the usual rules and keeps those that give the users more than the rule at hand once the others vote as one.
func alternatives(rule *eventv1.Rule, electors []*eventv1.Elector, users Party) []Alternative {
	now, ok, err := caseBefore(rule, electors).seat(users)
	if !ok || err != nil {
		return nil
	}
	if now.Voters == 0 {
		electors = enfranchised(rule, electors)
	}
	var rest []string
	for _, e := range electors {
		if decision.Binding(e.Standing) && e.Constituency != User && !slices.Contains(rest, e.Constituency) {
			rest = append(rest, e.Constituency)
		}
	}
	majority := &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}
	cast := eventv1.Base_BASE_CAST
	ownMajority := &eventv1.ConstituencyRule{Of: []string{User}, Threshold: majority, Base: cast}
	candidates := []Alternative{
		{Kind: "users_decide", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Constituencies: []*eventv1.ConstituencyRule{ownMajority}}},
		{Kind: "users_veto", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Threshold: majority, Base: cast, Constituencies: []*eventv1.ConstituencyRule{ownMajority}}},
		{Kind: "consent", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSENT}},
		{Kind: "two_thirds", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Threshold: &eventv1.Threshold{Of: &eventv1.Threshold_Fraction{Fraction: &eventv1.Fraction{Numerator: 2, Denominator: 3}}}, Base: cast}},
		{Kind: "simple_majority", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY, Threshold: majority, Base: cast}},
	}
	if len(rest) > 0 {
		candidates = append(candidates, Alternative{Kind: "double_majority", Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_CONSTITUENCIES, Constituencies: []*eventv1.ConstituencyRule{ownMajority, {Of: rest, Threshold: majority, Base: cast}}}})
	}
	var better []Alternative
	for _, a := range candidates {
		if proto.Equal(a.Rule, rule) || decision.CheckRule(a.Rule, electors) != nil {
			continue
		}
		seat, ok, err := caseBefore(a.Rule, electors).seat(users)
		if ok && err == nil && seat.AmongBlocs.Banzhaf.Cmp(now.AmongBlocs.Banzhaf) > 0 {
			a.Users = seat
			better = append(better, a)
		}
	}
	slices.SortStableFunc(better, func(a, b Alternative) int {
		if by := b.Users.AmongBlocs.Banzhaf.Cmp(a.Users.AmongBlocs.Banzhaf); by != 0 {
			return by
		}
		return b.Users.Index.Banzhaf.Cmp(a.Users.Index.Banzhaf)
	})
	return better
}

// enfranchised gives the users who are asked for advice a vote instead. Where one person decides alone everybody else is only asked: under any other
// rule all of them vote, and the power of the users is what is left to them among so many.
func enfranchised(rule *eventv1.Rule, electors []*eventv1.Elector) []*eventv1.Elector {
	voting := slices.Clone(electors)
	for i, e := range voting {
		if advises(e) && (e.Constituency == User || rule.GetMethod() == eventv1.Method_METHOD_SOLE) {
			voting[i] = proto.CloneOf(e)
			voting[i].Standing = eventv1.Standing_STANDING_BINDING_VOTE
		}
	}
	return voting
}
