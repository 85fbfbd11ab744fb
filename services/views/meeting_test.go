package views

import (
	"strings"
	"testing"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/item"
	"tavolo/pkg/domain/session"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// meetingOf is a session with items of these contributions, by the bytes of their words; they were said in turn, one on each item.
func meetingOf(sizes ...[]int) (s *aggregate.Aggregate, items []*aggregate.Aggregate) {
	s = &aggregate.Aggregate{Key: aggregate.Key{Kind: aggregate.Session, ID: "csm:s1"}, Session: &session.State{}}
	for i, of := range sizes {
		a := &aggregate.Aggregate{Key: aggregate.Key{Kind: aggregate.Item, ID: "csm:i" + string(rune('1'+i))}, Item: &item.State{}}
		for n, size := range of {
			a.Item.Contributions = append(a.Item.Contributions, item.Contribution{Seq: uint64(n*len(sizes) + i + 1), Words: decider.Words{Sealed: &eventv1.Sealed{Ciphertext: make([]byte, size)}},
				ContributionRecorded: &eventv1.ContributionRecorded{Session: s.ID, Number: uint32(n + 1)}})
		}
		s.Session.Items, items = append(s.Session.Items, a.ID), append(items, a)
	}
	return s, items
}

func TestTheLatestWordsAreShownOverAllItems(t *testing.T) {
	half := saidBytes / 2
	s, items := meetingOf([]int{10, half, half + 1}, []int{20, half, 30})
	agenda := agendaOf(s, items, nil)
	// From the latest on: 30 fits, half+1 does not fit after it into what one half leaves, half does, and so on.
	want := [][]bool{{false, true, false}, {false, true, false}}
	for i, p := range agenda {
		for n, c := range p.said {
			if c.silent != want[i][n] {
				t.Errorf("item %d, number %d: left out %v", i+1, n+1, c.silent)
			}
		}
		if p.earlier != 0 {
			t.Errorf("item %d: %d contributions are gone", i+1, p.earlier)
		}
	}
}

func TestEarlierTurnsAreCountedNotShown(t *testing.T) {
	s, items := meetingOf(make([]int, saidMost), make([]int, 3))
	items[1].Item.Contributions[2].Seq = 1 << 20 // the last word was on the second item
	agenda := agendaOf(s, items, nil)
	if first, second := agenda[0], agenda[1]; len(first.said)+len(second.said) != saidMost || first.earlier+second.earlier != 3 || second.said[len(second.said)-1].Number != 3 {
		t.Errorf("%d and %d are shown, %d and %d are not", len(first.said), len(second.said), first.earlier, second.earlier)
	}
	for i, p := range agenda {
		for n, c := range p.said {
			if c.Number != p.earlier+uint32(n)+1 {
				t.Fatalf("item %d: number %d is at %d, %d left out before it", i+1, c.Number, n, p.earlier)
			}
		}
	}
}

func TestWhatIsVotedOnIsShownWholeBeforeWhatIsOver(t *testing.T) {
	s, items := meetingOf(nil)
	var crowd []*eventv1.Elector
	for range 300 {
		crowd = append(crowd, &eventv1.Elector{Participant: strings.Repeat("p", 36), Constituency: "user", Standing: eventv1.Standing_STANDING_BINDING_VOTE, Weight: 1})
	}
	var decisions []*aggregate.Aggregate
	for i := range 400 {
		d := &decision.State{Phase: decision.Closed, Item: items[0].ID, FirstSeq: uint64(i + 1), Electors: crowd, Charter: &eventv1.Charter{}}
		if i == 0 {
			d.Phase = decision.Open
		}
		decisions = append(decisions, &aggregate.Aggregate{Key: aggregate.Key{Kind: aggregate.Decision}, Decision: d})
	}
	shown, whole := agendaOf(s, items, decisions)[0].decided, 0
	for i, d := range shown {
		if !d.brief {
			whole++
		}
		if i > 1 && shown[i-1].brief != d.brief && d.brief {
			t.Errorf("decision %d is shown shorter than an earlier one that is over as well", i+1)
		}
	}
	if shown[0].brief || !shown[1].brief || shown[399].brief || whole < 40 || whole > 100 {
		t.Errorf("voted on: short %v; the first and the last that are over: %v, %v; %d are whole", shown[0].brief, shown[1].brief, shown[399].brief, whole)
	}
}

func TestTextsComeInRequestsThatFitAndAreCutWhereAnAnswerWouldNot(t *testing.T) {
	big := &peoplev1.SealedWords{Sealed: &eventv1.Sealed{Ciphertext: make([]byte, requestBytes/2)}}
	if n := fitting([]*peoplev1.SealedWords{big, big, big}); n != 1 {
		t.Errorf("%d texts of half a request, and what is around them, go together", n)
	}
	huge := &peoplev1.SealedWords{Sealed: &eventv1.Sealed{Ciphertext: make([]byte, 2*requestBytes)}}
	if n := fitting([]*peoplev1.SealedWords{huge, huge}); n != 1 {
		t.Errorf("%d texts larger than a request go together", n)
	}
	many := make([]*peoplev1.SealedWords, wordsMax+1)
	for i := range many {
		many[i] = &peoplev1.SealedWords{}
	}
	if n := fitting(many); n != wordsMax {
		t.Errorf("%d small texts go together", n)
	}
	long, w := strings.Repeat("è", 1000), (&words{}).atMost(3000)
	if got := []string{w.cut(long), w.cut(long), w.cut("breve")}; got[0] != long || got[1] != strings.Repeat("è", cutCharacters)+"…" || got[2] != "breve" {
		t.Errorf("%d, %d characters, %q", len([]rune(got[0])), len([]rune(got[1])), got[2])
	}
	if whole := (&words{}); whole.cut(long)+whole.cut(long) != long+long {
		t.Error("a text of a file was cut")
	}
}
