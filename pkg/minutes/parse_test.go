package minutes_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tavolo/pkg/minutes"
)

// sameFile compares two Files: moments by instant and offset, and without the places.
var sameFile = cmp.Options{
	cmpopts.IgnoreUnexported(minutes.File{}),
	cmp.Comparer(func(a, b time.Time) bool { return a.Format(time.RFC3339Nano) == b.Format(time.RFC3339Nano) }),
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, name string, data []byte) *minutes.File {
	t.Helper()
	f, err := minutes.Parse(name, data)
	if err != nil {
		t.Fatalf("%s is refused:\n%v", name, err)
	}
	return f
}

// publicFiles are the worked examples of the role rules and the two sessions of the 2021 conference.
func publicFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{
		"every-key.yaml":             read(t, "every-key.yaml"),
		"conference-2021-09-27.json": read(t, "conference-2021-09-27.json"),
		"conference-2021-11-10.json": read(t, "conference-2021-11-10.json"),
	}
	var cases []struct {
		ID      string          `json:"id"`
		Minutes json.RawMessage `json:"minutes"`
	}
	if err := json.Unmarshal(read(t, "role-cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("there are no role cases")
	}
	for _, c := range cases {
		files[c.ID+".json"] = c.Minutes
	}
	return files
}

func written(t testing.TB, f *minutes.File, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := minutes.Write(&b, f, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPublicFilesAreAcceptedAndWriteBack(t *testing.T) {
	for name, data := range publicFiles(t) {
		f := parse(t, name, data)
		for _, format := range []string{"yaml", "json"} {
			text := written(t, f, format)
			again := parse(t, name+" as "+format, text)
			if diff := cmp.Diff(f, again, sameFile); diff != "" {
				t.Errorf("%s as %s is another file:\n%s", name, format, diff)
			}
			if !bytes.Equal(text, written(t, again, format)) {
				t.Errorf("%s as %s is written differently the second time", name, format)
			}
		}
	}
}

func TestYAMLAndJSONOfTheSameMinutesAreTheSameFile(t *testing.T) {
	yaml := parse(t, "every-key.yaml", read(t, "every-key.yaml"))
	asJSON, err := json.Marshal(yaml)
	if err != nil {
		t.Fatal(err)
	}
	fromJSON := parse(t, "every-key.json", asJSON)
	if diff := cmp.Diff(yaml, fromJSON, sameFile); diff != "" {
		t.Errorf("the JSON of encoding/json is another file:\n%s", diff)
	}
	if !bytes.Equal(written(t, yaml, "yaml"), written(t, fromJSON, "yaml")) {
		t.Error("the same minutes are written differently")
	}
}

func TestWhatIsLeftOutIsTheDefault(t *testing.T) {
	const short = `
format: tavolo-minutes/1
department: {id: d}
initiative: {id: i}
session: {id: s, opened_at: 2026-03-05T16:00:00+01:00}
participants: [{id: u1}]
items:
  - id: i1
    decision:
      id: d1
      charter: {rule: {method: majority}}
      electorate: [{participant: u1, standing: binding_vote}]
`
	long := strings.NewReplacer(
		"{method: majority}}", "{method: majority, threshold: majority, base: cast, tie: status_quo}, ratification: none, secret: false}",
		"standing: binding_vote", "standing: binding_vote, weight: 1, present: true, recused: false, cast: false",
		"{id: u1}", "{id: u1, employed_by_department: false, appointed: []}",
		"id: d1", "id: d1\n      claimed_consensus: false\n      acts: []",
	).Replace(short)
	f := parse(t, "short", []byte(short))
	if diff := cmp.Diff(f, parse(t, "long", []byte(long)), sameFile); diff != "" {
		t.Fatalf("stating the defaults makes another file:\n%s", diff)
	}
	d := f.Items[0].Decisions[0]
	want := minutes.Elector{Participant: "u1", Standing: minutes.StandingBindingVote, Weight: 1, Present: true}
	if diff := cmp.Diff(want, d.Electorate[0]); diff != "" {
		t.Errorf("elector: %s", diff)
	}
	wantRule := minutes.Rule{Method: minutes.MethodMajority, Threshold: minutes.Majority, Base: minutes.BaseCast, Tie: minutes.TieStatusQuo}
	if diff := cmp.Diff(&minutes.Charter{Rule: &wantRule, Ratification: minutes.RatificationNone}, d.Charter); diff != "" {
		t.Errorf("charter: %s", diff)
	}
	if f.Participants[0].Constituency != "" {
		t.Errorf("a capacity that is not declared reads as %q", f.Participants[0].Constituency)
	}
	for _, left := range []string{"weight", "present", "secret", "ratification", "base", "tie", "threshold"} {
		if strings.Contains(string(written(t, f, "yaml")), left+":") {
			t.Errorf("the default of %s is written", left)
		}
	}
}

func TestAConstituencyRuleHasAnOverallQuotaOnlyWhenItStatesOne(t *testing.T) {
	f := parse(t, "every-key.yaml", read(t, "every-key.yaml"))
	if rule := f.Items[1].Decisions[0].Charter.Rule; rule.Threshold.Kind != minutes.ThresholdUnstated || rule.Base != "" {
		t.Errorf("an overall quota came from nowhere: %v of %q", rule.Threshold, rule.Base)
	}
	stated := mutate(t, "            method: constituencies\n", "            method: constituencies\n            threshold: 3/4\n")
	f = parse(t, "stated", []byte(stated))
	want := minutes.Threshold{Kind: minutes.ThresholdFraction, Fraction: minutes.Fraction{Num: 3, Den: 4}}
	if rule := f.Items[1].Decisions[0].Charter.Rule; rule.Threshold != want || rule.Base != minutes.BaseCast {
		t.Errorf("the overall quota reads as %v of %q", rule.Threshold, rule.Base)
	}
}

func TestWordsOfYAML11StayText(t *testing.T) {
	for _, plain := range []string{"no", "off", "yes", "on", "y", "3-4", "1:30", "2026-03-05", "12", "0x1f", "1_000", "=", "1e3", "sì"} {
		f := parse(t, plain, []byte(mutate(t, "Apertura del sabato", plain)))
		if got := f.Items[0].Title; got != plain {
			t.Errorf("title: %s reads as %q", plain, got)
		}
		again := parse(t, plain, written(t, f, "yaml"))
		if again.Items[0].Title != plain {
			t.Errorf("title %q is written so that it reads as %q", plain, again.Items[0].Title)
		}
	}
}

func TestIdsAreTextHoweverTheyLook(t *testing.T) {
	f := parse(t, "every-key.yaml", read(t, "every-key.yaml"))
	if got := f.Participants[3].ID; got != "12" {
		t.Errorf("id: 12 reads as %q", got)
	}
	if got := f.Session.ID; got != "2026-03-05" {
		t.Errorf("id: 2026-03-05 reads as %q", got)
	}
	for _, id := range []string{"007", "1e3", "true-1", "A_b-9", "no", strings.Repeat("x", 64)} {
		f := parse(t, id, []byte(mutate(t, "id: csm-orari", "id: "+id)))
		if f.Initiative.ID != id {
			t.Errorf("id: %s reads as %q", id, f.Initiative.ID)
		}
	}
	if f := parse(t, "number in JSON", bytes.Replace(written(t, f, "json"), []byte(`"id": "csm-orari"`), []byte(`"id": 7`), 1)); f.Initiative.ID != "7" {
		t.Errorf("id: 7 in JSON reads as %q", f.Initiative.ID)
	}
}

func TestMomentsKeepTheirOffset(t *testing.T) {
	f := parse(t, "every-key.yaml", read(t, "every-key.yaml"))
	if got := f.Session.OpenedAt.Format(time.RFC3339); got != "2026-03-05T16:00:00+01:00" {
		t.Errorf("opened at %s", got)
	}
	due := f.Items[0].Decisions[0].Acts[1].Due
	if due.String() != "2026-04-01" || !due.WholeDay {
		t.Errorf("due reads as %v", due)
	}
	rome := time.FixedZone("", 2*3600)
	if got, want := due.End(rome), time.Date(2026, 4, 2, 0, 0, 0, 0, rome); !got.Equal(want) {
		t.Errorf("a whole day ends at %v, want %v", got, want)
	}
	exact := parse(t, "exact", []byte(mutate(t, "due: 2026-04-01", "due: 2026-04-01T12:00:00.5Z"))).Items[0].Decisions[0].Acts[1].Due
	if want := time.Date(2026, 4, 1, 12, 0, 0, 5e8, time.UTC); exact.WholeDay || !exact.End(rome).Equal(want) {
		t.Errorf("an exact deadline ends at %v, want %v", exact.End(rome), want)
	}
}

func TestADepartmentCanHaveItsOwnConstituencies(t *testing.T) {
	for _, code := range []string{"caregiver", "policymaker", "volunteer", "ward-3", "users_ex"} {
		f := parse(t, code, []byte(mutate(t, "{id: guest}", "{id: guest, constituency: "+code+"}")))
		if got := f.Participants[8].Constituency; string(got) != code {
			t.Errorf("%s reads as %q", code, got)
		}
	}
}

func TestPlaceFindsWhatThePathNames(t *testing.T) {
	data := string(read(t, "every-key.yaml"))
	f := parse(t, "every-key.yaml", []byte(data))
	for path, at := range map[string]string{
		"":                           "",
		"session.closed_at":          "closed_at",
		"participants[3]":            "{id: 12,",
		"participants[3].id":         "id: 12,",
		"items[0].decision":          "decision:\n      id: d1",
		"items[0].decisions[0]":      "decision:\n      id: d1",
		"items[0].decision.question": "question: Aprire",
		"items[0].decisions[0].electorate[5].proxy.to":                              "to: u1, instructed: true",
		"items[0].decision.charter.rule.quorum.constituencies.user":                 "user: 2}",
		"items[1].decisions[0].charter.rule.constituencies[0].of[1]":                "family], thr",
		"items[1].decisions[2].electorate":                                          "electorate:\n          - {participant: dir, standing: binding",
		"items[0].decision.electorate[0].advice":                                    "{participant: u1, standing: binding_vote, ballot: for}",
		"items[0].decision.electorate[99].ballot":                                   "electorate:",
		"items[0].decision.acts[4].by":                                              "by: electorate, at",
		"items[0].decision.nothing":                                                 "decision:\n      id: d1",
		"items[1].decision.id":                                                      "id: d2",
		"items[1].decisions[0].tally_by_constituency.professional.against":          "against: 1}}",
		"items[1].decisions[0].charter.rule.constituencies[0].of[1].more[x].nested": "family], thr",
	} {
		wantLine, wantColumn := placeOf(t, data, at)
		line, column := f.Place(path)
		if line != wantLine || column != wantColumn {
			t.Errorf("%s is at %d:%d, want %d:%d", path, line, column, wantLine, wantColumn)
		}
	}
	if line, column := (&minutes.File{}).Place("items[0]"); line != 0 || column != 0 {
		t.Errorf("a file that was never read has a place: %d:%d", line, column)
	}
}

func TestPlacesInJSONCountCharacters(t *testing.T) {
	text := string(written(t, parse(t, "every-key.yaml", read(t, "every-key.yaml")), "json"))
	text = strings.Replace(text, "Terzo incontro", "Però 😀 è", 1)
	f := parse(t, "every-key.json", []byte(text))
	for path, at := range map[string]string{
		"session.closed_at":                      `"closed_at"`,
		"items[1].decisions[2].electorate[0]":    `{"participant": "dir", "standing": "binding_vote"`,
		"items[0].decision.acts[1].due":          `"due"`,
		"items[1].decisions[0].charter.secret":   `"secret": true`,
		"participants[5].appointed[1]":           `"secretary"`,
		"items[0].decision.electorate[1].weight": `"weight": 2, "b`,
	} {
		wantLine, wantColumn := placeOf(t, text, at)
		if line, column := f.Place(path); line != wantLine || column != wantColumn {
			t.Errorf("%s is at %d:%d, want %d:%d", path, line, column, wantLine, wantColumn)
		}
	}
}

func TestDecisionPathIsTheOneThatTheFileUses(t *testing.T) {
	f := parse(t, "every-key.yaml", read(t, "every-key.yaml"))
	for want, got := range map[string]string{
		"items[0].decision":     f.DecisionPath(0, 0),
		"items[1].decisions[2]": f.DecisionPath(1, 2),
	} {
		if got != want {
			t.Errorf("the decision is at %s, want %s", got, want)
		}
	}
	made := &minutes.File{Items: []minutes.Item{{Decisions: make([]minutes.Decision, 1)}, {Decisions: make([]minutes.Decision, 2)}}}
	if made.DecisionPath(0, 0) != "items[0].decision" || made.DecisionPath(1, 1) != "items[1].decisions[1]" {
		t.Errorf("in a made file: %s, %s", made.DecisionPath(0, 0), made.DecisionPath(1, 1))
	}
}

func TestABeginningByteOrderMarkAndAnyLineEndAreRead(t *testing.T) {
	plain := parse(t, "plain", read(t, "every-key.yaml"))
	for name, data := range map[string][]byte{
		"mark":     append([]byte("\xef\xbb\xbf"), read(t, "every-key.yaml")...),
		"crlf":     bytes.ReplaceAll(read(t, "every-key.yaml"), []byte("\n"), []byte("\r\n")),
		"marks":    append([]byte("---\n"), append(read(t, "every-key.yaml"), []byte("...\n")...)...),
		"one line": bytes.ReplaceAll(written(t, plain, "json"), []byte("\n"), nil),
	} {
		if diff := cmp.Diff(plain, parse(t, name, data), sameFile); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEscapesOfJSONAreRead(t *testing.T) {
	good := string(written(t, parse(t, "every-key.yaml", read(t, "every-key.yaml")), "json"))
	text := strings.Replace(good, `"Scelta del logo"`, `"a\n\t\r \"b\" \\ \/ \u00e8 \ud83d\ude00 \u2028"`, 1)
	if got, want := parse(t, "escapes", []byte(text)).Items[1].Title, "a\n\t\r \"b\" \\ / è 😀 \u2028"; got != want {
		t.Errorf("the title reads as %q, want %q", got, want)
	}
}

func TestAKeyIsNoticedTwiceHoweverManyStandBetween(t *testing.T) {
	many := strings.Builder{}
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		many.WriteString("ward-" + string(c) + ": 1, ")
	}
	found := problems(t, "f.yaml", []byte(mutate(t, "{user: 2}", "{"+many.String()+"ward-y: 1, ward-a: 2}")))
	twice := 0
	for _, p := range found {
		if p.Code == "minutes/duplicate-key" {
			twice++
		}
	}
	if twice != 2 {
		t.Errorf("%d keys are noticed twice, want 2:\n%v", twice, found)
	}
}
