package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tavolo/pkg/export"
	"tavolo/pkg/releases"
)

// exportCmd writes files for other programs.
type exportCmd struct {
	span
	Format   string `help:"sav (SPSS), xlsx (Excel), csv (for programs), csv-it (for Italian spreadsheets), zip (data package with all tables), popolo (motions and votes)." enum:"sav,xlsx,csv,csv-it,zip,popolo" required:""`
	Table    string `help:"Which table, for sav and csv." enum:"roles,departments,table3,findings" default:"roles"`
	Labels   bool   `help:"Labels instead of codes, in csv and xlsx." negatable:"" default:"true"`
	NoPeople bool   `help:"Leave out all numbers of people."`
	Out      string `help:"File to write. Default: a name that begins with tavolo, in this folder; - writes to the terminal or a pipe." short:"o"`
}

func (c *exportCmd) Run(ctx context.Context, t *terminal) (err error) {
	d, err := c.open(ctx, t, false)
	if err != nil {
		return err
	}
	e, err := c.evaluation(ctx, d)
	var votes *export.Published
	if err == nil && c.Format == "popolo" {
		votes, err = published(ctx, t, d, e)
	}
	if err == nil && c.countsPeople() {
		err = c.release(ctx, t, e, votes)
	}
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if c.Out == "-" {
		return c.write(t.out, e, votes)
	}
	name := c.Out
	if name == "" {
		name = map[string]string{"sav": "tavolo-" + c.Table + ".sav", "csv": "tavolo-" + c.Table + ".csv", "csv-it": "tavolo-" + c.Table + ".csv", "xlsx": "tavolo.xlsx", "zip": "tavolo-data.zip", "popolo": "tavolo-votes.json"}[c.Format]
	}
	// Written beside and then renamed: who finds the file finds a whole one.
	f, err := os.CreateTemp(filepath.Dir(name), ".tavolo-export-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err = errors.Join(c.write(f, e, votes), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %s, %s.\n", name, count(len(e.Roles.Decisions), "decision"), count(len(e.Departments.Rows), "department"))
	return err
}

// countsPeople: the file has a table in it that counts people.
func (c *exportCmd) countsPeople() bool {
	return c.Format == "xlsx" || c.Format == "zip" || c.Format == "popolo" || c.Table == "findings"
}

func (c *exportCmd) write(w io.Writer, e *export.Evaluation, votes *export.Published) error {
	doc, lang := e.Document(), export.English
	if strings.HasPrefix(language(), export.Italian) {
		lang = export.Italian
	}
	one := &doc.Tables[slices.IndexFunc(doc.Tables, func(t export.Table) bool { return t.Name == c.Table })]
	switch c.Format {
	case "sav":
		return export.WriteSAV(w, one, lang, doc.At)
	case "xlsx":
		return export.WriteXLSX(w, doc, lang, c.Labels)
	case "csv":
		return export.CSV{}.Write(w, one)
	case "csv-it":
		return export.CSV{Spreadsheet: true, Labels: c.Labels, Lang: export.Italian}.Write(w, one)
	case "zip":
		return export.WritePackage(w, doc, lang)
	default:
		return export.WritePopolo(w, votes)
	}
}

// published reads the votes for Popolo, one by one, and shows how far it is.
func published(ctx context.Context, t *terminal, d *desk, e *export.Evaluation) (*export.Published, error) {
	var done func()
	if f, ok := t.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		bar := progressbar.NewOptions(len(e.Roles.Decisions), progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("votes"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		done = func() { _ = bar.Add(1) }
	}
	return export.Votes(ctx, d.ask, e, done)
}

// release decides what of the counts of people leaves, and remembers it in the data folder. A server elsewhere remembers for itself and cannot be asked yet:
// then no count of people leaves.
func (c *exportCmd) release(ctx context.Context, t *terminal, e *export.Evaluation, votes *export.Published) error {
	_, err := os.Stat(c.Data)
	if c.NoPeople || c.Server != "" && err != nil {
		if votes != nil {
			votes.Withhold()
		}
		if !c.NoPeople {
			_, _ = fmt.Fprintf(t.err, "Numbers of people are left out: %s, where earlier exports are remembered, is not on this machine.\n", c.Data)
		}
		return nil
	}
	store, err := releases.Open(c.Data)
	if err != nil {
		return err
	}
	if votes != nil { // a file of votes has no findings in it
		err = votes.Release(ctx, store)
	} else {
		err = e.Release(ctx, store)
	}
	return errors.Join(err, store.Close())
}
