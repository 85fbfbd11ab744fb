package minutes

// One decision: who could vote, who did, and by whose hand.

func (c *checker) checkDecision(d *Decision, n *node) {
	electorate := n.get("electorate")
	secret := d.Charter != nil && d.Charter.Secret
	if d.Charter != nil {
		c.someone(d.Charter.PrecommittedBy, n.get("charter").get("precommitted_by"))
	}
	entries := c.checkElectorate(d.Electorate, electorate)
	for i := range d.Electorate {
		c.checkElector(&d.Electorate[i], electorate.at(i), secret)
		c.checkProxy(&d.Electorate[i], electorate.at(i), entries)
	}
	if d.Charter != nil && d.Charter.Rule != nil {
		c.checkRule(d, n.get("charter").get("rule"))
	}
	c.checkTallies(d, n, secret)
	c.checkClaim(d, n)
	c.checkActs(d.Acts, n.get("acts"))
}

// checkElectorate returns the entries by participant.
func (c *checker) checkElectorate(electorate []Elector, n *node) map[string]*Elector {
	ids := once{}
	entries := make(map[string]*Elector, len(electorate))
	for i := range electorate {
		e, at := &electorate[i], n.at(i).get("participant")
		c.someone(e.Participant, at)
		ids.check(c, e.Participant, at, "minutes/duplicate-elector")
		if entries[e.Participant] == nil {
			entries[e.Participant] = e
		}
	}
	return entries
}

// checkElector looks at what somebody did with his standing.
func (c *checker) checkElector(e *Elector, n *node, secret bool) {
	ballot, cast := n.get("ballot"), n.get("cast")
	if ballot != nil {
		c.checkVote(e, ballot)
		if secret {
			c.refuse(ballot, "minutes/ballot-secret", "id", echo(e.Participant))
		}
	}
	if e.Cast {
		c.checkVote(e, cast)
		if !secret {
			c.refuse(cast, "minutes/cast-not-secret", "id", echo(e.Participant))
		}
	}
	if e.Mandate != "" && !e.Standing.HasVote() {
		c.refuse(n.get("mandate"), "minutes/mandate-without-vote", "id", echo(e.Participant), "standing", string(e.Standing))
	}
	if e.Advice != "" && e.Standing != StandingConsulted {
		c.refuse(n.get("advice"), "minutes/advice-not-consulted", "id", echo(e.Participant), "standing", string(e.Standing))
	}
}

// checkVote refuses a vote, at the key that states it, by somebody who cannot have cast one.
func (c *checker) checkVote(e *Elector, at *node) {
	args := []string{"id", echo(e.Participant), "key", at.key, "standing", string(e.Standing)}
	switch {
	case !e.Standing.HasVote():
		c.refuse(at, "minutes/vote-without-standing", args...)
	case e.Recused:
		c.refuse(at, "minutes/vote-recused", args...)
	case !e.Present && e.Proxy == nil:
		c.refuse(at, "minutes/vote-absent", args...)
	}
}

// checkProxy looks at a vote given to somebody else. A holder who is not in the electorate is allowed.
func (c *checker) checkProxy(e *Elector, n *node, entries map[string]*Elector) {
	if e.Proxy == nil {
		return
	}
	to := n.get("proxy").get("to")
	c.someone(e.Proxy.To, to)
	id, holderID := echo(e.Participant), echo(e.Proxy.To)
	switch holder := entries[e.Proxy.To]; {
	case !e.Standing.HasVote():
		c.refuse(n.get("proxy"), "minutes/proxy-without-vote", "id", id, "standing", string(e.Standing))
	case e.Proxy.To == e.Participant:
		c.refuse(to, "minutes/proxy-to-self", "id", id)
	case holder == nil:
	case holder.Proxy != nil:
		c.refuse(to, "minutes/proxy-chain", "id", id, "holder", holderID)
	case !holder.Present:
		c.refuse(to, "minutes/proxy-holder-absent", "id", id, "holder", holderID)
	}
}

// checkClaim wants a claimed outcome and the claim of consensus together.
func (c *checker) checkClaim(d *Decision, n *node) {
	switch {
	case d.ClaimedConsensus && d.ClaimedOutcome == "":
		c.refuse(n.get("claimed_consensus"), "minutes/claim-without-outcome")
	case !d.ClaimedConsensus && d.ClaimedOutcome != "":
		c.refuse(n.get("claimed_outcome"), "minutes/outcome-without-claim")
	}
}
