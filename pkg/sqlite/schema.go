package sqlite

// Which schema made a file is kept in the file itself: user_version holds a fingerprint of the schema's text. There is no guessing whether
// two schemas go together. A view of another schema is built anew; a store of another schema is brought over by a step written for it.

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tavolo/pkg/decider"
)

// applySchema makes the tables in a file that has none, accepts a file that the same schema made, and refuses any other.
func applySchema(tx *sql.Tx, schema string) error {
	want := fingerprint(schema)
	var have, tables int64
	if err := tx.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have == want {
		return nil
	}
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return err
	}
	if have != 0 || tables != 0 {
		return decider.Refuse("sqlite/other-schema", "have", strconv.FormatInt(have, 10), "want", strconv.FormatInt(want, 10))
	}
	if _, err := tx.Exec(schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	_, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", want))
	return err
}

var comment = regexp.MustCompile(`--[^\n]*`)

// fingerprint is a positive 31-bit number of the schema without comments and spacing, so that explaining a column better changes nothing.
func fingerprint(schema string) int64 {
	bare := strings.Join(strings.Fields(comment.ReplaceAllString(schema, " ")), " ")
	sum := sha256.Sum256([]byte(bare))
	return int64(binary.BigEndian.Uint32(sum[:4])>>1) | 1
}
