package power

import (
	"math/big"
	"slices"
)

// maxProfiles bounds the distinct (yes, no, abstain) counts Ternary looks at; two or three seconds at most.
const maxProfiles = 1 << 24

// Ternary is power where abstaining is a third way to vote (Felsenthal & Machover 1997): in how many of the profiles
// of all others (each yes, no or abstaining) is one voter of type voterType critical, that is, the outcome with his
// yes differs from the outcome with his no? critical/profiles is his power when all three ways are equally likely;
// profiles is 3^(voters-1).
//
// counts[t] is the number of voters of type t; outcome must depend on the number of yes, no and abstaining voters of
// each type only, and may not keep or change its arguments. It need not be monotone: with a quorum of votes cast a no
// can carry a proposal that staying away would stop. Cost: two outcomes for each distinct profile of the others,
// prod (c+1)(c+2)/2 over their counts c. Errors: power/no-such-player (no voter of that type), power/negative-count,
// power/too-large (more than 2^24 distinct profiles).
func Ternary(counts []int, outcome func(yes, no, abstain []int) bool, voterType int) (critical, profiles *big.Int, err error) {
	if voterType < 0 || voterType >= len(counts) || counts[voterType] == 0 {
		return nil, nil, refuse(CodeNoSuchPlayer, "no voter of type %d; ask about a type that has voters", voterType)
	}
	others, voters, distinct := slices.Clone(counts), 0, 1.0
	others[voterType]--
	for t, c := range counts {
		if c < 0 {
			return nil, nil, refuse(CodeNegativeCount, "type %d has %d voters; counts are 0 or more", t, c)
		}
		voters += others[t]
		distinct *= (float64(others[t]) + 1) * (float64(others[t]) + 2) / 2
	}
	if distinct > maxProfiles {
		return nil, nil, refuse(CodeTooLarge, "%.0f different profiles of yes, no and abstain, at most %d are counted; join the types the rule does not tell apart",
			distinct, maxProfiles)
	}
	t := ternary{others: others, outcome: outcome, voter: voterType, critical: new(big.Int),
		yes: make([]int, len(counts)), no: make([]int, len(counts)), abstain: make([]int, len(counts))}
	t.count(0, big.NewInt(1))
	return t.critical, new(big.Int).Exp(big.NewInt(3), big.NewInt(int64(voters)), nil), nil
}

// ternary is one count under way.
type ternary struct {
	others           []int
	outcome          func(yes, no, abstain []int) bool
	voter            int
	yes, no, abstain []int
	critical         *big.Int
}

// count goes through the votes of the types from t on; ways is the number of profiles with the counts chosen so far.
func (c *ternary) count(t int, ways *big.Int) {
	if t == len(c.others) {
		if c.decides() {
			c.critical.Add(c.critical, ways)
		}
		return
	}
	n := int64(c.others[t])
	chosen, all, by := new(big.Int).Set(ways), new(big.Int), new(big.Int)
	for yes := int64(0); yes <= n; yes++ {
		all.Set(chosen)
		for no := int64(0); no <= n-yes; no++ {
			c.yes[t], c.no[t], c.abstain[t] = int(yes), int(no), int(n-yes-no)
			c.count(t+1, all)
			all.Quo(all.Mul(all, by.SetInt64(n-yes-no)), by.SetInt64(no+1))
		}
		chosen.Quo(chosen.Mul(chosen, by.SetInt64(n-yes)), by.SetInt64(yes+1))
	}
}

// decides compares the outcome with the voter's yes to the one with his no.
func (c *ternary) decides() bool {
	c.yes[c.voter]++
	with := c.outcome(c.yes, c.no, c.abstain)
	c.yes[c.voter]--
	c.no[c.voter]++
	against := c.outcome(c.yes, c.no, c.abstain)
	c.no[c.voter]--
	return with != against
}
