package gateway_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"

	"tavolo/pkg/decider"
	"tavolo/services/gateway"
)

// What a client says is a wish with ids of bounded length, or is refused as such; a wish that is written out again is the same wish.
func FuzzWebSocketFrame(f *testing.F) {
	for _, s := range []string{
		`{"subscribe":{"workspace":"dsm","topic":"session:orari:2026-03-05","since":"123"}}`,
		`{"unsubscribe":{"workspace":"dsm","topic":"roles:orari"}}`,
		`{"subscribe":{"workspace":"dsm","topic":"roles:orari"},"unsubscribe":null}`,
		`{"Subscribe":{"WORKSPACE":"dsm","topic":"x"}}`, `{"subscribe":{}}`, `{}`, `null`, `[`, "\xff", `{"subscribe":{"workspace":"\ud800","topic":"a"}}`,
		`{"subscribe":{"workspace":"a","topic":"b","since":"18446744073709551615"}}x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		subscribe, workspace, topic, since, err := gateway.ParseWish(data)
		if err != nil {
			if decider.CodeOf(err) != "gateway/message" {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		for _, id := range []string{workspace, topic} {
			if id == "" || len(id) > 256 || !utf8.ValidString(id) {
				t.Fatalf("accepted the id %q", id)
			}
		}
		name := "unsubscribe"
		if subscribe {
			name = "subscribe"
		}
		again, err := json.Marshal(map[string]any{name: map[string]string{"workspace": workspace, "topic": topic, "since": strconv.FormatUint(since, 10)}})
		if err != nil {
			t.Fatal(err)
		}
		s2, w2, t2, since2, err := gateway.ParseWish(again)
		if err != nil || s2 != subscribe || w2 != workspace || t2 != topic || since2 != since {
			t.Fatalf("%s is read again as %v %q %q %d %v", again, s2, w2, t2, since2, err)
		}
	})
}
