package export

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// This chapter writes an SPSS system file (.sav): uncompressed, little-endian, UTF-8. No Go library writes them; the layout is that of the PSPP manual,
// "System File Format", and PSPP reads the result in a test.
//
// A code becomes a number, its place among the values of its column counted from 1, with the label of the language. No value is system-missing; a hidden
// count is the user-missing value -9. A text longer than 255 bytes is cut, at a letter.

const (
	// longestText and longestLabel are limits of the format and of SPSS, in bytes.
	longestText  = 255
	longestLabel = 120
	// hiddenCount stands for a hidden count.
	hiddenCount = -9
)

// Print formats of SPSS.
const (
	formatA        = 1
	formatF        = 5
	formatDateTime = 22
	formatSDate    = 39 // yyyy/mm/dd
)

// savEpoch is the moment that SPSS counts seconds from.
var savEpoch = time.Date(1582, 10, 14, 0, 0, 0, 0, time.UTC).Unix()

// savVariable is a column as SPSS keeps it.
type savVariable struct {
	*Column
	short string
	width int // bytes of a text, 0 for a number
	hides bool
	index int // of its first element, from 1
}

func (v *savVariable) elements() int { return max((v.width+7)/8, 1) }

// sav collects records. Writing to it cannot fail.
type sav struct{ bytes.Buffer }

func (s *sav) int32s(values ...int32) {
	for _, x := range values {
		_ = binary.Write(&s.Buffer, binary.LittleEndian, x)
	}
}

func (s *sav) float(x float64) { _ = binary.Write(&s.Buffer, binary.LittleEndian, x) }

// text writes a text in exactly n bytes, cut or filled with spaces.
func (s *sav) text(text string, n int) {
	text = cut(text, n)
	s.WriteString(text)
	s.WriteString(strings.Repeat(" ", n-len(text)))
}

// cut shortens a text to at most n bytes without breaking a letter.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// cutWords shortens a text to at most n bytes at a word, and shows it.
func cutWords(text string, n int) string {
	const more = "…"
	if len(text) <= n {
		return text
	}
	short := cut(text, n-len(more))
	if at := strings.LastIndexByte(short, ' '); at > 0 {
		short = short[:at]
	}
	return short + more
}

// WriteSAV writes a table with labels in a language. at dates the file.
func WriteSAV(w io.Writer, t *Table, lang string, at time.Time) error {
	if err := t.Check(); err != nil {
		return err
	}
	variables, elements := savVariables(t)
	s := &sav{}
	s.header(t, lang, at, elements)
	for i := range variables {
		s.variable(&variables[i], lang)
	}
	for i := range variables {
		s.valueLabels(&variables[i], lang)
	}
	s.extensions(variables)
	s.int32s(999, 0)
	out := bufio.NewWriter(w)
	if _, err := s.WriteTo(out); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i := range variables {
			s.cell(&variables[i], row[i])
		}
		if _, err := s.WriteTo(out); err != nil {
			return err
		}
	}
	return out.Flush()
}

func savVariables(t *Table) (variables []savVariable, elements int) {
	for i := range t.Columns {
		v := savVariable{Column: &t.Columns[i], short: "V" + strconv.Itoa(i+1), index: elements + 1}
		for _, row := range t.Rows {
			if _, is := row[i].(Suppressed); is {
				v.hides = true
			}
		}
		if v.Kind == Text {
			v.width = 1
			for _, row := range t.Rows {
				text, _ := row[i].(string)
				v.width = max(v.width, min(len(text), longestText))
			}
		}
		elements += v.elements()
		variables = append(variables, v)
	}
	return variables, elements
}

func (s *sav) header(t *Table, lang string, at time.Time, elements int) {
	s.WriteString("$FL2")
	s.text("@(#) SPSS DATA FILE - Tavolo", 60)
	s.int32s(2, int32(elements), 0, 0, int32(len(t.Rows))) // layout, elements a case, not compressed, no weight, cases
	s.float(100)
	s.text(at.UTC().Format("02 Jan 06"), 9)
	s.text(at.UTC().Format("15:04:05"), 8)
	s.text(t.In(lang), 64)
	s.Write(make([]byte, 3))
}

func (v *savVariable) format() int32 {
	kind, width, decimals := int32(formatF), int32(8), int32(0)
	switch v.Kind {
	case Text:
		kind, width = formatA, int32(v.width)
	case Decimal:
		width, decimals = 12, 4
	case Day:
		kind, width = formatSDate, 10
	case Moment:
		kind, width = formatDateTime, 20
	}
	return kind<<16 | width<<8 | decimals
}

func (s *sav) variable(v *savVariable, lang string) {
	missing := int32(0)
	if v.hides && v.width == 0 {
		missing = 1
	}
	label := cut(v.In(lang), longestText)
	s.int32s(2, int32(v.width), 1, missing, v.format(), v.format())
	s.text(v.short, 8)
	s.int32s(int32(len(label)))
	s.text(label, (len(label)+3)/4*4)
	if missing == 1 {
		s.float(hiddenCount)
	}
	for range v.elements() - 1 { // the rest of a long text
		s.int32s(2, -1, 0, 0, 0, 0)
		s.text("", 8)
	}
}

var suppressed = Labels{"Non mostrato per proteggere le persone", "Not shown, to protect people"}

func (s *sav) valueLabels(v *savVariable, lang string) {
	type labelled struct {
		value float64
		label string
	}
	var all []labelled
	for i, x := range v.Values {
		all = append(all, labelled{float64(i + 1), x.In(lang)})
	}
	if v.hides {
		all = append(all, labelled{hiddenCount, suppressed.In(lang)})
	}
	if len(all) == 0 || v.width > 0 {
		return
	}
	s.int32s(3, int32(len(all)))
	for _, x := range all {
		label := cutWords(x.label, longestLabel)
		s.float(x.value)
		s.WriteByte(byte(len(label)))
		s.text(label, (len(label)+8)/8*8-1)
	}
	s.int32s(4, 1, int32(v.index))
}

// extensions are the records that old programs skip: the machine, what is missing, how columns are measured, long names, the encoding.
func (s *sav) extensions(variables []savVariable) {
	const utf8CodePage = 65001
	s.int32s(7, 3, 4, 8, 1, 0, 0, -1, 1, 1, 2, utf8CodePage)
	s.int32s(7, 4, 8, 3)
	s.float(-math.MaxFloat64)
	s.float(math.MaxFloat64)
	s.float(math.Nextafter(-math.MaxFloat64, 0))
	s.int32s(7, 11, 4, int32(3*len(variables)))
	var names []string
	for i := range variables {
		const nominal, scale, left, right = 1, 3, 0, 1
		v := &variables[i]
		switch v.Kind {
		case Text, Code:
			s.int32s(nominal, 16, left)
		default:
			s.int32s(scale, 12, right)
		}
		names = append(names, v.short+"="+v.Name)
	}
	long := strings.Join(names, "\t")
	s.int32s(7, 13, 1, int32(len(long)))
	s.WriteString(long)
	s.int32s(7, 20, 1, 5)
	s.WriteString("UTF-8")
}

func (s *sav) cell(v *savVariable, cell any) {
	switch x := cell.(type) {
	case string:
		if v.Kind == Text {
			s.text(cut(x, v.width), 8*v.elements())
			return
		}
		s.float(float64(v.value(x) + 1))
	case int:
		s.float(float64(x))
	case float64:
		s.float(x)
	case time.Time:
		if v.Kind == Day {
			y, m, d := x.Date()
			x = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		}
		s.float(float64(x.Unix() - savEpoch))
	default: // nothing, or hidden
		switch _, hides := cell.(Suppressed); {
		case v.Kind == Text && hides:
			s.text(hidden, 8*v.elements())
		case v.Kind == Text:
			s.text("", 8*v.elements())
		case hides:
			s.float(hiddenCount)
		default:
			s.float(-math.MaxFloat64)
		}
	}
}
