package disclosure

// This chapter decides whether the ballots of constituencies may be shown.

// Tally is how one constituency voted, by head.
type Tally struct{ For, Against, Abstain int }

func (t Tally) voters() int { return t.For + t.Against + t.Abstain }

// Unanimous: all of them did the same, so that the total tells what each did.
func (t Tally) Unanimous() bool {
	n := t.voters()
	return t.For == n || t.Against == n || t.Abstain == n
}

// Tallies reports whether the tallies by constituency of one vote may be shown: each constituency has at least threshold voters and none is
// unanimous. It is all or nothing, since the total is public: with one constituency left out, its tally is the difference.
func Tallies(by map[string]Tally, threshold int) bool {
	for _, t := range by {
		if t.voters() < threshold || t.Unanimous() {
			return false
		}
	}
	return len(by) > 0
}
