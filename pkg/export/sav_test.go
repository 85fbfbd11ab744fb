package export_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tavolo/pkg/export"
)

// This chapter reads system files back: with a reader of its own, which knows the layout and nothing of the writer, and with PSPP where it is installed.

type savRead struct {
	t          rapid.TB
	in         *bytes.Reader
	names      []string // long names
	short      []string
	labels     []string
	widths     []int
	formats    []int32
	missing    []float64 // user-missing, NaN when none
	first      []int     // dictionary index of each variable
	values     map[string]map[float64]string
	rows       [][]any
	encoding   string
	cases      int32
	perCase    int32
	extensions []int32
}

func (r *savRead) int32() (x int32) {
	if err := binary.Read(r.in, binary.LittleEndian, &x); err != nil {
		r.t.Fatal(err)
	}
	return x
}

func (r *savRead) float() (x float64) {
	if err := binary.Read(r.in, binary.LittleEndian, &x); err != nil {
		r.t.Fatal(err)
	}
	return x
}

func (r *savRead) text(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

func readSAV(t rapid.TB, data []byte) *savRead {
	r := &savRead{t: t, in: bytes.NewReader(data), values: map[string]map[float64]string{}}
	if magic := r.text(4); magic != "$FL2" {
		t.Fatalf("it begins with %q", magic)
	}
	r.text(60)
	if layout := r.int32(); layout != 2 {
		t.Fatalf("layout %d", layout)
	}
	r.perCase = r.int32()
	if compressed, weight := r.int32(), r.int32(); compressed != 0 || weight != 0 {
		t.Fatalf("compressed %d, weight %d", compressed, weight)
	}
	r.cases = r.int32()
	if bias := r.float(); bias != 100 {
		t.Fatalf("bias %v", bias)
	}
	r.text(9 + 8 + 64 + 3)
	for r.record() {
	}
	elements := 0
	for _, w := range r.widths {
		elements += max((w+7)/8, 1)
	}
	if elements != int(r.perCase) {
		t.Fatalf("%d elements a case, %d stated", elements, r.perCase)
	}
	for range r.cases {
		var row []any
		for _, w := range r.widths {
			if w == 0 {
				row = append(row, r.float())
			} else {
				row = append(row, strings.TrimRight(r.text((w+7)/8*8), " "))
			}
		}
		r.rows = append(r.rows, row)
	}
	if r.in.Len() != 0 {
		t.Fatalf("%d bytes too many", r.in.Len())
	}
	return r
}

// record reads one record of the dictionary; false after the last.
func (r *savRead) record() bool {
	switch kind := r.int32(); kind {
	case 2:
		r.variable()
	case 3:
		labels := map[float64]string{}
		for range r.int32() {
			value := r.float()
			n := int(r.text(1)[0])
			labels[value] = r.text((n+8)/8*8 - 1)[:n]
		}
		if next := r.int32(); next != 4 {
			r.t.Fatalf("labels are followed by record %d", next)
		}
		for range r.int32() {
			r.values[r.short[slices.Index(r.first, int(r.int32()))]] = labels
		}
	case 7:
		subtype, size, n := r.int32(), r.int32(), r.int32()
		data := r.text(int(size * n))
		r.extensions = append(r.extensions, subtype)
		switch subtype {
		case 13:
			for _, pair := range strings.Split(data, "\t") {
				short, long, _ := strings.Cut(pair, "=")
				r.names[slices.Index(r.short, short)] = long
			}
		case 20:
			r.encoding = data
		case 11:
			if int(n) != 3*len(r.names) {
				r.t.Fatalf("%d display parameters of %d variables", n, len(r.names))
			}
		}
	case 999:
		r.int32()
		return false
	default:
		r.t.Fatalf("record %d", kind)
	}
	return true
}

func (r *savRead) variable() {
	width, labelled, missing, format := r.int32(), r.int32(), r.int32(), r.int32()
	r.int32()
	name := strings.TrimRight(r.text(8), " ")
	if width == -1 {
		return
	}
	index := 1
	for _, w := range r.widths {
		index += max((w+7)/8, 1)
	}
	r.first = append(r.first, index)
	r.widths, r.short, r.names, r.formats = append(r.widths, int(width)), append(r.short, name), append(r.names, name), append(r.formats, format)
	label := ""
	if labelled == 1 {
		n := int(r.int32())
		label = r.text((n + 3) / 4 * 4)[:n]
	}
	r.labels = append(r.labels, label)
	value := math.NaN()
	if missing == 1 {
		value = r.float()
	}
	r.missing = append(r.missing, value)
}

func written(t rapid.TB, table *export.Table, lang string) []byte {
	var out bytes.Buffer
	if err := export.WriteSAV(&out, table, lang, at); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestASystemFileHoldsDataAndLabels(t *testing.T) {
	r := readSAV(t, written(t, &sample().Tables[0], "it"))
	if want := []string{"department", "role", "people", "power", "held_on", "closed_at", "a_long_name_of_a_column"}; !slices.Equal(r.names, want) {
		t.Errorf("%v", r.names)
	}
	if r.encoding != "UTF-8" || r.labels[1] != "Ruolo" || !slices.Equal(r.extensions, []int32{3, 4, 11, 13, 20}) {
		t.Errorf("%s %v %v", r.encoding, r.labels, r.extensions)
	}
	if got := fmt.Sprint(r.values["V2"], r.values["V3"]); got != "map[1:Nessuno 2:Decisionale] map[-9:Non mostrato per proteggere le persone]" {
		t.Errorf("%s", got)
	}
	if r.missing[2] != -9 || !math.IsNaN(r.missing[1]) {
		t.Errorf("user-missing %v", r.missing)
	}
	none := -math.MaxFloat64
	day := float64(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Unix() - time.Date(1582, 10, 14, 0, 0, 0, 0, time.UTC).Unix())
	want := [][]any{
		{"DSM Forlì", 2.0, 12.0, 0.1875, day, day + 9.5*3600, "=HYPERLINK(\"http://x\")"},
		{"", none, -3.0, -2.5, none, none, "one, \"two\"; three\nfour"},
		{"+39", 1.0, -9.0, none, 86400.0, day + 9.5*3600, strings.Repeat("è", 127)},
	}
	if got := fmt.Sprint(r.rows); got != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := len(readSAV(t, written(t, &sample().Tables[1], "en")).rows); n != 0 {
		t.Errorf("%d rows in an empty table", n)
	}
}

// SPSS shows no more than 120 bytes of what a value means: a longer sentence ends at a word, and shows that it does.
func TestASentenceTooLongForSPSSEndsAtAWord(t *testing.T) {
	said := func(label string) string {
		table := &export.Table{Name: "t", Labels: export.Labels{It: "t", En: "t"}, Rows: [][]any{{"a"}},
			Columns: []export.Column{{Name: "c", Labels: export.Labels{It: "c", En: "c"}, Kind: export.Code, Values: []export.Value{{Code: "a", Labels: export.Labels{It: label, En: label}}}}}}
		return readSAV(t, written(t, table, "it")).values["V1"][1]
	}
	fits := strings.Repeat("perché ", 13) + "proprio così." // 118 bytes
	for label, want := range map[string]string{
		strings.Repeat("a", 120):       strings.Repeat("a", 120),
		fits[:len(fits)-1]:             fits[:len(fits)-1],
		fits + " Oggi.":                strings.Repeat("perché ", 13) + "proprio…",
		strings.Repeat("è", 70):        strings.Repeat("è", 58) + "…",
		strings.Repeat("a", 119) + "è": strings.Repeat("a", 117) + "…",
	} {
		if got := said(label); got != want || len(got) > 120 {
			t.Errorf("%q is %q, want %q", label, got, want)
		}
	}
}

// Whatever texts, labels and numbers a table holds, they come back.
func TestSystemFilesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.StringMatching(`[a-zàèß€ ]{0,40}[a-zè]`)
		table := &export.Table{Name: "t", Labels: export.Labels{It: "t", En: "t"}}
		n := rapid.IntRange(1, 4).Draw(t, "columns")
		for i := range n {
			c := export.Column{Name: fmt.Sprint("c", i), Labels: export.Labels{It: "c", En: words.Draw(t, "label")}, Kind: rapid.SampledFrom([]export.Kind{export.Text, export.Code, export.Integer}).Draw(t, "kind")}
			if c.Kind == export.Code {
				for k := range rapid.IntRange(1, 3).Draw(t, "values") {
					c.Values = append(c.Values, export.Value{Code: fmt.Sprint(k), Labels: export.Labels{It: "v", En: words.Draw(t, "value")}})
				}
			}
			table.Columns = append(table.Columns, c)
		}
		for range rapid.IntRange(0, 4).Draw(t, "rows") {
			row := make([]any, n)
			for i, c := range table.Columns {
				switch c.Kind {
				case export.Text:
					row[i] = words.Draw(t, "text")
				case export.Code:
					row[i] = rapid.SampledFrom(c.Values).Draw(t, "code").Code
				default:
					row[i] = rapid.IntRange(-1<<40, 1<<40).Draw(t, "number")
				}
			}
			table.Rows = append(table.Rows, row)
		}
		r := readSAV(t, written(t, table, "en"))
		for i, c := range table.Columns {
			if r.names[i] != c.Name || r.labels[i] != c.En {
				t.Fatalf("column %d is %s %q", i, r.names[i], r.labels[i])
			}
			for k, v := range c.Values {
				if got := r.values[r.short[i]][float64(k+1)]; got != v.En {
					t.Fatalf("value %d of column %d is %q, not %q", k, i, got, v.En)
				}
			}
			for n, row := range table.Rows {
				got := r.rows[n][i]
				switch x := row[i].(type) {
				case int:
					if got != float64(x) {
						t.Fatalf("%v comes back as %v", x, got)
					}
				case string:
					if c.Kind == export.Code {
						x = c.Values[slices.IndexFunc(c.Values, func(v export.Value) bool { return v.Code == x })].En
						got = r.values[r.short[i]][got.(float64)]
					}
					if got != strings.TrimRight(x, " ") {
						t.Fatalf("%q comes back as %q", x, got)
					}
				}
			}
		}
	})
}

func TestPSPPReadsASystemFile(t *testing.T) {
	pspp, err := exec.LookPath("pspp")
	if err != nil {
		t.Skip("PSPP is not installed here (Debian: apt-get install pspp); the file is read by our own reader only")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "roles.sav"), written(t, &sample().Tables[0], "it"), 0o600); err != nil {
		t.Fatal(err)
	}
	syntax := "GET FILE='roles.sav'.\nDISPLAY DICTIONARY.\nSAVE TRANSLATE /OUTFILE='out.csv' /TYPE=CSV /MISSING=RECODE /CELLS=LABELS /TEXTOPTIONS FORMAT=PLAIN /FIELDNAMES.\nFREQUENCIES role people.\n"
	if err := os.WriteFile(filepath.Join(dir, "look.sps"), []byte(syntax), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(pspp, "-O", "format=csv", "look.sps")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if strings.Contains(string(said), "warning") || strings.Contains(string(said), "error") {
		t.Errorf("PSPP is not content:\n%s", said)
	}
	for _, words := range []string{"Ruolo", "Nessuno", "Decisionale", "Non mostrato per proteggere le persone", "a_long_name_of_a_column", "Nominal"} {
		if !strings.Contains(string(said), words) {
			t.Errorf("PSPP does not say %q:\n%s", words, said)
		}
	}
	out, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"DSM Forlì,Decisionale,12,", "11/22/2026 09:30:00", "10/15/1582"} {
		if !strings.Contains(string(out), words) {
			t.Errorf("PSPP does not write %q:\n%s", words, out)
		}
	}
}
