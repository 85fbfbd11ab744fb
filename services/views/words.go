package views

import (
	"context"

	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

const (
	// wordsMax is how many texts one request to people may hold, and requestBytes how many bytes of them: what comes back is no longer than what was
	// sealed, and both are to be well below the largest message (bus.MaxPayload).
	wordsMax, requestBytes = 5000, 4 << 20
	// openedBytes is how much text an answer that people read on a screen holds. Beyond that a text is cut after cutCharacters: better the beginning of
	// each than no answer at all. Files and pages of what was said are never cut.
	openedBytes, cutCharacters = 4 << 20, 200
)

// words collects the sealed texts that an answer needs and has people open them all with as few requests as possible. Nothing opened is
// kept: the tables of the views hold only what is sealed.
type words struct {
	v      *Views
	ws     string
	place  map[string]int // by commit, field and key: a sealed text opens only where it belongs
	wanted []*peoplev1.SealedWords
	opened []string
	most   int // bytes of text, 0: as much as there is
	bytes  int // opened so far
}

func (v *Views) words(ws string) *words { return &words{v: v, ws: ws, place: map[string]int{}} }

// atMost has texts cut that come after so many bytes of others.
func (w *words) atMost(bytes int) *words {
	w.most = bytes
	return w
}

// want asks for a text; asking twice is asking once.
func (w *words) want(texts ...decider.Words) {
	for _, t := range texts {
		if t.Sealed == nil {
			continue
		}
		key := placeOf(t)
		if _, asked := w.place[key]; asked {
			continue
		}
		w.place[key] = len(w.wanted)
		w.wanted = append(w.wanted, &peoplev1.SealedWords{Commit: t.Commit, Field: t.Field, Sealed: t.Sealed})
	}
}

func placeOf(t decider.Words) string { return t.Commit + "/" + t.Field + "/" + string(t.Sealed.KeyId) }

// open opens everything asked for since the last time.
func (w *words) open(ctx context.Context) error {
	for len(w.opened) < len(w.wanted) {
		part := w.wanted[len(w.opened):]
		part = part[:fitting(part)]
		answer := &peoplev1.OpenResponse{}
		if err := bus.Request(ctx, w.v.conn, "people.open", &peoplev1.OpenRequest{Workspace: w.ws, Words: part}, answer); err != nil {
			return err
		}
		if len(answer.Words) != len(part) {
			return decider.Refuse("people/answer-incomplete")
		}
		for _, o := range answer.Words {
			w.opened = append(w.opened, w.cut(o.Text))
		}
	}
	return nil
}

// fitting is how many texts, at least one, go into one request.
func fitting(wanted []*peoplev1.SealedWords) int {
	bytes := 0
	for i, x := range wanted {
		if bytes += proto.Size(x); i > 0 && (i == wordsMax || bytes > requestBytes) {
			return i
		}
	}
	return len(wanted)
}

// cut counts a text and gives as much of it as there is room for.
func (w *words) cut(text string) string {
	if w.most > 0 && w.bytes+len(text) > w.most {
		if letters := []rune(text); len(letters) > cutCharacters {
			text = string(letters[:cutCharacters]) + "…"
		}
	}
	w.bytes += len(text)
	return text
}

// get gives a text, empty when there is none or when it is gone.
func (w *words) get(t decider.Words) string {
	if t.Sealed == nil {
		return ""
	}
	if at, asked := w.place[placeOf(t)]; asked && at < len(w.opened) {
		return w.opened[at]
	}
	return ""
}

// twice runs what builds an answer two times: the first time it only learns which texts are needed, the second time they are open.
func (w *words) twice(ctx context.Context, build func(open func(decider.Words) string)) error {
	build(func(t decider.Words) string { w.want(t); return "" })
	if err := w.open(ctx); err != nil {
		return err
	}
	build(w.get)
	return nil
}
