// Package export writes tables for other programs: spreadsheets, SPSS, R, open-data portals.
//
//	table.go     one description of a table: columns with codes, labels in Italian and English, types, value labels
//	csv.go       RFC 4180, or semicolons and a byte order mark for Italian spreadsheets
//	xlsx.go      a workbook: data, dictionary, method
//	sav.go       an SPSS system file with labels
//	codebook.go  the dictionary as a text for people, and labels for R
//	package.go   all of it as a Frictionless data package in a ZIP file
//	figures.go   which counts of a vote may leave
//	popolo.go    motions and votes for parliamentary monitors
//	ledger.go    the tables of Tavolo
//
// Every format is written from the same description, so a label that is right in one is right in all. What a table holds was decided before: no name,
// no text of a person, and counts only as package disclosure shows them. A count that is hidden is Suppressed, which each format writes in its own way.
package export

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Labels are a text in the languages of an export.
type Labels struct{ It, En string }

// The languages of an export.
const (
	Italian = "it"
	English = "en"
)

// In gives the text in a language; anything but Italian is English.
func (l Labels) In(lang string) string {
	if lang == Italian {
		return l.It
	}
	return l.En
}

// Kind is what a column holds.
type Kind int

// The kinds. Go values of cells: string for Text and Code, int for Integer, float64 for Decimal, time.Time for Day and Moment; nil where there is none.
const (
	Text    Kind = iota
	Code         // a code with labels, from the column's Values
	Integer      // a whole number
	Decimal      // a number
	Day          // a day
	Moment       // a moment, written in UTC
)

// Value is one code that a column can hold.
type Value struct {
	Code string
	Labels
}

// Column describes a column.
type Column struct {
	// Name is stable: a lower-case letter, then letters, digits and underscores, at most 64.
	Name string
	Labels
	Kind   Kind
	Values []Value
	// About says more, in a sentence or two.
	About Labels
}

// Suppressed is the cell of a count that is hidden to protect people.
type Suppressed struct{}

// Table is a table with its description.
type Table struct {
	// Name is stable, in the form of a column's.
	Name string
	Labels
	Columns []Column
	Rows    [][]any
}

// Document is what one export is made of.
type Document struct {
	// Name is stable and names the files.
	Name  string
	Title Labels
	// Method says how the figures came about, a paragraph each: rules and their version, period, view, what was left out, uncertainty, suppression.
	Method []Labels
	Tables []Table
	// At is the instant that the record was read at; files are dated with it, so that the same record gives the same bytes.
	At time.Time
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check finds what would make a file that lies: a value without a label, a cell of another kind, a row of another length. Errors are the programmer's.
func (t *Table) Check() error {
	if !name.MatchString(t.Name) {
		return fmt.Errorf("export: %q is no name of a table", t.Name)
	}
	seen := map[string]bool{}
	for _, c := range t.Columns {
		if !name.MatchString(c.Name) || seen[c.Name] {
			return fmt.Errorf("export: %s: %q is no name of a column, or there twice", t.Name, c.Name)
		}
		seen[c.Name] = true
		if c.It == "" || c.En == "" {
			return fmt.Errorf("export: %s.%s has no label", t.Name, c.Name)
		}
		for _, v := range c.Values {
			if v.It == "" || v.En == "" {
				return fmt.Errorf("export: %s.%s: the value %q has no label", t.Name, c.Name, v.Code)
			}
		}
	}
	for n, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("export: %s: row %d has %d cells, not %d", t.Name, n, len(row), len(t.Columns))
		}
		for i := range row {
			if !t.Columns[i].holds(row[i]) {
				return fmt.Errorf("export: %s.%s: row %d holds a %T that is not of its kind", t.Name, t.Columns[i].Name, n, row[i])
			}
		}
	}
	return nil
}

func (c *Column) holds(cell any) bool {
	switch x := cell.(type) {
	case nil, Suppressed:
		return true
	case string:
		return c.Kind == Text || c.Kind == Code && c.value(x) >= 0
	case int:
		return c.Kind == Integer
	case float64:
		return c.Kind == Decimal
	case time.Time:
		return c.Kind == Day || c.Kind == Moment
	}
	return false
}

// value gives the place of a code among the values of a column, -1 when it is none of them.
func (c *Column) value(code string) int {
	return slices.IndexFunc(c.Values, func(v Value) bool { return v.Code == code })
}
