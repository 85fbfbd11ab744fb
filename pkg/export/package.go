package export

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// This chapter writes a data package (Frictionless Data, Tabular Data Package) as one ZIP file:
//
//	datapackage.json    what there is, for programs
//	data/<table>.csv    each table, RFC 4180, codes
//	CODEBOOK.it.md, CODEBOOK.en.md
//	labels.R
//	SHA256SUMS          of all the others; sha256sum -c checks it
//
// The same document gives the same bytes.

// licence of what is published.
var licence = map[string]string{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/", "title": "Creative Commons Attribution 4.0"}

type dataPackage struct {
	Profile   string              `json:"profile"`
	Name      string              `json:"name"`
	Title     string              `json:"title"`
	Created   string              `json:"created"`
	Licenses  []map[string]string `json:"licenses"`
	Resources []resource          `json:"resources"`
}

type resource struct {
	Profile   string         `json:"profile"`
	Name      string         `json:"name"`
	Path      string         `json:"path"`
	Title     string         `json:"title"`
	Format    string         `json:"format"`
	MediaType string         `json:"mediatype"`
	Encoding  string         `json:"encoding"`
	Bytes     int            `json:"bytes"`
	Hash      string         `json:"hash"`
	Dialect   map[string]any `json:"dialect"`
	Schema    schema         `json:"schema"`
}

type schema struct {
	Fields        []field  `json:"fields"`
	MissingValues []string `json:"missingValues"`
}

type field struct {
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Constraints map[string]any `json:"constraints,omitempty"`
}

// fieldTypes are the words of Table Schema.
var fieldTypes = map[Kind]string{Text: "string", Code: "string", Integer: "integer", Decimal: "number", Day: "date", Moment: "datetime"}

// WritePackage writes the data package; titles are in a language, codebooks in both.
func WritePackage(w io.Writer, d *Document, lang string) error {
	p := dataPackage{Profile: "tabular-data-package", Name: strings.ReplaceAll(d.Name, "_", "-"), Title: d.Title.In(lang), Created: d.At.UTC().Format(time.RFC3339), Licenses: []map[string]string{licence}}
	files := map[string][]byte{}
	for i := range d.Tables {
		t := &d.Tables[i]
		var data bytes.Buffer
		if err := (CSV{}).Write(&data, t); err != nil {
			return err
		}
		path := "data/" + t.Name + ".csv"
		files[path] = data.Bytes()
		p.Resources = append(p.Resources, resourceOf(t, path, data.Bytes(), lang))
	}
	var described, codebookIt, codebookEn, r bytes.Buffer
	e := json.NewEncoder(&described)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	for _, err := range []error{e.Encode(p), WriteCodebook(&codebookIt, d, Italian), WriteCodebook(&codebookEn, d, English), WriteR(&r, d, lang)} {
		if err != nil {
			return err
		}
	}
	files["datapackage.json"], files["CODEBOOK.it.md"], files["CODEBOOK.en.md"], files["labels.R"] = described.Bytes(), codebookIt.Bytes(), codebookEn.Bytes(), r.Bytes()
	return pack(w, files, d.At)
}

func resourceOf(t *Table, path string, data []byte, lang string) resource {
	sum := sha256.Sum256(data)
	r := resource{
		Profile: "tabular-data-resource", Name: strings.ReplaceAll(t.Name, "_", "-"), Path: path, Title: t.In(lang), Format: "csv", MediaType: "text/csv", Encoding: "utf-8",
		Bytes: len(data), Hash: "sha256:" + hex.EncodeToString(sum[:]), Dialect: map[string]any{"delimiter": ",", "lineTerminator": "\r\n", "header": true},
		Schema: schema{MissingValues: []string{"", hidden}},
	}
	for _, c := range t.Columns {
		f := field{Name: c.Name, Type: fieldTypes[c.Kind], Title: c.In(lang), Description: c.About.In(lang)}
		if len(c.Values) > 0 {
			var codes []string
			for _, v := range c.Values {
				codes = append(codes, v.Code)
			}
			f.Constraints = map[string]any{"enum": codes}
		}
		r.Schema.Fields = append(r.Schema.Fields, f)
	}
	return r
}

// pack writes the files and their checksums, in the order of their names.
func pack(w io.Writer, files map[string][]byte, at time.Time) error {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var sums bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	files["SHA256SUMS"] = sums.Bytes()
	out := zip.NewWriter(w)
	for _, name := range append(names, "SHA256SUMS") {
		f, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return err
		}
		if _, err := f.Write(files[name]); err != nil {
			return err
		}
	}
	return out.Close()
}
