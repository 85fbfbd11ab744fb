package disclosure

import (
	"slices"

	"tavolo/pkg/decider"
)

// This chapter guards a table that is published again and again: two releases, each safe alone, can tell together who came in between.

// Next protects a table that was released before and refuses it when a reader of both releases would learn something of fewer people than the
// threshold, or the value of a cell that one of them hides. earlier are all releases of the same table, of any period or state of the record;
// whoever publishes goes on showing the last one when the new one is refused.
func Next(t *Table, earlier []*Table, threshold int) (*Table, error) {
	p := t.Protect(threshold)
	if threshold <= 0 {
		return p, nil
	}
	if err := Compare(p, earlier, threshold); err != nil {
		return nil, err
	}
	return p, nil
}

// Compare is Next for a table of which it was decided already what is shown: it only looks for what the releases tell together.
func Compare(t *Table, earlier []*Table, threshold int) error {
	for _, old := range earlier {
		if !slices.Equal(old.Names, t.Names) {
			return decider.Refuse("disclosure/other-table")
		}
		if t.isolates(old, threshold) {
			return decider.Refuse("disclosure/difference")
		}
	}
	return nil
}

// isolates looks at the difference of two releases as a table of its own: what is hidden in either is hidden in it.
func (t *Table) isolates(old *Table, threshold int) bool {
	d := &Table{Names: t.Names, lines: t.lines, Cells: slices.Clone(t.Cells)}
	few := func(n int) bool { return n != 0 && n < threshold && n > -threshold }
	for i := range d.Cells {
		c, was := &d.Cells[i], old.Cells[i]
		c.Count -= was.Count
		c.Structural = c.Structural && was.Structural
		c.Hidden = c.Hidden || was.Hidden
		d.signed = d.signed || c.Count < 0
		if !c.Hidden && few(c.Count) {
			return true
		}
	}
	for _, l := range d.lines {
		hidden, sum := 0, 0
		for _, i := range l.parts {
			if d.Cells[i].Hidden {
				hidden++
				sum += d.Cells[i].Count
			}
		}
		if hidden > 0 && !d.Cells[l.total].Hidden && few(sum) {
			return true
		}
	}
	for i, c := range d.Cells {
		if !c.Hidden || !d.determined(i) {
			continue
		}
		if few(c.Count) || t.Cells[i].Hidden != old.Cells[i].Hidden {
			return true
		}
	}
	return false
}
