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

// HeaderCorrelation is the header's name.
const HeaderCorrelation = headerCorrelation

// AtLeast compares versions.
var AtLeast = atLeast

// ShortenAnswers has the servers that are started during the test let answers through for d only.
func ShortenAnswers(t *testing.T, d time.Duration) {
	before := answerWithin
	answerWithin = d
	t.Cleanup(func() { answerWithin = before })
}
