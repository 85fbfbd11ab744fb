// Package disclosure decides which counts of people may leave a workspace (roles.md, "Small cells").
//
//	Protect   a table of counts: which cells are shown, so that no small one can be read, nor computed from the margins
//	Next      the same for a table that was released before: refused when the difference of two releases isolates a few people (release.go)
//	Tallies   whether the ballots of constituencies may be shown (tallies.go)
//
// A cell below the threshold is hidden; so is a zero, unless it is structural: nobody could have been there. Then other cells are hidden until
// nothing that is hidden follows from what is shown. What follows is taken strictly: a reader knows the totals, that counts are not negative and, in a
// table of one row, how this package works (of two ways see DESIGN.md). Percentages are computed from what is shown, never from what is hidden.
//
// Departments are not people: their counts have a threshold of their own, none for the national table.
//
// Not here: which tables there are, and who has seen them already (whoever publishes keeps the releases).
package disclosure

import (
	"slices"
	"strconv"

	"tavolo/pkg/decider"
)

// Thresholds: counts below are hidden.
const (
	// People is the threshold for counts of people, unless a department sets another one from ThresholdLeast to ThresholdMost.
	People         = 5
	ThresholdLeast = 3
	ThresholdMost  = 10
	// Departments in regional tables. The national table has none: the survey itself published cells of 4 and 1.
	RegionalDepartments = 3
)

// CheckThreshold refuses a threshold for people that a department may not set.
func CheckThreshold(threshold int) error {
	if threshold < ThresholdLeast || threshold > ThresholdMost {
		return decider.Refuse("disclosure/threshold", "least", strconv.Itoa(ThresholdLeast), "most", strconv.Itoa(ThresholdMost))
	}
	return nil
}

// Cell is a count, or a total.
type Cell struct {
	Count int
	// Structural: nobody could be counted here, so that a zero says nothing of anyone. It is always shown and never helps to hide another cell.
	Structural bool
	Hidden     bool
}

// Table is a table of counts with its totals. Make it with OneWay or TwoWay.
type Table struct {
	// Cells, the totals among them. Of a two-way table row by row, each row followed by its total, the last row being the totals.
	Cells []Cell
	// Names of the cells, stable: releases are compared by them.
	Names []string
	lines []line
	// signed: the counts are differences and can be negative.
	signed bool
}

// line is a sum that every reader knows: the parts make the total. In a two-way table a cell is in two lines, of opposite side.
type line struct {
	total int
	parts []int
	side  bool
}

// Total names the total of a one-way table; in a two-way one it names the total of a row or a column.
const Total = "total"

// OneWay makes a table of one row with its total. structural names the categories that nobody could be in.
func OneWay(names []string, counts []int, structural ...string) *Table {
	t, sum := &Table{}, 0
	l := line{total: len(names)}
	for i, name := range names {
		t.add(name, Cell{Count: counts[i], Structural: counts[i] == 0 && slices.Contains(structural, name)})
		l.parts = append(l.parts, i)
		sum += counts[i]
	}
	t.add(Total, Cell{Count: sum})
	t.lines = []line{l}
	t.emptyTotals()
	return t
}

// TwoWay makes a table with the totals of its rows and columns. A cell is named row/column; structural names those that nobody could be in.
func TwoWay(rows, columns []string, counts [][]int, structural ...string) *Table {
	t := &Table{}
	width := len(columns) + 1
	down := make([]int, width)
	for i, row := range rows {
		sum := 0
		for j, column := range columns {
			name := row + "/" + column
			t.add(name, Cell{Count: counts[i][j], Structural: counts[i][j] == 0 && slices.Contains(structural, name)})
			sum += counts[i][j]
			down[j] += counts[i][j]
		}
		down[len(columns)] += sum
		t.add(row+"/"+Total, Cell{Count: sum})
	}
	for j, column := range append(slices.Clone(columns), Total) {
		t.add(Total+"/"+column, Cell{Count: down[j]})
	}
	for i := range len(rows) + 1 {
		l := line{total: i*width + len(columns), side: i < len(rows)}
		for j := range columns {
			l.parts = append(l.parts, i*width+j)
		}
		t.lines = append(t.lines, l)
	}
	for j := range width {
		l := line{total: len(rows)*width + j, side: j == len(columns)}
		for i := range rows {
			l.parts = append(l.parts, i*width+j)
		}
		t.lines = append(t.lines, l)
	}
	t.emptyTotals()
	return t
}

// emptyTotals marks the totals of what nobody could be in.
func (t *Table) emptyTotals() {
	for _, l := range t.lines {
		if !slices.ContainsFunc(l.parts, func(i int) bool { return !t.Cells[i].Structural }) {
			t.Cells[l.total].Structural = true
		}
	}
}

func (t *Table) add(name string, c Cell) {
	t.Names, t.Cells = append(t.Names, name), append(t.Cells, c)
}

// cells of a line, the total last.
func (l *line) cells() []int { return append(slices.Clone(l.parts), l.total) }

// Shown gives a count by its name; ok is false when it is hidden or there is no such cell.
func (t *Table) Shown(name string) (count int, ok bool) {
	i := slices.Index(t.Names, name)
	if i < 0 || t.Cells[i].Hidden {
		return 0, false
	}
	return t.Cells[i].Count, true
}

// Protect hides what must not be shown, under a threshold; 0 hides nothing. The table itself is not changed.
func (t *Table) Protect(threshold int) *Table {
	p := &Table{Cells: slices.Clone(t.Cells), Names: t.Names, lines: t.lines, signed: t.signed}
	if threshold <= 0 {
		return p
	}
	for i := range p.Cells {
		c := &p.Cells[i]
		c.Hidden = c.Hidden || !c.Structural && c.Count < threshold
	}
	for p.cover(threshold) {
	}
	return p
}

// cover hides one more cell where that is needed, and reports whether it did.
func (t *Table) cover(threshold int) bool {
	for _, l := range t.lines {
		if !t.covered(&l, threshold) && t.hideIn(&l) {
			return true
		}
	}
	for i := range t.Cells {
		if !t.Cells[i].Hidden || !t.determined(i) {
			continue
		}
		for _, near := range []bool{true, false} { // in its own lines, and where nothing is left there in any
			for _, l := range t.lines {
				if slices.Contains(l.cells(), i) == near && t.hideIn(&l) {
					return true
				}
			}
		}
	}
	return false
}

// covered: what is hidden in a line cannot be read from it. Either nothing is, or it is several cells; and where the total is shown, what they make
// together is neither a small number nor as much as small cells can make at most (two that make 8 under a threshold of 5 can only be 4 and 4).
func (t *Table) covered(l *line, threshold int) bool {
	hidden, sum := 0, 0
	for _, i := range l.parts {
		if t.Cells[i].Hidden {
			hidden++
			sum += t.Cells[i].Count
		}
	}
	if t.Cells[l.total].Hidden {
		return hidden > 0
	}
	return hidden == 0 || hidden > 1 && sum >= threshold && sum != hidden*(threshold-1)
}

// hideIn hides one more part of a line: the one that follows the first hidden one, in the order of the table and from its end to its beginning; the
// total when no part is left. It is chosen by its place, not by its size: a choice by size would tell how large the hidden cell can be. It reports
// whether there was anything to hide.
func (t *Table) hideIn(l *line) bool {
	first := max(slices.IndexFunc(l.parts, func(i int) bool { return t.Cells[i].Hidden }), 0)
	for n := range l.parts {
		if c := &t.Cells[l.parts[(first+n)%len(l.parts)]]; !c.Hidden && !c.Structural {
			c.Hidden = true
			return true
		}
	}
	if c := &t.Cells[l.total]; !c.Hidden && !c.Structural {
		c.Hidden = true
		return true
	}
	return false
}

// determined reports whether a hidden cell has only one possible value, given what is shown and that no count is negative.
//
// Lines are the nodes of a network and hidden cells its edges. A cell can be one more or one less where the surplus that this makes in one line can be
// handed on, over other hidden cells, to the line that lacks it; a cell that is lowered on the way must have something to give.
func (t *Table) determined(cell int) bool {
	grows, shrinks := t.ends(cell)
	if t.handsOn(grows, shrinks, cell) { // one more here
		return false
	}
	return !t.canGive(cell) || !t.handsOn(shrinks, grows, cell) // one less
}

// canGive: the cell can be lowered. Differences can always be.
func (t *Table) canGive(cell int) bool { return t.signed || t.Cells[cell].Count > 0 }

// ground is where the edges end whose cell is in one line only: whatever is handed there is gone.
const ground = -1

// ends gives the lines of a cell: the one whose balance (parts less total, the other way round on the other side) grows when the cell is raised, and
// the one whose balance shrinks.
func (t *Table) ends(cell int) (grows, shrinks int) {
	grows, shrinks = ground, ground
	for n, l := range t.lines {
		part, total := slices.Contains(l.parts, cell), l.total == cell
		switch {
		case !part && !total:
		case part == l.side:
			grows = n
		default:
			shrinks = n
		}
	}
	return grows, shrinks
}

// handsOn reports whether a surplus in one line can be handed on to another over hidden cells other than one: raising a cell takes it from the line
// that shrinks to the one that grows, lowering a cell the other way.
func (t *Table) handsOn(from, to, without int) bool {
	seen, next := map[int]bool{from: true}, []int{from}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if at == to {
			return true
		}
		for i, c := range t.Cells {
			if !c.Hidden || i == without {
				continue
			}
			grows, shrinks := t.ends(i)
			if at == shrinks && !seen[grows] {
				seen[grows] = true
				next = append(next, grows)
			}
			if at == grows && t.canGive(i) && !seen[shrinks] {
				seen[shrinks] = true
				next = append(next, shrinks)
			}
		}
	}
	return false
}
