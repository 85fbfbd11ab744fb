package pages

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Documents as Markdown (CommonMark, with the tables of GFM). What people wrote is escaped: it must not become a heading, a link or HTML.

// Markdown writes a document as a file.
func Markdown(w io.Writer, d Doc) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n", inline(d.Title), escape(d.Kind))
	markdownBlocks(&b, d.Blocks)
	_, err := w.Write(b.Bytes())
	return err
}

func markdownBlocks(b *bytes.Buffer, blocks []Block) {
	for _, x := range blocks {
		switch {
		case x.Section != nil:
			fmt.Fprintf(b, "\n%s %s\n", strings.Repeat("#", x.Section.Level), inline(x.Section.Title))
			markdownBlocks(b, x.Section.Blocks)
		case x.Para != nil && x.Para.Class == "notice":
			fmt.Fprintf(b, "\n> %s\n", inline(x.Para.Line))
		case x.Para != nil:
			fmt.Fprintf(b, "\n%s\n", inline(x.Para.Line))
		case x.List != nil:
			b.WriteByte('\n')
			for i, l := range x.List.Items {
				mark := "-"
				if x.List.Numbered {
					mark = fmt.Sprintf("%d.", i+1)
				}
				fmt.Fprintf(b, "%s %s\n", mark, inline(l))
			}
		case x.Table != nil:
			markdownTable(b, x.Table)
		case len(x.Facts) > 0:
			b.WriteByte('\n')
			for _, f := range x.Facts {
				if len(f.Says) == 1 {
					fmt.Fprintf(b, "- **%s**: %s\n", escape(f.Of), inline(f.Says[0]))
					continue
				}
				fmt.Fprintf(b, "- **%s**:\n", escape(f.Of))
				for _, l := range f.Says {
					fmt.Fprintf(b, "  - %s\n", inline(l))
				}
			}
		}
	}
}

func markdownTable(b *bytes.Buffer, t *Table) {
	fmt.Fprintf(b, "\n%s\n\n|", escape(t.Caption))
	for _, c := range t.Columns {
		fmt.Fprintf(b, " %s |", escape(c))
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", len(t.Columns)) + "\n")
	for _, row := range t.Rows {
		b.WriteByte('|')
		for _, cell := range row {
			fmt.Fprintf(b, " %s |", inline(cell))
		}
		b.WriteByte('\n')
	}
}

// inline writes one line. A line break in what somebody said is a space: the form has no other inside a table or a list.
func inline(l Line) string {
	var b strings.Builder
	for _, p := range l {
		switch {
		case p.Strong && strings.TrimSpace(p.Text) != "":
			b.WriteString("**" + escape(p.Text) + "**")
		default:
			b.WriteString(escape(p.Text))
		}
	}
	return strings.TrimSpace(b.String())
}

// special are the characters that Markdown could take for a sign of its own.
const special = "\\`*_{}[]<>#|~!&"

func escape(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte(' ')
		}
		for j, r := range line {
			// A sign at the beginning of a text could make it a list.
			if strings.ContainsRune(special, r) || j == 0 && strings.ContainsRune("-+", r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}
