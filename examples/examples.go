// Package examples holds the minutes of a small group, as its secretary would write them: what `tavolo serve --demo` records and what the
// README audits. The people are invented.
package examples

import "embed"

// Minutes are the files, in the order in which the group met.
//
//go:embed *.yaml
var Minutes embed.FS
