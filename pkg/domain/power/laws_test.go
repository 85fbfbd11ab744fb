package power_test

import (
	"math/big"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/power"
)

// Laws every game obeys, and agreement with counting all coalitions one by one.

// wins is the definition of a Game, coalition as a bit set.
func wins(g power.Game, coalition int) bool {
	for k, quota := range g.Quotas {
		sum := int64(0)
		for i, p := range g.Players {
			if coalition>>i&1 == 1 {
				sum += p.Weights[k]
			}
		}
		if reached := sum >= quota; reached == g.Any {
			return reached
		}
	}
	return !g.Any
}

// counted is an index by brute force.
type counted struct {
	swings, winning int64
	shapley         *big.Rat
}

func bruteForce(g power.Game) []counted {
	n := len(g.Players)
	won, winning := make([]bool, 1<<n), int64(0)
	for s := range won {
		if won[s] = wins(g, s); won[s] {
			winning++
		}
	}
	out := make([]counted, n)
	for i := range out {
		c := counted{winning: winning, shapley: new(big.Rat)}
		bySize := make([]int64, n)
		for s := range won {
			if s>>i&1 == 0 && !won[s] && won[s|1<<i] {
				c.swings++
				bySize[bits.OnesCount(uint(s))]++
			}
		}
		for size, k := range bySize { // k/(n*C(n-1,size))
			share := new(big.Int).Binomial(int64(n-1), int64(size))
			c.shapley.Add(c.shapley, new(big.Rat).SetFrac(big.NewInt(k), share.Mul(share, big.NewInt(int64(n)))))
		}
		out[i] = c
	}
	return out
}

// games draws small games: several conditions, zeros, repeated weight vectors, common factors, dictators.
func games(maxPlayers int) *rapid.Generator[power.Game] {
	return rapid.Custom(func(t *rapid.T) power.Game {
		conditions := rapid.IntRange(1, 4).Draw(t, "conditions")
		n := rapid.IntRange(1, maxPlayers).Draw(t, "players")
		heaviest := rapid.SampledFrom([]int64{1, 2, 9, 1_000, 1 << 40}).Draw(t, "heaviest")
		factor := rapid.Int64Range(1, 3).Draw(t, "factor")
		weight := rapid.Custom(func(t *rapid.T) int64 {
			if rapid.Bool().Draw(t, "outsider") {
				return 0
			}
			return factor * rapid.Int64Range(0, heaviest).Draw(t, "weight")
		})
		g := power.Game{Any: rapid.Bool().Draw(t, "any"), Quotas: make([]int64, conditions)}
		vectors := rapid.SliceOfN(rapid.SliceOfN(weight, conditions, conditions), 1, n).Draw(t, "vectors")
		for range n {
			g.Players = append(g.Players, power.Player{Weights: slices.Clone(rapid.SampledFrom(vectors).Draw(t, "player"))})
		}
		for k := range g.Quotas {
			total := int64(0)
			for _, p := range g.Players {
				total += p.Weights[k]
			}
			if total == 0 { // nobody could pass it: give it to one person
				g.Players[rapid.IntRange(0, n-1).Draw(t, "required")].Weights[k] = 1
				total = 1
			}
			g.Quotas[k] = rapid.Int64Range(1, total).Draw(t, "quota")
		}
		return g
	})
}

func all(t *rapid.T, g power.Game) []power.Index {
	t.Helper()
	indices, err := power.All(g)
	if err != nil {
		t.Fatal(err)
	}
	return indices
}

func TestPowerEqualsCountingEveryCoalition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		indices := all(t, g)
		for i, want := range bruteForce(g) {
			x := indices[i]
			if x.Swings.Int64() != want.swings || x.Winning.Int64() != want.winning || x.Shapley.Cmp(want.shapley) != 0 {
				t.Fatalf("player %d: swings %s, winning %s, Shapley %s; by hand %d, %d, %s",
					i, x.Swings, x.Winning, x.Shapley, want.swings, want.winning, want.shapley)
			}
			if x.Voters != len(g.Players) || x.Banzhaf.Cmp(big.NewRat(want.swings, 1<<(len(g.Players)-1))) != 0 {
				t.Fatalf("player %d: Banzhaf %s of %d voters", i, x.Banzhaf, x.Voters)
			}
			if x.Prevent().Cmp(big.NewRat(want.swings, want.winning)) != 0 ||
				x.Initiate().Cmp(big.NewRat(want.swings, 1<<len(g.Players)-want.winning)) != 0 {
				t.Fatalf("player %d: prevent %s, initiate %s", i, x.Prevent(), x.Initiate())
			}
			if x.Null() != (want.swings == 0) {
				t.Fatalf("player %d: null %v with %d swings", i, x.Null(), want.swings)
			}
		}
	})
}

func TestOnePlayerAskedAloneGetsTheSameAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		i := rapid.IntRange(0, len(g.Players)-1).Draw(t, "player")
		x, err := power.Of(g, i)
		if err != nil {
			t.Fatal(err)
		}
		same := all(t, g)[i]
		winning, err := power.Winning(g)
		if err != nil {
			t.Fatal(err)
		}
		if x.Swings.Cmp(same.Swings) != 0 || x.Shapley.Cmp(same.Shapley) != 0 || x.Winning.Cmp(same.Winning) != 0 || winning.Cmp(x.Winning) != 0 {
			t.Fatalf("alone %v, among all %v, winning coalitions %s", x, same, winning)
		}
	})
}

func TestSharesSumToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		indices := all(t, games(10).Draw(t, "game"))
		shapley, banzhaf := new(big.Rat), new(big.Rat)
		for i, share := range power.Normalised(indices) {
			shapley.Add(shapley, indices[i].Shapley)
			banzhaf.Add(banzhaf, share)
		}
		if one := big.NewRat(1, 1); shapley.Cmp(one) != 0 || banzhaf.Cmp(one) != 0 {
			t.Fatalf("Shapley-Shubik sums to %s, normalised Banzhaf to %s", shapley, banzhaf)
		}
	})
}

func TestEqualWeightsGiveEqualPowerWhereverTheySit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(10).Draw(t, "game")
		order := rapid.Permutation(seq(len(g.Players))).Draw(t, "order")
		moved := power.Game{Quotas: g.Quotas, Any: g.Any}
		for _, i := range order {
			moved.Players = append(moved.Players, g.Players[i])
		}
		before, after := all(t, g), all(t, moved)
		for at, i := range order {
			if before[i].Swings.Cmp(after[at].Swings) != 0 || before[i].Shapley.Cmp(after[at].Shapley) != 0 {
				t.Fatalf("player %d has %v, at place %d %v", i, before[i], at, after[at])
			}
			for j := range g.Players {
				if slices.Equal(g.Players[i].Weights, g.Players[j].Weights) && before[i].Swings.Cmp(before[j].Swings) != 0 {
					t.Fatalf("players %d and %d weigh the same", i, j)
				}
			}
		}
	})
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// The dual of "all of these quotas" is "any of total-quota+1": a coalition wins it when its complement loses.
func TestARuleAndItsDualGiveTheSamePower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		dual := power.Game{Any: !g.Any, Players: g.Players}
		for k, quota := range g.Quotas {
			total := int64(0)
			for _, p := range g.Players {
				total += p.Weights[k]
			}
			dual.Quotas = append(dual.Quotas, total-quota+1)
		}
		a, b := all(t, g), all(t, dual)
		for i := range a {
			if a[i].Swings.Cmp(b[i].Swings) != 0 || a[i].Shapley.Cmp(b[i].Shapley) != 0 || a[i].Prevent().Cmp(b[i].Initiate()) != 0 {
				t.Fatalf("player %d: %v, in the dual %v", i, a[i], b[i])
			}
		}
	})
}

func TestAPlayerWithoutWeightHasNoPowerAndTakesNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		at := rapid.IntRange(0, len(g.Players)).Draw(t, "at")
		more := power.Game{Quotas: g.Quotas, Any: g.Any,
			Players: slices.Insert(slices.Clone(g.Players), at, power.Player{Weights: make([]int64, len(g.Quotas))})}
		before, after := all(t, g), all(t, more)
		if !after[at].Null() || after[at].Banzhaf.Sign() != 0 || after[at].Shapley.Sign() != 0 {
			t.Fatalf("the observer has %v", after[at])
		}
		for i, x := range slices.Delete(slices.Clone(after), at, at+1) {
			if x.Banzhaf.Cmp(before[i].Banzhaf) != 0 || x.Shapley.Cmp(before[i].Shapley) != 0 {
				t.Fatalf("player %d: %v without, %v with the observer", i, before[i], x)
			}
		}
	})
}

func TestMoreWeightNeverMeansLessPower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		i := rapid.IntRange(0, len(g.Players)-1).Draw(t, "player")
		k := rapid.IntRange(0, len(g.Quotas)-1).Draw(t, "condition")
		heavier := power.Game{Quotas: g.Quotas, Any: g.Any, Players: slices.Clone(g.Players)}
		heavier.Players[i].Weights = slices.Clone(heavier.Players[i].Weights)
		heavier.Players[i].Weights[k] += rapid.Int64Range(1, 10).Draw(t, "more")
		before, after := all(t, g), all(t, heavier)[i]
		if after.Swings.Cmp(before[i].Swings) < 0 || after.Shapley.Cmp(before[i].Shapley) < 0 {
			t.Fatalf("swings %s with less weight, %s with more", before[i].Swings, after.Swings)
		}
		for j, p := range g.Players { // and inside one game, as much weight in every condition is as much power
			dominates := true
			for c := range g.Quotas {
				dominates = dominates && g.Players[i].Weights[c] >= p.Weights[c]
			}
			if dominates && before[i].Swings.Cmp(before[j].Swings) < 0 {
				t.Fatalf("player %d outweighs %d and has less power", i, j)
			}
		}
	})
}

// The swings of a bloc are the coalitions of the others that all its members together turn from losing to winning.
func TestABlocIsOnePlayer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		members := rapid.Permutation(seq(len(g.Players))).Draw(t, "order")[:rapid.IntRange(1, len(g.Players)).Draw(t, "size")]
		merged, at, err := power.Merge(g, members)
		if err != nil {
			t.Fatal(err)
		}
		x, err := power.Of(merged, at)
		if err != nil {
			t.Fatal(err)
		}
		bloc, swings := 0, int64(0)
		for _, i := range members {
			bloc |= 1 << i
		}
		for s := range 1 << len(g.Players) {
			if s&bloc == 0 && !wins(g, s) && wins(g, s|bloc) {
				swings++
			}
		}
		if x.Swings.Int64() != swings || x.Voters != len(g.Players)-len(members)+1 || at != slices.Min(members) {
			t.Fatalf("bloc %v at %d: swings %s of %d voters, by hand %d", members, at, x.Swings, x.Voters, swings)
		}
		others := slices.DeleteFunc(seq(len(g.Players)), func(i int) bool { return slices.Contains(members, i) && i != at })
		for place, i := range others {
			if place != at && !slices.Equal(merged.Players[place].Weights, g.Players[i].Weights) {
				t.Fatalf("place %d of %v is not player %d of %v", place, merged, i, g)
			}
		}
	})
}

func TestImproperIsToldExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := games(9).Draw(t, "game")
		found := false
		for s := range 1 << len(g.Players) {
			found = found || wins(g, s) && wins(g, 1<<len(g.Players)-1-s)
		}
		exact := g.Any || len(g.Quotas) == 1
		if got := g.Improper(); got != found && (exact || found) {
			t.Fatalf("improper %v; two disjoint winning coalitions found: %v", got, found)
		}
	})
}

func TestTernaryEqualsCountingEveryProfile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 3).Draw(t, "counts")
		voter := rapid.IntRange(0, len(counts)-1).Draw(t, "type")
		counts[voter]++
		salt := rapid.Uint64().Draw(t, "rule") // any rule at all, monotone or not
		outcome := func(yes, no, abstain []int) bool {
			h := salt
			for i := range yes {
				h = (h ^ uint64(yes[i]*16+no[i]*4+abstain[i])) * 0x9E3779B97F4A7C15
				h ^= h >> 29
			}
			return h&1 == 0
		}
		critical, profiles, err := power.Ternary(counts, outcome, voter)
		if err != nil {
			t.Fatal(err)
		}
		var types []int // of each voter; the one asked about is the first
		types = append(types, voter)
		for k, c := range counts {
			for range c {
				types = append(types, k)
			}
		}
		types = slices.Delete(types, slices.Index(types[1:], voter)+1, slices.Index(types[1:], voter)+2)
		result := func(code, own int) bool {
			votes := [3][]int{make([]int, len(counts)), make([]int, len(counts)), make([]int, len(counts))}
			votes[own][voter]++
			for _, k := range types[1:] {
				votes[code%3][k]++
				code /= 3
			}
			return outcome(votes[0], votes[1], votes[2])
		}
		want, total := int64(0), 1
		for range types[1:] {
			total *= 3
		}
		for code := range total {
			if result(code, 0) != result(code, 1) {
				want++
			}
		}
		if critical.Int64() != want || profiles.Int64() != int64(total) {
			t.Fatalf("critical %s of %s, by hand %d of %d", critical, profiles, want, total)
		}
	})
}
