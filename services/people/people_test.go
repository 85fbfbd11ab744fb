package people_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

func TestSealedWordsOpenInTheOrderAsked(t *testing.T) {
	h := start(t, t.TempDir())
	asked := []*peoplev1.Words{words(anna, "text", "Non me la sento più."), words("", "title", "Orari del centro"), words(anna, "text", "Sì"), words(anna, "text", "Sì")}
	sealed := h.seal(t, asked...)
	keys := map[string]bool{}
	var back []*peoplev1.SealedWords
	for i := range slices.Backward(asked) {
		keys[string(sealed[i].KeyId)] = true
		back = append(back, at(asked[i], sealed[i]))
	}
	if len(keys) != len(asked) {
		t.Errorf("%d keys for %d texts", len(keys), len(asked))
	}
	for i, o := range h.open(t, back...) {
		if want := asked[len(asked)-1-i].Text; o.Text != want || o.Gone {
			t.Errorf("answer %d is %v, want %q", i, o, want)
		}
	}
	if got := h.open(t); len(got) != 0 {
		t.Errorf("nothing asked, %d answers", len(got))
	}
	if got := h.seal(t); len(got) != 0 {
		t.Errorf("nothing asked, %d answers", len(got))
	}
}

func TestALargeRequestOpensWhole(t *testing.T) {
	h := start(t, t.TempDir())
	var all []*peoplev1.SealedWords
	for i, s := range h.seal(t, twoThousand...) {
		all = append(all, at(twoThousand[i], s))
	}
	for i, o := range h.open(t, all...) {
		if o.Text != twoThousand[i].Text || o.Gone {
			t.Fatalf("text %d: %v", i, o)
		}
	}
}

func TestAnyWordsOpenAgainAfterARestart(t *testing.T) {
	dir := t.TempDir()
	h := start(t, dir)
	var asked []*peoplev1.Words
	var sealed []*eventv1.Sealed
	text := rapid.OneOf(rapid.StringN(1, 80, -1), rapid.Just(strings.Repeat("è", 20_000)))
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) *peoplev1.Words {
			return words(rapid.SampledFrom([]string{"", anna}).Draw(rt, "subject"), "text", text.Draw(rt, "text"))
		}), 1, 5).Draw(rt, "words")
		asked = append(asked, some...)
		sealed = append(sealed, h.seal(t, some...)...)
	})
	pseudonyms := h.enrol(t, "csm-orari", "u1", "u2")
	h.stop()
	h = start(t, dir)
	for i := range asked {
		if o := h.open(t, at(asked[i], sealed[i]))[0]; o.Text != asked[i].Text || o.Gone {
			t.Fatalf("text %d opened to %q, gone %v", i, o.Text, o.Gone)
		}
	}
	if got := h.enrol(t, "csm-orari", "u1", "u2"); !slices.Equal(got, pseudonyms) {
		t.Errorf("pseudonyms changed from %v to %v", pseudonyms, got)
	}
}

// One text that does not open hides no other, is not shown as erased, and is told to the operator.
func TestATextThatDoesNotOpenHidesNoOther(t *testing.T) {
	h := start(t, t.TempDir())
	asked := words(anna, "text", "Vorrei che restasse tra noi.")
	sealed := h.seal(t, asked, words(anna, "text", "Anch'io."))
	good := at(asked, sealed[0])
	bad := func(change func(*peoplev1.SealedWords)) *peoplev1.SealedWords {
		w := proto.Clone(good).(*peoplev1.SealedWords)
		change(w)
		return w
	}
	cases := map[string]*peoplev1.SealedWords{
		"changed":              bad(func(w *peoplev1.SealedWords) { w.Sealed.Ciphertext[40] ^= 1 }),
		"cut":                  bad(func(w *peoplev1.SealedWords) { w.Sealed.Ciphertext = w.Sealed.Ciphertext[:30] }),
		"of another commit":    bad(func(w *peoplev1.SealedWords) { w.Commit = strings.Replace(w.Commit, "1", "2", 1) }),
		"of another field":     bad(func(w *peoplev1.SealedWords) { w.Field = "reason" }),
		"of another text":      bad(func(w *peoplev1.SealedWords) { w.Sealed.Ciphertext = sealed[1].Ciphertext }),
		"of a newer form":      bad(func(w *peoplev1.SealedWords) { w.Sealed.Version = 2 }),
		"without ciphertext":   bad(func(w *peoplev1.SealedWords) { w.Sealed.Ciphertext = nil }),
		"nothing at all":       bad(func(w *peoplev1.SealedWords) { w.Sealed = nil }),
		"with a cut key id":    bad(func(w *peoplev1.SealedWords) { w.Sealed.KeyId = w.Sealed.KeyId[:15] }),
		"with another's key":   bad(func(w *peoplev1.SealedWords) { w.Sealed.KeyId = sealed[1].KeyId }),
		"with an empty key id": bad(func(w *peoplev1.SealedWords) { w.Sealed.KeyId = nil }),
	}
	for name, w := range cases {
		h.log.Reset()
		got := h.open(t, good, w, good)
		if got[0].Text != asked.Text || got[2].Text != asked.Text || got[0].Gone || got[2].Gone {
			t.Errorf("%s: the good ones became %v and %v", name, got[0], got[2])
		}
		if got[1].Text != "" || got[1].Gone {
			t.Errorf("%s: got %v, want neither words nor gone", name, got[1])
		}
		if line := h.log.String(); !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "texts=1") {
			t.Errorf("%s: logged %q", name, line)
		}
	}
	h.log.Reset()
	h.open(t, good)
	if h.log.Len() > 0 {
		t.Errorf("a good text logged %s", h.log)
	}
}

func TestAnotherWorkspaceOpensNothing(t *testing.T) {
	h := start(t, t.TempDir())
	asked := words(anna, "text", "Vorrei che restasse tra noi.")
	got, err := h.tryOpen(t.Context(), "dsm-sud", at(asked, h.seal(t, asked)[0]))
	if err != nil || got[0].Text != "" || got[0].Gone {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATextWhoseKeyIsNotHereIsGone(t *testing.T) {
	h := start(t, t.TempDir())
	asked := words(anna, "text", "Vorrei che restasse tra noi.")
	sealed := h.seal(t, asked)[0]
	elsewhere := start(t, t.TempDir())
	got := elsewhere.open(t, at(asked, sealed))[0]
	if !got.Gone || got.Text != "" {
		t.Errorf("got %v", got)
	}
	if elsewhere.log.Len() > 0 {
		t.Errorf("logged %s", elsewhere.log)
	}
}

func TestAskingToSealAgainMakesNewKeysAndBothOpen(t *testing.T) {
	h := start(t, t.TempDir())
	asked := words(anna, "text", "Sì")
	one, two := h.seal(t, asked)[0], h.seal(t, asked)[0]
	if bytes.Equal(one.KeyId, two.KeyId) {
		t.Error("one key for two requests")
	}
	for _, o := range h.open(t, at(asked, one), at(asked, two)) {
		if o.Text != "Sì" {
			t.Errorf("got %v", o)
		}
	}
}

func TestTheSameShortIDAlwaysHasTheSamePseudonym(t *testing.T) {
	h := start(t, t.TempDir())
	first := h.enrol(t, "csm-orari", "u1", "u2", "u1")
	if first[0] != first[2] || first[0] == first[1] {
		t.Errorf("u1, u2, u1 became %v", first)
	}
	for _, p := range first {
		if id, err := uuid.Parse(p); err != nil || id.Version() != 7 || p != strings.ToLower(p) {
			t.Errorf("%q is not a UUIDv7", p)
		}
	}
	again := h.enrol(t, "csm-orari", "u3", "u2", "u1")
	if again[1] != first[1] || again[2] != first[0] || slices.Contains(first, again[0]) {
		t.Errorf("u3, u2, u1 became %v after %v", again, first)
	}
	seen := slices.Concat(first[:2], again[:1])
	others := slices.Concat(h.enrol(t, "accoglienza", "u1"), h.enrol(t, "csm-orari", "U1", "u1 "))
	sud, err := h.tryEnrol(t.Context(), "dsm-sud", "csm-orari", "u1")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(others, sud...) {
		if slices.Contains(seen, p) {
			t.Errorf("%s is given twice", p)
		}
		seen = append(seen, p)
	}
}

// Two stores give the same short ids different pseudonyms, and the order of the pseudonyms is not that of the list.
func TestAPseudonymSaysNothingOfTheShortID(t *testing.T) {
	var refs []string
	for i := range 50 {
		refs = append(refs, fmt.Sprintf("u%02d", i))
	}
	one, two := start(t, t.TempDir()).enrol(t, "csm-orari", refs...), start(t, t.TempDir()).enrol(t, "csm-orari", refs...)
	for i := range refs {
		if one[i] == two[i] {
			t.Errorf("%s has the same pseudonym in two stores", refs[i])
		}
	}
	if slices.IsSorted(one) || slices.IsSorted(two) { // By chance: once in 50! times.
		t.Error("the pseudonyms stand in the order of the list")
	}
}

func TestConcurrentRequestsAgree(t *testing.T) {
	h := start(t, t.TempDir())
	refs := []string{"u1", "u2", "u3", "u4", "u5"}
	var mu sync.Mutex
	var all sync.WaitGroup
	given := map[string]map[string]bool{}
	for i := range 20 {
		all.Go(func() {
			mine := slices.Concat(refs[i%5:], refs[:i%5])
			got, err := h.tryEnrol(t.Context(), workspace, "csm-orari", mine...)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for j, ref := range mine {
				if given[ref] == nil {
					given[ref] = map[string]bool{}
				}
				given[ref][got[j]] = true
			}
		})
		all.Go(func() {
			w := words(anna, "text", "voce "+strconv.Itoa(i))
			sealed, err := h.trySeal(t.Context(), workspace, w)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := h.tryOpen(t.Context(), workspace, at(w, sealed[0])); err != nil || got[0].Text != w.Text {
				t.Errorf("opened %v, %v", got, err)
			}
		})
	}
	all.Wait()
	for _, ref := range refs {
		if len(given[ref]) != 1 {
			t.Errorf("%s has %d pseudonyms", ref, len(given[ref]))
		}
	}
}

func TestWhatCannotBeSealedIsRefusedByItsNumber(t *testing.T) {
	h := start(t, t.TempDir())
	good := words(anna, "text", "Sì")
	for name, c := range map[string]struct {
		workspace string
		words     *peoplev1.Words
		code      string
		args      []string
	}{
		"no workspace":       {"", good, "people/id-malformed", []string{"what", "workspace"}},
		"long workspace":     {strings.Repeat("x", 201), good, "people/id-malformed", []string{"what", "workspace"}},
		"no commit":          {workspace, &peoplev1.Words{Field: "text", Text: "Sì"}, "people/id-malformed", []string{"what", "commit", "number", "2"}},
		"commit not a UUID":  {workspace, &peoplev1.Words{Commit: "c1", Field: "text", Text: "Sì"}, "people/id-malformed", []string{"what", "commit", "number", "2"}},
		"a short id":         {workspace, words("u1", "text", "Sì"), "people/id-malformed", []string{"what", "subject", "number", "2"}},
		"a UUID in capitals": {workspace, words(strings.ToUpper(anna), "text", "Sì"), "people/id-malformed", []string{"what", "subject", "number", "2"}},
		"no field":           {workspace, words(anna, "", "Sì"), "people/id-malformed", []string{"what", "field", "number", "2"}},
		"no text":            {workspace, words(anna, "text", ""), "people/text-empty", []string{"number", "2"}},
		"20,001 letters":     {workspace, words(anna, "text", strings.Repeat("è", 20_001)), "people/text-too-long", []string{"number", "2", "limit", "20000"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.trySeal(t.Context(), c.workspace, good, c.words)
			refused(t, err, c.code, c.args...)
		})
	}
	many := make([]*peoplev1.Words, 5_001)
	for i := range many {
		many[i] = good
	}
	_, err := h.trySeal(t.Context(), workspace, many...)
	refused(t, err, "people/too-many-words", "count", "5001", "limit", "5000")
	h.seal(t, many[:5_000]...)

	// The request fits into a message, the answer would not. With a little less it does.
	long := words("", "text", strings.Repeat("x", 1_620))
	for i := range many {
		many[i] = long
	}
	_, err = h.trySeal(t.Context(), workspace, many[:4_900]...)
	if decider.CodeOf(err) != "people/answer-too-large" {
		t.Errorf("got %v", err)
	}
	h.seal(t, many[:4_800]...)
}

func TestOtherRequestsAreRefusedByWhatIsWrong(t *testing.T) {
	h := start(t, t.TempDir())
	_, err := h.tryOpen(t.Context(), "")
	refused(t, err, "people/id-malformed", "what", "workspace")
	_, err = h.tryOpen(t.Context(), workspace, make([]*peoplev1.SealedWords, 5_001)...)
	refused(t, err, "people/too-many-words", "count", "5001", "limit", "5000")
	_, err = h.tryEnrol(t.Context(), "", "csm-orari", "u1")
	refused(t, err, "people/id-malformed", "what", "workspace")
	_, err = h.tryEnrol(t.Context(), workspace, "", "u1")
	refused(t, err, "people/id-malformed", "what", "initiative")
	_, err = h.tryEnrol(t.Context(), workspace, "csm-orari", "u1", "")
	refused(t, err, "people/id-malformed", "what", "ref", "number", "2")
	_, err = h.tryEnrol(t.Context(), workspace, "csm-orari", strings.Repeat("x", 201))
	refused(t, err, "people/id-malformed", "what", "ref", "number", "1")
	_, err = h.tryEnrol(t.Context(), workspace, "csm-orari", slices.Repeat([]string{"u1"}, 5_001)...)
	refused(t, err, "people/too-many-words", "count", "5001", "limit", "5000")

	// A text that is not UTF-8 makes the whole message unreadable.
	req, err := proto.Marshal(&peoplev1.SealRequest{Workspace: workspace, Words: []*peoplev1.Words{words(anna, "text", "caffe")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{bytes.Replace(req, []byte("caffe"), []byte("caff\xe9"), 1), req[:len(req)-1], []byte("{}")} {
		m, err := h.nc.Request("people.seal", data, bus.RequestTimeout)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get("Nats-Service-Error-Code"); got != "people/request-unreadable" {
			t.Errorf("%q: %v", data, m.Header)
		}
	}
}

func BenchmarkSeal2000Words(b *testing.B) {
	h := start(b, filepath.Join(b.TempDir(), "people"))
	for b.Loop() {
		h.seal(b, twoThousand...)
	}
}

func BenchmarkOpen2000Words(b *testing.B) {
	h := start(b, filepath.Join(b.TempDir(), "people"))
	var all []*peoplev1.SealedWords
	for i, s := range h.seal(b, twoThousand...) {
		all = append(all, at(twoThousand[i], s))
	}
	for b.Loop() {
		h.open(b, all...)
	}
}

func BenchmarkSealOneWord(b *testing.B) {
	h := start(b, filepath.Join(b.TempDir(), "people"))
	for b.Loop() {
		h.seal(b, twoThousand[0])
	}
}
