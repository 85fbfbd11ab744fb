package sqlite

// The canonical dump: two databases with the same content have the same dump, whatever the order in which the content arrived. Golden
// views and the comparison of a rebuilt view with the live one rest on it.

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Dump writes all tables, by name, as text: a line with the table's name and columns, then a line for each row, values separated by tabs,
// ordered by primary key and then by the other columns. NULL, 1, 1.0, "1" and X'31' stay distinct. A virtual table is written as it reads,
// its shadow tables are not, for those depend on history. One state is seen throughout, also while somebody writes.
func (db *DB) Dump(w io.Writer) error {
	tx, err := db.readers.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("sqlite: dump: %w", err)
	}
	defer tx.Rollback()
	out := bufio.NewWriter(w)
	tables, err := texts(tx, `SELECT name FROM pragma_table_list
		WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name COLLATE BINARY`)
	if err != nil {
		return fmt.Errorf("sqlite: dump: %w", err)
	}
	for _, t := range tables {
		if err := dumpTable(tx, out, t); err != nil {
			return fmt.Errorf("sqlite: dump %s: %w", t, err)
		}
	}
	return out.Flush()
}

func dumpTable(tx *sql.Tx, out *bufio.Writer, table string) error {
	columns, err := texts(tx, `SELECT name FROM pragma_table_info(?) ORDER BY cid`, table)
	if err != nil {
		return err
	}
	order, err := texts(tx, `SELECT name FROM pragma_table_info(?) ORDER BY pk = 0, pk, cid`, table)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s(%s)\n", table, strings.Join(columns, ", "))
	selected := make([]string, len(columns))
	for i := range columns {
		// The sign hides the declared type, by which the driver would turn 1 into true or into a date.
		selected[i] = "+" + quoteName(columns[i])
		order[i] = quoteName(order[i]) + " COLLATE BINARY"
	}
	rows, err := tx.Query("SELECT " + strings.Join(selected, ", ") + " FROM " + quoteName(table) + " ORDER BY " + strings.Join(order, ", "))
	if err != nil {
		return err
	}
	defer rows.Close()
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(valueText(v))
		}
		out.WriteByte('\n')
	}
	return rows.Err()
}

// valueText writes one stored value on one line, without a tab.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		return s
	case string:
		return strconv.Quote(v)
	case []byte:
		return "X'" + hex.EncodeToString(v) + "'"
	default:
		return fmt.Sprintf("%T(%v)", v, v)
	}
}

// quoteName makes an identifier of any name.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// texts reads a query of one text column.
func texts(tx *sql.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
