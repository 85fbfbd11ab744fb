package disclosure_test

import (
	"maps"
	"testing"

	"tavolo/pkg/domain/disclosure"
)

func TestTheFiguresOfAVote(t *testing.T) {
	divided, united := disclosure.Tally{For: 4, Against: 2}, disclosure.Tally{For: 6}
	for name, c := range map[string]struct {
		vote                 disclosure.Vote
		voters, tally, parts bool
		sizes                map[string]int
	}{
		"large and divided": {disclosure.Vote{Voters: map[string]int{"user": 6, "staff": 6}, All: disclosure.Tally{For: 8, Against: 4}, Parts: map[string]disclosure.Tally{"user": divided, "staff": divided}},
			true, true, true, map[string]int{"user": 6, "staff": 6}},
		"a group of one mind": {disclosure.Vote{Voters: map[string]int{"user": 6, "staff": 6}, All: disclosure.Tally{For: 10, Against: 2}, Parts: map[string]disclosure.Tally{"user": divided, "staff": united}},
			true, true, false, map[string]int{"user": 6, "staff": 6}},
		"all of one mind":     {disclosure.Vote{Voters: map[string]int{"user": 6}, All: united}, true, false, false, map[string]int{"user": 6}},
		"one stayed away":     {disclosure.Vote{Voters: map[string]int{"user": 7}, All: divided}, false, true, false, nil},
		"few of one group":    {disclosure.Vote{Voters: map[string]int{"family": 12, "professional": 7, "user": 3}}, true, false, false, map[string]int{"professional": 7}},
		"weighted":            {disclosure.Vote{Voters: map[string]int{"user": 6}, Weighted: true, All: divided}, true, false, false, map[string]int{"user": 6}},
		"three people":        {disclosure.Vote{Voters: map[string]int{"user": 3}, All: disclosure.Tally{For: 2, Against: 1}}, false, false, false, map[string]int{}},
		"a group named total": {disclosure.Vote{Voters: map[string]int{"total": 3, "user": 9, "staff": 8}}, true, false, false, map[string]int{"staff": 8}},
		"nobody":              {disclosure.Vote{}, false, false, false, nil},
	} {
		got := c.vote.Figures(disclosure.People)
		if (got.Voters != nil) != c.voters || (got.Tally != nil) != c.tally || (got.Parts != nil) != c.parts || (got.Sizes == nil) != (c.sizes == nil) || !maps.Equal(got.Sizes, c.sizes) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
