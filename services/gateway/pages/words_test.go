package pages_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	argument    = regexp.MustCompile(`\{\{\.([a-z_]+)\}\}`)
	used        = regexp.MustCompile(`"(page/[a-z0-9-]+)"`)
	sentenceEnd = regexp.MustCompile(`[.!?]+(\s|$)`)
)

// words reads the texts of a language, each in all its forms.
func words(t *testing.T, lang string) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("words/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for key, text := range raw {
		var one string
		var forms struct{ One, Other string }
		switch {
		case json.Unmarshal(text, &one) == nil:
			all[key] = []string{one}
		case json.Unmarshal(text, &forms) == nil:
			all[key] = []string{forms.One, forms.Other}
		default:
			t.Fatalf("%s: %s", key, text)
		}
	}
	return all
}

// arguments are those of the last form: one need not say its number.
func arguments(forms []string) (names []string) {
	for _, m := range argument.FindAllStringSubmatch(forms[len(forms)-1], -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// Gulpease (89 + (300 · sentences − 10 · letters) / words): most can read 60, whoever went to school for five years 80. Labels are short and would
// flatter the sum, so the longer texts are held alone too.
func TestTheTextsAreReadable(t *testing.T) {
	for lang, least := range map[string]float64{"it": 60, "it-x-facile": 80} {
		texts := words(t, "it")
		if lang != "it" { // what has no easy text of its own is read in Italian
			for key, forms := range words(t, lang) {
				texts[key] = forms
			}
		}
		var all, long [3]float64
		for key, forms := range texts {
			for _, form := range forms {
				s := size(argument.ReplaceAllString(form, "Ada"))
				for i := range s {
					all[i] += s[i]
				}
				if s[1] < 6 {
					continue
				}
				for i := range s {
					long[i] += s[i]
				}
				if g := gulpease(s); g < least-15 {
					t.Errorf("%s in %s has Gulpease %.0f: %q", key, lang, g, form)
				}
			}
		}
		t.Logf("%s: all texts %.1f, the longer ones %.1f", lang, gulpease(all), gulpease(long))
		if gulpease(all) < least || gulpease(long) < least {
			t.Errorf("%s: Gulpease %.1f, the longer texts %.1f; want %.0f", lang, gulpease(all), gulpease(long), least)
		}
	}
}

func size(text string) [3]float64 {
	s := [3]float64{max(1, float64(len(sentenceEnd.FindAllString(text, -1)))), 0, 0}
	for _, word := range strings.Fields(text) {
		letters := 0.0
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
		}
		if letters > 0 {
			s[1]++
			s[2] += letters
		}
	}
	return s
}

func gulpease(s [3]float64) float64 { return 89 + (300*s[0]-10*s[2])/s[1] }
