package role_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
)

// worked is one of the published examples.
type worked struct {
	ID      string          `json:"id"`
	Minutes json.RawMessage `json:"minutes"`
	Outcome string          `json:"outcome"`
	Expect  []struct {
		Who, Role, Reason, Power, Flag string
		RoleAtDecision                 string `json:"role_at_decision"`
		Pivotal                        any
	} `json:"expect"`
}

func examples(t *testing.T) []worked {
	t.Helper()
	raw, err := os.ReadFile("testdata/role-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []worked
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// judge records the minutes of an example and judges its decision.
func (c worked) judge(t *testing.T) (outcome string, by map[string]role.Judgement) {
	t.Helper()
	f, err := minutes.Parse(c.ID, c.Minutes)
	if err != nil {
		t.Fatal(err)
	}
	one := record(t, f).asOf(recordedAt)["d1"]
	return minutes.Word(one.Decision.Final()), judged(one)
}

func TestWorkedExamplesComeOutAsPublished(t *testing.T) {
	checked := 0
	for _, c := range examples(t) {
		t.Run(c.ID, func(t *testing.T) {
			outcome, by := c.judge(t)
			if c.Outcome != "" && outcome != c.Outcome {
				t.Errorf("outcome %s, want %s", outcome, c.Outcome)
			}
			for _, e := range c.Expect {
				checked++
				got, ok := by[e.Who]
				if !ok {
					t.Errorf("%s is not judged", e.Who)
					continue
				}
				if string(got.Role) != e.Role || string(got.Reason) != e.Reason {
					t.Errorf("%s: %s %s, want %s %s", e.Who, got.Role, got.Reason, e.Role, e.Reason)
				}
				if e.Power != "" && (got.Power == nil || got.Power.RatString() != e.Power) {
					t.Errorf("%s: power %v, want %s", e.Who, got.Power, e.Power)
				}
				if e.RoleAtDecision != "" && string(got.RoleAtDecision) != e.RoleAtDecision {
					t.Errorf("%s: at decision %s, want %s", e.Who, got.RoleAtDecision, e.RoleAtDecision)
				}
				if e.Flag != "" && !slices.Contains(got.Flags, e.Flag) {
					t.Errorf("%s: flags %v, want %s", e.Who, got.Flags, e.Flag)
				}
				switch want := e.Pivotal.(type) {
				case bool:
					if string(got.Pivotal) != map[bool]string{true: "true", false: "false"}[want] {
						t.Errorf("%s: pivotal %s, want %v", e.Who, got.Pivotal, want)
					}
				case string:
					if string(got.Pivotal) != want {
						t.Errorf("%s: pivotal %s, want %s", e.Who, got.Pivotal, want)
					}
				}
				if len(got.Evidence) == 0 {
					t.Errorf("%s: no evidence", e.Who)
				}
			}
		})
	}
	if checked < 49 {
		t.Errorf("only %d expectations were checked", checked)
	}
}

// The figures and flags of the worked examples in roles.md. The file of cases states some of them; here are all.
var published = []struct {
	id, who, power string
	pivotal        role.Pivotal
	flags          []string
	atDecision     role.Role
}{
	{"R01", "dir", "1", role.IsPivotal, nil, role.Decisive},
	{"R03", "users:strict", "1", role.IsPivotal, nil, role.Decisive},
	{"R04", "users:strict", "0", role.NotPivotal, []string{"zero_power"}, role.Consultative},
	{"R04", "a5", "0", role.NotPivotal, []string{"zero_power"}, role.Consultative},
	{"R04", "a3", "3/16", role.IsPivotal, nil, role.Decisive},
	{"R05", "users:strict", "793/2048", role.IsPivotal, nil, role.Decisive},
	{"R05", "u1", "793/4096", role.IsPivotal, nil, role.Decisive},
	{"R05", "u3", "793/4096", role.NotPivotal, nil, role.Decisive},
	{"R05", "p1", "231/2048", role.NotPivotal, nil, role.Decisive},
	{"R06", "users:strict", "793/2048", role.IsPivotal, nil, role.Decisive},
	{"R06", "u2", "793/4096", role.IsPivotal, nil, role.Decisive},
	{"R07", "users:strict", "627/1024", role.NotPivotal, []string{"outvoted"}, role.Decisive},
	{"R07", "u1", "429/2048", role.NotPivotal, nil, role.Decisive},
	{"R08", "users:strict", "627/1024", role.IsPivotal, nil, role.Decisive},
	{"R08", "u1", "429/2048", role.IsPivotal, nil, role.Decisive},
	{"R08", "p6", "429/2048", role.NotPivotal, nil, role.Decisive},
	{"R10", "users:strict", "1/32", role.IsPivotal, nil, role.Decisive},
	{"R10", "u1", "1/128", role.IsPivotal, nil, role.Decisive},
	{"R11", "u3", "1/128", role.IsPivotal, nil, role.Decisive},
	{"R11", "u1", "1/128", role.NotPivotal, nil, role.Decisive},
	{"R12", "u3", "1/128", role.IsPivotal, nil, role.Consultative},
	{"R13", "users:strict", "", "", []string{"consensus_unverified"}, role.Consultative},
	{"R14", "users:strict", "119/128", role.IsPivotal, nil, role.Decisive},
	{"R14", "u1", "231/1024", role.Suppressed, nil, role.Decisive},
	{"R15", "users:strict", "63/128", role.Suppressed, nil, role.Decisive},
	{"R20", "u1", "", "", []string{"entitled_absent"}, role.None},
	{"R20", "users:strict", "", "", []string{"entitled_absent"}, role.None},
	{"R22", "users:strict", "627/1024", role.IsPivotal, []string{"overridden"}, role.Decisive},
	{"R24", "users:strict", "627/1024", role.IsPivotal, []string{"not_implemented"}, role.Decisive},
	{"R25", "users:strict", "627/1024", role.IsPivotal, []string{"implementation_refused"}, role.Decisive},
	{"R26", "u3", "5/8", role.NotPivotal, nil, role.Decisive},
	{"R29", "s1", "5/16", role.IsPivotal, []string{"dual_capacity"}, role.Decisive},
	{"R29", "users:strict", "5/8", role.IsPivotal, nil, role.Decisive},
	{"R29", "users:broad", "7/8", role.IsPivotal, nil, role.Decisive},
	{"R33", "users:strict", "1", role.IsPivotal, nil, role.Decisive},
	{"R35", "users:strict", "1", role.IsPivotal, nil, role.Decisive},
	{"R37", "u3", "1/64", role.IsPivotal, []string{"abstained"}, role.Decisive},
}

func TestWorkedExamplesHaveThePublishedFigures(t *testing.T) {
	judgements := map[string]map[string]role.Judgement{}
	for _, c := range examples(t) {
		_, judgements[c.ID] = c.judge(t)
	}
	for _, want := range published {
		got, ok := judgements[want.id][want.who]
		if !ok {
			t.Errorf("%s %s is not judged", want.id, want.who)
			continue
		}
		if want.power != "" && (got.Power == nil || got.Power.RatString() != want.power) {
			t.Errorf("%s %s: power %v, want %s", want.id, want.who, got.Power, want.power)
		}
		if want.pivotal != "" && got.Pivotal != want.pivotal {
			t.Errorf("%s %s: pivotal %s, want %s", want.id, want.who, got.Pivotal, want.pivotal)
		}
		for _, flag := range want.flags {
			if !slices.Contains(got.Flags, flag) {
				t.Errorf("%s %s: flags %v, want %s", want.id, want.who, got.Flags, flag)
			}
		}
		if got.RoleAtDecision != want.atDecision {
			t.Errorf("%s %s: at the decision %s, want %s", want.id, want.who, got.RoleAtDecision, want.atDecision)
		}
	}
}
