package disclosure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/disclosure"
)

// seen writes what a reader sees: the counts, a dot where one is hidden.
func seen(t *disclosure.Table) string {
	var words []string
	for _, c := range t.Cells {
		if c.Hidden {
			words = append(words, ".")
		} else {
			words = append(words, fmt.Sprint(c.Count))
		}
	}
	return strings.Join(words, " ")
}

var letters = []string{"a", "b", "c", "d", "e"}

func oneWay(counts ...int) *disclosure.Table { return disclosure.OneWay(letters[:len(counts)], counts) }

func TestTheTwoTablesOfTheRules(t *testing.T) {
	roles := disclosure.OneWay([]string{"none", "consultative", "decisive", "other"}, []int{21, 35, 4, 1}).Protect(disclosure.People)
	if got := seen(roles); got != "21 35 . . 61" {
		t.Errorf("roles: %s", got)
	}
	if _, ok := roles.Shown("decisive"); ok {
		t.Error("decisive is shown")
	}
	if n, ok := roles.Shown(disclosure.Total); !ok || n != 61 {
		t.Errorf("total %d %v", n, ok)
	}
	var decisive, other []int
	for _, counts := range tables(roles) {
		if seen(disclosure.OneWay(roles.Names[:4], counts).Protect(disclosure.People)) == seen(roles) {
			decisive, other = append(decisive, counts[2]), append(other, counts[3])
		}
	}
	if !slices.Equal(decisive, []int{0, 1, 2, 3, 4}) || !slices.Equal(other, []int{5, 4, 3, 2, 1}) { // their sum is 5, and nothing narrower follows
		t.Errorf("what can be derived: %v and %v", decisive, other)
	}
	if got := seen(disclosure.OneWay([]string{"yes", "no"}, []int{58, 3}).Protect(disclosure.People)); got != ". . 61" {
		t.Errorf("yes and no: %s", got)
	}
}

func TestSmallCellsAreHiddenAndCovered(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int
		want   string
	}{
		{"nothing is small", []int{5, 6, 7}, "5 6 7 18"},
		{"one small cell is covered by its neighbour", []int{30, 3, 40}, "30 . . 73"},
		{"at the end by the first", []int{30, 40, 3}, ". 40 . 73"},
		{"a zero is small", []int{30, 0, 40}, "30 . . 70"},
		{"two that make a small number together", []int{1, 2, 40, 50}, ". . . 50 93"},
		{"two that make nothing", []int{0, 0, 40, 50}, ". . . 50 90"},
		{"two that can only be 4 and 4", []int{5, 4, 5, 4}, "5 . . . 18"},
		{"a small total hides everything", []int{1, 0, 2}, ". . . ."},
		{"one category", []int{9}, "9 9"},
	} {
		if got := seen(oneWay(c.counts...).Protect(disclosure.People)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := seen(disclosure.OneWay(letters[:3], []int{30, 0, 40}, "b", "c").Protect(disclosure.People)); got != "30 0 40 70" {
		t.Errorf("a structural zero: %s", got)
	}
	if got := seen(disclosure.TwoWay(letters[:2], letters[:2], [][]int{{9, 8}, {0, 0}}, "b/a", "b/b").Protect(disclosure.People)); got != "9 8 17 0 0 0 9 8 17" {
		t.Errorf("a row that nobody could be in: %s", got)
	}
	if got := seen(oneWay(1, 2, 3).Protect(0)); got != "1 2 3 6" {
		t.Errorf("without a threshold: %s", got)
	}
	if got := seen(oneWay(2, 3, 9).Protect(disclosure.RegionalDepartments)); got != ". . 9 14" {
		t.Errorf("departments of a region: %s", got)
	}
	if got := seen(disclosure.TwoWay(letters[:2], letters[:3], [][]int{{20, 3, 30}, {21, 22, 23}}).Protect(disclosure.People)); got != "20 . . 53 21 . . 66 41 25 53 119" {
		t.Errorf("two ways: %s", got)
	}
}

func TestAThresholdForPeopleHasItsLimits(t *testing.T) {
	for n, ok := range map[int]bool{2: false, 3: true, 5: true, 10: true, 11: false} {
		err := disclosure.CheckThreshold(n)
		if ok != (err == nil) {
			t.Errorf("%d: %v", n, err)
		}
		if !ok {
			decidertest.Answer{T: t, Err: err}.Refused("disclosure/threshold")
		}
	}
}

// A reader who knows the total and exactly how this package works cannot tell the value of a hidden cell: of every table up to a total it is noted how it
// looks, and no cell that is hidden may have one value only in all tables that look alike.
func TestWhatIsHiddenCannotBeComputedFromATotal(t *testing.T) {
	for _, threshold := range []int{disclosure.ThresholdLeast, disclosure.People} {
		for categories, most := range map[int]int{1: 40, 2: 40, 3: 36, 4: 32, 5: 22} {
			alike := map[string][]map[int]bool{}
			rows(categories, most, func(counts []int) {
				p := oneWay(counts...).Protect(threshold)
				looks := seen(p)
				if alike[looks] == nil {
					alike[looks] = make([]map[int]bool, len(p.Cells))
				}
				for i, c := range p.Cells {
					switch {
					case !c.Hidden && c.Count < threshold:
						t.Fatalf("%v: cell %d is shown", counts, i)
					case !c.Hidden && p.Cells[categories].Hidden:
						t.Fatalf("%v: a hidden total, and something shown: %s", counts, looks)
					case c.Hidden && alike[looks][i] == nil:
						alike[looks][i] = map[int]bool{c.Count: true}
					case c.Hidden:
						alike[looks][i][c.Count] = true
					}
				}
			})
			for looks, cells := range alike {
				for i, possible := range cells {
					if len(possible) == 1 {
						t.Errorf("threshold %d: of %q cell %d can only be %v", threshold, looks, i, possible)
					}
				}
			}
		}
	}
}

// rows calls with every row of counts that makes at most a total.
func rows(categories, most int, with func(counts []int)) {
	counts := make([]int, categories)
	var try func(i, left int)
	try = func(i, left int) {
		if i == categories {
			with(counts)
			return
		}
		for counts[i] = 0; counts[i] <= left; counts[i]++ {
			try(i+1, left-counts[i])
		}
	}
	try(0, most)
}

// The same for two-way tables and a reader who knows all totals that are shown: every hidden cell has another possible value.
func TestWhatIsHiddenCannotBeComputedFromTheMargins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 3).Draw(t, "rows"), rapid.IntRange(1, 3).Draw(t, "columns")
		counts := make([][]int, rows)
		for i := range counts {
			counts[i] = rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 1, 2, 4, 5, 6, 9, 30}), columns, columns).Draw(t, "row")
		}
		p := disclosure.TwoWay(letters[:rows], letters[:columns], counts).Protect(disclosure.People)
		for i, c := range p.Cells {
			if !c.Hidden && c.Count < disclosure.People {
				t.Fatalf("%v: %s is shown as %d", counts, p.Names[i], c.Count)
			}
		}
		possible := margins(p, rows, columns)
		for i, c := range p.Cells {
			if c.Hidden && len(possible[i]) < 2 {
				t.Fatalf("%v is shown as %q, and %s can only be %v", counts, seen(p), p.Names[i], possible[i])
			}
		}
	})
}

// margins tries the two-way tables that differ a little from p in what is hidden, and gives the values that each cell can have.
func margins(p *disclosure.Table, rows, columns int) []map[int]bool {
	possible := make([]map[int]bool, len(p.Cells))
	for i := range possible {
		possible[i] = map[int]bool{}
	}
	var inner []int
	for i := range rows {
		for j := range columns {
			inner = append(inner, i*(columns+1)+j)
		}
	}
	counts := make([]int, len(p.Cells))
	var try func(n int)
	try = func(n int) {
		if n < len(inner) {
			c := p.Cells[inner[n]]
			for by := -1; by <= 1; by++ {
				if c.Hidden && c.Count+by >= 0 || by == 0 {
					counts[inner[n]] = c.Count + by
					try(n + 1)
				}
			}
			return
		}
		for i := range rows {
			counts[i*(columns+1)+columns] = 0
		}
		for j := range columns + 1 {
			counts[rows*(columns+1)+j] = 0
		}
		for i := range rows {
			for j := range columns {
				c := counts[i*(columns+1)+j]
				counts[i*(columns+1)+columns] += c
				counts[rows*(columns+1)+j] += c
				counts[rows*(columns+1)+columns] += c
			}
		}
		for i, c := range p.Cells {
			if !c.Hidden && counts[i] != c.Count {
				return
			}
		}
		for i, c := range counts {
			possible[i][c] = true
		}
	}
	try(0)
	return possible
}

func TestTwoReleasesMustNotIsolateAFewPeople(t *testing.T) {
	first := oneWay(20, 30, 40).Protect(disclosure.People)
	for _, c := range []struct {
		name   string
		counts []int
		ok     bool
	}{
		{"the same again", []int{20, 30, 40}, true},
		{"one person more", []int{21, 30, 40}, false},
		{"four people more, two and two", []int{22, 32, 40}, false},
		{"five people more, in one cell", []int{25, 30, 40}, true},
		{"five here and four there", []int{25, 34, 40}, false},
		{"somebody moved from one cell to another", []int{19, 31, 40}, false},
		{"five moved", []int{15, 35, 40}, true},
		{"three left", []int{17, 30, 40}, false},
	} {
		got, err := disclosure.Next(oneWay(c.counts...), []*disclosure.Table{first}, disclosure.People)
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !c.ok {
			decidertest.Answer{T: t, Err: err}.Refused("disclosure/difference")
		} else if seen(got) != seen(oneWay(c.counts...).Protect(disclosure.People)) {
			t.Errorf("%s: %s", c.name, seen(got))
		}
	}
	if _, err := disclosure.Next(oneWay(20, 30), []*disclosure.Table{first}, disclosure.People); err == nil {
		t.Error("another table")
	} else {
		decidertest.Answer{T: t, Err: err}.Refused("disclosure/other-table")
	}
	if _, err := disclosure.Next(oneWay(1, 2), []*disclosure.Table{oneWay(1, 1)}, 0); err != nil {
		t.Errorf("departments of the nation: %v", err)
	}
	old := oneWay(2, 30, 40).Protect(disclosure.People) // . . 40 72
	if _, err := disclosure.Next(oneWay(6, 31, 40), []*disclosure.Table{old}, disclosure.People); err != nil {
		t.Errorf("five came to cells that were hidden: %v", err)
	}
	if _, err := disclosure.Next(oneWay(3, 30, 40), []*disclosure.Table{old}, disclosure.People); err == nil {
		t.Error("one came to cells that stay hidden, and the total tells")
	}
	if _, err := disclosure.Next(oneWay(4, 30, 45), []*disclosure.Table{old, oneWay(4, 30, 44).Protect(disclosure.People)}, disclosure.People); err == nil {
		t.Error("each release before counts, not only the last")
	}
}

// Whatever is released after whatever else, no difference that a reader can compute is about a few people, and no hidden value comes out.
func TestReleasingTwiceDoesNotAllowDifferencing(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 3).Draw(t, "cells")
		before := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(t, "before")
		more := rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 0, 1, 4, 5, 6, 8}), n, n).Draw(t, "more")
		after := make([]int, n)
		for i := range after {
			after[i] = before[i] + more[i]
		}
		old := oneWay(before...).Protect(disclosure.People)
		now, err := disclosure.Next(oneWay(after...), []*disclosure.Table{old}, disclosure.People)
		if err != nil {
			return
		}
		accepted++
		if old.Cells[n].Hidden || now.Cells[n].Hidden {
			return // nothing was shown of one of them
		}
		// every pair of tables that looks like these two, where people only came
		was, is, came := make([]map[int]bool, n), make([]map[int]bool, n), make([]map[int]bool, n)
		for i := range n {
			was[i], is[i], came[i] = map[int]bool{}, map[int]bool{}, map[int]bool{}
		}
		for _, x := range tables(old) {
			for _, y := range tables(now) {
				if slices.ContainsFunc(positions(n), func(i int) bool { return y[i] < x[i] }) {
					continue
				}
				for i := range n {
					was[i][x[i]], is[i][y[i]], came[i][y[i]-x[i]] = true, true, true
				}
			}
		}
		for i := range n {
			if old.Cells[i].Hidden && len(was[i]) < 2 || now.Cells[i].Hidden && len(is[i]) < 2 {
				t.Fatalf("%v then %v: %q then %q tell cell %d", before, after, seen(old), seen(now), i)
			}
			if d := more[i]; len(came[i]) < 2 && d != 0 && d < disclosure.People {
				t.Fatalf("%v then %v: %q then %q tell that %d came to cell %d", before, after, seen(old), seen(now), d, i)
			}
		}
	})
	if accepted == 0 {
		t.Error("every second release was refused")
	}
}

func positions(n int) []int {
	var all []int
	for i := range n {
		all = append(all, i)
	}
	return all
}

// tables lists the tables with the same total that agree with what is shown.
func tables(p *disclosure.Table) [][]int {
	n := len(p.Cells) - 1
	var all [][]int
	counts := make([]int, n)
	var try func(i, left int)
	try = func(i, left int) {
		if i == n {
			if left == 0 {
				all = append(all, slices.Clone(counts))
			}
			return
		}
		low, high := 0, left
		if c := p.Cells[i]; !c.Hidden {
			low, high = c.Count, min(c.Count, left)
		}
		for c := low; c <= high; c++ {
			counts[i] = c
			try(i+1, left-c)
		}
	}
	try(0, p.Cells[n].Count)
	return all
}

func TestBallotsOfConstituenciesAreAllShownOrNone(t *testing.T) {
	fine := disclosure.Tally{For: 4, Against: 1}
	for _, c := range []struct {
		name string
		by   map[string]disclosure.Tally
		want bool
	}{
		{"two large ones, divided", map[string]disclosure.Tally{"user": fine, "professional": {For: 3, Against: 4}}, true},
		{"one of four", map[string]disclosure.Tally{"user": {For: 3, Against: 1}, "professional": {For: 3, Against: 4}}, false},
		{"one unanimous", map[string]disclosure.Tally{"user": {For: 5}, "professional": {For: 3, Against: 4}}, false},
		{"one abstained as one", map[string]disclosure.Tally{"user": {Abstain: 5}, "professional": {For: 3, Against: 4}}, false},
		{"none", nil, false},
	} {
		if got := disclosure.Tallies(c.by, disclosure.People); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
