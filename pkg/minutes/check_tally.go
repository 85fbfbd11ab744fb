package minutes

import "strconv"

// The totals of a secret ballot against who took part in it (`cast: true`), in votes.

func (c *checker) checkTallies(d *Decision, n *node, secret bool) {
	tally, parts := n.get("tally"), n.get("tally_by_constituency")
	var cast int64
	castBy := map[Constituency]int64{}
	for i := range d.Electorate {
		if e := &d.Electorate[i]; e.Cast {
			cast += e.Weight
			if p := c.participants[e.Participant]; p != nil {
				castBy[p.Constituency] += e.Weight
			}
		}
	}
	switch {
	case !secret && tally != nil:
		c.refuse(tally, "minutes/tally-not-secret", "key", "tally")
	case !secret && parts != nil:
		c.refuse(parts, "minutes/tally-not-secret", "key", "tally_by_constituency")
	case !secret:
	case tally == nil && (parts != nil || cast > 0):
		c.refuse(n, "minutes/tally-missing")
	case tally != nil && d.Tally.Sum() > cast:
		c.beyond(tally, "minutes/tally-too-large", d.Tally.Sum(), cast)
	case tally != nil && c.participants != nil:
		if c.checkParts(d, parts, castBy) {
			c.checkNeededParts(d, n, castBy)
		}
	}
}

// checkNeededParts wants the totals of every constituency that the rule asks about and that took part.
func (c *checker) checkNeededParts(d *Decision, n *node, castBy map[Constituency]int64) {
	if d.Charter.Rule == nil {
		return
	}
	for _, rule := range d.Charter.Rule.Constituencies {
		for _, code := range rule.Of {
			if _, stated := d.TallyByConstituency[code]; !stated && castBy[code] > 0 {
				c.refuseAt(n.line, n.column, join(n.path(), "tally_by_constituency"), "minutes/tally-part-missing", "constituency", echo(string(code)))
				return
			}
		}
	}
}

// checkParts compares the constituencies with the whole. Where every constituency that took part is
// stated they have to sum to it, else they must not exceed it.
func (c *checker) checkParts(d *Decision, n *node, castBy map[Constituency]int64) (ok bool) {
	if n == nil {
		return true
	}
	var sum Tally
	for _, at := range n.list() {
		code := Constituency(at.key)
		part := d.TallyByConstituency[code]
		sum.For += part.For
		sum.Against += part.Against
		sum.Abstain += part.Abstain
		if part.Sum() > castBy[code] {
			c.beyond(at, "minutes/tally-part-too-large", part.Sum(), castBy[code], "constituency", echo(at.key))
			return false
		}
	}
	complete := true
	for code := range castBy {
		if _, stated := d.TallyByConstituency[code]; !stated {
			complete = false
		}
	}
	for _, choice := range []struct {
		word         Choice
		parts, whole int64
	}{{ChoiceFor, sum.For, d.Tally.For}, {ChoiceAgainst, sum.Against, d.Tally.Against}, {ChoiceAbstain, sum.Abstain, d.Tally.Abstain}} {
		if choice.parts > choice.whole || complete && choice.parts != choice.whole {
			c.refuse(n, "minutes/tally-parts-differ", "choice", string(choice.word),
				"parts", strconv.FormatInt(choice.parts, 10), "whole", strconv.FormatInt(choice.whole, 10))
			return false
		}
	}
	return true
}
