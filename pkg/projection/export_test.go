package projection

import (
	"context"

	"tavolo/pkg/sqlite"
)

// Prepare makes the table of positions.
func Prepare(ctx context.Context, db *sqlite.DB, view View) error {
	_, err := prepare(ctx, db, view)
	return err
}
