package catalogue_test

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// The Italian texts are measured with Gulpease (Lucisano and Piemontese, 1988), the readability index made for Italian:
//
//	89 + (300 · sentences − 10 · letters) / words
//
// Above 80 a text is easy for who has finished primary school, above 60 for who has finished lower secondary school, above 40 for who has finished
// upper secondary school. A word is what stands between spaces, so that an elided article (l'incontro) makes a text no easier.

// The least that is held. A text of fewer than longText words is a label and not measured alone.
const (
	longText = 8

	italianTogether, italianEach = 60, 48
	easyTogether, easyEach       = 80, 70
)

// size counts what Gulpease is made of.
type size struct{ sentences, words, letters int }

var sentenceEnd = regexp.MustCompile(`[.!?]+(\s|$)`)

func measure(text string) size {
	s := size{sentences: max(1, len(sentenceEnd.FindAllString(text, -1)))}
	for _, word := range strings.Fields(text) {
		letters := 0
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
		}
		if letters > 0 {
			s.words++
			s.letters += letters
		}
	}
	return s
}

func (s size) plus(o size) size {
	return size{s.sentences + o.sentences, s.words + o.words, s.letters + o.letters}
}

func (s size) gulpease() float64 {
	return 89 + float64(300*s.sentences-10*s.letters)/float64(s.words)
}

// spoken fills the places of a text with arguments of ordinary length.
func spoken(text string) string {
	return argument.ReplaceAllStringFunc(text, func(place string) string {
		switch argument.FindStringSubmatch(place)[1] {
		case "participant":
			return "Daniela"
		case "role":
			return "consultivo"
		case "constituency", "workspace", "service", "file":
			return "familiari"
		default:
			return "12"
		}
	})
}

func TestGulpeaseIsComputedAsPublished(t *testing.T) {
	for text, want := range map[string]float64{
		"Il gatto dorme.":                         89 + (300.0*1-10*12)/3,
		"Il gatto dorme. L'acqua è calda? Sì!":    89 + (300.0*3-10*26)/7,
		"Chi partecipa":                           89 + (300.0*1-10*12)/2,
		"La regola 2/3 vale – dal 2026-03-19 – .": 89 + (300.0*1-10*25)/6,
	} {
		if got := measure(text).gulpease(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %.2f, want %.2f", text, got, want)
		}
	}
}

func TestItalianIsReadable(t *testing.T) {
	for _, c := range []struct {
		lang           string
		together, each float64
	}{{"it", italianTogether, italianEach}, {"it-x-facile", easyTogether, easyEach}} {
		var all, long size
		var single []float64
		for code, e := range texts(t, c.lang) {
			for _, form := range e.forms() {
				s := measure(spoken(form))
				all = all.plus(s)
				if s.words < longText {
					continue
				}
				long = long.plus(s)
				single = append(single, s.gulpease())
				if s.gulpease() < c.each {
					t.Errorf("%s in %s has Gulpease %.0f, less than %.0f: shorter sentences, shorter words: %q", code, c.lang, s.gulpease(), c.each, form)
				}
			}
		}
		// Labels are short and would flatter the sum, so the longer texts have to hold it alone.
		for what, s := range map[string]size{"all texts": all, "the longer texts": long} {
			if s.gulpease() < c.together {
				t.Errorf("%s of %s together have Gulpease %.1f, less than %.0f", what, c.lang, s.gulpease(), c.together)
			}
		}
		slices.Sort(single)
		t.Logf("%s: all texts %.1f; %d longer texts together %.1f, least %.1f, median %.1f", c.lang, all.gulpease(), len(single), long.gulpease(), single[0], single[len(single)/2])
	}
}
