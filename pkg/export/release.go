package export

import (
	"context"
	"maps"
	"slices"
	"strings"

	"tavolo/pkg/domain/disclosure"
	"tavolo/pkg/releases"
)

// This chapter says what in an export counts people, and asks before it leaves.
//
//	counts of people        the people of a finding, the ballots of a constituency: threshold 5, and compared with every earlier release
//	counts of departments   Table 3: none for the nation, threshold 3 where regions were chosen
//	neither                 numbers of decisions, sessions, items, pieces of advice; the median role of a department, which stands beside its name
//
// A document for which Release was not called shows no count of people at all.

// Release decides which counts of people the document shows, and notes them as released. Refusals: disclosure/difference, disclosure/other-table.
func (e *Evaluation) Release(ctx context.Context, store *releases.Store) error {
	var tables []releases.Table
	var of []int
	for n, f := range e.Findings.GetFindings() {
		if f.People > 0 { // the others are about no person
			name := strings.Join([]string{"finding", f.Workspace, f.Code, f.Item, strings.Join(f.Decisions, " "), f.At.AsTime().Format("2006-01-02T15:04:05.000Z")}, "/")
			tables, of = append(tables, releases.Table{Name: name, Counts: disclosure.OneWay([]string{"people"}, []int{int(f.People)})}), append(of, n)
		}
	}
	shown, err := store.Publish(ctx, tables, disclosure.People)
	if err != nil {
		return err
	}
	e.people = map[int]int{}
	for i, t := range shown {
		if n, ok := t.Shown("people"); ok {
			e.people[of[i]] = n
		}
	}
	return nil
}

// Release notes the ballots of constituencies that the votes show. Which these are was decided by disclosure.Vote.
func (p *Published) Release(ctx context.Context, store *releases.Store) error {
	var tables []releases.Table
	for _, v := range p.Votes {
		parts := v.Told.Parts
		if parts == nil {
			continue
		}
		groups := slices.Sorted(maps.Keys(parts))
		var counts [][]int
		for _, g := range groups {
			counts = append(counts, []int{parts[g].For, parts[g].Against, parts[g].Abstain})
		}
		tables = append(tables, releases.Table{Name: "vote/" + v.Workspace + "/" + v.Decision, AsIs: true, Counts: disclosure.TwoWay(groups, []string{"yes", "no", "abstain"}, counts)})
	}
	_, err := store.Publish(ctx, tables, disclosure.People)
	return err
}

// Withhold leaves out the ballots of every vote, where there is nobody to remember what was released.
func (p *Published) Withhold() {
	for i := range p.Votes {
		p.Votes[i].Told = disclosure.Figures{}
	}
}

// hiddenOptions are the options of Table 3 whose count of departments is not shown, by item and option. That no questionnaire was asked is nobody's secret.
func (e *Evaluation) hiddenOptions() map[string]bool {
	hidden := map[string]bool{}
	if !e.Regional {
		return hidden
	}
	byItem := map[string][]string{}
	counts := map[string][]int{}
	for _, r := range e.Table3.GetRows() {
		if r.Evidenced == nil {
			continue
		}
		byItem[r.Item], counts[r.Item] = append(byItem[r.Item], r.Option), append(counts[r.Item], int(r.Evidenced.N))
	}
	for item, options := range byItem {
		if item == "areas" { // several answers, no total: each stands for itself
			for i, o := range options {
				hidden[item+"/"+o] = counts[item][i] < disclosure.RegionalDepartments
			}
			continue
		}
		t := disclosure.OneWay(options, counts[item], "do_not_know").Protect(disclosure.RegionalDepartments)
		for _, o := range options {
			_, ok := t.Shown(o)
			hidden[item+"/"+o] = !ok
		}
	}
	return hidden
}

// HideSmall takes the small counts of departments out of Table 3 where regions were chosen, so that whatever is made of it shows them nowhere.
func (e *Evaluation) HideSmall() {
	hidden := e.hiddenOptions()
	e.hidden = hidden
	for _, r := range e.Table3.GetRows() {
		if hidden[r.Item+"/"+r.Option] {
			r.Evidenced, r.Sampled, r.Finite, r.WorstCase = nil, nil, nil, nil
		}
	}
}
