package bus

import (
	"testing"
	"time"
)

// What the tests, which live outside the package, need of its inside.

// Grants is the table.
func Grants() map[string]Grant { return grants }

// Account gives the NATS account of a grant.
func (g Grant) Account() string { return g.account }

// LogAccount is the name of the log's account.
const LogAccount = logAccount

// ReadersAccount is the name of the account for readers from outside.
const ReadersAccount = readersAccount

// ServicesAccount and SystemAccount are the names of the other two.
const ServicesAccount, SystemAccount = servicesAccount, systemAccount

// HeaderCorrelation is the header's name.
const HeaderCorrelation = headerCorrelation

// AtLeast compares versions.
var AtLeast = atLeast

// Knocks is knocks.
type Knocks = knocks

// Wrong is knocks.wrong.
func (k *knocks) Wrong(host string, now time.Time) bool { return k.wrong(host, now) }

// Known is how many addresses are remembered.
func (k *knocks) Known() int { return len(k.of) }

// Limits of the door.
const (
	WrongAtOnce, WrongEvery, KnocksMost = wrongAtOnce, wrongEvery, knocksMost
	SeatFor, SeatsMost                  = seatFor, seatsMost
)

// Seats is how many connections of a reader are remembered, and when the last of them ends.
func (d *Door) Seats(id string) (n int, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.here[id] {
		n, until = n+1, s.until
	}
	return n, until
}

// ShortenAnswers has the servers that are started during the test let answers through for d only.
func ShortenAnswers(t *testing.T, d time.Duration) {
	before := answerWithin
	answerWithin = d
	t.Cleanup(func() { answerWithin = before })
}
