package evidence

import (
	"slices"

	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter computes the survey's Table 3 from the record of any departments, beside the published one.
//
// Each department has one answer to "what role do users have in the strategic planning of your department": the median role of the users over its
// decisions on strategic planning. Departments are counted, not decisions. A department with fewer decisions than a median needs is Other, as
// roles.md says; how many those are is stated beside the table. The item on the extent of participation and the declared column come from
// questionnaires, which are not part of the record yet: their places are empty, not zero.

// Department is what the survey asks of one department, from its record.
type Department struct {
	Workspace, Region string
	// Planning are the lines of one view of users in decisions on strategic planning.
	Planning []Line
	// Tools: a structured tool was used, that is a focus group was held. Engages: users sat in a session of a co-production initiative; Areas are those
	// of the initiatives where they did.
	Tools, Engages bool
	Areas          []eventv1.Area
}

// Row is one option of one item.
type Row struct {
	// Item and Option are stable codes.
	Item, Option string
	// Share of departments, by the record; Whole is the item's own base. Nil: the record cannot answer this item.
	Evidenced *Share
	// Sampled is the interval when these departments stand for all that there could be.
	Sampled Interval
	// Finite is the interval when they stand for a population of known size, Worst the shares of that population if none and if all of the others were of
	// this kind. Nil where the population is not known: nobody knows how many of the other departments belong to the base of the areas.
	Finite *Interval
	Worst  *Bounds
	// Declared is what directors answered; nil until questionnaires are collected.
	Declared *Share
	// Published is the row of the published table; nil where it has none.
	Published *PublishedRow
}

// Bounds are the lowest and the highest share that is possible.
type Bounds struct{ Low, High Share }

// Table is the survey's Table 3.
type Table struct {
	Rows []Row
	// Roles are the aggregates of the departments, in the order of the workspaces, to open each cell.
	Roles []Aggregate
	// TooFew counts the departments that are Other because too few of their decisions are on record.
	TooFew int
}

// printed maps the codes of the items to the words of the published table, in its order.
var printed = []struct{ item, code, words string }{
	{"role", string(role.None), "None"}, {"role", string(role.Consultative), "Consultative"}, {"role", string(role.Decisive), "Decisive"}, {"role", string(role.Other), "Other"},
	{"tools", "no", "No"}, {"tools", "yes", "Yes"}, {"tools", "do_not_know", "Do not know"},
	{"engages", "no", "No"}, {"engages", "yes", "Yes"}, {"engages", "do_not_know", "Do not know"},
	{"areas", "rehabilitation", "Organization of rehabilitation activities"}, {"areas", "care_pathways", "Review of care pathways"},
	{"areas", "new_services", "Design of new services"}, {"areas", "staff_training", "Staff training"},
	{"extent", "not_at_all", "Not at all"}, {"extent", "a_little", "A little"}, {"extent", "moderately", "Moderately"}, {"extent", "a_lot", "A lot"}, {"extent", "very_much", "Very much"},
}

var areaCodes = map[eventv1.Area]string{
	eventv1.Area_AREA_REHABILITATION: "rehabilitation", eventv1.Area_AREA_CARE_PATHWAYS: "care_pathways",
	eventv1.Area_AREA_NEW_SERVICES: "new_services", eventv1.Area_AREA_STAFF_TRAINING: "staff_training",
}

// Table3 computes the table. population is how many departments there are, 0 when that is not asked. least is how many
// decisions a median needs, 0 for the usual number.
func Table3(departments []Department, population, least int) (*Table, error) {
	published, err := Published(3)
	if err != nil {
		return nil, err
	}
	t, counts, engaged := &Table{}, map[string]int{}, 0
	for _, d := range departments {
		a := Over(d.Workspace, d.Planning, least)
		t.Roles = append(t.Roles, a)
		if a.TooFew {
			t.TooFew++
		}
		counts["role/"+string(a.Role)]++
		counts["tools/"+yesNo(d.Tools)]++
		counts["engages/"+yesNo(d.Engages)]++
		if d.Engages {
			engaged++
			for _, area := range d.Areas {
				counts["areas/"+areaCodes[area]]++
			}
		}
	}
	slices.SortFunc(t.Roles, byKey)
	for _, p := range printed {
		r := Row{Item: p.item, Option: p.code}
		if i := slices.IndexFunc(published, func(x PublishedRow) bool { return x.Item == p.item && x.Option == p.words }); i >= 0 {
			r.Published = &published[i]
		}
		switch n := counts[p.item+"/"+p.code]; p.item {
		case "extent": // asked, not recorded
		case "areas":
			r.evidence(Share{n, engaged}, 0)
		default:
			r.evidence(Share{n, len(departments)}, population)
		}
		t.Rows = append(t.Rows, r)
	}
	return t, nil
}

func byKey(a, b Aggregate) int {
	switch {
	case a.Key < b.Key:
		return -1
	case a.Key > b.Key:
		return 1
	}
	return 0
}

// evidence fills in the record's answer; population is that of the item's own base, 0 when it is not known.
func (r *Row) evidence(s Share, population int) {
	r.Evidenced, r.Sampled = &s, s.Wilson()
	if population > 0 {
		finite := s.WilsonOf(population)
		low, high := s.WorstCase(population)
		r.Finite, r.Worst = &finite, &Bounds{low, high}
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Role gives the row of a role.
func (t *Table) Role(r role.Role) *Row {
	for i := range t.Rows {
		if t.Rows[i].Item == "role" && t.Rows[i].Option == string(r) {
			return &t.Rows[i]
		}
	}
	return nil
}
