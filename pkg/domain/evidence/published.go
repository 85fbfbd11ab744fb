package evidence

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// This chapter reads the published tables of the survey of the Italian departments (2023, 61 of 135 answered), which ours stand beside.
//
// What is printed there is not always right: 23 of 61 is printed as 37.1 and is 37.7. So a published figure is its two counts; the percentage is computed
// from them, and what was printed is kept beside it to be shown where the two differ.

//go:embed published/*.csv
var publications embed.FS

// Surveyed is how many departments answered, Departments how many there were.
const (
	Surveyed    = 61
	Departments = 135
)

// PublishedRow is one line of a published table.
type PublishedRow struct {
	// Item is a stable code: role, tools, engages, areas, extent … Question and Option are the words as printed.
	Item, Question, Option string
	Share
	// Printed is the percentage as printed.
	Printed string
	Note    string
}

// Agrees reports whether the printed percentage is the one that its counts give.
func (r *PublishedRow) Agrees() bool {
	printed, err := strconv.ParseFloat(r.Printed, 64)
	n, ok := r.Thousandths()
	return err == nil && ok && math.Round(10*printed) == float64(n)
}

// Published gives one of the published tables that are kept here (1 and 3), in the printed order.
func Published(table int) ([]PublishedRow, error) {
	f, err := publications.Open(fmt.Sprintf("published/table%d.csv", table))
	if err != nil {
		return nil, err
	}
	records, err := csv.NewReader(f).ReadAll()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var rows []PublishedRow
	for _, r := range records[1:] { // table, item_id, item, option, n, denominator, printed_pct, recomputed_pct, agrees, note
		part, errPart := strconv.Atoi(r[4])
		whole, errWhole := strconv.Atoi(r[5])
		if err := errors.Join(errPart, errWhole); err != nil {
			return nil, err
		}
		rows = append(rows, PublishedRow{Item: r[1], Question: r[2], Option: r[3], Share: Share{part, whole}, Printed: r[6], Note: r[9]})
	}
	return rows, nil
}
