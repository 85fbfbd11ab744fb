package decision_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Random rules, electorates and ballots: small enough to be counted by hand, odd enough to meet every corner of the table.

var codes = []string{"user", "family", "professional"}

// electorate draws who may vote: weights, standings, presence, proxies.
func electorate(t *rapid.T, most int, weights ...uint64) []*eventv1.Elector {
	n := rapid.IntRange(1, most).Draw(t, "voters")
	var electors []*eventv1.Elector
	equal := rapid.Bool().Draw(t, "equal")
	for i := range n {
		e := &eventv1.Elector{Participant: fmt.Sprint("v", i), Weight: 1, Present: true, Standing: binding,
			Constituency: rapid.SampledFrom(codes).Draw(t, "constituency")}
		if !equal {
			e.Weight = rapid.SampledFrom(weights).Draw(t, "weight")
		}
		electors = append(electors, e)
	}
	return electors
}

// troubled takes some out of the room, gives some a proxy or another standing, and has some stay out.
func troubled(t *rapid.T, electors []*eventv1.Elector) {
	for _, e := range electors {
		switch rapid.IntRange(0, 9).Draw(t, "trouble") {
		case 0, 1:
			e.Present = false
		case 2:
			e.Present, e.Proxy = false, &eventv1.Proxy{To: "v0"}
		case 3:
			e.Standing = rapid.SampledFrom([]eventv1.Standing{informed, consulted, vetoing, delegated, consenting}).Draw(t, "standing")
		case 4:
			e.Recused = rapid.Bool().Draw(t, "recused")
		}
	}
}

func threshold(t *rapid.T, most uint64) *eventv1.Threshold {
	switch rapid.IntRange(0, 4).Draw(t, "threshold") {
	case 0:
		return votesFor(rapid.Uint64Range(1, max(most, 1)).Draw(t, "votes"))
	case 1, 2:
		den := rapid.SampledFrom([]uint32{1, 2, 3, 4, 5, 7}).Draw(t, "den")
		return share(rapid.Uint32Range(1, den).Draw(t, "num"), den)
	case 3:
		return &eventv1.Threshold{Of: &eventv1.Threshold_Majority{Majority: true}}
	default:
		return nil
	}
}

var (
	bases = rapid.SampledFrom([]eventv1.Base{0, cast, present, members})
	ties3 = rapid.SampledFrom([]eventv1.Tie{0, statusQuo, chair, deferred})
)

// ruleFor draws a rule that may be laid over this electorate; the decider would accept it.
func ruleFor(t *rapid.T, electors []*eventv1.Elector) *eventv1.Rule {
	var ids []string
	byCode, whole := map[string][]*eventv1.Elector{}, uint64(0)
	for _, e := range electors {
		if decision.Binding(e.Standing) {
			ids = append(ids, e.Participant)
			byCode[e.Constituency] = append(byCode[e.Constituency], e)
			whole += e.Weight
		}
	}
	if len(ids) == 0 {
		t.Skip("nobody votes")
	}
	anyone := rapid.SampledFrom(ids)
	r := &eventv1.Rule{Base: bases.Draw(t, "base"), Method: rapid.SampledFrom([]eventv1.Method{majority, majority, constituencies, constituencies, unanimity, consent, consensus, sole}).Draw(t, "method")}
	switch r.Method {
	case sole:
		r.Holder = anyone.Draw(t, "holder")
	case majority, constituencies:
		r.Threshold = threshold(t, whole)
		if r.Tie = ties3.Draw(t, "tie"); r.Tie == chair {
			r.Chair = anyone.Draw(t, "chair")
		}
	}
	if r.Method == constituencies {
		for range rapid.IntRange(1, 3).Draw(t, "conditions") {
			part := &eventv1.ConstituencyRule{Base: bases.Draw(t, "base")}
			heads, weight := 0, uint64(0)
			for _, code := range codes {
				if len(byCode[code]) > 0 && (rapid.Bool().Draw(t, "of") || code == electors[0].Constituency) {
					part.Of = append(part.Of, code)
					heads += len(byCode[code])
					for _, e := range byCode[code] {
						weight += e.Weight
					}
				}
			}
			if len(part.Of) == 0 {
				t.Skip("a condition about nobody")
			}
			if rapid.IntRange(0, 5).Draw(t, "twice") == 0 {
				part.Of = append(part.Of, part.Of[0])
			}
			part.Threshold = threshold(t, weight)
			if rapid.IntRange(0, 3).Draw(t, "demanding") == 0 {
				part.MinPresent = uint32(rapid.IntRange(1, heads).Draw(t, "min_present"))
			}
			r.Constituencies = append(r.Constituencies, part)
		}
	}
	switch rapid.IntRange(0, 7).Draw(t, "quorum") {
	case 0:
		r.Quorum = &eventv1.Quorum{Count: uint32(rapid.IntRange(1, len(ids)).Draw(t, "count"))}
	case 1:
		r.Quorum = &eventv1.Quorum{Fraction: &eventv1.Fraction{Numerator: rapid.Uint32Range(1, 3).Draw(t, "num"), Denominator: 3}}
	case 2:
		r.Quorum = &eventv1.Quorum{Constituencies: map[string]uint32{}}
		for code, of := range byCode {
			r.Quorum.Constituencies[code] = uint32(rapid.IntRange(1, len(of)).Draw(t, "count"))
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "names") == 0 {
		r.Veto = some(t, ids)
		r.RequiresFor = some(t, ids)
		r.MinMembersFor = uint32(rapid.IntRange(0, len(ids)).Draw(t, "min_members"))
	}
	return r
}

func some(t *rapid.T, ids []string) []string {
	var list []string
	for _, id := range ids {
		if rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			list = append(list, id)
		}
	}
	if len(list) > 0 && rapid.IntRange(0, 3).Draw(t, "twice") == 0 {
		list = append(list, list[0])
	}
	return list
}

// ballots draws a ballot, or none, for everyone who may cast one.
func ballots(t *rapid.T, electors []*eventv1.Elector) map[string]eventv1.Choice {
	b := map[string]eventv1.Choice{}
	for _, e := range electors {
		if decision.Binding(e.Standing) && !e.Recused && there(electors, e) {
			if c := rapid.SampledFrom([]eventv1.Choice{yes, yes, yes, no, no, abstain, none}).Draw(t, "ballot"); c != none {
				b[e.Participant] = c
			}
		}
	}
	return b
}

// chosen lays ballots over a poll.
func chosen(p *decision.Poll, b map[string]eventv1.Choice) func(i int) eventv1.Choice {
	return func(i int) eventv1.Choice { return b[p.Voters[i].Participant] }
}

// totals are the same ballots as they would be reported of a secret vote.
func totals(p *decision.Poll, b map[string]eventv1.Choice) *eventv1.TallyReported {
	r := &eventv1.TallyReported{Total: &eventv1.Tally{}, ByConstituency: map[string]*eventv1.Tally{}}
	for _, v := range p.Voters {
		c := b[v.Participant]
		if c == none {
			continue
		}
		r.TookPart = append(r.TookPart, v.Participant)
		if r.ByConstituency[v.Constituency] == nil {
			r.ByConstituency[v.Constituency] = &eventv1.Tally{}
		}
		for _, t := range []*eventv1.Tally{r.Total, r.ByConstituency[v.Constituency]} {
			switch c {
			case yes:
				t.For += v.Weight
			case no:
				t.Against += v.Weight
			default:
				t.Abstain += v.Weight
			}
		}
	}
	return r
}

// party draws some of the voters who cast a ballot.
func party(t *rapid.T, p *decision.Poll, b map[string]eventv1.Choice, most int) []int {
	var who []int
	for i, v := range p.Voters {
		if b[v.Participant] != none && rapid.Bool().Draw(t, "in") && len(who) < most {
			who = append(who, i)
		}
	}
	return slices.Clip(who)
}
