// Package sample makes up a plausible year of co-production: departments all over the country, their initiatives and sessions, votes, advice, refused items,
// proxies, overrides, and what became of what was adopted. People and facts are invented; the same seed invents the same ones.
//
//	Year (here)            how large, which seed, and which role users are to have in how many departments
//	mix.go                 which decisions a department takes, so that its median role is the one that was chosen
//	meeting.go             sessions of an initiative as minutes files, and items that were proposed before a session or kept off its agenda
//	vote.go                one decision of a kind: charter, electorate, ballots, what followed
//	untold.go              what minutes do not tell: rounds of consent, rules replaced before a vote, reports of decisions taken elsewhere
//
// A year is for trying things out and for measuring. It is no model of real departments, and nothing should be concluded from it.
//
// Not here: recording it. What comes out is what a secretary could have written, and is imported as minutes are; Weave puts the rest among the commands.
package sample

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tavolo/pkg/domain/territory"
	"tavolo/pkg/minutes"
)

// Year says what to make up.
type Year struct {
	// Departments and Decisions are how many of each there are; LeastPerDepartment decisions each at least.
	Departments, Decisions int
	Seed                   uint64
	// Calendar is the year in which everything happens.
	Calendar int
	// Roles are how many departments have which role in strategic planning, in proportion.
	Roles Roles
}

// LeastPerDepartment is how many decisions a department needs for its role to be the chosen one.
const LeastPerDepartment = 12

// Roles are numbers of departments by the median role of their users.
type Roles struct{ None, Consultative, Decisive, Other int }

// Survey is what the published survey of 61 departments found.
var Survey = Roles{None: 21, Consultative: 35, Decisive: 4, Other: 1}

// Initiative is one undertaking of a department with its sessions in their order.
type Initiative struct {
	Workspace, ID string
	Meetings      []Meeting
}

// Meeting is one session, what was proposed before it, and what its minutes do not tell.
type Meeting struct {
	File   *minutes.File
	Ahead  []Ahead
	Untold Untold
}

// Ahead is an item that was proposed before the session: admitted to its agenda, or kept off agendas with a reason.
type Ahead struct {
	Item, Title, By   string // By is a participant's id in the file
	Proposed, Decided time.Time
	Refused           bool
	Reason            string
}

// department is what is drawn for one of them.
type department struct {
	id, region string
	target     target
	decisions  int
	// closed: users sit in none of its sessions.
	closed bool
}

// Make makes the year up, department by department.
func (y Year) Make() []Initiative {
	var all []Initiative
	for n, d := range y.departments() {
		all = append(all, y.initiatives(d, rand.New(rand.NewPCG(y.Seed, uint64(n)+1)))...)
	}
	return all
}

// departments draws their sizes, places and roles.
func (y Year) departments() []department {
	r := rand.New(rand.NewPCG(y.Seed, 0))
	targets := y.targets()
	r.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	regions := slices.DeleteFunc(territory.Regions(), func(x territory.Region) bool { return x.Code == "04" }) // its two provinces have departments of their own
	weights := make([]float64, y.Departments)
	for i := range weights {
		weights[i] = 0.5 + r.ExpFloat64()
	}
	sizes := share(y.Decisions-y.Departments*LeastPerDepartment, weights)
	all := make([]department, y.Departments)
	for i := range all {
		all[i] = department{id: fmt.Sprintf("dsm-%03d", i+1), region: regions[i%len(regions)].It, target: targets[i], decisions: LeastPerDepartment + sizes[i], closed: targets[i] == toNone && r.IntN(3) > 0}
	}
	return all
}

// targets lists a role for each department, in the proportion of the year's roles.
func (y Year) targets() []target {
	numbers := share(y.Departments, []float64{float64(y.Roles.None), float64(y.Roles.Consultative), float64(y.Roles.Decisive), float64(y.Roles.Other)})
	var all []target
	for t, n := range numbers {
		all = append(all, slices.Repeat([]target{target(t)}, n)...)
	}
	return all
}

// share divides a whole number in proportion to weights, by largest remainder.
func share(whole int, weights []float64) []int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	parts, rest, order := make([]int, len(weights)), make([]float64, len(weights)), make([]int, len(weights))
	left := whole
	for i, w := range weights {
		exact := float64(whole) * w / sum
		parts[i], order[i] = int(exact), i
		rest[i] = exact - float64(parts[i])
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rest[a] > rest[b]:
			return -1
		case rest[a] < rest[b]:
			return 1
		}
		return 0
	})
	for i := range left {
		parts[order[i%len(order)]]++
	}
	return parts
}

// topics of initiatives other than strategic planning.
var topics = []struct {
	id, title string
	area      minutes.Area
}{
	{"orari", "Orari del Centro diurno", minutes.AreaRehabilitation}, {"percorsi", "Revisione dei percorsi di cura", minutes.AreaCarePathways},
	{"casa", "Una casa per chi esce", minutes.AreaNewServices}, {"formazione", "Formazione degli operatori", minutes.AreaStaffTraining}, {"sport", "Sport e quartiere", minutes.AreaRehabilitation},
}

// initiatives divides the decisions of a department: about a third are on strategic planning, which is what the survey asks about.
func (y Year) initiatives(d department, r *rand.Rand) []Initiative {
	strategic := max(LeastPerDepartment/2, d.decisions*35/100)
	if d.target == toOther {
		strategic = tooFewWith
	}
	stage := []minutes.Stage{minutes.StageCommission, minutes.StageDesign, minutes.StageDeliver, minutes.StageAssess}
	made := []Initiative{y.initiative(d, minutes.Initiative{ID: "piano", Title: "Piano del dipartimento", Scope: minutes.ScopeStrategicPlanning, Stage: stage[r.IntN(len(stage))]}, d.target.mix(strategic), r)}
	left := d.decisions - strategic
	order := r.Perm(len(topics))[:1+r.IntN(3)]
	for n, size := range share(left, slices.Repeat([]float64{1}, len(order))) {
		if size == 0 {
			continue
		}
		t := topics[order[n]]
		made = append(made, y.initiative(d, minutes.Initiative{ID: t.id, Title: t.title, Scope: minutes.ScopeArea, Area: t.area, Stage: stage[r.IntN(len(stage))]}, target(r.IntN(int(toOther))).mix(size), r))
	}
	return made
}
