package decision

import (
	"errors"
	"math/bits"
	"slices"

	"tavolo/pkg/domain/power"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// Game reduces the rule to a simple game in which everyone votes for or against, the model in which power is computed. Each bloc (proxies
// held by one person, a kept mandate, a group that is to vote as one) is contracted to a single player; a voter in two blocs joins them.
// player[i] is the player that voter i belongs to.
//
// Every threshold becomes a condition "weights for reach the quota": more than half is floor(W/2)+1; at least a/b is ceil(aW/b); the
// chair's casting vote doubles all weights, adds 1 to the chair's and asks for W+1; a veto or a required vote is a condition that only
// its holder fulfils. Quorum plays no part: everyone is there.
func (p *Poll) Game(blocs ...[]int) (g power.Game, player []int) {
	player = p.contract(blocs)
	count := 0
	for _, at := range player {
		count = max(count, at+1)
	}
	g.Players = make([]power.Player, count)
	add := func(quota int64, weight func(i int) int64) {
		g.Quotas = append(g.Quotas, quota)
		for n := range g.Players {
			g.Players[n].Weights = append(g.Players[n].Weights, 0)
		}
		k := len(g.Quotas) - 1
		for i := range p.Voters {
			g.Players[player[i]].Weights[k] += weight(i)
		}
	}
	if p.rule.GetMethod() == eventv1.Method_METHOD_SOLE {
		add(1, func(i int) int64 { return one(i == p.holder) })
	} else {
		for k := range p.conditions {
			p.addToGame(&p.conditions[k], add)
		}
	}
	if m := p.rule.GetMinMembersFor(); m > 0 {
		add(int64(m), func(int) int64 { return 1 })
	}
	must := int64(p.mustFor)
	for i := range p.Voters {
		must += one(p.veto[i] && !p.required[i])
	}
	if must > 0 { // a required vote of somebody who is not among these voters stays out of reach
		add(must, func(i int) int64 { return one(p.veto[i] || p.required[i]) })
	}
	return g, player
}

func (p *Poll) addToGame(c *condition, add func(quota int64, weight func(i int) int64)) {
	total := int64(c.memberWeight)
	weight := func(i int) int64 {
		if !c.in[i] {
			return 0
		}
		return int64(p.Voters[i].Weight)
	}
	switch c.kind {
	case all:
		add(max(total, 1), weight)
	case votes:
		add(int64(c.num), weight)
	case share:
		add(shareOf(c.num, c.memberWeight, c.den), weight)
	default:
		if p.rule.Tie == eventv1.Tie_TIE_CHAIR && p.chair >= 0 && !c.partial {
			add(total+1, func(i int) int64 { return 2*weight(i) + one(i == p.chair) })
			return
		}
		add(total/2+1, weight)
	}
}

// shareOf is ceil(num * whole / den), for num <= den, without overflow; at least 1, for a share of nothing needs somebody in favour too.
func shareOf(num, whole, den uint64) int64 {
	high, low := bits.Mul64(num, whole)
	quota, rest := bits.Div64(high, low, den)
	return max(int64(quota)+one(rest > 0), 1)
}

// contract numbers the players: voters of one bloc share a number. Numbers follow the order of the electorate.
func (p *Poll) contract(blocs [][]int) []int {
	root := make([]int, len(p.Voters))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	for _, b := range blocs {
		for _, i := range b {
			root[find(i)] = find(b[0])
		}
	}
	number, player := map[int]int{}, make([]int, len(p.Voters))
	for i := range p.Voters {
		r := find(i)
		if _, ok := number[r]; !ok {
			number[r] = len(number)
		}
		player[i] = number[r]
	}
	return player
}

// Power is the index of some voters acting together (one, or a group), others independent, recorded blocs as one player each. Errors: those
// of power.Of; OutOfReach tells the one that means that nobody has any.
func (p *Poll) Power(who []int, blocs [][]int) (power.Index, error) {
	g, player := p.Game(append(append([][]int{}, blocs...), who)...)
	return power.Of(g, player[who[0]])
}

// OutOfReach reports whether an error of Power says that the rule could not be fulfilled even if all these voters agreed: somebody whom it
// requires is not among them, or a fixed number of votes is more than they have. Then nobody has power.
func OutOfReach(err error) bool {
	var e *power.Error
	return errors.As(err, &e) && e.Code == power.CodeQuotaOutOfReach
}

// Among is the same rule laid over only those who took part, the voters for whom voted holds: what the vote was among them. Each threshold
// keeps its own base. Of votes cast, only those who voted count. Of those present, everybody in the room does, and could have voted. Of the
// members, those left out still count, as they do in the vote. A threshold that cannot be reached makes everyone powerless.
func (p *Poll) Among(voted func(i int) bool) *Poll {
	room := slices.ContainsFunc(p.conditions, func(c condition) bool { return c.base == eventv1.Base_BASE_PRESENT })
	among := &Poll{rule: p.rule, chair: -1, holder: -1, mustFor: p.mustFor, index: map[string]int{}, quorate: p.quorate}
	var from []int
	for i, v := range p.Voters {
		if !voted(i) && !(room && v.Here) {
			continue
		}
		among.index[v.Participant] = len(from)
		from = append(from, i)
		among.Voters = append(among.Voters, v)
		among.veto = append(among.veto, p.veto[i] && voted(i)) // who only stood by vetoed nothing
		among.required = append(among.required, p.required[i])
	}
	among.chair, among.holder = among.Index(p.rule.GetChair()), among.Index(p.rule.GetHolder())
	for _, c := range p.conditions {
		whole := c.memberWeight
		in := c.in
		c.in, c.members, c.memberWeight = make([]bool, len(from)), 0, 0
		for at, i := range from {
			if in[i] && (voted(i) || c.base != eventv1.Base_BASE_CAST) {
				c.in[at] = true
				c.members++
				c.memberWeight += p.Voters[i].Weight
			}
		}
		if c.base == eventv1.Base_BASE_MEMBERS && c.memberWeight < whole {
			c.memberWeight, c.partial = whole, true
		}
		among.conditions = append(among.conditions, c)
	}
	return among
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
