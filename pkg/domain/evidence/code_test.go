package evidence

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"tavolo/pkg/decider/decidertest"
)

// whole is a part with something in every corner.
func whole() Part {
	at := time.Date(2025, 3, 4, 17, 30, 0, 999, time.UTC)
	found := []Finding{{Code: "token_vote", Decisions: []string{"a", "b"}, Item: "i", Initiative: "n", Groups: []string{"user"}, People: 3, At: at, Evidence: []uint64{1, 1 << 63}}}
	return Part{
		decision: &decided{id: "n:s:d", item: "i", at: at, openedSeq: 7, closedSeq: 9, outcome: 2, undecided: true, amended: true, fate: fate{due: at, at: at.Add(time.Hour), explained: true},
			users: both[effect]{{success: "yes", pivotal: "p", divergent: true, power: 0.25, margin: -3}, {power: -1, traced: true}}, found: found, actsSeqs: []uint64{8}},
		session:    &sitting{id: "n:s", at: at, kind: 2, seats: []placed{{participant: "p1", users: both[bool]{true, false}}}},
		item:       &proposed{id: "i", by: "p1", at: at, refused: true},
		talk:       &talk{item: "i", session: "n:s", voices: []voice{{by: "p1", turns: 2, seconds: 61}}, advice: []advised{{Advice: Advice{Number: 1, By: "p1", At: at, Seq: 5}, answered: true, reply: 1, after: 6}}},
		initiative: &rolled{id: "n", roll: []placed{{participant: "p1"}}, reports: found},
	}
}

func TestAPartIsReadAsItWasWritten(t *testing.T) {
	for _, p := range []Part{{}, {item: &proposed{id: "i"}}, whole()} {
		got, err := ReadPart(p.Append(nil))
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%+v, %v, want %+v", got, err, p)
		}
	}
}

// What was cut off anywhere, or goes on behind its end, is refused whole.
func TestAPartThatIsNotWholeIsRefused(t *testing.T) {
	bytes := whole().Append(nil)
	for n := 1; n < len(bytes); n++ {
		if p, err := ReadPart(bytes[:n]); err == nil || !reflect.DeepEqual(p, Part{}) {
			t.Fatalf("%d of %d bytes are read as %+v", n, len(bytes), p)
		}
	}
	_, err := ReadPart(append(bytes, 0))
	decidertest.Answer{T: t, Err: err}.Refused("evidence/part-unreadable")
}

func FuzzReadPart(f *testing.F) {
	f.Add([]byte{})
	f.Add(whole().Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPart(data)
		if err != nil {
			return
		}
		written := p.Append(nil)
		again, err := ReadPart(written)
		if err != nil || !bytes.Equal(again.Append(nil), written) {
			t.Errorf("%x is read, but not what it is written as: %x, %v", data, written, err)
		}
	})
}
