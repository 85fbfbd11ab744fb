package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// This chapter writes the dictionary for people, and labels for R.

// kinds are the words for what a column holds.
var kinds = map[Kind]Labels{
	Text: {"testo", "text"}, Code: {"codice", "code"}, Integer: {"numero intero", "whole number"}, Decimal: {"numero", "number"},
	Day: {"giorno (aaaa-mm-gg)", "day (yyyy-mm-dd)"}, Moment: {"momento (UTC)", "moment (UTC)"},
}

func itoa(n int) string { return strconv.Itoa(n) }

func split(words string) []string { return strings.Split(words, "|") }

// WriteCodebook writes method, tables, columns and values in Markdown.
func WriteCodebook(w io.Writer, d *Document, lang string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", d.Title.In(lang), d.At.UTC().Format(time.RFC3339))
	for _, m := range d.Method {
		fmt.Fprintf(&b, "\n%s\n", m.In(lang))
	}
	fmt.Fprintf(&b, "\n%s\n", Labels{
		"Un valore che manca è vuoto. Un asterisco (in SPSS -9) è un numero non mostrato per proteggere le persone. Un testo che comincia come una formula ha un apostrofo davanti.",
		"A missing value is empty. An asterisk (in SPSS -9) is a number that is not shown, to protect people. A text that begins like a formula has an apostrophe in front.",
	}.In(lang))
	for _, t := range d.Tables {
		fmt.Fprintf(&b, "\n## %s: %s (n = %d)\n", t.Name, t.In(lang), len(t.Rows))
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "\n### %s\n\n%s. %s.", c.Name, c.In(lang), kinds[c.Kind].In(lang))
			if about := c.About.In(lang); about != "" {
				b.WriteString(" " + about)
			}
			b.WriteString("\n")
			if len(c.Values) > 0 {
				b.WriteString("\n| SPSS | " + kinds[Code].In(lang) + " | |\n|---|---|---|\n")
			}
			for i, v := range c.Values {
				fmt.Fprintf(&b, "| %d | `%s` | %s |\n", i+1, v.Code, strings.ReplaceAll(v.In(lang), "|", "\\|"))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteR writes a script that reads the tables of a data package with labels.
func WriteR(w io.Writer, d *Document, lang string) error {
	var b strings.Builder
	b.WriteString("# source(\"labels.R\", encoding = \"UTF-8\")\n")
	for _, t := range d.Tables {
		fmt.Fprintf(&b, "\n%s <- read.csv(\"data/%s.csv\", encoding = \"UTF-8\", na.strings = c(\"\", \"%s\"), stringsAsFactors = FALSE)\n", t.Name, t.Name, hidden)
		for _, c := range t.Columns {
			if len(c.Values) > 0 {
				var codes, labels []string
				for _, v := range c.Values {
					codes, labels = append(codes, strconv.QuoteToASCII(v.Code)), append(labels, rString(v.In(lang)))
				}
				fmt.Fprintf(&b, "%s$%s <- factor(%s$%s, levels = c(%s), labels = c(%s))\n", t.Name, c.Name, t.Name, c.Name, strings.Join(codes, ", "), strings.Join(labels, ", "))
			}
			fmt.Fprintf(&b, "attr(%s$%s, \"label\") <- %s\n", t.Name, c.Name, rString(c.In(lang)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(text) + `"`
}
