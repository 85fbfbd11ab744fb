package catalogue_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tavolo/pkg/catalogue"
)

// entry is one text of a file as a client reads it: a string, or {one, other}.
type entry struct{ One, Other string }

func (e *entry) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &e.Other)
	}
	type forms entry
	return json.Unmarshal(data, (*forms)(e))
}

func (e entry) forms() []string {
	if e.One == "" {
		return []string{e.Other}
	}
	return []string{e.One, e.Other}
}

// texts gives the entries that a language has itself.
func texts(t *testing.T, lang string) map[string]entry {
	t.Helper()
	data, err := os.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]entry{}
	if err := json.Unmarshal(data, &own); err != nil {
		t.Fatalf("%s.json: %v", lang, err)
	}
	return own
}

var argument = regexp.MustCompile(`\{\{\.([a-z_]+)\}\}`)

// arguments names what a text has places for, sorted.
func arguments(text string) []string {
	var names []string
	for _, found := range argument.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func area(code string) string {
	a, _, _ := strings.Cut(code, "/")
	return a
}

func TestSentenceIsInTheLanguageAskedFor(t *testing.T) {
	const italian, english, easy = "Il tempo per votare è finito. Chiedere a chi facilita che cosa si può fare.",
		"The time for voting is over. Ask the facilitator what can be done.", "Il tempo per votare è finito. Chiedi a chi guida l'incontro."
	for lang, want := range map[string]string{
		"it": italian, "it-IT": italian, "IT": italian, "it-x-facile": easy, "IT-x-Facile": easy,
		"en": english, "en-GB": english, "de": english, "": english, "-": english, "ita": english,
	} {
		if got := catalogue.Sentence("decision/too-late", lang, nil); got != want {
			t.Errorf("in %q: %q, want %q", lang, got, want)
		}
	}
}

func TestArgumentsArePutInAsTheyAre(t *testing.T) {
	got := catalogue.Sentence("decision/no-vote", "en", map[string]string{"participant": "{{.code}} $1 <b>", "code": "x", "other": "y"})
	if want := "{{.code}} $1 <b> has no vote in this decision. Speaking in the discussion is still possible."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMissingArgumentShowsAsAnEllipsis(t *testing.T) {
	if got, want := catalogue.Sentence("decision/out-of-reach", "en", map[string]string{"needs": "5", "there_are": ""}),
		"The rule asks for 5, but … is the most there can be. Lower the threshold, or add voters."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, lang := range catalogue.Languages() {
		for _, code := range catalogue.Codes("it") {
			if got := catalogue.Sentence(code, lang, nil); strings.Contains(got, "{{") || strings.Contains(got, "no value") {
				t.Errorf("%s in %s without arguments: %q", code, lang, got)
			}
		}
	}
}

func TestCountOfOneHasItsOwnWords(t *testing.T) {
	for _, c := range []struct{ lang, voters, want string }{
		{"en", "1", "1 participant changes the result in 7 "}, {"en", "3", "3 participants together change the result in 7 "},
		{"en", "0", "0 participants together "}, {"en", "", "… participants together "},
		{"it", "1", "1 partecipante cambia il risultato in 7 "}, {"it", "1000000", "1000000 partecipanti insieme cambiano "},
		{"it-x-facile", "1", "1 partecipante cambia il risultato 7 "}, {"it-x-facile", "2", "2 partecipanti insieme cambiano il risultato 7 "},
	} {
		got := catalogue.Sentence("power/users", c.lang, map[string]string{"voters": c.voters, "hundred": "7", "hundred_blocs": "4"})
		if !strings.HasPrefix(got, c.want) || !strings.Contains(got, "4 ") {
			t.Errorf("%s, %q voters: %q, want %q …", c.lang, c.voters, got, c.want)
		}
	}
}

func TestUnknownCodeIsNamedInAPlainSentence(t *testing.T) {
	for lang, want := range map[string]string{
		"it":          "Per questo non c'è ancora una spiegazione (decision/never-heard). Farlo sapere a chi gestisce il sistema.",
		"en":          "There is no explanation for this yet (decision/never-heard). Tell whoever runs the system.",
		"it-x-facile": "Qui manca la spiegazione (decision/never-heard). Dillo a chi ti aiuta con Tavolo.",
	} {
		if got := catalogue.Sentence("decision/never-heard", lang, map[string]string{"code": "another"}); got != want {
			t.Errorf("in %s: %q, want %q", lang, got, want)
		}
	}
}

func TestEasyItalianFallsBackToItalian(t *testing.T) {
	own, fell := catalogue.Codes("it-x-facile"), 0
	for _, code := range catalogue.Codes("it") {
		if !slices.Contains(own, code) {
			fell++
			if easy, it := catalogue.Sentence(code, "it-x-facile", nil), catalogue.Sentence(code, "it", nil); easy != it {
				t.Errorf("%s: %q, want the Italian %q", code, easy, it)
			}
		}
	}
	if fell == 0 {
		t.Error("no code falls back, so nothing was tried")
	}
}

// A client gets every text of a language in one answer, and the same bytes each time.
func TestJSONIsCompleteInEachLanguage(t *testing.T) {
	for _, lang := range append(catalogue.Languages(), "de") {
		raw := catalogue.JSON(lang)
		served := map[string]entry{}
		if err := json.Unmarshal(raw, &served); err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		if len(served) != len(catalogue.Codes("it")) {
			t.Errorf("%s serves %d texts of %d", lang, len(served), len(catalogue.Codes("it")))
		}
		for code, e := range served {
			args := map[string]string{}
			for _, name := range arguments(e.Other) {
				args[name] = "{{." + name + "}}"
			}
			if got := catalogue.Sentence(code, lang, args); got != e.Other {
				t.Errorf("%s in %s: the client reads %q, Go says %q", code, lang, e.Other, got)
			}
		}
		raw[0] = 'x'
		if again := catalogue.JSON(lang); again[0] != '{' || !bytes.Equal(raw[1:], again[1:]) {
			t.Errorf("%s: a caller's change reached the next answer", lang)
		}
	}
}

func TestItalianAndEnglishHaveTheSameCodes(t *testing.T) {
	it, en, easy := catalogue.Codes("it"), catalogue.Codes("en"), catalogue.Codes("it-x-facile")
	if !slices.Equal(it, en) {
		t.Errorf("not in both: %v", slices.DeleteFunc(append(slices.Clone(it), en...), func(c string) bool { return slices.Contains(it, c) && slices.Contains(en, c) }))
	}
	for _, code := range easy {
		if !slices.Contains(it, code) {
			t.Errorf("%s is in easy Italian and not in Italian", code)
		}
	}
}

// A text may leave an argument out only in easy Italian, where less is more.
func TestTranslationsNameTheSameArguments(t *testing.T) {
	it, en := texts(t, "it"), texts(t, "en")
	for code, e := range it {
		for _, other := range append(en[code].forms(), e.forms()...) {
			if got, want := arguments(other), arguments(e.Other); !slices.Equal(got, want) {
				t.Errorf("%s: %q names %v, the Italian %v", code, other, got, want)
			}
		}
		if (e.One == "") != (en[code].One == "") {
			t.Errorf("%s has {one, other} in one language only", code)
		}
	}
	for code, e := range texts(t, "it-x-facile") {
		if (e.One == "") != (it[code].One == "") {
			t.Errorf("%s has {one, other} in one language only", code)
		}
		for _, form := range e.forms() {
			for _, name := range arguments(form) {
				if !slices.Contains(arguments(it[code].Other), name) {
					t.Errorf("%s: easy Italian names %s, Italian does not", code, name)
				}
			}
		}
	}
}

// Nobody asks for a count but through the first argument of a text: all languages must agree on which that is.
func TestCountIsTheSameArgumentInEveryLanguage(t *testing.T) {
	it := texts(t, "it")
	for _, lang := range []string{"en", "it-x-facile"} {
		for code, e := range texts(t, lang) {
			if e.One == "" {
				continue
			}
			if got, want := argument.FindString(e.Other), argument.FindString(it[code].Other); got == "" || got != want {
				t.Errorf("%s in %s counts %q, in Italian %q", code, lang, got, want)
			}
		}
	}
}

// Sorted and each once: two languages can be laid side by side, and no second text of a code hides the first.
func TestFilesAreSorted(t *testing.T) {
	key := regexp.MustCompile(`(?m)^ "([^"]+)": `)
	for _, lang := range catalogue.Languages() {
		data, err := os.ReadFile(lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, found := range key.FindAllSubmatch(data, -1) {
			codes = append(codes, string(found[1]))
		}
		if !slices.Equal(codes, catalogue.Codes(lang)) {
			t.Errorf("%s.json: the codes are not in order, stand twice, or are not one to a line", lang)
		}
	}
}

// Words that people at the table should never have to learn, and those that nobody there is called.
var notOurs = regexp.MustCompile(`(?i)\b(aggregat\w*|commits?|null|projections?|proiezion[ei]|event-?sourc\w*|payload|streams?|backend|endpoint|token|` +
	`patients?|pazient[ei]|malat[oiae]|consumers?|banzhaf|invalid\w*|illegal\w*|forbidden|vietat\w*|must|devi|failed|hai sbagliato|your (error|mistake))\b`)

func TestNoWordOfTheTradeAndNoBlame(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		for code, e := range texts(t, lang) {
			for _, form := range e.forms() {
				if found := notOurs.FindString(argument.ReplaceAllString(form, "")); found != "" {
					t.Errorf("%s in %s says %q: %q", code, lang, found, form)
				}
			}
		}
	}
}

func TestTextsAreWrittenCleanly(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		for code, e := range texts(t, lang) {
			for _, form := range e.forms() {
				if form == "" || form != strings.Join(strings.Fields(form), " ") {
					t.Errorf("%s in %s is empty or has stray spaces: %q", code, lang, form)
				}
				if strings.Contains(argument.ReplaceAllString(form, ""), "{{") {
					t.Errorf("%s in %s has a place that no argument fills: %q", code, lang, form)
				}
			}
		}
	}
}

// What people meet while they vote or speak, and everything about their role, is there in easy Italian.
func TestEasyItalianCoversWhatParticipantsMeet(t *testing.T) {
	easy := catalogue.Codes("it-x-facile")
	for _, code := range catalogue.Codes("it") {
		switch area(code) {
		case "role", "reason", "flag", "remedy", "outcome", "why", "power", "method", "standing", "choice", "decision", "session", "item":
			if !slices.Contains(easy, code) {
				t.Errorf("%s is not in easy Italian", code)
			}
		}
	}
}

func FuzzSentenceTakesAnything(f *testing.F) {
	f.Add("decision/no-vote", "it", "participant", "u1")
	f.Add("", "", "", "")
	f.Add("power/users", "it-x-facile", "voters", "1")
	f.Fuzz(func(t *testing.T, code, lang, name, value string) {
		args := map[string]string{name: value}
		got := catalogue.Sentence(code, lang, args)
		if got == "" {
			t.Errorf("nothing is said of %q", code)
		}
		if !slices.Contains(catalogue.Codes("it"), code) && !strings.Contains(got, code) {
			t.Errorf("%q does not name %q", got, code)
		}
		if len(args) != 1 || args[name] != value {
			t.Errorf("the arguments were changed: %v", args)
		}
	})
}
