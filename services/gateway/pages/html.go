package pages

import (
	"embed"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"tavolo/pkg/catalogue"
)

// Documents as HTML. Every text goes through html/template, so that what people wrote stays text. Nothing is loaded but two styles of our own.

//go:embed *.html pages.css pages.js
var look embed.FS

// Style is what stands at /pages.css.
func Style() []byte {
	data, err := look.ReadFile("pages.css")
	if err != nil {
		panic("pages: " + err.Error()) // it is part of the program
	}
	return data
}

// Script is what stands at /pages.js: the buttons that copy. Without it they are not there.
func Script() []byte {
	data, err := look.ReadFile("pages.js")
	if err != nil {
		panic("pages: " + err.Error()) // it is part of the program
	}
	return data
}

// Frame is what is around a document.
type Frame struct {
	// Lang is the language.
	Lang string
	// Here is the address of the page with its parameters; the links to the other languages are made of it.
	Here *url.URL
	// Style is the address of the client's style. "": there is none, and the page is plain.
	Style string
}

// HTML writes a document as a page.
func (f Frame) HTML(w io.Writer, d Doc) error {
	return f.write(w, "doc.html", page{Frame: f, Title: text(d.Title), Doc: d})
}

// Ballot writes a ballot's page.
func (f Frame) Ballot(w io.Writer, b Ballot) error {
	return f.write(w, "ballot.html", page{Frame: f, Title: tongue(f.Lang).say("page/ballot-page") + ": " + b.Question, Ballot: b})
}

type page struct {
	Frame
	Title  string
	Doc    Doc
	Ballot Ballot
}

// Script says whether the page has something to copy.
func (p page) Script() bool { return copies(p.Doc.Blocks) }

func copies(blocks []Block) bool {
	return slices.ContainsFunc(blocks, func(b Block) bool { return b.Code != nil || b.Section != nil && copies(b.Section.Blocks) })
}

// language is a link to the same page in another language.
type language struct {
	Code, Name, Href string
	Current          bool
}

// Languages are the links to this page in every language.
func (p page) Languages() (all []language) {
	for _, code := range catalogue.Languages() {
		q := p.Here.Query()
		q.Set("lang", code)
		all = append(all, language{code, tongue(code).say("page/language"), p.Here.EscapedPath() + "?" + q.Encode(), code == p.Lang})
	}
	return all
}

// templates by name and language: a template speaks one.
var templates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"doc.html", "ballot.html"} {
		for _, lang := range catalogue.Languages() {
			functions := template.FuncMap{
				"say":    func(key string, pairs ...string) string { return tongue(lang).say(key, pairs...) },
				"ballot": func(page string) string { return strings.TrimSuffix(page, "/page") + "/ballot" },
			}
			all[name+lang] = template.Must(template.New("frame.html").Funcs(functions).ParseFS(look, "frame.html", name))
		}
	}
	return all
}()

func (f Frame) write(w io.Writer, name string, p page) error {
	t := templates[name+f.Lang]
	if t == nil {
		t = templates[name+catalogue.Italian]
	}
	return t.Execute(w, p)
}

// text is a line without its form.
func text(l Line) string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.Text)
	}
	return b.String()
}
