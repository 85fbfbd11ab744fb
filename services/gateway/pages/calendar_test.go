package pages_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"tavolo/services/gateway/pages"
)

func appointment(t *testing.T, title string, sequence uint64) []byte {
	t.Helper()
	v := meeting(t).Session
	v.Session.Title, v.Sequence = title, sequence
	data, ok := pages.Calendar("dsm-esempio", v, "http://127.0.0.1:8420/w/dsm-esempio/s/csm-orari:2026-03-05", time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	if !ok {
		t.Fatal("no appointment")
	}
	return data
}

func TestACalendarReadsTheAppointmentBack(t *testing.T) {
	const title = "Terzo incontro; «è così», dice Ada\\Bruno – una riga che è abbastanza lunga per andare a capo due volte, perché ha più di centocinquanta ottetti in UTF-8, e più"
	c, err := ics.ParseCalendar(bytes.NewReader(appointment(t, title, 41)))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Events()) != 1 {
		t.Fatalf("%d events", len(c.Events()))
	}
	e := c.Events()[0]
	for property, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertyUniqueId: "csm-orari:2026-03-05@dsm-esempio.tavolo", ics.ComponentPropertySequence: "41",
		ics.ComponentPropertyDtStart: "20260305T150000Z", ics.ComponentPropertyDtEnd: "20260305T170000Z",
		ics.ComponentPropertySummary: title, ics.ComponentPropertyLocation: "Sala grande, via Roma 1",
	} {
		p := e.GetProperty(property)
		if p == nil {
			t.Errorf("%s is missing", property)
			continue
		}
		if got := ics.FromText(p.Value); got != want && p.Value != want {
			t.Errorf("%s is %q, want %q", property, p.Value, want)
		}
	}
	later, err := ics.ParseCalendar(bytes.NewReader(appointment(t, title, 42)))
	if err != nil {
		t.Fatal(err)
	}
	if later.Events()[0].Id() != e.Id() {
		t.Error("the same session has another UID later")
	}
}

// contentLine is the grammar of RFC 5545, 3.1, for an unfolded line.
var contentLine = regexp.MustCompile(`^[A-Z0-9-]+(;[A-Z0-9-]+=("[^"\x00-\x08\x0A-\x1F\x7F]*"|[^";:,\x00-\x08\x0A-\x1F\x7F]*))*:[^\x00-\x08\x0A-\x1F\x7F]*$`)

func TestAnAppointmentIsWrittenAsTheGrammarSays(t *testing.T) {
	text := string(appointment(t, strings.Repeat("Perché è così – ", 20)+"\nfine", 1))
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") || !strings.HasSuffix(text, "\r\n") {
		t.Error("a line does not end with CR LF")
	}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
		if !utf8.ValidString(line) {
			t.Errorf("a line is folded within a character: %q", line)
		}
	}
	for _, line := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n ", ""), "\r\n"), "\r\n") {
		if !contentLine.MatchString(line) {
			t.Errorf("not a content line: %q", line)
		}
	}
	for _, must := range []string{"BEGIN:VCALENDAR\r\n", "VERSION:2.0\r\n", "PRODID:", "DTSTAMP:20260301T080000Z\r\n", "END:VCALENDAR\r\n"} {
		if !strings.Contains(text, must) {
			t.Errorf("%q is missing", must)
		}
	}
}

func TestACalendarWithoutAMeetingHoldsATimeZone(t *testing.T) {
	text := string(pages.PublicCalendar("it", nil, time.Now()))
	for _, must := range []string{"BEGIN:VTIMEZONE\r\nTZID:Etc/UTC\r\n", "BEGIN:STANDARD\r\n", "DTSTART:19700101T000000\r\n", "TZOFFSETFROM:+0000\r\n", "TZOFFSETTO:+0000\r\n", "END:VTIMEZONE\r\n"} {
		if !strings.Contains(text, must) {
			t.Errorf("%q is missing in %q", must, text)
		}
	}
}
