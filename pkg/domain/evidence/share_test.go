package evidence_test

import (
	"encoding/csv"
	"math/big"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/evidence"
)

// oracle reads a file of testdata as records by column name.
func oracle(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, r := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = r[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestIntervalsAreThePublishedOnes(t *testing.T) {
	for _, r := range oracle(t, "table3_intervals.csv") {
		s := evidence.Share{Part: number(t, r["n"]), Whole: number(t, r["denominator"])}
		low, high := s.Wilson().Percent()
		lowOf, highOf := s.WilsonOf(evidence.Departments).Percent()
		worst, best := s.WorstCase(evidence.Departments)
		got := []string{s.Percent(), low, high, lowOf, highOf, worst.Percent(), best.Percent()}
		for i, column := range []string{"pct", "wilson_lo", "wilson_hi", "wilson_fpc135_lo", "wilson_fpc135_hi", "bounds_all135_lo", "bounds_all135_hi"} {
			if got[i] != r[column] {
				t.Errorf("%s %s: %s, want %s", r["role"], column, got[i], r[column])
			}
		}
	}
}

func TestSharesOfResidentsAreThePublishedOnes(t *testing.T) {
	checked := 0
	for _, r := range oracle(t, "coverage.csv") {
		if r["covered_residents"] == "" {
			continue
		}
		checked++
		s := evidence.Share{Part: number(t, r["covered_residents"]), Whole: number(t, r["denominator_residents"])}
		if s.Percent() != r["printed_pct"] {
			t.Errorf("%s: %s, want %s", r["name"], s.Percent(), r["printed_pct"])
		}
	}
	if checked != 4 {
		t.Errorf("%d checked", checked)
	}
	if got := (evidence.Share{Part: evidence.Surveyed, Whole: evidence.Departments}).Percent(); got != "45.2" {
		t.Errorf("response %s", got)
	}
}

func TestAPublishedPercentageIsTheOneOfItsCounts(t *testing.T) {
	wrong := 0
	for _, table := range []int{1, 3} {
		rows, err := evidence.Published(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Agrees() {
				continue
			}
			wrong++
			if r.Item != "implements" || r.Option != "No" || r.Printed != "37.1" || r.Percent() != "37.7" {
				t.Errorf("table %d %s %s: printed %s, is %s", table, r.Item, r.Option, r.Printed, r.Percent())
			}
		}
	}
	if wrong != 1 {
		t.Errorf("%d percentages differ from their counts", wrong)
	}
}

func TestAPercentageRoundsHalfUpOnWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		want        string
	}{{1, 8, "12.5"}, {1, 16, "6.3"}, {3, 16, "18.8"}, {1, 2000, "0.1"}, {1, 2001, "0.0"}, {0, 3, "0.0"}, {3, 3, "100.0"}, {0, 0, ""}} {
		if got := (evidence.Share{Part: c.part, Whole: c.whole}).Percent(); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.IntRange(1, 1_000_000).Draw(t, "whole")
		part := rapid.IntRange(0, whole).Draw(t, "part")
		n, _ := evidence.Share{Part: part, Whole: whole}.Thousandths()
		off := new(big.Rat).Sub(big.NewRat(int64(n), 1000), big.NewRat(int64(part), int64(whole)))
		if half := big.NewRat(1, 2000); off.Cmp(half) > 0 || off.Cmp(new(big.Rat).Neg(half)) <= 0 {
			t.Fatalf("%d of %d is not %d thousandths", part, whole, n)
		}
	})
}

func TestAnIntervalHoldsItsShareAndShrinksWhenMoreIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.IntRange(1, 400).Draw(t, "whole")
		s := evidence.Share{Part: rapid.IntRange(0, whole).Draw(t, "part"), Whole: whole}
		population := rapid.IntRange(whole+1, 2*whole+300).Draw(t, "population")
		p, sampled, finite := float64(s.Part)/float64(s.Whole), s.Wilson(), s.WilsonOf(population)
		const slack = 1e-9
		for _, i := range []evidence.Interval{sampled, finite} {
			if i.Low < 0 || i.High > 1 || i.Low > p+slack || i.High < p-slack {
				t.Fatalf("%v is not around %v", i, p)
			}
		}
		if finite.High-finite.Low > sampled.High-sampled.Low+slack {
			t.Fatalf("of %d: %v is wider than %v", population, finite, sampled)
		}
		low, high := s.WorstCase(population)
		if low.Whole != population || high.Part-low.Part != population-whole {
			t.Fatalf("worst case %v to %v of %d", low, high, population)
		}
	})
	all := evidence.Share{Part: 3, Whole: 5}
	if i := all.WilsonOf(5); i.Low != 0.6 || i.High != 0.6 {
		t.Errorf("a census has no interval: %v", i)
	}
	if i := (evidence.Share{}).Wilson(); i.Low != 0 || i.High != 1 {
		t.Errorf("of nothing: %v", i)
	}
}
