package evidence

import "math"

// This chapter says how uncertain a share is, where it is (roles.md, "Uncertainty"). A complete log is a census of its decisions: the past has no
// sampling interval. An interval is right in two cases only: departments that answered stand for all departments (Table 3), and a rate that is
// estimated from the decisions seen so far (conditional success). Neither is a test, and no p-value is printed.

// z is the standard normal quantile of a two-sided interval of 95%.
const z = 1.959963984540054

// Interval holds two shares in [0,1].
type Interval struct{ Low, High float64 }

// Wilson is the score interval of a share at 95% (Wilson 1927). Of nothing, everything is possible: [0,1].
func (s Share) Wilson() Interval { return wilson(s, float64(s.Whole)) }

// WilsonOf is the same with the correction for a finite population of which Whole were seen: the effective number is n(N-1)/(N-n). When all
// were seen nothing is uncertain.
func (s Share) WilsonOf(population int) Interval {
	if s.Whole > 0 && s.Whole >= population {
		p := float64(s.Part) / float64(s.Whole)
		return Interval{p, p}
	}
	n, all := float64(s.Whole), float64(population)
	return wilson(s, n*(all-1)/(all-n))
}

func wilson(s Share, n float64) Interval {
	if s.Whole <= 0 {
		return Interval{0, 1}
	}
	p := float64(s.Part) / float64(s.Whole)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{max(middle-half, 0), min(middle+half, 1)}
}

// WorstCase are the shares of a population of which Whole were seen, if none and if all of the others had it.
func (s Share) WorstCase(population int) (low, high Share) {
	unseen := max(population-s.Whole, 0)
	return Share{s.Part, s.Whole + unseen}, Share{s.Part + unseen, s.Whole + unseen}
}

// Percent writes both ends as percentages with one decimal.
func (i Interval) Percent() (low, high string) { return onePlace(i.Low), onePlace(i.High) }

func onePlace(share float64) string {
	return Share{int(math.Floor(share*thousand + 0.5)), thousand}.Percent()
}
