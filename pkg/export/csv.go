package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

// This chapter writes CSV.
//
// Spreadsheets run a text that begins like a formula. Such texts get an apostrophe in front, which a spreadsheet hides; numbers keep their sign, they
// are no texts. A hidden count is written as an asterisk, no value as nothing.

// CSV is how a table is written.
type CSV struct {
	// Spreadsheet: semicolons, a byte order mark and decimal commas, as Italian spreadsheets expect. Otherwise as RFC 4180 says, in UTF-8.
	Spreadsheet bool
	// Labels in the language Lang instead of codes, in the first line and in the cells.
	Labels bool
	Lang   string
}

// hidden is how a hidden count is written.
const hidden = "*"

const byteOrderMark = "\uFEFF"

// Write writes a table.
func (f CSV) Write(w io.Writer, t *Table) error {
	if err := t.Check(); err != nil {
		return err
	}
	if f.Spreadsheet {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if f.Spreadsheet {
		out.Comma = ';'
	}
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = c.Name
		if f.Labels {
			line[i] = guard(c.In(f.Lang))
		}
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i := range row {
			line[i] = f.cell(&t.Columns[i], row[i])
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (f CSV) cell(c *Column, cell any) string {
	switch x := cell.(type) {
	case string:
		if f.Labels && c.Kind == Code {
			x = c.Values[c.value(x)].In(f.Lang)
		}
		return guard(x)
	case int:
		return strconv.Itoa(x)
	case float64:
		s := strconv.FormatFloat(x, 'f', -1, 64)
		if f.Spreadsheet {
			s = strings.Replace(s, ".", ",", 1)
		}
		return s
	case time.Time:
		return when(c, x)
	case Suppressed:
		return hidden
	}
	return ""
}

// when writes a day as yyyy-mm-dd and a moment as RFC 3339 in UTC.
func when(c *Column, t time.Time) string {
	if c.Kind == Day {
		return t.Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}

// guard keeps a text from being taken for a formula.
func guard(text string) string {
	if strings.HasPrefix(text, "'") || strings.IndexAny(text, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
