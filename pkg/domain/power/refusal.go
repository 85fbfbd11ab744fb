package power

import "fmt"

// Codes of the refusals of this package. They are stable: clients translate them, tests compare them.
const (
	CodeNoPlayers         = "power/no-players"          // a game without players
	CodeNoConditions      = "power/no-conditions"       // a game without quotas
	CodeWeightsMismatch   = "power/weights-mismatch"    // a player with more or fewer weights than there are conditions
	CodeNegativeWeight    = "power/negative-weight"     // a weight below 0
	CodeWeightsTooHeavy   = "power/weights-too-heavy"   // the weights of a condition sum beyond a 64-bit integer
	CodeQuotaNotPositive  = "power/quota-not-positive"  // a quota of 0 or less, which nobody's no could stop
	CodeQuotaOutOfReach   = "power/quota-out-of-reach"  // a quota above the sum of all weights, which nobody could pass
	CodeTooManyConditions = "power/too-many-conditions" // more than maxConditions conditions
	CodeTooLarge          = "power/too-large"           // the exact count would not fit the memory set aside for it
	CodeNoSuchPlayer      = "power/no-such-player"      // a player number outside the game
	CodeRepeatedPlayer    = "power/repeated-player"     // the same player twice in one bloc
	CodeNegativeCount     = "power/negative-count"      // fewer than 0 voters of a type
)

// Error is a refusal: a stable code for programs, and what happened and what to do next for people.
type Error struct {
	Code string
	Text string
}

// Error is the code followed by the text.
func (e *Error) Error() string { return e.Code + ": " + e.Text }

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}
