package feeds

import "testing"

// ScanAtMost has fewer lines of the order looked at, until the test ends.
func ScanAtMost(t testing.TB, n int) {
	kept := scanMax
	scanMax = n
	t.Cleanup(func() { scanMax = kept })
}
