package power_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"

	"tavolo/pkg/domain/power"
)

// Every row of the two reference files, with the rule of each game written as a Game.

// table reads a reference file as one map a row.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// reference is a game of the file: its players are the voter rows in file order, each row's count times, with the
// weights given for that row.
type reference struct {
	quotas  []int64
	any     bool
	weights map[string][]int64 // by the name in column voter
}

// same gives the listed voters the same weights.
func same(weights []int64, voters ...string) map[string][]int64 {
	m := map[string][]int64{}
	for _, v := range voters {
		m[v] = weights
	}
	return m
}

var references = map[string]reference{
	"EEC-1958-proposal": {quotas: []int64{12}, weights: map[string][]int64{"DE/FR/IT": {4}, "BE/NL": {2}, "LU": {1}}},
	"EEC-1958-no-proposal": {quotas: []int64{12, 4},
		weights: map[string][]int64{"DE/FR/IT": {4, 1}, "BE/NL": {2, 1}, "LU": {1, 1}}},
	"UNSC-1966":       {quotas: []int64{39}, weights: map[string][]int64{"permanent": {7}, "elected": {1}}},
	"UNSC-classes":    {quotas: []int64{5, 9}, weights: map[string][]int64{"permanent": {1, 1}, "elected": {0, 1}}},
	"Nassau-1958":     {quotas: []int64{16}, weights: map[string][]int64{"weight 9": {9}, "weight 7": {7}, "weight 3": {3}, "weight 1": {1}}},
	"Straffin-4":      {quotas: []int64{6}, weights: map[string][]int64{"weight 4": {4}, "weight 3": {3}, "weight 2": {2}, "weight 1": {1}}},
	"Shapley-3211":    {quotas: []int64{4}, weights: map[string][]int64{"weight 3": {3}, "weight 2": {2}, "weight 1": {1}}},
	"Big-small-51":    {quotas: []int64{51}, weights: map[string][]int64{"weight 49": {49}, "weight 2": {2}}},
	"Dictator":        {quotas: []int64{51}, weights: map[string][]int64{"weight 51": {51}, "weight 20": {20}, "weight 9": {9}}},
	"conf-120-simple": {quotas: []int64{61}, weights: same([]int64{1}, "user expert", "family expert", "professional")},
	"conf-120-2/3":    {quotas: []int64{80}, weights: same([]int64{1}, "user expert", "family expert", "professional")},
	"conf-120-unanimity": {quotas: []int64{120},
		weights: same([]int64{1}, "user expert", "family expert", "professional")},
	"conf-double-majority": {quotas: []int64{45, 16},
		weights: map[string][]int64{"user expert": {1, 0}, "family expert": {1, 0}, "professional": {0, 1}}},
	"conf-either": {quotas: []int64{45, 16}, any: true,
		weights: map[string][]int64{"user expert": {1, 0}, "family expert": {1, 0}, "professional": {0, 1}}},
	"orgs-43-simple":      {quotas: []int64{22}, weights: same([]int64{1}, "organisation")},
	"orgs-43-unanimity":   {quotas: []int64{43}, weights: same([]int64{1}, "organisation")},
	"board-3u-12p-simple": {quotas: []int64{8}, weights: same([]int64{1}, "user", "professional")},
	"board-3u-12p-double": {quotas: []int64{2, 7}, weights: map[string][]int64{"user": {1, 0}, "professional": {0, 1}}},
	"board-3u-12p-userveto": {quotas: []int64{8, 2},
		weights: map[string][]int64{"user": {1, 1}, "professional": {1, 0}}},
	"board-advisory": {quotas: []int64{1}, weights: map[string][]int64{"user": {0}, "director": {1}}},
	"board-director-veto": {quotas: []int64{6, 1},
		weights: map[string][]int64{"user": {1, 0}, "professional": {1, 0}, "director": {0, 1}}},
	// A casting vote: every vote counts double, the chair's one more; 10 members, so more than 10 of 21 carry.
	"board-chair-casting": {quotas: []int64{11}, weights: map[string][]int64{"user": {2}, "professional": {2}, "chair": {3}}},
	"consent-12":          {quotas: []int64{12}, weights: same([]int64{1}, "user", "professional")},
	"users-only":          {quotas: []int64{3}, weights: map[string][]int64{"user": {1}, "professional": {0}}},
	"token-weighted-analogue": {quotas: []int64{8},
		weights: map[string][]int64{"user": {1}, "professional": {4}}},
}

func TestPowerEqualsEveryReferenceValue(t *testing.T) {
	rows := table(t, "power_indices.csv")
	byGame := map[string][]map[string]string{}
	for _, row := range rows {
		byGame[row["game"]] = append(byGame[row["game"]], row)
	}
	if len(rows) == 0 || len(byGame) != len(references) {
		t.Errorf("%d rows of %d games, %d games are written out here", len(rows), len(byGame), len(references))
	}
	for name, rows := range byGame {
		t.Run(name, func(t *testing.T) { checkReference(t, name, rows) })
	}
}

func checkReference(t *testing.T, name string, rows []map[string]string) {
	ref, ok := references[name]
	if !ok {
		t.Fatalf("no Game is written out for %q", name)
	}
	g := power.Game{Quotas: ref.quotas, Any: ref.any}
	first := make([]int, len(rows))
	for i, row := range rows {
		weights, ok := ref.weights[row["voter"]]
		if !ok {
			t.Fatalf("no weights are written out for voter %q", row["voter"])
		}
		first[i] = len(g.Players)
		for range number(t, row["count"]) {
			g.Players = append(g.Players, power.Player{Weights: weights})
		}
	}
	if len(g.Players) != number(t, rows[0]["n_voters"]) {
		t.Fatalf("%d players, the file says %s", len(g.Players), rows[0]["n_voters"])
	}
	all, err := power.All(g)
	if err != nil {
		t.Fatal(err)
	}
	shares := power.Normalised(all)
	for i, row := range rows {
		for p := first[i]; p < first[i]+number(t, row["count"]); p++ {
			x := all[p]
			if x.Swings.String() != row["swings"] {
				t.Errorf("%s: swings %s, want %s", row["voter"], x.Swings, row["swings"])
			}
			exact(t, row, "abs_banzhaf_exact", x.Banzhaf)
			exact(t, row, "shapley_exact", x.Shapley)
			near(t, row, "abs_banzhaf", x.Banzhaf)
			near(t, row, "norm_banzhaf", shares[p])
			near(t, row, "shapley", x.Shapley)
		}
		x, err := power.Of(g, first[i])
		if err != nil || x.Swings.Cmp(all[first[i]].Swings) != 0 || x.Shapley.Cmp(all[first[i]].Shapley) != 0 {
			t.Errorf("%s: asked alone %v (%v), among all %v", row["voter"], x, err, all[first[i]])
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// exact compares a fraction column; the file leaves it empty above 40 voters.
func exact(t *testing.T, row map[string]string, column string, got *big.Rat) {
	t.Helper()
	if row[column] == "" && number(t, row["n_voters"]) > 40 {
		return
	}
	want, ok := new(big.Rat).SetString(row[column])
	if !ok || got.Cmp(want) != 0 {
		t.Errorf("%s: %s is %s, want %q", row["voter"], column, got.RatString(), row[column])
	}
}

// near compares a decimal column, printed with 12 digits.
func near(t *testing.T, row map[string]string, column string, got *big.Rat) {
	t.Helper()
	want, err := strconv.ParseFloat(row[column], 64)
	f, _ := got.Float64()
	if err != nil || math.Abs(f-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: %s is %.12g, want %q", row["voter"], column, f, row[column])
	}
}

// ternaryRules is the outcome of each rule of the file, for one type of voters.
var ternaryRules = map[string]func(yes, no, abstain int) bool{
	"simple majority of votes cast, tie fails": func(yes, no, _ int) bool { return yes > no },
	"absolute majority of members":             func(yes, no, abstain int) bool { return 2*yes > yes+no+abstain },
	"simple majority of votes cast, quorum half must cast yes/no": func(yes, no, abstain int) bool {
		return yes > no && 2*(yes+no) >= yes+no+abstain
	},
	"unanimity of votes cast": func(yes, no, _ int) bool { return no == 0 && yes > 0 },
}

func TestTernaryPowerEqualsEveryReferenceValue(t *testing.T) {
	rows := table(t, "ternary_power.csv")
	if len(rows) != 4*len(ternaryRules) {
		t.Errorf("%d rows for %d rules", len(rows), len(ternaryRules))
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s, %s voters", row["rule"], row["n"]), func(t *testing.T) {
			rule, ok := ternaryRules[row["rule"]]
			if !ok {
				t.Fatalf("no outcome is written out for %q", row["rule"])
			}
			outcome := func(yes, no, abstain []int) bool { return rule(yes[0], no[0], abstain[0]) }
			critical, profiles, err := power.Ternary([]int{number(t, row["n"])}, outcome, 0)
			if err != nil {
				t.Fatal(err)
			}
			if critical.String() != row["critical_profiles"] || profiles.String() != row["profiles_of_others"] {
				t.Errorf("critical %s of %s, want %s of %s", critical, profiles, row["critical_profiles"], row["profiles_of_others"])
			}
			got := new(big.Rat).SetFrac(critical, profiles)
			if got.RatString() != row["exact"] || !strings.HasPrefix(got.FloatString(9), row["value"]) {
				t.Errorf("power %s = %s, want %s = %s", got.RatString(), got.FloatString(9), row["exact"], row["value"])
			}
		})
	}
}

// The figures of the worked role cases R04 to R33 that follow from the rule alone.
func TestPowerOfTheWorkedRoleCases(t *testing.T) {
	board := func(users, professionals int) power.Game {
		g := power.Game{Quotas: []int64{int64(users+professionals)/2 + 1}}
		for range users + professionals {
			g.Players = append(g.Players, power.Player{Weights: []int64{1}})
		}
		return g
	}
	double := power.Game{Quotas: []int64{2, 7}}
	for range 3 {
		double.Players = append(double.Players, power.Player{Weights: []int64{1, 0}})
	}
	for range 12 {
		double.Players = append(double.Players, power.Player{Weights: []int64{0, 1}})
	}
	consent := board(3, 5)
	consent.Quotas[0] = 8
	for _, c := range []struct {
		id    string
		game  power.Game
		group []int
		want  string
	}{
		{"R05 users, double majority", double, []int{0, 1, 2}, "793/2048"},
		{"R05 one user, double majority", double, []int{1}, "793/4096"},
		{"R05 one professional, double majority", double, []int{14}, "231/2048"},
		{"R05 professionals, double majority", double, []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "1/2"},
		{"R07 users, 3 of 15", board(3, 12), []int{0, 1, 2}, "627/1024"},
		{"R07 one user of 15", board(3, 12), []int{0}, "429/2048"},
		{"R10 users, consent of 8", consent, []int{0, 1, 2}, "1/32"},
		{"R10 one user, consent of 8", consent, []int{2}, "1/128"},
		{"R14 users, 5 of 12", board(5, 7), []int{0, 1, 2, 3, 4}, "119/128"},
		{"R14 one user of 12", board(5, 7), []int{0}, "231/1024"},
		{"R15 users, 2 of 11", board(2, 9), []int{0, 1}, "63/128"},
		{"everybody", board(2, 9), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "1"},
	} {
		merged, at, err := power.Merge(c.game, c.group)
		if err != nil {
			t.Fatal(err)
		}
		x, err := power.Of(merged, at)
		if err != nil {
			t.Fatal(err)
		}
		if x.Banzhaf.RatString() != c.want {
			t.Errorf("%s: power %s, want %s", c.id, x.Banzhaf.RatString(), c.want)
		}
	}
}
