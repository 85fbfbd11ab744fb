package pages

import (
	"embed"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the meetings' clock is known on machines that know no time zones too

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/catalogue"
)

// The words of the pages: their own (words/) and those of the catalogue, which has every word of the record.

//go:embed words/*.json
var files embed.FS

var book = func() catalogue.Book {
	own, err := fs.Sub(files, "words")
	if err != nil {
		panic("pages: " + err.Error()) // only for a name that is no path, and ours is one
	}
	return catalogue.Open(own)
}()

// rome is the clock of the meetings: they are in Italy.
var rome = func() *time.Location {
	at, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic("pages: " + err.Error()) // the zones are in the program
	}
	return at
}()

// tongue is the language of a page.
type tongue string

// say gives a text; arguments come as pairs.
func (l tongue) say(key string, pairs ...string) string {
	args := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	return book.Sentence(key, string(l), args)
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

// label says a value of a code list of the contract; "" when it is not stated.
func (l tongue) label(e protoreflect.Enum) string {
	value := e.Descriptor().Values().ByNumber(e.Number())
	if e.Number() == 0 || value == nil {
		return ""
	}
	list := strings.ToLower(capital.ReplaceAllString(string(e.Descriptor().Name()), "${1}_${2}"))
	code := strings.TrimPrefix(strings.ToLower(string(value.Name())), list+"_")
	switch list {
	case "act_kind":
		list = "act"
	case "contribution_kind":
		list = "kind"
	}
	return l.say(list + "/" + code)
}

// constituency says whom somebody sits for. A code that a department added is shown as it is.
func (l tongue) constituency(code string) string {
	switch {
	case code == "":
		return l.say("constituency/undeclared")
	case book.Has("constituency/" + code):
		return l.say("constituency/" + code)
	}
	return code
}

// list joins words as one speaks.
func (l tongue) list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " " + l.say("page/and") + " " + parts[last]
}

// day says a day in full.
func (l tongue) day(t time.Time) string {
	return strconv.Itoa(t.Day()) + " " + l.say("page/month-"+strconv.Itoa(int(t.Month()))) + " " + strconv.Itoa(t.Year())
}

// date is the day of a moment in Italy; "" for none.
func (l tongue) date(at *timestamppb.Timestamp) string {
	if at == nil {
		return ""
	}
	return l.day(at.AsTime().In(rome))
}

// moment is day and time in Italy; "" for none.
func (l tongue) moment(at *timestamppb.Timestamp) string {
	if at == nil {
		return ""
	}
	return l.say("page/moment", "day", l.date(at), "time", clock(at))
}

func clock(at *timestamppb.Timestamp) string { return at.AsTime().In(rome).Format("15:04") }

// due says a last day (yyyy-mm-dd) or a moment (RFC 3339); what is neither, as it is.
func (l tongue) due(s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return l.day(t)
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return l.moment(timestamppb.New(t))
	}
	return s
}

// duration says seconds as minutes and seconds.
func (l tongue) duration(seconds uint32) string {
	m, s := l.say("page/minutes-n", "n", n(seconds/60)), l.say("page/seconds-n", "n", n(seconds%60))
	switch {
	case seconds < 60:
		return s
	case seconds%60 == 0:
		return m
	}
	return m + " " + s
}

func n[T uint32 | uint64 | int](v T) string { return strconv.FormatUint(uint64(v), 10) }
