package power

import (
	"math"
	"slices"
)

// Game is a monotone simple game: a coalition (the set of those who vote yes) wins when, for every condition k, the
// sum of its players' Weights[k] reaches Quotas[k]; when Any is set, reaching one quota is enough.
//
// Quotas are at least 1 and at most the sum of all weights; a player may outweigh a quota alone. A quota of half the
// weight or less is allowed, see [Game.Improper].
type Game struct {
	Quotas  []int64
	Any     bool
	Players []Player
}

// Player is one voter, or a bloc (proxy, mandate) whose weights are the sums of its members'.
// Weights are not negative, one for each condition; 0 where the player has no part in a condition.
type Player struct {
	Weights []int64
}

// Validate returns nil for a game whose power can be asked, or an [*Error]: power/no-players, power/no-conditions,
// power/weights-mismatch, power/negative-weight, power/weights-too-heavy, power/quota-not-positive,
// power/quota-out-of-reach. Players and conditions are numbered from 1 in the text.
func (g Game) Validate() error {
	if len(g.Players) == 0 {
		return refuse(CodeNoPlayers, "nobody votes in this game; add the electorate")
	}
	if len(g.Quotas) == 0 {
		return refuse(CodeNoConditions, "no condition says when a coalition wins; add at least one quota")
	}
	for i, p := range g.Players {
		if len(p.Weights) != len(g.Quotas) {
			return refuse(CodeWeightsMismatch, "player %d has %d weights for %d conditions; give one for each, 0 where the player has no part",
				i+1, len(p.Weights), len(g.Quotas))
		}
	}
	for k, quota := range g.Quotas {
		total := int64(0)
		for i, p := range g.Players {
			w := p.Weights[k]
			if w < 0 {
				return refuse(CodeNegativeWeight, "player %d weighs %d in condition %d; weights are 0 or more", i+1, w, k+1)
			}
			if w > math.MaxInt64-total {
				return refuse(CodeWeightsTooHeavy, "the weights of condition %d sum beyond %d; divide weights and quota by a common factor",
					k+1, int64(math.MaxInt64))
			}
			total += w
		}
		if quota <= 0 {
			return refuse(CodeQuotaNotPositive, "condition %d has quota %d and would hold even if all vote no; set it to 1 or more", k+1, quota)
		}
		if quota > total {
			return refuse(CodeQuotaOutOfReach, "condition %d needs %d of %d and could not hold even if all vote yes; lower the quota or add voters",
				k+1, quota, total)
		}
	}
	return nil
}

// has refuses a player number outside the game.
func (g Game) has(player int) error {
	if player < 0 || player >= len(g.Players) {
		return refuse(CodeNoSuchPlayer, "player index %d is not in a game of %d players (0 to %d)", player, len(g.Players), len(g.Players)-1)
	}
	return nil
}

// total is the weight of all players in condition k.
func (g Game) total(k int) int64 {
	sum := int64(0)
	for _, p := range g.Players {
		sum += p.Weights[k]
	}
	return sum
}

// Merge contracts players into one whose weights are their sums: a bloc, or a group of which one asks what it could do
// if it voted together. The merged player takes the lowest place among its members and the others keep their order;
// Merge returns the new game and that place. g is not changed. Errors: those of [Game.Validate], power/no-players (no
// members), power/no-such-player, power/repeated-player.
func Merge(g Game, members []int) (Game, int, error) {
	if err := g.Validate(); err != nil {
		return Game{}, 0, err
	}
	if len(members) == 0 {
		return Game{}, 0, refuse(CodeNoPlayers, "a bloc needs at least one member")
	}
	sums := make([]int64, len(g.Quotas))
	inside := make([]bool, len(g.Players))
	for _, i := range members {
		if err := g.has(i); err != nil {
			return Game{}, 0, err
		}
		if inside[i] {
			return Game{}, 0, refuse(CodeRepeatedPlayer, "player index %d is named twice in one bloc; name every member once", i)
		}
		inside[i] = true
		for k, w := range g.Players[i].Weights {
			sums[k] += w
		}
	}
	at := slices.Min(members)
	merged := Game{Quotas: slices.Clone(g.Quotas), Any: g.Any, Players: make([]Player, 0, len(g.Players)-len(members)+1)}
	for i, p := range g.Players {
		switch {
		case i == at:
			merged.Players = append(merged.Players, Player{Weights: sums})
		case !inside[i]:
			merged.Players = append(merged.Players, Player{Weights: slices.Clone(p.Weights)})
		}
	}
	return merged, at, nil
}

// maxSplits bounds the divisions Improper looks at: enough for every division of 16 players, and for any number of
// players whose weights sum below it.
const maxSplits = 1 << 16

// Improper tells whether two disjoint coalitions can both win, so that a proposal and its opposite could both pass.
//
// It is exact for a single condition and for Any games. For several conditions that must all hold it answers whether
// every condition alone is improper: exact when the conditions concern disjoint constituencies, otherwise false is
// certain and true means "not excluded". The same holds in the rare case that a condition has more than maxSplits
// distinct divisions of its weight. An invalid game is not improper.
func (g Game) Improper() bool {
	if g.Validate() != nil {
		return false
	}
	if !g.Any {
		for k := range g.Quotas {
			if !g.divisible(k, k) {
				return false
			}
		}
		return true
	}
	for k := range g.Quotas {
		for l := k; l < len(g.Quotas); l++ {
			if g.divisible(k, l) {
				return true
			}
		}
	}
	return false
}

// divisible tells whether the players can be divided so that one side reaches condition k and the other condition l.
// best[a] is the most weight (capped at the quota) the second side can have in l when the first has a in k.
func (g Game) divisible(k, l int) bool {
	qk, ql := g.Quotas[k], g.Quotas[l]
	if k == l && qk > g.total(k)-qk {
		return false
	}
	best := map[int64]int64{0: 0}
	for _, p := range g.Players {
		next := make(map[int64]int64, 2*len(best))
		keep := func(a, c int64) {
			if old, ok := next[a]; !ok || c > old {
				next[a] = c
			}
		}
		for a, c := range best {
			keep(a+min(p.Weights[k], qk-a), c)
			keep(a, c+min(p.Weights[l], ql-c))
		}
		if next[qk] == ql || len(next) > maxSplits {
			return true
		}
		best = next
	}
	return false
}
