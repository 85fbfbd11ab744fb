// Package power says how often a vote can matter: exact voting power under the rule actually used.
//
// A right to vote is not power. In a weighted board one person's vote may never change a result, and no minute-taker
// will notice; this package does, without floating point, so that "never" means never. It answers for one person, for
// a group voting as one ([Merge]) and for everybody at once:
//
//   - Penrose-Banzhaf: of all the ways the others may vote yes or no, in how many does this vote decide
//     (Penrose 1946, Banzhaf 1965)? The absolute index compares rules with each other; [Normalised] compares people
//     inside one rule.
//   - Shapley-Shubik: of all orders in which people may join, in how many is this person the one who completes a
//     majority (Shapley & Shubik 1954)?
//   - Coleman: how often a no stops what would pass ([Index.Prevent]) and a yes carries what would fail
//     ([Index.Initiate]) (Coleman 1971).
//   - Abstention: [Ternary] counts yes, no and abstain profiles (Felsenthal & Machover 1997; the terms follow their
//     book of 1998).
//
// A rule is a [Game]: weighted conditions that must all hold, or any of which suffices. The usual rules reduce to it:
//
//	majority of each constituency   one condition each, weight 0 for outsiders
//	veto, required person           a condition with quota 1 and weight 1 for that person alone
//	votes and heads                 two conditions
//	chair's casting vote            every weight doubled, 1 more for the chair, quota: members + 1
//	consent, unanimity              one condition, quota: everybody
//	proxy, mandate, bloc            one player with the summed weights
//
// How: instead of the coalitions that reach every quota, count their complements, the sets of people whose no leaves
// every quota reachable. They form a box (the noes of condition k weigh at most total - quota), so sums beyond it are
// dropped and never saturate, a condition nobody left can touch is summed out, and a person is taken out of a finished
// count by one subtraction per cell. "Any" rules count the losing coalitions in the box (yes weighs at most quota - 1)
// the same way; a rule and its dual give the same swings. DESIGN.md has the reasoning and the measurements.
//
// Cost, with n voters and c = the number of distinct (open sums, size) cells, each of n bits: time about n*c to build
// and c for every distinct weight vector, memory c*(8 + n/8) bytes. Unweighted constituencies have c about n; one
// weighted condition has c about box*n at worst. A game whose count would pass 64 MiB, or take much longer than ten
// seconds, is refused (power/too-large) instead of being approximated.
//
// Everything is a pure function of its arguments; results for people with equal weights share their numbers, which are
// to be read and not changed.
//
// Not here: which condition a charter's rule reduces to and who belongs to a bloc (decision), what power 0 means for a
// role (role), pivotality after the fact, which re-tallies the recorded ballots (decision), ranked methods.
package power

import "math/big"

// Index is the power of one player of a [Game].
type Index struct {
	// Swings counts the coalitions of the others that fail without the player and win with him, out of 2^(Voters-1).
	Swings *big.Int
	// Voters is the number of players of the game, this one included; a bloc counts once.
	Voters int
	// Winning counts the winning coalitions of the whole game, out of 2^Voters; the same for every player of a game.
	Winning *big.Int
	// Banzhaf is the absolute Penrose-Banzhaf index, Swings / 2^(Voters-1), in [0,1]: the probability that the vote
	// decides when all others toss fair coins (Penrose 1946, Banzhaf 1965).
	Banzhaf *big.Rat
	// Shapley is the Shapley-Shubik index, in [0,1]; the indices of all players sum to 1 (Shapley & Shubik 1954).
	Shapley *big.Rat
}

// Null tells whether the player can never change the result. It is exact: a count, not a rounded probability.
func (x Index) Null() bool { return x.Swings.Sign() == 0 }

// Prevent is Coleman's power to prevent action, Swings / winning coalitions: how often a proposal that passes with
// this player's yes would fail on his no. In [0,1]; 1 is a veto (Coleman 1971).
func (x Index) Prevent() *big.Rat { return new(big.Rat).SetFrac(x.Swings, x.Winning) }

// Initiate is Coleman's power to initiate action, Swings / losing coalitions: how often a proposal that fails without
// this player would pass with him. In [0,1] (Coleman 1971).
func (x Index) Initiate() *big.Rat {
	losing := new(big.Int).Lsh(big.NewInt(1), uint(x.Voters))
	return new(big.Rat).SetFrac(x.Swings, losing.Sub(losing, x.Winning))
}

// Of returns the power of one player, numbered as in g.Players. Errors: those of [Game.Validate],
// power/no-such-player, power/too-large, power/too-many-conditions.
func Of(g Game, player int) (Index, error) {
	if err := g.Validate(); err != nil {
		return Index{}, err
	}
	if err := g.has(player); err != nil {
		return Index{}, err
	}
	b, err := newBox(g)
	if err != nil {
		return Index{}, err
	}
	home := b.homes[player]
	return b.indexOf(b.pivot(home.group), home.group.kinds[home.kind])
}

// All returns the power of every player, in the order of g.Players. Players with the same weights are computed once
// and share their numbers. Errors: those of [Of].
func All(g Game) ([]Index, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	b, err := newBox(g)
	if err != nil {
		return nil, err
	}
	indices := make([]Index, len(g.Players))
	for _, group := range b.groups {
		at := b.pivot(group)
		for _, k := range group.kinds {
			x, err := b.indexOf(at, k)
			if err != nil {
				return nil, err
			}
			for _, p := range k.players {
				indices[p] = x
			}
		}
	}
	return indices, nil
}

// Winning counts the winning coalitions of g, out of 2^n; divided by 2^n it is Coleman's power of the body to act
// (Coleman 1971). Errors: those of [Of].
func Winning(g Game) (*big.Int, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	b, err := newBox(g)
	if err != nil {
		return nil, err
	}
	inside := b.ring.sum(b.fold(nil))
	if b.ring.full {
		return nil, b.tooLarge()
	}
	return b.winning(inside), nil
}

// Normalised divides every player's swings by the swings of all: the normalised Banzhaf index, summing to 1 over the
// indices of one game as [All] returns them. It compares people inside one rule only; a harder rule does not lower it.
func Normalised(indices []Index) []*big.Rat {
	all := new(big.Int)
	for _, x := range indices {
		all.Add(all, x.Swings)
	}
	shares := make([]*big.Rat, len(indices))
	for i, x := range indices {
		shares[i] = new(big.Rat)
		if all.Sign() > 0 {
			shares[i].SetFrac(x.Swings, all)
		}
	}
	return shares
}
