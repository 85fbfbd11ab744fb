package item

import "slices"

// This chapter suggests who could speak next, so that people and perspectives come to speak alike. It is a suggestion and binds nobody.
//
//	1. Among the raised hands, those of the perspective that has spoken least for each of its people in the room.
//	2. Among those, the person who has spoken least.
//	3. Among those, who asked first.

// Heard is how long a perspective, a constituency's code, has spoken, and how many of its people are in the room.
type Heard struct {
	Seconds uint64
	People  int
}

// Spoken is how long everyone has spoken in a session so far.
type Spoken struct {
	// Perspective of each participant. Who declared none has the empty one in common with the others who declared none.
	Perspective map[string]string
	// Seconds of each participant.
	Seconds map[string]uint64
	// Heard of each perspective.
	Heard map[string]Heard
}

// Because says what decided a suggestion. The words are stable: they reach the API.
type Because string

// Why somebody is suggested.
const (
	OnlyHand             Because = "only_hand"
	PerspectiveHeardLess Because = "perspective_heard_less"
	PersonHeardLess      Because = "person_heard_less"
	FirstToAsk           Because = "first_to_ask"
)

// Suggest says who of those who ask to speak, in the order of asking, could be next, and why; nobody when nobody asks.
func Suggest(hands []string, spoken Spoken) (participant string, because Because) {
	switch len(hands) {
	case 0:
		return "", ""
	case 1:
		return hands[0], OnlyHand
	}
	of := func(p string) Heard { return spoken.Heard[spoken.Perspective[p]] }
	left := least(hands, func(a, b string) bool { return of(a).less(of(b)) })
	because = FirstToAsk
	if len(left) < len(hands) {
		because = PerspectiveHeardLess
	}
	quietest := least(left, func(a, b string) bool { return spoken.Seconds[a] < spoken.Seconds[b] })
	if because == FirstToAsk && len(quietest) < len(left) {
		because = PersonHeardLess
	}
	return quietest[0], because
}

// less compares seconds for each person, in whole numbers. Who asks from outside the room counts as one.
func (h Heard) less(than Heard) bool {
	return h.Seconds*uint64(max(than.People, 1)) < than.Seconds*uint64(max(h.People, 1))
}

// least keeps those than whom nobody is less, in their order.
func least(hands []string, less func(a, b string) bool) []string {
	var all []string
	for _, h := range hands {
		if !slices.ContainsFunc(hands, func(other string) bool { return less(other, h) }) {
			all = append(all, h)
		}
	}
	return all
}
