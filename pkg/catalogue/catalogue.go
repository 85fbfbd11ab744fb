// Package catalogue has the words that people read for every stable code: the sentence of each refusal, the reason of each role, the name of each
// method, standing or choice. Italian, English, and easy Italian for those who read with difficulty.
//
//	it.json            the Italian texts, complete; they speak to nobody in particular ("Indicare la persona")
//	en.json            the same in English, complete
//	it-x-facile.json   easy Italian, which says "tu"; where it has no text of its own the Italian one stands
//
// The files have the form of go-i18n v2, which translators' tools know: code -> text, or code -> {one, other} where a count changes the words.
// {{.name}} stands for an argument. The count of a text with {one, other} is the first argument named in other. The web client reads the same
// files. Codes are sorted, so that two languages can be laid side by side.
//
// The sentence of a refusal says what happened and what to do next, blames nobody and uses no word of the trade. The word for who sits at the table
// is participant, partecipante. Tests hold all of it: a code without a sentence, a sentence without a code, and an Italian text that is hard to read
// (Gulpease) fail.
//
// Not here: which refusals there are (they stand where they are decided), the sentences about a minutes file (package minutes).
package catalogue

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The languages, spelt as in the file names and in an HTML lang attribute.
const (
	Italian     = "it"
	English     = "en"
	EasyItalian = "it-x-facile"
)

// unsaid is what a sentence shows for an argument that nobody gave.
const unsaid = "…"

// missing is the code of the sentence for a code that has none.
const missing = "catalogue/missing"

// text is one entry of a file.
type text struct {
	// one is for a count of exactly 1, in Italian and in English; empty where no count changes the words.
	one string
	// other is the text.
	other string
	// count is the argument that chooses between them.
	count string
}

// tongue is one language, ready to speak.
type tongue struct {
	own   []string // codes with a text in the language itself, sorted
	texts map[string]text
	json  []byte
}

//go:embed it.json en.json it-x-facile.json
var files embed.FS

// tongues are read once, when the first sentence is asked for.
var tongues = sync.OnceValue(func() map[string]*tongue { return all(files) })

func all(files fs.FS) map[string]*tongue {
	return map[string]*tongue{
		Italian:     read(files, Italian),
		English:     read(files, English),
		EasyItalian: read(files, Italian, EasyItalian), // a later file replaces texts of an earlier one
	}
}

// Book has the words of one part of the program, which lie beside it: three files of the same names and form as here.
type Book struct{ tongues map[string]*tongue }

// Open reads the files of a book. They are part of the program: one that cannot be read is a broken build, and panics.
func Open(files fs.FS) Book { return Book{all(files)} }

// Has reports whether the book or the catalogue has a text of its own for a code.
func (b Book) Has(code string) bool {
	_, own := b.tongues[Italian].texts[code]
	_, here := tongues()[Italian].texts[code]
	return own || here
}

// Sentence gives the text of a code as the function Sentence does; what is not in the book is in the catalogue.
func (b Book) Sentence(code, lang string, args map[string]string) string {
	if t := find(b.tongues, lang); t.texts[code] != (text{}) {
		return t.say(code, args)
	}
	return Sentence(code, lang, args)
}

// Languages lists the languages. The first two are complete, the last falls back to the first.
func Languages() []string { return []string{Italian, English, EasyItalian} }

// Codes lists the codes that have a text in a language itself, without those where it falls back, sorted. An unknown language is taken as English.
func Codes(lang string) []string { return slices.Clone(speak(lang).own) }

// JSON gives all texts of a language, those it falls back to included, as one object with sorted keys: what a client needs, in one answer. The bytes
// are the same each time. An unknown language is taken as English.
func JSON(lang string) []byte { return bytes.Clone(speak(lang).json) }

// Sentence gives the text of a code in a language. A regional form (it-IT) is taken as its language, an unknown language as English. A code without a
// text gives a sentence that says so and contains the code. An argument that is not given shows as an ellipsis. Arguments are put in as they are:
// who writes HTML must escape the answer.
func Sentence(code, lang string, args map[string]string) string {
	return speak(lang).say(code, args)
}

func (t *tongue) say(code string, args map[string]string) string {
	x, known := t.texts[code]
	if !known {
		x, args = t.texts[missing], map[string]string{"code": code}
	}
	words := x.other
	if x.one != "" && args[x.count] == "1" {
		words = x.one
	}
	return argument.ReplaceAllStringFunc(words, func(place string) string {
		return cmp.Or(args[argument.FindStringSubmatch(place)[1]], unsaid)
	})
}

// speak finds the tongue of a language.
func speak(lang string) *tongue { return find(tongues(), lang) }

func find(all map[string]*tongue, lang string) *tongue {
	lang = strings.ToLower(lang)
	main, _, _ := strings.Cut(lang, "-")
	return cmp.Or(all[lang], all[main], all[English])
}

// argument is a place in a text that an argument fills.
var argument = regexp.MustCompile(`\{\{\.([a-z_]+)\}\}`)

// read makes a tongue from files, each replacing what the one before said. The files are part of the program and every text is tried in a test: one
// that cannot be read is a broken build.
func read(files fs.FS, names ...string) *tongue {
	t := &tongue{texts: map[string]text{}}
	all := map[string]json.RawMessage{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name+".json")
		must(err)
		own, texts := map[string]json.RawMessage{}, map[string]text{}
		must(json.Unmarshal(data, &own))
		must(json.Unmarshal(data, &texts))
		maps.Copy(all, own)
		maps.Copy(t.texts, texts)
		t.own = slices.Sorted(maps.Keys(own))
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	must(e.Encode(all))
	t.json = out.Bytes()
	return t
}

// UnmarshalJSON reads a text, or {one, other}. Other plural forms are refused: Italian and English use only these for whole numbers below a million.
func (x *text) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &x.other) == nil {
		return nil
	}
	var forms struct{ One, Other *string }
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&forms); err != nil {
		return err
	}
	if forms.One == nil || forms.Other == nil {
		return fmt.Errorf("a text is a string or {one, other}: %s", data)
	}
	counted := argument.FindStringSubmatch(*forms.Other)
	if counted == nil {
		return fmt.Errorf("a text with a form for one names no count: %s", data)
	}
	x.one, x.other, x.count = *forms.One, *forms.Other, counted[1]
	return nil
}

func must(err error) {
	if err != nil {
		panic("catalogue: " + err.Error())
	}
}
