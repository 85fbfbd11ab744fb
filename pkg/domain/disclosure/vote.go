package disclosure

import (
	"maps"
	"slices"
)

// This chapter says which counts of one vote may leave a workspace. Whoever publishes them, in a feed or on a page, asks here: two places that each hid
// something else would tell together what neither tells alone.

// Vote is what is counted of one vote, by head.
type Vote struct {
	// Voters by constituency.
	Voters map[string]int
	// Weighted: some ballot weighs more than one. Weights are no heads, and their sums tell who is in them.
	Weighted bool
	// All ballots; Parts are those of each constituency that has a voter, nil when they are not known.
	All   Tally
	Parts map[string]Tally
}

// Figures are the counts of a vote that may be told; what is nil may not.
type Figures struct {
	Voters *int
	Sizes  map[string]int // by constituency; one that is not in it may not be told
	Tally  *Tally
	Parts  map[string]Tally
}

// Figures leaves out what tells of fewer people than the threshold: alone, or together with the rest of what is told.
func (v Vote) Figures(threshold int) (told Figures) {
	few := func(n int) bool { return n > 0 && n < threshold }
	voters := 0
	for _, n := range v.Voters {
		voters += n
	}
	if voters == 0 {
		return told
	}
	voted := v.All.voters()
	if !v.Weighted && voted >= threshold && !v.All.Unanimous() {
		told.Tally = &v.All
		away := func(code string) bool { return few(v.Voters[code] - v.Parts[code].voters()) }
		if Tallies(v.Parts, threshold) && !slices.ContainsFunc(slices.Collect(maps.Keys(v.Voters)), away) {
			told.Parts = v.Parts
		}
	}
	if told.Tally != nil && few(voters-voted) { // how many stayed away would follow
		return told
	}
	codes := slices.Sorted(maps.Keys(v.Voters))
	names, counts := make([]string, len(codes)), make([]int, len(codes))
	for i, code := range codes {
		names[i], counts[i] = "of "+code, v.Voters[code] // a department may call a constituency "total"
	}
	table := OneWay(names, counts).Protect(threshold)
	if n, ok := table.Shown(Total); ok {
		told.Voters = &n
	}
	told.Sizes = map[string]int{}
	for i, code := range codes {
		if n, ok := table.Shown(names[i]); ok {
			told.Sizes[code] = n
		}
	}
	return told
}
