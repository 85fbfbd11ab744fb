package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
)

// benchCmd measures this machine. Each figure stands beside its floor: the least work that could do the same, measured in the same run on the
// same disk, in turn with it. Medians of all rounds. A figure alone says little on a shared machine; the ratio says more.
type benchCmd struct {
	JSON   bool   `name:"json" help:"Write the figures as JSON."`
	Rounds int    `help:"How often each pair is measured." default:"5"`
	Dir    string `help:"Folder on the disk to measure. Default: the system's temporary folder." type:"path"`
	Only   string `help:"Measure one thing only: ${enum}." enum:"all,append,projection,ledger,screens,feeds,power,process" default:"all"`
	Year   string `help:"Measure the pages of evaluators only, on this data folder, such as tavolo generate makes." type:"existingdir" placeholder:"DIR"`
	Child  string `hidden:"" help:"What a measured process of its own does."`
}

// figure is one row.
type figure struct {
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Floor  float64 `json:"floor"`
	Ours   float64 `json:"ours"`
	Ratio  float64 `json:"ratio"` // ours / floor; 0 when there is no floor
	Target string  `json:"target"`
	Note   string  `json:"note,omitempty"`
}

// measurements are the chapters, in the order of the table.
var measurements = []struct {
	name    string
	measure func(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error)
}{{"append", benchAppend}, {"projection", benchProjection}, {"ledger", benchLedger}, {"screens", benchScreens}, {"feeds", benchFeeds}, {"power", benchPower}, {"process", benchProcess}}

func (c *benchCmd) Run(ctx context.Context, t *terminal) error {
	if c.Child != "" {
		return benchChild(ctx, c.Child, c.Dir, t)
	}
	dir, err := os.MkdirTemp(c.Dir, "tavolo-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var figures []figure
	if c.Year != "" {
		if figures, err = benchYear(ctx, c.Year, c.Rounds, t.err); err != nil {
			return err
		}
	}
	for _, m := range measurements {
		if c.Year != "" || c.Only != "all" && c.Only != m.name {
			continue
		}
		more, err := m.measure(ctx, dir, c.Rounds, t.err)
		if err != nil {
			return err
		}
		figures = append(figures, more...)
		_, _ = fmt.Fprintf(t.err, "measured: %s\n", m.name)
	}
	if c.JSON {
		e := json.NewEncoder(t.out)
		e.SetIndent("", " ")
		return e.Encode(figures)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "what\tfloor\tours\tours/floor\ttarget\t")
	for _, f := range figures {
		ratio, floor := "", "-"
		if f.Ratio > 0 {
			ratio, floor = fmt.Sprintf("%.2f", f.Ratio), number(f.Floor)+" "+f.Unit
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s %s\t%s\t%s\t%s\n", f.What, floor, number(f.Ours), f.Unit, ratio, f.Target, f.Note)
	}
	_, _ = fmt.Fprintf(table, "%d rounds in turn, medians; %s, %d processors, %s\n", c.Rounds, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	return table.Flush()
}

func number(f float64) string {
	switch {
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 1:
		return strconv.FormatFloat(f, 'f', 2, 64)
	default:
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

func percentile(x []float64, p float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[min(len(s)-1, int(p*float64(len(s))))]
}

func pair(what, unit, target, note string, floor, ours []float64) figure {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / floor[i]
	}
	return figure{what, unit, median(floor), median(ours), median(ratios), target, note}
}
