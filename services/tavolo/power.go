package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"text/tabwriter"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/power"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/views"
)

// powerCmd says what each vote can do before anyone votes.
type powerCmd struct {
	File      string  `arg:"" optional:"" help:"A minutes file: the power under the charter of each of its decisions."`
	Weights   []int64 `help:"Weights of the votes, such as 4,4,4,2,2,1."`
	Threshold int64   `help:"Weight of votes in favour that is needed. Default: more than half."`
	Format    string  `help:"How to write the answer." enum:"table,json" default:"table"`
}

func (c *powerCmd) Run(_ context.Context, t *terminal) error {
	switch {
	case c.File != "" && len(c.Weights) > 0:
		return refused{"tavolo: give either a minutes file or --weights, not both."}
	case len(c.Weights) > 0:
		return c.ofWeights(t.out)
	case c.File == "":
		return refused{"tavolo: write a minutes file, or weights: `tavolo power --weights 4,4,4,2,2,1 --threshold 12`."}
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	f, err := minutes.Parse(c.File, data)
	if err != nil {
		return refused{err.Error()}
	}
	return c.ofCharters(t.out, f)
}

func (c *powerCmd) ofWeights(w io.Writer) error {
	g := power.Game{Quotas: []int64{c.Threshold}}
	total := int64(0)
	for _, weight := range c.Weights {
		g.Players = append(g.Players, power.Player{Weights: []int64{weight}})
		total += weight
	}
	if c.Threshold == 0 {
		g.Quotas[0] = total/2 + 1
	}
	all, err := power.All(g)
	var bad *power.Error
	if errors.As(err, &bad) {
		return refused{"tavolo: " + bad.Text + "."}
	}
	if err != nil {
		return err
	}
	normalised := power.Normalised(all)
	if c.Format == "json" {
		type seat struct {
			Weight     int64  `json:"weight"`
			Power      string `json:"power"`
			Normalised string `json:"normalised"`
			Shapley    string `json:"shapley"`
			Prevent    string `json:"prevent"`
			Initiate   string `json:"initiate"`
		}
		out := struct {
			Threshold int64  `json:"threshold"`
			Seats     []seat `json:"seats"`
		}{g.Quotas[0], nil}
		for i, x := range all {
			out.Seats = append(out.Seats, seat{c.Weights[i], x.Banzhaf.RatString(), normalised[i].RatString(), x.Shapley.RatString(), x.Prevent().RatString(), x.Initiate().RatString()})
		}
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(out)
	}
	_, _ = fmt.Fprintln(w, sentence("power/explained", language(), map[string]string{"threshold": strconv.FormatInt(g.Quotas[0], 10), "total": strconv.FormatInt(total, 10)}))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "weight\tpower\t\tnormalised\tShapley-Shubik\tprevent\tinitiate\t")
	for i, x := range all {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", c.Weights[i], x.Banzhaf.RatString(), percent(x.Banzhaf), percent(normalised[i]), percent(x.Shapley), percent(x.Prevent()), percent(x.Initiate()))
	}
	return table.Flush()
}

// percent writes a share in percent, rounded half up to one decimal as the survey's tables are.
func percent(r *big.Rat) string {
	tenths := new(big.Rat).Mul(r, big.NewRat(1000, 1))
	tenths.Add(tenths, big.NewRat(1, 2))
	whole := new(big.Int).Quo(tenths.Num(), tenths.Denom()).Int64()
	return fmt.Sprintf("%d.%d %%", whole/10, whole%10)
}

func (c *powerCmd) ofCharters(w io.Writer, f *minutes.File) error {
	type answer struct {
		Decision string          `json:"decision"`
		Power    json.RawMessage `json:"power"`
	}
	var answers []answer
	lang, found := language(), false
	for _, x := range minutes.Charters(f) {
		if x.Rule == nil {
			continue
		}
		found = true
		p, err := role.LookAhead(x.Rule, x.Electors)
		var r *decider.Refusal
		if errors.As(err, &r) {
			line, column := f.Place(x.Path)
			return refused{fmt.Sprintf("%s:%d:%d %s: %s", c.File, line, column, x.Path, sentence(r.Code, lang, r.Args))}
		}
		if err != nil {
			return err
		}
		m := views.PowerMessage(p)
		if c.Format == "json" {
			raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
			if err != nil {
				return err
			}
			answers = append(answers, answer{x.Decision, raw})
			continue
		}
		if err := tellPower(w, x.Decision, m); err != nil {
			return err
		}
	}
	if c.Format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(answers)
	}
	if !found {
		_, _ = fmt.Fprintln(w, sentence("power/no-charter", lang, nil))
	}
	return nil
}

func tellPower(w io.Writer, decision string, m *apiv1.PowerResponse) error {
	lang := language()
	_, _ = fmt.Fprintf(w, "%s\n", decision)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range append(m.Seats, m.Groups...) {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", s.Who, s.Power, decimals(s.Power), cmp.Or(among(s.PowerAmongBlocs, lang), ""))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range m.Groups {
		if role.Headline(s.Who) {
			_, _ = fmt.Fprintln(w, sentence("power/users", lang, map[string]string{"voters": strconv.Itoa(int(s.Voters)), "hundred": hundred(s.Power), "hundred_blocs": hundred(s.PowerAmongBlocs)}))
		}
	}
	if len(m.Proposals) > 0 {
		_, _ = fmt.Fprintln(w, sentence("power/proposals", lang, nil))
		for _, p := range m.Proposals {
			_, _ = fmt.Fprintf(w, "  %s: %s\n", p.Kind, sentence("power/proposal-"+p.Kind, lang, map[string]string{"hundred": hundred(p.Power), "hundred_blocs": hundred(p.PowerAmongBlocs)}))
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func among(fraction, lang string) string {
	if fraction == "" {
		return ""
	}
	return sentence("power/among-blocs", lang, map[string]string{"power": decimals(fraction)})
}

func decimals(fraction string) string {
	r, ok := new(big.Rat).SetString(fraction)
	if !ok {
		return ""
	}
	return percent(r)
}

// hundred says a probability as so many of a hundred votes, rounded half up.
func hundred(fraction string) string {
	r, ok := new(big.Rat).SetString(fraction)
	if !ok {
		return "0"
	}
	f, _ := r.Float64()
	return strconv.Itoa(int(f*100 + 0.5))
}

func writeMessage(w io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, Multiline: true, Indent: " ", EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(raw))
	return err
}
