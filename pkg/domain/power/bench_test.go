package power_test

import (
	"testing"

	"tavolo/pkg/domain/power"
)

// The target is both indices of all 120 in three constituencies in under 5 ms and 1 MiB (decision-rules, "Power").

// constituencies is one majority for each size, everyone in one of them.
func constituencies(sizes ...int) power.Game {
	var g power.Game
	for k, size := range sizes {
		g.Quotas = append(g.Quotas, int64(size)/2+1)
		for range size {
			weights := make([]int64, len(sizes))
			weights[k] = 1
			g.Players = append(g.Players, power.Player{Weights: weights})
		}
	}
	return g
}

// and adds a majority of all, by the given weights, to a game.
func and(g power.Game, weight func(i int) int64) power.Game {
	total := int64(0)
	for i := range g.Players {
		w := weight(i)
		g.Players[i].Weights = append(g.Players[i].Weights, w)
		total += w
	}
	g.Quotas = append(g.Quotas, total/2+1)
	return g
}

func one(int) int64 { return 1 }

func oneToTen(i int) int64 { return int64(i%10) + 1 }

func benchmarkAll(b *testing.B, g power.Game) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := power.All(g); err != nil {
			b.Fatal(err)
		}
	}
}

func users80(n int) power.Game {
	g := power.Game{Quotas: []int64{41}}
	for i := range n {
		w := int64(0)
		if i < 80 {
			w = 1
		}
		g.Players = append(g.Players, power.Player{Weights: []int64{w}})
	}
	return g
}

func BenchmarkAllIndicesOf120InThreeConstituencies(b *testing.B) {
	benchmarkAll(b, constituencies(80, 9, 31))
}

func BenchmarkAllIndicesOf120InThreeConstituenciesAndMajorityOfAll(b *testing.B) {
	benchmarkAll(b, and(constituencies(80, 9, 31), one))
}

func BenchmarkAllIndicesOf120SingleMajority(b *testing.B) {
	benchmarkAll(b, constituencies(120))
}

func BenchmarkAllIndicesOf120MajorityOfAllAndOfUsers(b *testing.B) {
	benchmarkAll(b, and(users80(120), one))
}

func BenchmarkAllIndicesOf120TenWeights(b *testing.B) {
	benchmarkAll(b, and(power.Game{Players: make([]power.Player, 120)}, oneToTen))
}

func BenchmarkAllIndicesOf120TenWeightsInThreeConstituenciesAndMajorityOfAll(b *testing.B) {
	benchmarkAll(b, and(constituencies(80, 9, 31), oneToTen))
}

func BenchmarkAllIndicesOf2000SingleMajority(b *testing.B) {
	benchmarkAll(b, constituencies(2000))
}

func BenchmarkAllIndicesOf2000InThreeConstituencies(b *testing.B) {
	benchmarkAll(b, constituencies(1333, 150, 517))
}

func BenchmarkAllIndicesOf2000InThreeConstituenciesAndMajorityOfAll(b *testing.B) {
	benchmarkAll(b, and(constituencies(1333, 150, 517), one))
}

func BenchmarkOneUserOf120InThreeConstituencies(b *testing.B) {
	g := constituencies(80, 9, 31)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := power.Of(g, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTernaryOf89And31(b *testing.B) {
	outcome := func(yes, no, _ []int) bool { return yes[0] > no[0] && yes[1] > no[1] }
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := power.Ternary([]int{89, 31}, outcome, 0); err != nil {
			b.Fatal(err)
		}
	}
}
