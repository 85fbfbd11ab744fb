package power_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"tavolo/pkg/domain/power"
)

// weighted is a game of one condition.
func weighted(quota int64, weights ...int64) power.Game {
	g := power.Game{Quotas: []int64{quota}}
	for _, w := range weights {
		g.Players = append(g.Players, power.Player{Weights: []int64{w}})
	}
	return g
}

// refused fails unless err is a refusal with the code and a text.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	refusal, ok := errors.AsType[*power.Error](err)
	if !ok || refusal.Code != code || refusal.Error() != code+": "+refusal.Text || refusal.Text == "" {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestAGameNobodyCouldPlayIsRefused(t *testing.T) {
	for _, c := range []struct {
		code string
		game power.Game
	}{
		{power.CodeNoPlayers, power.Game{Quotas: []int64{1}}},
		{power.CodeNoConditions, power.Game{Players: []power.Player{{}}}},
		{power.CodeWeightsMismatch, power.Game{Quotas: []int64{1, 1}, Players: []power.Player{{Weights: []int64{1}}}}},
		{power.CodeNegativeWeight, weighted(1, 2, -1)},
		{power.CodeWeightsTooHeavy, weighted(1, math.MaxInt64, 1)},
		{power.CodeQuotaNotPositive, weighted(0, 1)},
		{power.CodeQuotaNotPositive, weighted(-3, 1)},
		{power.CodeQuotaOutOfReach, weighted(9, 4, 4)},
		{power.CodeQuotaOutOfReach, weighted(1, 0, 0)},
	} {
		refused(t, c.game.Validate(), c.code)
		_, err := power.All(c.game)
		refused(t, err, c.code)
		_, err = power.Of(c.game, 0)
		refused(t, err, c.code)
		_, err = power.Winning(c.game)
		refused(t, err, c.code)
		_, _, err = power.Merge(c.game, []int{0})
		refused(t, err, c.code)
		if c.game.Improper() {
			t.Errorf("%s: an invalid game is called improper", c.code)
		}
	}
}

func TestAPlayerOutsideTheGameIsRefused(t *testing.T) {
	g := weighted(2, 1, 1, 1)
	for _, player := range []int{-1, 3} {
		_, err := power.Of(g, player)
		refused(t, err, power.CodeNoSuchPlayer)
		_, _, err = power.Merge(g, []int{0, player})
		refused(t, err, power.CodeNoSuchPlayer)
	}
	_, _, err := power.Merge(g, nil)
	refused(t, err, power.CodeNoPlayers)
	_, _, err = power.Merge(g, []int{1, 1})
	refused(t, err, power.CodeRepeatedPlayer)
}

func TestAnOutcomeAskedForNobodyIsRefused(t *testing.T) {
	never := func(_, _, _ []int) bool { return false }
	for _, c := range []struct {
		code   string
		counts []int
		voter  int
	}{
		{power.CodeNoSuchPlayer, []int{3}, 1},
		{power.CodeNoSuchPlayer, []int{3}, -1},
		{power.CodeNoSuchPlayer, []int{3, 0}, 1},
		{power.CodeNegativeCount, []int{3, -1}, 0},
		{power.CodeNegativeCount, []int{3, -1}, 1},
		{power.CodeTooLarge, []int{80, 9, 31}, 0},
		{power.CodeTooLarge, []int{math.MaxInt}, 0},
	} {
		_, _, err := power.Ternary(c.counts, never, c.voter)
		refused(t, err, c.code)
	}
}

// Sixty distinct weights without structure have about 2^59 distinct sums: refused, not approximated and not attempted.
func TestACountBeyondMemoryOrTimeIsRefused(t *testing.T) {
	var weights []int64
	w, total := uint64(1), int64(0)
	for range 60 {
		w = w*6364136223846793005 + 1442695040888963407
		weights = append(weights, int64(w>>8))
		total += int64(w >> 8)
	}
	g := weighted(total/2+1, weights...)
	_, err := power.All(g)
	refused(t, err, power.CodeTooLarge)
	_, err = power.Of(g, 59)
	refused(t, err, power.CodeTooLarge)
	_, err = power.Winning(g)
	refused(t, err, power.CodeTooLarge)

	_, err = power.All(constituencies(3334, 3333, 3333)) // small in memory, minutes of multiplication
	refused(t, err, power.CodeTooLarge)

	crowd := weighted(1, make([]int64, 10_001)...)
	crowd.Players[0].Weights = []int64{1}
	_, err = power.Of(crowd, 0)
	refused(t, err, power.CodeTooLarge)
	_, err = power.All(crowd)
	refused(t, err, power.CodeTooLarge)
	_, err = power.Winning(crowd)
	refused(t, err, power.CodeTooLarge)
}

// Requirements of single persons cost nothing: they become one condition however many they are.
func TestRequiredPersonsAreCountedInAnyNumberOtherConditionsUpTo64(t *testing.T) {
	separate := func(n int, quota, size int64) power.Game {
		g := power.Game{}
		for k := range n {
			g.Quotas = append(g.Quotas, quota)
			for range size {
				weights := make([]int64, n)
				weights[k] = 1
				g.Players = append(g.Players, power.Player{Weights: weights})
			}
		}
		return g
	}
	x, err := power.Of(separate(100, 1, 1), 7)
	if err != nil || x.Swings.Int64() != 1 || x.Shapley.Cmp(big.NewRat(1, 100)) != 0 {
		t.Errorf("a hundred vetoes: %v, %v", x, err)
	}
	x, err = power.Of(separate(64, 2, 3), 7) // own constituency 2 of 4, each of the other 63 passes in 4 of 8
	want := new(big.Int).Lsh(big.NewInt(2), 2*63)
	if err != nil || x.Swings.Cmp(want) != 0 || x.Shapley.Cmp(big.NewRat(1, 192)) != 0 {
		t.Errorf("64 constituencies: %v, %v, want %s swings", x, err, want)
	}
	_, err = power.Of(separate(65, 2, 3), 7)
	refused(t, err, power.CodeTooManyConditions)
}

// Beyond 64 voters no count fits a machine word; the closed form is C(n-1, quota-1).
func TestTwoThousandVotersAreCountedExactly(t *testing.T) {
	ones := make([]int64, 2000)
	for i := range ones {
		ones[i] = 1
	}
	all, err := power.All(weighted(1001, ones...))
	if err != nil {
		t.Fatal(err)
	}
	want := new(big.Int).Binomial(1999, 1000)
	for _, i := range []int{0, 1999} {
		if all[i].Swings.Cmp(want) != 0 || all[i].Shapley.Cmp(big.NewRat(1, 2000)) != 0 {
			t.Errorf("player %d: %d bits of swings, Shapley-Shubik %s", i, all[i].Swings.BitLen(), all[i].Shapley)
		}
	}
}

// Weights near the limit of the 64-bit integer keep their meaning: only their ratio to the quota counts.
func TestHugeWeightsDoNotOverflow(t *testing.T) {
	const third = math.MaxInt64 / 3
	all, err := power.All(weighted(2*third, third, third, third))
	if err != nil {
		t.Fatal(err)
	}
	lumpy, err := power.All(weighted(2*third, third, third-1, third+1))
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range all { // any two of three
		if x.Swings.Int64() != 2 {
			t.Errorf("equal thirds, player %d: %s swings", i, x.Swings)
		}
	}
	for i, want := range []int64{1, 1, 3} { // {1,3} and {2,3} reach it, {1,2} misses by one
		if lumpy[i].Swings.Int64() != want {
			t.Errorf("uneven thirds, player %d: %s swings, want %d", i, lumpy[i].Swings, want)
		}
	}
}

func TestTwoDisjointMajoritiesAreReported(t *testing.T) {
	either := power.Game{Quotas: []int64{2, 2}, Any: true}
	for i := range 6 {
		either.Players = append(either.Players, power.Player{Weights: []int64{int64(1 - i%2), int64(i % 2)}})
	}
	both := either
	both.Any = false
	for _, c := range []struct {
		name string
		game power.Game
		want bool
	}{
		{"half of four", weighted(2, 1, 1, 1, 1), true},
		{"majority of four", weighted(3, 1, 1, 1, 1), false},
		{"a dictator, low quota", weighted(5, 9, 1), false},
		{"lumps that cannot be halved", weighted(5, 4, 4, 4), false},
		{"lumps that can", weighted(4, 4, 4, 1), true},
		{"users or professionals", either, true},
		{"users and professionals", both, false},
		{"wide numbers", weighted(1<<60, 1<<60, 1<<60, 1), true},
	} {
		if got := c.game.Improper(); got != c.want {
			t.Errorf("%s: improper %v", c.name, got)
		}
	}
}

func TestMergeLeavesTheGameAlone(t *testing.T) {
	g := weighted(3, 1, 2, 3)
	merged, at, err := power.Merge(g, []int{2, 1})
	if err != nil || at != 1 || len(merged.Players) != 2 || merged.Players[1].Weights[0] != 5 {
		t.Fatalf("%v at %d, %v", merged, at, err)
	}
	merged.Players[0].Weights[0], merged.Quotas[0] = 7, 7
	if g.Players[0].Weights[0] != 1 || g.Quotas[0] != 3 || len(g.Players) != 3 {
		t.Errorf("the original became %v", g)
	}
}
