package role

import "math/big"

// This chapter aggregates: from many decisions to one role, by the median role (roles.md, "From decisions to one role").
//
// With None < Consultative < Decisive it is the highest role held in at least half of the decisions, by weight: one token vote cannot buy
// Decisive, one lapse cannot lose it, and there is no parameter to tune besides one half.

// LeastIncluded is how many included decisions a median needs, unless whoever asks says otherwise.
const LeastIncluded = 3

// Weighted is one decision in an aggregate.
type Weighted struct {
	Role   Role
	Reason Reason
	// Weight of the decision, 1 unless its charter states an importance. 0 counts as 1.
	Weight uint64
}

// Summary is the aggregate of many decisions: the median role and what it stands on.
type Summary struct {
	// Role is the median; Other when too few decisions are included, or when at least half of their weight is Other.
	Role Role
	// Best and Worst are the roles of the best and the worst decision: the brackets "any" and "all". Empty when none has a role other than
	// Other.
	Best, Worst Role
	// Included counts the decisions that the median stands on, Distribution the same by role. Excluded counts the others by reason.
	Included     int
	Distribution map[Role]int
	Excluded     map[Reason]int
}

// Excludes reports whether a decision with this reason stays out of every denominator: nothing was decided, by no rule, or by people who
// are no longer known. The other reasons of Other are cases that the four words cannot hold, and count as such.
func (r Reason) Excludes() bool { return r == Erased || r == NoRule || r == NoDecision }

// ascending is the order of the roles.
var ascending = []Role{None, Consultative, Decisive}

// Median gives the median role over decisions. Shares of exactly one half count for the higher role. least 0 means LeastIncluded.
func Median(decisions []Weighted, least int) Summary {
	if least == 0 {
		least = LeastIncluded
	}
	s := Summary{Role: Other, Distribution: map[Role]int{}, Excluded: map[Reason]int{}}
	weight, whole := map[Role]*big.Int{None: {}, Consultative: {}, Decisive: {}, Other: {}}, new(big.Int)
	for _, d := range decisions {
		if d.Reason.Excludes() {
			s.Excluded[d.Reason]++
			continue
		}
		s.Included++
		s.Distribution[d.Role]++
		w := new(big.Int).SetUint64(max(d.Weight, 1))
		weight[d.Role].Add(weight[d.Role], w)
		whole.Add(whole, w)
	}
	for _, r := range ascending {
		if s.Distribution[r] == 0 {
			continue
		}
		if s.Worst == "" {
			s.Worst = r
		}
		s.Best = r
	}
	half := func(w *big.Int) bool { return new(big.Int).Lsh(w, 1).Cmp(whole) >= 0 }
	atLeast := new(big.Int).Add(weight[Consultative], weight[Decisive])
	switch {
	case s.Included < max(least, 1), half(weight[Other]):
	case half(weight[Decisive]):
		s.Role = Decisive
	case half(atLeast):
		s.Role = Consultative
	default:
		s.Role = None
	}
	return s
}
