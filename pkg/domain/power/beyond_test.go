package power_test

import (
	"math/big"
	"testing"

	"tavolo/pkg/domain/power"
)

// Electorates no brute force can list, against a plain count and against the closed form.

// plainly counts the swings of a player as the definition says, person by person: how many sets of the others have
// these sums and this size. Slow, and good for electorates no brute force can list.
func plainly(g power.Game, player int) (swings *big.Int, shapley *big.Rat) {
	type sums struct {
		weight [4]int64
		size   int
	}
	sets := map[sums]*big.Int{{}: big.NewInt(1)}
	for i, p := range g.Players {
		if i == player {
			continue
		}
		next := map[sums]*big.Int{}
		count := func(s sums, n *big.Int) {
			if next[s] == nil {
				next[s] = new(big.Int)
			}
			next[s].Add(next[s], n)
		}
		for s, n := range sets {
			count(s, n)
			for k, w := range p.Weights {
				s.weight[k] += w
			}
			s.size++
			count(s, n)
		}
		sets = next
	}
	swings, shapley = new(big.Int), new(big.Rat)
	one := power.Game{Quotas: g.Quotas, Any: g.Any, Players: make([]power.Player, 1)}
	for s, n := range sets {
		with := make([]int64, len(g.Quotas))
		for k := range with {
			with[k] = s.weight[k] + g.Players[player].Weights[k]
		}
		one.Players[0].Weights = s.weight[:len(g.Quotas)]
		lost := !wins(one, 1)
		if one.Players[0].Weights = with; lost && wins(one, 1) {
			swings.Add(swings, n)
			orders := new(big.Int).Binomial(int64(len(g.Players)-1), int64(s.size))
			orders.Mul(orders, big.NewInt(int64(len(g.Players))))
			shapley.Add(shapley, new(big.Rat).SetFrac(n, orders))
		}
	}
	return swings, shapley
}

func TestPowerBeyondBruteForceEqualsAPlainCount(t *testing.T) {
	crossed := and(constituencies(10, 13, 12), func(i int) int64 { return int64(i*i%7) + 1 })
	crossedAny := crossed
	crossedAny.Any = true
	for name, g := range map[string]power.Game{
		"63 voters":                     constituencies(63),
		"64 voters":                     constituencies(64),
		"65 voters":                     constituencies(65),
		"128 voters in two halves":      constituencies(64, 64),
		"130 voters, majority of users": and(users80(130), one),
		"70 voters with ten weights":    and(power.Game{Players: make([]power.Player, 70)}, oneToTen),
		"constituencies and weights":    crossed,
		"constituencies or weights":     crossedAny,
	} {
		t.Run(name, func(t *testing.T) {
			indices, err := power.All(g)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(g.Players); i += 1 + len(g.Players)/4 {
				swings, shapley := plainly(g, i)
				if indices[i].Swings.Cmp(swings) != 0 || indices[i].Shapley.Cmp(shapley) != 0 {
					t.Errorf("player %d: swings %s, Shapley-Shubik %s; plainly %s, %s",
						i, indices[i].Swings, indices[i].Shapley, swings, shapley)
				}
			}
		})
	}
}

// Independent constituencies: a vote decides when it decides at home and every other constituency passes
// (decision-rules, "Power: algorithms", 4). Counts of a thousand bits, so that every carry matters.
func TestConstituenciesFollowTheClosedForm(t *testing.T) {
	sizes := []int64{401, 300, 299}
	g := constituencies(401, 300, 299)
	indices, err := power.All(g)
	if err != nil {
		t.Fatal(err)
	}
	passes := func(size int64) *big.Int {
		sum, c := new(big.Int), new(big.Int)
		for yes := size/2 + 1; yes <= size; yes++ {
			sum.Add(sum, c.Binomial(size, yes))
		}
		return sum
	}
	first := 0
	for k, size := range sizes {
		swings, winning := new(big.Int).Binomial(size-1, size/2), passes(size)
		for l, other := range sizes {
			if l != k {
				swings.Mul(swings, passes(other))
				winning.Mul(winning, passes(other))
			}
		}
		if x := indices[first]; x.Swings.Cmp(swings) != 0 || x.Winning.Cmp(winning) != 0 {
			t.Errorf("constituency of %d: swings %s of %s, closed form %s of %s", size, x.Swings, x.Winning, swings, winning)
		}
		first += int(size)
	}
}
