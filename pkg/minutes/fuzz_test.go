package minutes_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tavolo/pkg/minutes"
)

// FuzzParse: whatever the bytes, Parse ends without a panic; what it refuses it refuses with known codes
// and places inside the text; what it accepts is written so that it reads back the same.
func FuzzParse(f *testing.F) {
	good := read(f, "every-key.yaml")
	file := parse(f, "every-key.yaml", good)
	f.Add(good)
	f.Add(written(f, file, "yaml"))
	f.Add(written(f, file, "json"))
	for _, c := range refusals {
		f.Add([]byte(mutate(f, c.old, c.new)))
	}
	for _, c := range whole {
		if len(c.text) < 1000 {
			f.Add([]byte(c.text))
		}
	}
	known := map[string]bool{}
	for _, code := range minutes.Codes() {
		known[code] = true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := minutes.Parse("f", data)
		if err != nil {
			for _, p := range err.(minutes.Problems) {
				lines := strings.Count(strings.ReplaceAll(string(data), "\r", "\n"), "\n") + 2
				if !known[p.Code] || p.Line < 1 || p.Line > lines || p.Column < 1 {
					t.Fatalf("a problem without a known code or a place in the text: %+v", p)
				}
				if text := p.Text("it"); strings.ContainsAny(text, "\n\r") || !utf8.ValidString(text) {
					t.Fatalf("not fit for a log: %q", text)
				}
			}
			return
		}
		for _, format := range []string{"yaml", "json"} {
			var text, second bytes.Buffer
			if err := minutes.Write(&text, file, format); err != nil {
				t.Fatal(err)
			}
			again, err := minutes.Parse(format, text.Bytes())
			if err != nil {
				t.Fatalf("what was written as %s is refused: %v\n%s", format, err, text.Bytes())
			}
			if diff := cmp.Diff(file, again, sameFile); diff != "" {
				t.Fatalf("%s reads back as another file: %s", format, diff)
			}
			if err := minutes.Write(&second, again, format); err != nil || !bytes.Equal(text.Bytes(), second.Bytes()) {
				t.Fatalf("%s is written differently the second time (%v)", format, err)
			}
		}
	})
}

func BenchmarkParseConference(b *testing.B) {
	asJSON := read(b, "conference-2021-09-27.json")
	file := parse(b, "conference", asJSON)
	asYAML := written(b, file, "yaml")
	for name, data := range map[string][]byte{"json": asJSON, "yaml": asYAML} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := minutes.Parse(name, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			var out bytes.Buffer
			if err := minutes.Write(&out, file, "yaml"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
