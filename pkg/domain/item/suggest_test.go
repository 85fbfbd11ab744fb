package item_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/domain/item"
)

func TestWhoIsSuggestedAndWhy(t *testing.T) {
	perspective := map[string]string{"u1": "user", "u2": "user", "f1": "family", "p1": "professional", "p2": "professional", "x1": "", "x2": ""}
	for name, c := range map[string]struct {
		hands   []string
		seconds map[string]uint64
		heard   map[string]item.Heard
		who     string
		because item.Because
	}{
		"nobody asks":               {},
		"one asks":                  {hands: []string{"p1"}, seconds: map[string]uint64{"p1": 900}, who: "p1", because: item.OnlyHand},
		"nobody has spoken":         {hands: []string{"p1", "u1"}, who: "p1", because: item.FirstToAsk},
		"a perspective heard less":  {hands: []string{"p1", "u1"}, heard: map[string]item.Heard{"professional": {60, 1}, "user": {30, 1}}, who: "u1", because: item.PerspectiveHeardLess},
		"less for each of them":     {hands: []string{"u1", "p1"}, heard: map[string]item.Heard{"professional": {90, 9}, "user": {30, 2}}, who: "p1", because: item.PerspectiveHeardLess},
		"as much for each of them":  {hands: []string{"u1", "p1"}, heard: map[string]item.Heard{"professional": {90, 9}, "user": {20, 2}}, who: "u1", because: item.FirstToAsk},
		"a person heard less":       {hands: []string{"u1", "u2"}, seconds: map[string]uint64{"u1": 20, "u2": 10}, who: "u2", because: item.PersonHeardLess},
		"the perspective before":    {hands: []string{"p1", "u1", "u2"}, seconds: map[string]uint64{"u1": 20, "u2": 10}, heard: map[string]item.Heard{"professional": {60, 1}, "user": {30, 2}}, who: "u2", because: item.PerspectiveHeardLess},
		"the person across":         {hands: []string{"p1", "u1"}, seconds: map[string]uint64{"p1": 20, "u1": 10}, heard: map[string]item.Heard{"professional": {20, 1}, "user": {40, 2}}, who: "u1", because: item.PersonHeardLess},
		"from outside the room":     {hands: []string{"f1", "u1"}, heard: map[string]item.Heard{"family": {10, 0}, "user": {40, 3}}, who: "f1", because: item.PerspectiveHeardLess},
		"who declared none":         {hands: []string{"x2", "u1", "x1"}, seconds: map[string]uint64{"x2": 5}, heard: map[string]item.Heard{"user": {40, 3}, "": {5, 2}}, who: "x1", because: item.PerspectiveHeardLess},
		"not side against side":     {hands: []string{"f1", "u1"}, heard: map[string]item.Heard{"family": {0, 1}, "user": {40, 1}, "professional": {900, 1}}, who: "f1", because: item.PerspectiveHeardLess},
		"a quiet one of a loud one": {hands: []string{"p2", "u1"}, seconds: map[string]uint64{"u1": 30}, heard: map[string]item.Heard{"professional": {900, 2}, "user": {30, 1}}, who: "u1", because: item.PerspectiveHeardLess},
	} {
		who, because := item.Suggest(c.hands, item.Spoken{Perspective: perspective, Seconds: c.seconds, Heard: c.heard})
		if who != c.who || because != c.because {
			t.Errorf("%s: %q because %q, want %q because %q", name, who, because, c.who, c.because)
		}
	}
}

// room draws people who ask to speak and how long everybody has spoken.
func room(t *rapid.T) ([]string, item.Spoken) {
	s := item.Spoken{Perspective: map[string]string{}, Seconds: map[string]uint64{}, Heard: map[string]item.Heard{}}
	var everyone []string
	for i := range rapid.IntRange(1, 8).Draw(t, "people") {
		p := fmt.Sprint("p", i)
		code := rapid.SampledFrom([]string{"user", "family", "professional", ""}).Draw(t, "perspective")
		everyone = append(everyone, p)
		s.Perspective[p], s.Seconds[p] = code, rapid.Uint64Range(0, 3).Draw(t, "seconds")*30
		h := s.Heard[code]
		s.Heard[code] = item.Heard{Seconds: h.Seconds + s.Seconds[p], People: h.People + rapid.IntRange(0, 1).Draw(t, "in the room")}
	}
	hands := rapid.Permutation(everyone).Draw(t, "order")
	return hands[:rapid.IntRange(0, len(hands)).Draw(t, "hands")], s
}

func heardLess(s item.Spoken, a, b string) bool { // seconds for each person, as a fraction of whole numbers
	x, y := s.Heard[s.Perspective[a]], s.Heard[s.Perspective[b]]
	return x.Seconds*uint64(max(y.People, 1)) < y.Seconds*uint64(max(x.People, 1))
}

// What must hold of any suggestion:
//
//	somebody who asks is suggested when somebody asks, and the same asked again gives the same
//	nobody who asks belongs to a perspective that was heard less, and nobody of their own perspective who asks has spoken less
//	another order of asking changes the suggestion only among those who are equal in both
func TestASuggestionIsAlwaysFair(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		hands, s := room(t)
		who, because := item.Suggest(hands, s)
		if (who == "") != (len(hands) == 0) || who != "" && !slices.Contains(hands, who) || (because == "") != (who == "") {
			t.Fatalf("of %v %q is suggested because %q", hands, who, because)
		}
		if again, why := item.Suggest(slices.Clone(hands), s); again != who || why != because {
			t.Fatalf("asked again: %q because %q, before %q because %q", again, why, who, because)
		}
		for _, h := range hands {
			if heardLess(s, h, who) {
				t.Fatalf("%s is suggested of %v, and %s belongs to a perspective that was heard less: %+v", who, hands, h, s)
			}
			if s.Perspective[h] == s.Perspective[who] && s.Seconds[h] < s.Seconds[who] {
				t.Fatalf("%s is suggested of %v, and %s of the same perspective has spoken less: %+v", who, hands, h, s)
			}
		}
		if len(hands) == 0 {
			return
		}
		other, _ := item.Suggest(rapid.Permutation(hands).Draw(t, "another order"), s)
		if heardLess(s, who, other) || heardLess(s, other, who) || s.Seconds[other] != s.Seconds[who] {
			t.Fatalf("in another order %s is suggested instead of %s: %+v", other, who, s)
		}
		if other != who {
			moved++
		}
	})
	if moved == 0 {
		t.Error("no order of asking ever mattered: the test proves nothing")
	}
}
