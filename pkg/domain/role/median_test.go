package role_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/role"
)

// decisions are equally weighted: D, C, N, L (drawn by lot: an Other that counts), X (no decision: an Other that does not).
func decisions(letters string) []role.Weighted {
	var list []role.Weighted
	for _, l := range letters {
		list = append(list, map[rune]role.Weighted{
			'D': {Role: role.Decisive, Reason: role.BindingVote}, 'C': {Role: role.Consultative, Reason: role.AdviceGiven}, 'N': {Role: role.None, Reason: role.Absent},
			'L': {Role: role.Other, Reason: role.DrawnByLot}, 'X': {Role: role.Other, Reason: role.NoDecision},
		}[l])
	}
	return list
}

func TestTheMedianRoleIsTheHighestHeldInAtLeastHalfOfTheDecisions(t *testing.T) {
	for _, c := range []struct {
		letters  string
		least    int
		want     role.Role
		included int
	}{
		{"DDC", 0, role.Decisive, 3},
		{"DCC", 0, role.Consultative, 3},
		{"DNN", 0, role.None, 3},
		{"DN", 2, role.Decisive, 2},
		{"CNNN", 0, role.None, 4},
		{"DDNN", 0, role.Decisive, 4},
		{"DCNN", 0, role.Consultative, 4},
		{"", 0, role.Other, 0},
		{"", -1, role.Other, 0},
		{"DCXN", 0, role.Consultative, 3},
		{"DN", 0, role.Other, 2},
		{"D", 1, role.Decisive, 1},
		{"XXX", 0, role.Other, 0},
		{"DDDXXXXX", 0, role.Decisive, 3},
		{"DDLL", 0, role.Other, 4},
		{"DDDLL", 0, role.Decisive, 5},
		{"DDLLN", 0, role.None, 5},
		{"CCCLLN", 0, role.Consultative, 6},
	} {
		got := role.Median(decisions(c.letters), c.least)
		if got.Role != c.want || got.Included != c.included {
			t.Errorf("[%s] of at least %d: %s over %d, want %s over %d", c.letters, c.least, got.Role, got.Included, c.want, c.included)
		}
	}
}

func TestAMedianIsPublishedWithItsBracketsAndItsDistribution(t *testing.T) {
	got := role.Median(append(decisions("DCCNXXL"), role.Weighted{Role: role.Other, Reason: role.Erased}), 0)
	if got.Best != role.Decisive || got.Worst != role.None || got.Role != role.Consultative {
		t.Errorf("%s, between %s and %s", got.Role, got.Worst, got.Best)
	}
	if got.Distribution[role.Consultative] != 2 || got.Distribution[role.Other] != 1 || got.Excluded[role.NoDecision] != 2 || got.Excluded[role.Erased] != 1 || len(got.Excluded) != 2 {
		t.Errorf("%v, excluded %v", got.Distribution, got.Excluded)
	}
	if none := role.Median(decisions("XL"), 0); none.Best != "" || none.Worst != "" {
		t.Errorf("nothing is between %q and %q", none.Worst, none.Best)
	}
}

func TestAnImportantDecisionCountsByItsWeight(t *testing.T) {
	list := decisions("DNNN")
	list[0].Weight = 3
	if got := role.Median(list, 0).Role; got != role.Decisive {
		t.Errorf("3 of 6: %s", got)
	}
	list[0].Weight = 2
	if got := role.Median(list, 0).Role; got != role.None {
		t.Errorf("2 of 5: %s", got)
	}
	list[0].Weight, list[1].Weight = math.MaxUint64, math.MaxUint64
	if got := role.Median(list, 0).Role; got != role.None {
		t.Errorf("a little less than half of very much: %s", got)
	}
}

// The definition, with fractions, over random aggregates; and what a median must not depend on.
func TestTheMedianIsItsDefinition(t *testing.T) {
	kinds := decisions("DCNLX")
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) role.Weighted {
			d := rapid.SampledFrom(kinds).Draw(t, "decision")
			d.Weight = rapid.Uint64Range(0, 3).Draw(t, "weight")
			return d
		}), 0, 9).Draw(t, "decisions")
		share := func(of ...role.Role) *big.Rat {
			part, whole := int64(0), int64(0)
			for _, d := range list {
				if d.Reason == role.NoDecision {
					continue
				}
				w := int64(max(d.Weight, 1))
				whole += w
				if slices.Contains(of, d.Role) {
					part += w
				}
			}
			return big.NewRat(part, max(whole, 1))
		}
		got := role.Median(list, 0)
		want, half := role.None, big.NewRat(1, 2)
		switch {
		case got.Included < 3 || share(role.Other).Cmp(half) >= 0:
			want = role.Other
		case share(role.Decisive).Cmp(half) >= 0:
			want = role.Decisive
		case share(role.Decisive, role.Consultative).Cmp(half) >= 0:
			want = role.Consultative
		}
		if got.Role != want {
			t.Fatalf("%v: %s, want %s", list, got.Role, want)
		}
		turned := role.Median(rapid.Permutation(list).Draw(t, "order"), 0)
		if turned.Role != got.Role || turned.Best != got.Best || turned.Worst != got.Worst {
			t.Fatalf("in another order: %+v and %+v", got, turned)
		}
	})
}
