package role

import (
	"slices"

	"tavolo/pkg/domain/decision"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter finds the recorded blocs, which are one player each when power is computed (rule 8): those whose proxies one person holds
// with a free hand, together with that person, and those who share a recorded mandate.
//
// A bloc is who acted as one. Where the ballots of its members differ it was none: a mandate that was not kept is dissolved. A member who
// cast no ballot at all, while others did, did not act with them, and stays alone: in a vote of all members silence works as a no.

// blocs gives the recorded blocs as positions in the poll.
func (c *Case) blocs() [][]int {
	if c.broken != nil {
		return c.blocCache
	}
	c.broken = map[string]bool{}
	for _, b := range c.gather(func(e *eventv1.Elector) string {
		if e.Proxy != nil && !e.Proxy.Instructed {
			return e.Proxy.To
		}
		return ""
	}) {
		if holder := c.poll().Index(b.name); holder >= 0 && !slices.Contains(b.members, holder) {
			b.members = append(b.members, holder)
		}
		if b.members = c.whoVoted(b.members); c.chosenAlike(b.members) {
			c.blocCache = append(c.blocCache, b.members)
		}
	}
	for _, b := range c.gather((*eventv1.Elector).GetMandate) {
		if b.members = c.whoVoted(b.members); c.chosenAlike(b.members) {
			c.blocCache = append(c.blocCache, b.members)
		} else {
			c.broken[b.name] = true
		}
	}
	return c.blocCache
}

// bloc is some voters by what binds them: the holder of their proxies, or the name of their mandate.
type bloc struct {
	name    string
	members []int
}

// gather sorts the voters by what binds them; those who are bound by nothing are left out.
func (c *Case) gather(by func(e *eventv1.Elector) string) (blocs []bloc) {
	for i, v := range c.poll().Voters {
		name := by(c.Decision.Standing(v.Participant))
		if name == "" {
			continue
		}
		at := slices.IndexFunc(blocs, func(b bloc) bool { return b.name == name })
		if at < 0 {
			at, blocs = len(blocs), append(blocs, bloc{name: name})
		}
		blocs[at].members = append(blocs[at].members, i)
	}
	return blocs
}

func (c *Case) ballot(i int) (b decision.Ballot, cast bool) {
	b, cast = c.Decision.Ballots[c.poll().Voters[i].Participant]
	return b, cast
}

// whoVoted are the members who cast a ballot or, when none did (or in secret), all of them.
func (c *Case) whoVoted(members []int) []int {
	cast := slices.DeleteFunc(slices.Clone(members), func(i int) bool { _, ok := c.ballot(i); return !ok })
	if len(cast) == 0 {
		return members
	}
	return cast
}

// chosenAlike: no two of them cast different ballots.
func (c *Case) chosenAlike(members []int) bool {
	return !slices.ContainsFunc(members, func(i int) bool {
		mine, _ := c.ballot(i)
		first, _ := c.ballot(members[0])
		return mine.Choice != first.Choice
	})
}

// mandateBroken: its members did not keep it.
func (c *Case) mandateBroken(name string) bool {
	c.blocs()
	return c.broken[name]
}
