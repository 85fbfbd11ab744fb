package minutes

import (
	"slices"
	"strconv"
)

// A rule that makes no sense or that nobody could ever fulfil. Whoever has a vote and is not recused counts,
// present or not: it is the rule that is judged here, not the vote.

// ruleKeys says which methods a key of the rule belongs to; keys that are not listed belong to all.
var ruleKeys = []struct {
	key     string
	methods []Method
}{
	{"threshold", []Method{MethodMajority, MethodConstituencies}},
	{"base", []Method{MethodMajority, MethodConstituencies, MethodUnanimity, MethodConsent, MethodConsensus}},
	{"tie", []Method{MethodMajority, MethodConstituencies}},
	{"chair", []Method{MethodMajority, MethodConstituencies}},
	{"holder", []Method{MethodSole}},
	{"constituencies", []Method{MethodConstituencies}},
	{"min_members_for", []Method{MethodMajority, MethodConstituencies, MethodUnanimity, MethodConsent, MethodConsensus}},
}

// voters is who can vote in one decision.
type voters struct {
	ids    map[string]bool
	count  int64
	weight int64
	by     map[Constituency]*voterCount // nil when the participants could not be decoded
}

type voterCount struct{ count, weight int64 }

func (c *checker) votersOf(d *Decision) voters {
	v := voters{ids: map[string]bool{}}
	if c.participants != nil {
		v.by = map[Constituency]*voterCount{}
	}
	for i := range d.Electorate {
		e := &d.Electorate[i]
		if !e.Standing.HasVote() || e.Recused || v.ids[e.Participant] {
			continue
		}
		v.ids[e.Participant] = true
		v.count++
		v.weight += e.Weight
		if p := c.participants[e.Participant]; p != nil {
			if v.by[p.Constituency] == nil {
				v.by[p.Constituency] = &voterCount{}
			}
			v.by[p.Constituency].count++
			v.by[p.Constituency].weight += e.Weight
		}
	}
	return v
}

// of adds up the voters of some constituencies.
func (v voters) of(codes ...Constituency) (sum voterCount) {
	for _, code := range codes {
		if part := v.by[code]; part != nil {
			sum.count += part.count
			sum.weight += part.weight
		}
	}
	return sum
}

func (c *checker) checkRule(d *Decision, n *node) {
	rule := d.Charter.Rule
	if !c.checkRuleKeys(rule, n) {
		return
	}
	if d.Charter.Secret {
		c.checkSecretRule(d, n)
	}
	c.someone(rule.Holder, n.get("holder"))
	c.someone(rule.Chair, n.get("chair"))
	c.everyone(rule.Veto, n.get("veto"))
	c.everyone(rule.RequiresFor, n.get("requires_for"))
	v := c.votersOf(d)
	if v.count == 0 {
		c.refuse(n, "minutes/rule-without-voters")
		return
	}
	c.voter(v, rule.Holder, n.get("holder"), "holder")
	c.voter(v, rule.Chair, n.get("chair"), "chair")
	for i, id := range rule.Veto {
		c.voter(v, id, n.get("veto").at(i), "veto")
	}
	for i, id := range rule.RequiresFor {
		c.voter(v, id, n.get("requires_for").at(i), "requires_for")
	}
	c.reachable(rule.Threshold, v.weight, n.get("threshold"))
	if rule.MinMembersFor > v.count {
		c.beyond(n.get("min_members_for"), "minutes/min-members-unreachable", rule.MinMembersFor, v.count)
	}
	c.checkConstituencyRules(rule.Constituencies, v, n.get("constituencies"))
	if rule.Quorum != nil {
		c.checkQuorum(rule.Quorum, v, n.get("quorum"))
	}
}

// checkSecretRule refuses what totals could never answer: how a named person voted, and how many people
// stand behind votes of different weights.
func (c *checker) checkSecretRule(d *Decision, n *node) {
	rule := d.Charter.Rule
	weighted := slices.ContainsFunc(d.Electorate, func(e Elector) bool { return e.Weight > 1 && e.Standing.HasVote() })
	switch {
	case rule.Method == MethodSole:
		c.refuse(n.get("method"), "minutes/secret-rule", "key", "method: sole")
	case len(rule.Veto) > 0:
		c.refuse(n.get("veto"), "minutes/secret-rule", "key", "veto")
	case len(rule.RequiresFor) > 0:
		c.refuse(n.get("requires_for"), "minutes/secret-rule", "key", "requires_for")
	case rule.MinMembersFor > 0 && weighted:
		c.refuse(n.get("min_members_for"), "minutes/secret-rule", "key", "min_members_for")
	}
}

// checkRuleKeys wants the keys that a method needs and none that it has no use for.
func (c *checker) checkRuleKeys(rule *Rule, n *node) (ok bool) {
	ok = true
	for _, k := range ruleKeys {
		if at := n.get(k.key); at != nil && !slices.Contains(k.methods, rule.Method) {
			c.refuse(at, "minutes/rule-key", "key", k.key, "method", string(rule.Method))
			ok = false
		}
	}
	switch {
	case rule.Method == MethodSole && rule.Holder == "":
		c.refuse(n, "minutes/sole-without-holder")
		ok = false
	case rule.Method == MethodConstituencies && len(rule.Constituencies) == 0:
		c.refuse(n, "minutes/no-constituency-rules")
		ok = false
	}
	switch {
	case rule.Tie == TieChair && rule.Chair == "":
		c.refuse(n.get("tie"), "minutes/tie-without-chair")
		ok = false
	case rule.Tie != TieChair && rule.Chair != "" && ok:
		c.refuse(n.get("chair"), "minutes/chair-without-tie")
		ok = false
	}
	return ok
}

// voter refuses somebody who is named in a rule and cannot vote. An id that no participant has was
// refused before.
func (c *checker) voter(v voters, id string, n *node, key string) {
	if n == nil || id == "" || v.ids[id] {
		return
	}
	if c.participants != nil && c.participants[id] == nil {
		return
	}
	c.refuse(n, "minutes/rule-names-non-voter", "id", echo(id), "key", key)
}

// reachable refuses a number of votes that all voters together do not have.
func (c *checker) reachable(t Threshold, weight int64, n *node) {
	if n != nil && t.Kind == ThresholdVotes && t.Votes > weight {
		c.beyond(n, "minutes/threshold-unreachable", t.Votes, weight)
	}
}

func (c *checker) beyond(n *node, code string, wanted, possible int64, args ...string) {
	args = append(args, "wanted", strconv.FormatInt(wanted, 10), "possible", strconv.FormatInt(possible, 10))
	c.refuse(n, code, args...)
}

func (c *checker) checkConstituencyRules(rules []ConstituencyRule, v voters, n *node) {
	for i := range rules {
		rule, at := &rules[i], n.at(i)
		if len(rule.Of) == 0 {
			c.refuse(at.get("of"), "minutes/no-constituencies")
			continue
		}
		if v.by == nil {
			continue
		}
		part := v.of(rule.Of...)
		if part.count == 0 {
			c.refuse(at.get("of"), "minutes/constituency-without-voters")
			continue
		}
		c.reachable(rule.Threshold, part.weight, at.get("threshold"))
		if rule.MinPresent > part.count {
			c.beyond(at.get("min_present"), "minutes/min-present-unreachable", rule.MinPresent, part.count)
		}
	}
}

func (c *checker) checkQuorum(q *Quorum, v voters, n *node) {
	stated := q.Fraction != Fraction{}
	switch {
	case !stated && q.Count == 0 && len(q.Constituencies) == 0:
		c.refuse(n, "minutes/quorum-empty")
	case stated && q.Count > 0:
		c.refuse(n.get("count"), "minutes/quorum-twice")
	case q.Count > v.count:
		c.beyond(n.get("count"), "minutes/quorum-unreachable", q.Count, v.count)
	}
	if v.by == nil {
		return
	}
	for _, at := range n.get("constituencies").list() {
		code := Constituency(at.key)
		if wanted, possible := q.Constituencies[code], v.of(code).count; wanted > possible {
			c.beyond(at, "minutes/quorum-constituency-unreachable", wanted, possible, "constituency", echo(at.key))
		}
	}
}
