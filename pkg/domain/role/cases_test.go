package role_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/decision"
	"tavolo/pkg/domain/role"
	"tavolo/pkg/minutes"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// table is a whole workspace in memory: commands go in, folds come out. It stands for ledger and log, which do the same with storage.
type table struct {
	t    testing.TB
	seq  uint64
	all  map[aggregate.Key]*aggregate.Aggregate
	refs map[string]string // a minutes file's ids serve as pseudonyms here
}

func newTable(t testing.TB) *table {
	return &table{t: t, all: map[aggregate.Key]*aggregate.Aggregate{}}
}

func (x *table) load(k aggregate.Key) (*aggregate.Aggregate, error) {
	if x.all[k] == nil {
		x.all[k] = aggregate.New(k)
	}
	return x.all[k], nil
}

var recordedAt = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func (x *table) do(cmd *commandv1.Command) error {
	_, key, err := aggregate.Of(cmd)
	if err != nil {
		return err
	}
	a, _ := x.load(key)
	before := a.Clone()
	events, err := aggregate.Decide(a, cmd, x.load, recordedAt)
	if !equalAggregates(a, before) {
		x.t.Fatal("Decide changed the state")
	}
	if err != nil || len(events) == 0 {
		return err
	}
	x.seq++
	// The log keeps bytes: what is folded is what a reader would decode.
	raw, err := proto.Marshal(&eventv1.Commit{Id: uuid.NewString(), Version: a.Version + 1, Events: events})
	if err != nil {
		return err
	}
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(raw, c); err != nil {
		return err
	}
	return a.Apply(x.seq, c)
}

func equalAggregates(a, b *aggregate.Aggregate) bool {
	return a.Version == b.Version && a.Seq == b.Seq && (a.Decision == nil || a.Decision.Phase == b.Decision.Phase && len(a.Decision.Ballots) == len(b.Decision.Ballots) && len(a.Decision.Acts) == len(b.Decision.Acts))
}

// judge records a minutes file and judges its decisions.
func judge(t testing.TB, f *minutes.File, asOf time.Time) map[string]judged {
	t.Helper()
	x := newTable(t)
	ids := map[string]string{"": ""}
	for _, p := range f.Participants {
		ids[p.ID] = p.ID
	}
	for _, s := range minutes.Steps(f, &minutes.Recorded{}, ids) {
		if err := x.do(s.Command); err != nil {
			t.Fatalf("%s: %v", s.Path, err)
		}
	}
	out := map[string]judged{}
	for k, a := range x.all {
		if k.Kind != aggregate.Decision {
			continue
		}
		_, in, own := decision.Split(k.ID)
		s, _ := x.load(aggregate.Key{Kind: aggregate.Session, ID: in})
		i, _ := x.load(aggregate.Key{Kind: aggregate.Item, ID: a.Decision.Item})
		j := judged{outcome: minutes.Word(a.Decision.Final()), by: map[string]role.Judgement{}}
		for _, one := range role.Judge(role.NewCase(a.Decision, i.Item, s.Session, asOf)) {
			j.by[one.Who] = one
		}
		out[own] = j
	}
	return out
}

type judged struct {
	outcome string
	by      map[string]role.Judgement
}

var _ = decider.Fact{}

func TestWorkedExamplesComeOutAsPublished(t *testing.T) {
	raw, err := os.ReadFile("testdata/role-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		ID      string          `json:"id"`
		Minutes json.RawMessage `json:"minutes"`
		Outcome string          `json:"outcome"`
		Expect  []struct {
			Who, Role, Reason, Power, Flag string
			RoleAtDecision                 string `json:"role_at_decision"`
			Pivotal                        any
		} `json:"expect"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			f, err := minutes.Parse(c.ID, c.Minutes)
			if err != nil {
				t.Fatal(err)
			}
			d := judge(t, f, recordedAt)["d1"]
			if c.Outcome != "" && d.outcome != c.Outcome {
				t.Errorf("outcome %s, want %s", d.outcome, c.Outcome)
			}
			for _, e := range c.Expect {
				checked++
				got, ok := d.by[e.Who]
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
