package minutes

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The small values of the format: fractions, thresholds, moments and deadlines, with their one spelling.

// Fraction is a share of votes or voters: 1 <= Num <= Den. It keeps the terms of the file (4/6 stays
// 4/6). The zero Fraction means that none is stated.
type Fraction struct{ Num, Den int64 }

// String writes a fraction as in the file: "2/3".
func (f Fraction) String() string {
	return strconv.FormatInt(f.Num, 10) + "/" + strconv.FormatInt(f.Den, 10)
}

// MarshalText writes a fraction as in the file.
func (f Fraction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

var fractionForm = regexp.MustCompile(`^([0-9]{1,9})/([0-9]{1,9})$`)

// parseFraction reads "2/3". It is not ok for any other form, for 0/3, 1/0 and 3/2.
func parseFraction(s string) (f Fraction, ok bool) {
	m := fractionForm.FindStringSubmatch(s)
	if m == nil {
		return Fraction{}, false
	}
	f.Num, _ = strconv.ParseInt(m[1], 10, 64)
	f.Den, _ = strconv.ParseInt(m[2], 10, 64)
	if f.Num < 1 || f.Num > f.Den {
		return Fraction{}, false
	}
	return f, true
}

// ThresholdKind says which of its three forms a threshold has.
type ThresholdKind uint8

// Threshold kinds. ThresholdUnstated is the zero value.
const (
	ThresholdUnstated ThresholdKind = iota
	ThresholdMajority               // more than half of the base
	ThresholdVotes                  // at least so many votes
	ThresholdFraction               // at least so large a share of the base
)

// Threshold is how many votes in favour adopt: `majority`, a whole number of votes, or a fraction.
type Threshold struct {
	Kind     ThresholdKind
	Votes    int64    // of ThresholdVotes: 1 to MaxNumber
	Fraction Fraction // of ThresholdFraction
}

const majorityWord = "majority"

// Majority is the threshold `majority`, the default.
var Majority = Threshold{Kind: ThresholdMajority}

// String writes a threshold as in the file: "majority", "12" or "2/3"; "" when it is not stated.
func (t Threshold) String() string {
	switch t.Kind {
	case ThresholdMajority:
		return majorityWord
	case ThresholdVotes:
		return strconv.FormatInt(t.Votes, 10)
	case ThresholdFraction:
		return t.Fraction.String()
	case ThresholdUnstated:
	}
	return ""
}

// MarshalJSON writes votes as a number and the other forms as text.
func (t Threshold) MarshalJSON() ([]byte, error) {
	if t.Kind == ThresholdVotes {
		return []byte(t.String()), nil
	}
	return json.Marshal(t.String())
}

// Deadline is when something has to be done: a whole day (`2026-04-01`) or a moment.
type Deadline struct {
	At       time.Time // of a whole day: its midnight in UTC, of which only the date counts
	WholeDay bool
}

// End is the moment from which a deadline has passed. A whole day passes with the midnight after it in
// the given place; a moment passes when it is reached, wherever one is.
func (d Deadline) End(place *time.Location) time.Time {
	if !d.WholeDay {
		return d.At
	}
	year, month, day := d.At.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, place)
}

// String writes a deadline as in the file.
func (d Deadline) String() string {
	if d.WholeDay {
		return d.At.Format(time.DateOnly)
	}
	return formatMoment(d.At)
}

// MarshalText writes a deadline as in the file.
func (d Deadline) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

var (
	dayForm      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	momentForm   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
	offsetlessIn = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$`)
)

// firstYear is the earliest year that minutes can speak of; an earlier one is a slip of the pen.
const firstYear = 1900

// maxOffset is beyond every time zone in use (UTC+14 is the farthest).
const maxOffset = 15 * time.Hour

var errNotAMoment = errors.New("not an RFC 3339 date-time")

// parseMoment reads an RFC 3339 date-time and keeps its offset, whatever zone the machine is in.
func parseMoment(s string) (time.Time, error) {
	if !momentForm.MatchString(s) {
		return time.Time{}, errNotAMoment
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < firstYear {
		return time.Time{}, errNotAMoment
	}
	_, offset := t.Zone()
	if d := time.Duration(offset) * time.Second; d > maxOffset || d < -maxOffset {
		return time.Time{}, errNotAMoment
	}
	if offset == 0 {
		return t.UTC(), nil
	}
	return t.In(time.FixedZone("", offset)), nil
}

func formatMoment(t time.Time) string { return t.Format(time.RFC3339Nano) }

// parseDeadline reads a date or an RFC 3339 date-time.
func parseDeadline(s string) (Deadline, error) {
	if dayForm.MatchString(s) {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil || t.Year() < firstYear {
			return Deadline{}, fmt.Errorf("no such day")
		}
		return Deadline{At: t, WholeDay: true}, nil
	}
	t, err := parseMoment(s)
	return Deadline{At: t}, err
}

// validID reports whether s can be an id: 1 to MaxIDLength letters without accents, digits, - or _,
// beginning with a letter or a digit. Ids become subject tokens and parts of addresses.
func validID(s string) bool {
	if s == "" || len(s) > MaxIDLength || s[0] == '-' || s[0] == '_' {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool { return !isIDCharacter(c) }) < 0
}

func isIDCharacter(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

var constituencyForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
