package eventlog

import (
	"testing"
	"time"
)

// What the tests, which live outside the package, need of its inside.

const (
	BatchFrom  = batchFrom
	BatchLeast = batchFromLeast
	BatchMost  = batchMost
	StageBytes = stageBytes
	ReadBytes  = readBytes
)

// BatchPaysFrom is the size from which a flight goes as a batch, by the measured costs.
var BatchPaysFrom = batchPaysFrom

// Hurry shortens the waits for an acknowledgement and for a settled outcome of the logs made during the test.
func Hurry(t testing.TB, ack, settle time.Duration) {
	a, s := ackWait, settleWithin
	HurryAll(ack, settle)
	t.Cleanup(func() { HurryAll(a, s) })
}

// HurryAll does the same for the rest of the process.
func HurryAll(ack, settle time.Duration) { ackWait, settleWithin = ack, settle }
