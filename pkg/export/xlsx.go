package export

import (
	"io"
	"time"

	"github.com/xuri/excelize/v2"
)

// This chapter writes a workbook: one sheet a table, one with the dictionary, one with the method. A text is a text there, whatever it begins with.

// sheets are the names of the sheets; further tables have the names of their own.
var sheets = struct{ data, dictionary, method Labels }{Labels{"dati", "data"}, Labels{"dizionario", "dictionary"}, Labels{"metodo", "method"}}

// longestSheetName is a limit of the format, in letters.
const longestSheetName = 31

// WriteXLSX writes a document with labels in a language: in the first line always, in the cells instead of codes when asked for.
func WriteXLSX(w io.Writer, d *Document, lang string, labels bool) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	wrap, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	book := &workbook{f, bold, wrap, lang}
	for i := range d.Tables {
		t := &d.Tables[i]
		if err := t.Check(); err != nil {
			return err
		}
		sheet := cutLetters(t.Name, longestSheetName)
		if i == 0 {
			sheet = sheets.data.In(lang)
		}
		if err := book.table(sheet, t, labels); err != nil {
			return err
		}
	}
	if err := book.dictionary(d); err != nil {
		return err
	}
	if err := book.method(d); err != nil {
		return err
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		return err
	}
	f.SetActiveSheet(0)
	stamp := d.At.UTC().Format(time.RFC3339)
	if err := f.SetDocProps(&excelize.DocProperties{Title: d.Title.In(lang), Creator: "Tavolo", Created: stamp, Modified: stamp, Language: lang}); err != nil {
		return err
	}
	return f.Write(w)
}

type workbook struct {
	*excelize.File
	bold, wrap int
	lang       string
}

// sheet makes a sheet with a first line that stays in sight, and writes lines below it.
func (b *workbook) sheet(name string, widths []float64, first []string, lines func(write func(cells ...any) error) error) error {
	if _, err := b.NewSheet(name); err != nil {
		return err
	}
	if err := b.SetSheetDimension(name, ""); err != nil { // else it says that the sheet is one cell, and programs that believe it read no more
		return err
	}
	out, err := b.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, width := range widths {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	n := 0
	write := func(cells ...any) error {
		n++
		return out.SetRow("A"+itoa(n), cells)
	}
	head := make([]any, len(first))
	for i, x := range first {
		head[i] = excelize.Cell{StyleID: b.bold, Value: x}
	}
	if err := write(head...); err != nil {
		return err
	}
	if err := lines(write); err != nil {
		return err
	}
	return out.Flush()
}

func (b *workbook) table(name string, t *Table, labels bool) error {
	first, widths := make([]string, len(t.Columns)), make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		const narrow, wide = 14, 28
		first[i], widths[i] = c.Name, narrow
		if labels {
			first[i] = c.In(b.lang)
		}
		if c.Kind == Text || c.Kind == Code && labels {
			widths[i] = wide
		}
	}
	return b.sheet(name, widths, first, func(write func(...any) error) error {
		for _, row := range t.Rows {
			cells := make([]any, len(row))
			for i := range row {
				cells[i] = b.cell(&t.Columns[i], row[i], labels)
			}
			if err := write(cells...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *workbook) cell(c *Column, cell any, labels bool) any {
	switch x := cell.(type) {
	case string:
		if labels && c.Kind == Code {
			return c.Values[c.value(x)].In(b.lang)
		}
		return x
	case time.Time: // as text: a spreadsheet's dates have no time zone
		return when(c, x)
	case Suppressed:
		return hidden
	}
	return cell
}

func (b *workbook) dictionary(d *Document) error {
	const name, label, text = 22, 32, 60
	head := Labels{"tabella|colonna|etichetta|tipo|codice|significato", "table|column|label|type|code|meaning"}
	return b.sheet(sheets.dictionary.In(b.lang), []float64{name, name, label, name, name, text}, split(head.In(b.lang)), func(write func(...any) error) error {
		for _, t := range d.Tables {
			for _, c := range t.Columns {
				if err := write(t.Name, c.Name, c.In(b.lang), kinds[c.Kind].In(b.lang), nil, excelize.Cell{StyleID: b.wrap, Value: c.About.In(b.lang)}); err != nil {
					return err
				}
				for _, v := range c.Values {
					if err := write(t.Name, c.Name, nil, nil, v.Code, excelize.Cell{StyleID: b.wrap, Value: v.In(b.lang)}); err != nil {
						return err
					}
				}
			}
		}
		return write(nil, nil, nil, nil, hidden, suppressed.In(b.lang))
	})
}

func (b *workbook) method(d *Document) error {
	const page = 110
	return b.sheet(sheets.method.In(b.lang), []float64{page}, []string{d.Title.In(b.lang)}, func(write func(...any) error) error {
		for _, m := range d.Method {
			if err := write(excelize.Cell{StyleID: b.wrap, Value: m.In(b.lang)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func cutLetters(text string, n int) string {
	if letters := []rune(text); len(letters) > n {
		return string(letters[:n])
	}
	return text
}
