package export_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/export"
)

var at = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// sample has a column of every kind, and cells that are hard to write.
func sample() *export.Document {
	long := strings.Repeat("è", 200) // 400 bytes
	return &export.Document{
		Name: "sample", Title: export.Labels{It: "Prova «à»", En: "Sample"}, At: at,
		Method: []export.Labels{{It: "Come si è contato.", En: "How it was counted."}},
		Tables: []export.Table{{
			Name: "roles", Labels: export.Labels{It: "Ruoli", En: "Roles"},
			Columns: []export.Column{
				{Name: "department", Labels: export.Labels{It: "Dipartimento", En: "Department"}, Kind: export.Text},
				{Name: "role", Labels: export.Labels{It: "Ruolo", En: "Role"}, Kind: export.Code, Values: []export.Value{
					{Code: "none", Labels: export.Labels{It: "Nessuno", En: "None"}}, {Code: "decisive", Labels: export.Labels{It: "Decisionale", En: "Decisive"}}}},
				{Name: "people", Labels: export.Labels{It: "Persone", En: "People"}, Kind: export.Integer, About: export.Labels{It: "Quante.", En: "How many."}},
				{Name: "power", Labels: export.Labels{It: "Potere", En: "Power"}, Kind: export.Decimal},
				{Name: "held_on", Labels: export.Labels{It: "Giorno", En: "Day"}, Kind: export.Day},
				{Name: "closed_at", Labels: export.Labels{It: "Chiusura", En: "Closed"}, Kind: export.Moment},
				{Name: "a_long_name_of_a_column", Labels: export.Labels{It: "Testo", En: "Text"}, Kind: export.Text},
			},
			Rows: [][]any{
				{"DSM Forlì", "decisive", 12, 0.1875, at, at, "=HYPERLINK(\"http://x\")"},
				{"", nil, -3, -2.5, nil, nil, "one, \"two\"; three\nfour"},
				{"+39", "none", export.Suppressed{}, nil, time.Date(1582, 10, 15, 23, 0, 0, 0, time.UTC), at.In(time.FixedZone("", 7200)), long},
			},
		}, {
			Name: "empty", Labels: export.Labels{It: "Vuota", En: "Empty"},
			Columns: []export.Column{{Name: "n", Labels: export.Labels{It: "Numero", En: "Number"}, Kind: export.Integer}},
		}},
	}
}

func TestATableThatWouldLieIsNotWritten(t *testing.T) {
	for name, spoil := range map[string]func(t *export.Table){
		"a value without a label in Italian": func(t *export.Table) { t.Columns[1].Values[0].It = "" },
		"a column without a label":           func(t *export.Table) { t.Columns[0].En = "" },
		"two columns of one name":            func(t *export.Table) { t.Columns[1].Name = "department" },
		"a name that SPSS does not take":     func(t *export.Table) { t.Columns[1].Name = "the role" },
		"a name of a table with a path":      func(t *export.Table) { t.Name = "../roles" },
		"a code that is not listed":          func(t *export.Table) { t.Rows[0][1] = "Decisive" },
		"a text where a number belongs":      func(t *export.Table) { t.Rows[0][2] = "12" },
		"a cell too few":                     func(t *export.Table) { t.Rows[0] = t.Rows[0][1:] },
	} {
		d := sample()
		spoil(&d.Tables[0])
		for format, write := range map[string]func(io.Writer) error{
			"csv": func(w io.Writer) error { return export.CSV{}.Write(w, &d.Tables[0]) }, "sav": func(w io.Writer) error { return export.WriteSAV(w, &d.Tables[0], "it", at) },
			"xlsx": func(w io.Writer) error { return export.WriteXLSX(w, d, "it", true) }, "zip": func(w io.Writer) error { return export.WritePackage(w, d, "it") },
		} {
			if write(io.Discard) == nil {
				t.Errorf("%s is written as %s", name, format)
			}
		}
	}
}

func TestCSVIsWhatItsReadersExpect(t *testing.T) {
	var plain, sheet bytes.Buffer
	table := &sample().Tables[0]
	if err := (export.CSV{}).Write(&plain, table); err != nil {
		t.Fatal(err)
	}
	if err := (export.CSV{Spreadsheet: true, Labels: true, Lang: "it"}).Write(&sheet, table); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("è", 200)
	if want := "department,role,people,power,held_on,closed_at,a_long_name_of_a_column\r\n" +
		"DSM Forlì,decisive,12,0.1875,2026-11-22,2026-11-22T09:30:00Z,\"'=HYPERLINK(\"\"http://x\"\")\"\r\n" +
		",,-3,-2.5,,,\"one, \"\"two\"\"; three\r\nfour\"\r\n" +
		"'+39,none,*,,1582-10-15,2026-11-22T09:30:00Z," + long + "\r\n"; plain.String() != want {
		t.Errorf("%q", plain.String())
	}
	if want := "\uFEFFDipartimento;Ruolo;Persone;Potere;Giorno;Chiusura;Testo\r\nDSM Forlì;Decisionale;12;0,1875;2026-11-22;2026-11-22T09:30:00Z;\"'=HYPERLINK(\"\"http://x\"\")\"\r\n"; !strings.HasPrefix(sheet.String(), want) {
		t.Errorf("%q", sheet.String())
	}
}

// No text can begin like a formula, and every text comes back but for the apostrophe.
func TestNoTextIsTakenForAFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+\-@\t\r'＝＋－＠][a-z(]{0,3}`)).Draw(t, "text")
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "")
		table := &export.Table{Name: "t", Columns: []export.Column{{Name: "a", Labels: export.Labels{It: "a", En: "a"}}, {Name: "b", Labels: export.Labels{It: "b", En: "b"}}}, Rows: [][]any{{text, "x"}}}
		var out bytes.Buffer
		if err := (export.CSV{Spreadsheet: true}).Write(&out, table); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\uFEFF")))
		r.Comma = ';'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		got := rows[1][0]
		if strings.IndexAny(got, "=+-@\t\r＝＋－＠") == 0 {
			t.Fatalf("%q is written as %q", text, got)
		}
		if got != text && got != "'"+text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	})
}

func TestAWorkbookHasDataDictionaryAndMethod(t *testing.T) {
	var out bytes.Buffer
	if err := export.WriteXLSX(&out, sample(), "it", true); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.GetSheetList(); !slices.Equal(got, []string{"dati", "empty", "dizionario", "metodo"}) {
		t.Fatalf("%v", got)
	}
	for _, sheet := range f.GetSheetList() { // openpyxl, reading row by row, reads what a sheet says that it is
		if ref, err := f.GetSheetDimension(sheet); err != nil || ref != "" {
			t.Errorf("the sheet %s says that it is %s: %v", sheet, ref, err)
		}
	}
	rows, err := f.GetRows("dati")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], []string{"Dipartimento", "Ruolo", "Persone", "Potere", "Giorno", "Chiusura", "Testo"}) {
		t.Errorf("%v", rows[0])
	}
	if !slices.Equal(rows[1], []string{"DSM Forlì", "Decisionale", "12", "0.1875", "2026-11-22", "2026-11-22T09:30:00Z", "=HYPERLINK(\"http://x\")"}) || rows[3][2] != "*" {
		t.Errorf("%q", rows)
	}
	if formula, err := f.GetCellFormula("dati", "G2"); err != nil || formula != "" {
		t.Errorf("a text became a formula: %q %v", formula, err)
	}
	if kind, err := f.GetCellType("dati", "C2"); err != nil || kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString {
		t.Errorf("a number became a text: %v %v", kind, err)
	}
	dictionary, _ := f.GetRows("dizionario")
	method, _ := f.GetRows("metodo")
	if len(dictionary) != 1+8+2+1 || method[0][0] != "Prova «à»" || method[1][0] != "Come si è contato." {
		t.Errorf("%q\n%q", dictionary, method)
	}
}

func TestADataPackageDescribesWhatItHolds(t *testing.T) {
	var out, again bytes.Buffer
	if err := export.WritePackage(&out, sample(), "en"); err != nil {
		t.Fatal(err)
	}
	if err := export.WritePackage(&again, sample(), "en"); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("the same document gives other bytes (%v)", err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	sums := 0
	for line := range strings.Lines(string(files["SHA256SUMS"])) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums++
		if got := sha256.Sum256(files[name]); hex.EncodeToString(got[:]) != sum {
			t.Errorf("the sum of %s is wrong", name)
		}
	}
	if sums != len(files)-1 || sums != 6 {
		t.Errorf("%d sums of %d files", sums, len(files))
	}
	var p struct {
		Resources []struct {
			Path, Hash string
			Bytes      int
			Schema     struct {
				Fields []struct {
					Name, Type  string
					Constraints struct{ Enum []string }
				}
				MissingValues []string
			}
		}
	}
	if err := json.Unmarshal(files["datapackage.json"], &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Resources) != 2 {
		t.Fatalf("%+v", p)
	}
	for _, res := range p.Resources {
		rows, err := csv.NewReader(bytes.NewReader(files[res.Path])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range res.Schema.Fields {
			names = append(names, f.Name)
		}
		if sum := sha256.Sum256(files[res.Path]); !slices.Equal(rows[0], names) || res.Bytes != len(files[res.Path]) || res.Hash != "sha256:"+hex.EncodeToString(sum[:]) || !slices.Contains(res.Schema.MissingValues, "*") {
			t.Errorf("%s: %v, %+v", res.Path, rows[0], res)
		}
	}
	if f := p.Resources[0].Schema.Fields; f[1].Type != "string" || !slices.Equal(f[1].Constraints.Enum, []string{"none", "decisive"}) || f[2].Type != "integer" || f[4].Type != "date" || f[5].Type != "datetime" {
		t.Errorf("%+v", f)
	}
	for name, words := range map[string]string{"CODEBOOK.it.md": "Decisionale", "CODEBOOK.en.md": "Decisive", "labels.R": `levels = c("none", "decisive"), labels = c("None", "Decisive")`} {
		if !strings.Contains(string(files[name]), words) {
			t.Errorf("%s does not say %q", name, words)
		}
	}
}

func TestPopoloShowsTalliesOnlyWhereTheyMayBeShown(t *testing.T) {
	vote := func(n int, by map[string]disclosure.Tally) export.Vote {
		counted := disclosure.Vote{Voters: map[string]int{}, Parts: by}
		for code, x := range by {
			counted.Voters[code] = x.For + x.Against + x.Abstain
			counted.All = disclosure.Tally{For: counted.All.For + x.For, Against: counted.All.Against + x.Against, Abstain: counted.All.Abstain + x.Abstain}
		}
		return export.Vote{Workspace: "dsm", Initiative: "csm", Session: "csm:s1", Decision: fmt.Sprint("csm:s1:d", n), Question: "Aprire?", Rule: "majority", Outcome: "adopted",
			Opened: at, Closed: at.Add(time.Duration(n) * time.Minute), Role: "decisive", Reason: "binding_vote", Told: counted.Figures(disclosure.People)}
	}
	var out bytes.Buffer
	err := export.WritePopolo(&out, &export.Published{Departments: map[string]string{"dsm": "DSM Esempio"}, Votes: []export.Vote{
		vote(4, nil),
		vote(1, map[string]disclosure.Tally{"user": {For: 4, Against: 1}, "professional": {For: 2, Against: 4}}),
		vote(2, map[string]disclosure.Tally{"user": {For: 2, Against: 1}, "professional": {For: 2, Against: 4}}),
		vote(3, map[string]disclosure.Tally{"user": {For: 5}, "professional": {For: 6}}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Organizations []struct{ ID, Name, Classification string }
		Events        []struct{ ID string }
		Motions       []struct{ ID, Result, Text string }
		VoteEvents    []struct {
			ID           string
			GroupResults []struct {
				GroupID string `json:"group_id"`
				Value   string
			} `json:"group_results"`
			Counts []struct {
				Option  string
				Value   int
				GroupID string `json:"group_id"`
			}
		} `json:"vote_events"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range got.VoteEvents {
		lines = append(lines, fmt.Sprint(v.ID, " ", len(v.Counts), " ", v.GroupResults))
	}
	if want := []string{"dsm/csm:s1:d1 9 [{dsm/constituency/professional rejected} {dsm/constituency/user approved}]", "dsm/csm:s1:d2 3 []", "dsm/csm:s1:d3 0 []", "dsm/csm:s1:d4 0 []"}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
	if len(got.Organizations) != 3 || got.Organizations[0].Name != "DSM Esempio" || len(got.Events) != 1 || len(got.Motions) != 4 || got.Motions[0].Result != "pass" {
		t.Errorf("%+v", got)
	}
}
