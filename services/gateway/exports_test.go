package gateway_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/releases"
	"tavolo/services/gateway"

	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// evaluator reads the workspace dsm, other reads another one.
var evaluator, other = []string{"Cookie", "tavolo-device=of-rita"}, []string{"Cookie", "tavolo-device=of-otto"}

// canary is in every place of the record that holds what a person said or is called. It must be in no file.
const canary = "CANARIO"

// openEvidence opens a house with one decision in an initiative: 7 users and 6 professionals voted, both groups divided.
func openEvidence(t *testing.T) *house {
	t.Helper()
	store, err := releases.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := openEvidenceWith(t, store)
	t.Cleanup(func() { _ = store.Close() })
	return h
}

// openEvidenceWith remembers releases in a store; nil: nowhere.
func openEvidenceWith(t *testing.T, store *releases.Store) *house {
	t.Helper()
	h := openWith(t, gateway.Options{Releases: store})
	read := func(workspace string) *peoplev1.IdentifyResponse {
		return &peoplev1.IdentifyResponse{Device: "d-" + workspace, Account: "a-" + workspace, Memberships: []*apiv1.Membership{{Workspace: workspace, Grant: apiv1.Grant_GRANT_READ}}}
	}
	h.here["of-rita"], h.here["of-otto"] = read("dsm"), read("elsewhere")
	h.here["of-ada"] = &peoplev1.IdentifyResponse{Device: "d-ada", Account: "a-ada", Memberships: []*apiv1.Membership{{Workspace: "dsm", Initiative: "orari", Participant: "p-ada", Grant: apiv1.Grant_GRANT_TAKE_PART}}}
	at := timestamppb.New(time.Date(2026, 3, 5, 17, 0, 0, 0, time.UTC))
	answer := func(subject string, m proto.Message) {
		h.say(subject, func(proto.Message) (proto.Message, error) { return proto.Clone(m), nil })
	}
	answer("list_workspaces", &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{
		{Id: "dsm", Name: "DSM di prova", Region: "Umbria", Initiatives: []*apiv1.InitiativeSummary{{Id: "orari", Scope: eventv1.Scope_SCOPE_STRATEGIC_PLANNING}}}, {Id: "elsewhere", Name: "Altro"},
	}})
	row := &apiv1.LedgerRow{Key: "dsm", Role: "decisive", Included: 1, Distribution: map[string]uint32{"decisive": 1}, Excluded: map[string]uint32{}}
	answer("list_role_ledger", &apiv1.ListRoleLedgerResponse{Rules: "roles/1", AsOf: at, Rows: []*apiv1.LedgerRow{row}})
	answer("get_table3", &apiv1.GetTable3Response{AsOf: at, Rows: []*apiv1.Table3Row{{Item: "role", Option: "none", Evidenced: &apiv1.TableShare{N: 1, Of: 3, Percent: "33.3"}}}})
	answer("list_findings", &apiv1.ListFindingsResponse{AsOf: at, Findings: []*apiv1.FindingView{{Workspace: "dsm", Code: "entitled_absent", Decisions: []string{"orari:s:d"}, People: 2, At: at}}})
	answer("list_roles", &apiv1.ListRolesResponse{Rules: "roles/1", AsOf: at, Decisions: []*apiv1.DecisionRoles{{Workspace: "dsm", Initiative: "orari", Session: "s", Id: "d", Question: canary + " question?", Outcome: eventv1.Outcome_OUTCOME_ADOPTED, ClosedAt: at, Roles: []*apiv1.Judgement{
		{Who: "users:strict", Role: "decisive", RoleAtDecision: "decisive", Rule: 13, Reason: "binding_vote", Power: "5/8", Flags: []string{"outvoted"}},
		{Who: canary, Participant: canary, Role: "none", RoleAtDecision: "none", Reason: "absent"},
	}}}})
	d := &apiv1.DecisionView{Id: "orari:s:d", Question: "Aprire il sabato?", Phase: apiv1.DecisionPhase_DECISION_PHASE_CLOSED, OpenedAt: at, ClosedAt: at, Charter: &eventv1.Charter{Rule: &eventv1.Rule{Method: eventv1.Method_METHOD_MAJORITY}}, Tally: &eventv1.Tally{For: 9, Against: 4}}
	for n := range 13 {
		group, choice := "user", eventv1.Choice_CHOICE_FOR
		if n >= 7 {
			group = "professional"
		}
		if n%7 < 2 {
			choice = eventv1.Choice_CHOICE_AGAINST
		}
		who := canary + string(rune('a'+n))
		d.Electors = append(d.Electors, &eventv1.Elector{Participant: who, Constituency: group, Standing: eventv1.Standing_STANDING_BINDING_VOTE})
		d.Ballots = append(d.Ballots, &eventv1.BallotCast{Participant: who, Choice: choice})
	}
	answer("get_decision", d)
	return h
}

const exports = "/v1/workspaces/dsm/export/"

var files = map[string]string{
	"tavolo.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "tavolo-data.zip": "application/zip", "tavolo-votes.json": "application/json",
	"roles.csv": "text/csv; charset=utf-8", "departments-it.csv": "text/csv; charset=utf-8", "table3.csv": "text/csv; charset=utf-8", "findings.sav": "application/x-spss-sav", "roles.sav": "application/x-spss-sav",
}

func TestWhoMayReadTheWorkspaceGetsItsFilesAndNobodyElse(t *testing.T) {
	h := openEvidence(t)
	for name, kind := range files {
		r := h.do(http.MethodGet, exports+name, "", evaluator...)
		if r.status != http.StatusOK || r.header.Get("Content-Type") != kind || !strings.Contains(r.header.Get("Content-Disposition"), `filename="dsm-`+name+`"`) || len(r.body) < 100 {
			t.Errorf("%s: %d %s %s %d bytes", name, r.status, r.header.Get("Content-Type"), r.header.Get("Content-Disposition"), len(r.body))
		}
		for who, headers := range map[string][]string{"a reader of another one": other, "somebody of one initiative": ada} {
			if r := h.do(http.MethodGet, exports+name, "", headers...); r.status != http.StatusForbidden || r.header.Get("Tavolo-Code") != "gateway/not-permitted" {
				t.Errorf("%s for %s: %d %s", name, who, r.status, r.header.Get("Tavolo-Code"))
			}
		}
		if r := h.do(http.MethodGet, exports+name, "", nobody...); r.status != http.StatusUnauthorized {
			t.Errorf("%s for nobody: %d", name, r.status)
		}
	}
	for path, want := range map[string]string{"salaries.xlsx": "gateway/not-found", "roles.csv?form=2026-01-01": "gateway/unknown-parameter", "roles.csv?from=January": "gateway/bad-parameter"} {
		if r := h.do(http.MethodGet, exports+path, "", evaluator...); r.header.Get("Tavolo-Code") != want {
			t.Errorf("%s: %d %s", path, r.status, r.header.Get("Tavolo-Code"))
		}
	}
}

func TestAPeriodIsAskedForAsItIsWritten(t *testing.T) {
	h := openEvidence(t)
	h.do(http.MethodGet, exports+"roles.csv?from=2026-01-01&to=2026-03-31&who=users:broad", "", evaluator...)
	h.mu.Lock()
	defer h.mu.Unlock()
	q, ok := h.asked["list_role_ledger"][0].(*apiv1.ListRoleLedgerRequest)
	if !ok || q.Workspace != "dsm" || q.Period.Who != "users:broad" || q.Period.From.AsTime().Format(time.RFC3339) != "2026-01-01T00:00:00Z" || q.Period.To.AsTime().Format(time.RFC3339) != "2026-04-01T00:00:00Z" {
		t.Errorf("%v", q)
	}
	roles, ok := h.asked["list_roles"][0].(*apiv1.ListRolesRequest)
	if !ok || roles.AsOf.AsTime().Format(time.DateOnly) != "2026-03-05" {
		t.Errorf("not as it stood at the same instant: %v", roles)
	}
}

// unzip gives the files of a package by name.
func unzip(t *testing.T, data string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(content)
	}
	return all
}

func TestADownloadedWorkbookOpensAndThePackageIsWhole(t *testing.T) {
	h := openEvidence(t)
	book, err := excelize.OpenReader(strings.NewReader(h.do(http.MethodGet, exports+"tavolo.xlsx?lang=it", "", evaluator...).body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	sheets := book.GetSheetList()
	for _, want := range []string{"dizionario", "metodo"} {
		if !slices.Contains(sheets, want) {
			t.Errorf("sheets %v", sheets)
		}
	}
	rows, err := book.GetRows(sheets[0])
	if err != nil || len(rows) < 2 || !slices.Contains(rows[1], "Decisionale") {
		t.Errorf("%v %v", rows, err)
	}
	all := unzip(t, h.do(http.MethodGet, exports+"tavolo-data.zip", "", evaluator...).body)
	for _, want := range []string{"datapackage.json", "data/roles.csv", "data/departments.csv", "data/table3.csv", "data/findings.csv", "CODEBOOK.it.md", "SHA256SUMS"} {
		if all[want] == "" {
			t.Errorf("%s is missing", want)
		}
	}
	if !json.Valid([]byte(all["datapackage.json"])) {
		t.Error("datapackage.json is no JSON")
	}
}

// No name, no words, no pseudonym leaves in any file, and numbers of people below five do not either.
func TestWhatLeavesTellsOfNobody(t *testing.T) {
	h := openEvidence(t)
	contents := map[string]string{}
	for name := range files {
		contents[name] = h.do(http.MethodGet, exports+name, "", evaluator...).body
	}
	for name, text := range unzip(t, contents["tavolo-data.zip"]) {
		contents["zip "+name] = text
	}
	for name, text := range unzip(t, contents["tavolo.xlsx"]) {
		contents["xlsx "+name] = text
	}
	for name, text := range contents {
		if bytes.Contains([]byte(text), []byte(canary)) {
			t.Errorf("%s tells of a person", name)
		}
	}
	if findings := contents["zip data/findings.csv"]; !strings.Contains(findings, "entitled_absent") || !strings.Contains(findings, ",*") || strings.Contains(findings, ",2\r\n") {
		t.Errorf("two people are counted: %s", findings)
	}
	votes := contents["tavolo-votes.json"]
	if !strings.Contains(votes, `"dsm/constituency/user"`) {
		t.Errorf("13 divided voters in two groups may be shown: %s", votes)
	}
	h.say("get_decision", func(proto.Message) (proto.Message, error) {
		const votes = eventv1.Standing_STANDING_BINDING_VOTE
		return &apiv1.DecisionView{Phase: apiv1.DecisionPhase_DECISION_PHASE_CLOSED, Tally: &eventv1.Tally{For: 1, Against: 1},
			Electors: []*eventv1.Elector{{Participant: "a", Constituency: "user", Standing: votes}, {Participant: "b", Constituency: "professional", Standing: votes}},
			Ballots:  []*eventv1.BallotCast{{Participant: "a", Choice: eventv1.Choice_CHOICE_FOR}, {Participant: "b", Choice: eventv1.Choice_CHOICE_AGAINST}}}, nil
	})
	if votes := h.do(http.MethodGet, exports+"tavolo-votes.json", "", evaluator...).body; strings.Contains(votes, "constituency") || strings.Contains(votes, `"option"`) {
		t.Errorf("two ballots are counted: %s", votes)
	}
}

// Two downloads that differ by one person would say what that person did. What left in one kind of file is remembered for all of them.
func TestASecondDownloadCannotBeSubtractedFromTheFirst(t *testing.T) {
	h := openEvidence(t)
	at := timestamppb.New(time.Date(2026, 3, 5, 17, 0, 0, 0, time.UTC))
	absent := func(people uint32) {
		h.say("list_findings", func(proto.Message) (proto.Message, error) {
			return &apiv1.ListFindingsResponse{AsOf: at, Findings: []*apiv1.FindingView{{Workspace: "dsm", Code: "entitled_absent", Item: "orari:i", Decisions: []string{"orari:s:d"}, People: people, At: at}}}, nil
		})
	}
	absent(7)
	if r := h.do(http.MethodGet, exports+"findings.csv", "", evaluator...); r.status != http.StatusOK || !strings.Contains(r.body, ",7\r\n") {
		t.Fatalf("seven people: %d %s", r.status, r.body)
	}
	absent(8)
	for _, name := range []string{"findings.csv", "findings.sav", "tavolo-data.zip", "tavolo.xlsx"} {
		if r := h.do(http.MethodGet, exports+name, "", evaluator...); r.status < 400 || r.header.Get("Tavolo-Code") != "disclosure/difference" {
			t.Errorf("%s with one more: %d %s", name, r.status, r.header.Get("Tavolo-Code"))
		}
	}
	if r := h.do(http.MethodGet, exports+"roles.csv", "", evaluator...); r.status != http.StatusOK {
		t.Errorf("a file that counts nobody: %d", r.status)
	}
	absent(12)
	if r := h.do(http.MethodGet, exports+"findings.csv", "", evaluator...); r.status != http.StatusOK || !strings.Contains(r.body, ",12\r\n") {
		t.Errorf("five more: %d %s", r.status, r.body)
	}
}

func TestWhereNobodyRemembersNoFileCountsPeople(t *testing.T) {
	h := openEvidenceWith(t, nil)
	h.say("list_findings", func(proto.Message) (proto.Message, error) {
		return &apiv1.ListFindingsResponse{Findings: []*apiv1.FindingView{{Workspace: "dsm", Code: "entitled_absent", Decisions: []string{"orari:s:d"}, People: 77}}}, nil
	})
	if r := h.do(http.MethodGet, exports+"findings.csv", "", evaluator...); r.status != http.StatusOK || strings.Contains(r.body, "77") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, exports+"tavolo-votes.json", "", evaluator...); r.status != http.StatusOK || strings.Contains(r.body, "constituency/") {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.show(true)
	if r := h.do(http.MethodGet, "/open-data/dsm/download?format=popolo", "", nobody...); r.status != http.StatusOK || strings.Contains(r.body, "constituency/") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestOpenDataAreWhatIsPublicAndNothingElse(t *testing.T) {
	h := openEvidence(t)
	const download = "/open-data/dsm/download"
	h.show(false)
	for _, path := range []string{download, "/open-data/elsewhere/download", "/open-data/nowhere/download"} {
		if r := h.do(http.MethodGet, path, "", nobody...); r.status != http.StatusNotFound || r.header.Get("Tavolo-Code") != "gateway/not-found" {
			t.Errorf("%s: %d %s", path, r.status, r.header.Get("Tavolo-Code"))
		}
	}
	if h.times("list_roles") != 0 || h.times("get_decision") != 0 {
		t.Error("what is not public was asked for")
	}
	h.show(true)
	r := h.do(http.MethodGet, download, "", nobody...)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	all := unzip(t, r.body)
	if roles := all["data/roles.csv"]; !strings.Contains(roles, "binding_vote") || strings.Contains(roles, "outvoted") || strings.Contains(roles, "0.625") || strings.Contains(roles, "power") {
		t.Errorf("%s", roles)
	}
	for name := range all {
		if strings.HasPrefix(name, "data/") && name != "data/roles.csv" {
			t.Errorf("%s counts what is not public too", name)
		}
	}
	votes := h.do(http.MethodGet, download+"?format=popolo", "", nobody...)
	if votes.status != http.StatusOK || !strings.Contains(votes.body, "Aprire il sabato?") {
		t.Errorf("%d %s", votes.status, votes.body)
	}
	for _, text := range append([]string{votes.body}, all["data/roles.csv"], all["datapackage.json"]) {
		if strings.Contains(text, canary) {
			t.Error("a person is in public data")
		}
	}
}

// at has the one workspace of the tests stand at a sequence.
func (h *house) at(sequence uint64) {
	h.say("list_workspaces", func(proto.Message) (proto.Message, error) {
		return &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{{Id: "dsm", Name: "DSM di prova", Sequence: sequence, Initiatives: []*apiv1.InitiativeSummary{{Id: "orari"}}}}}, nil
	})
}

// A crowd of downloads costs one, and who has the file already gets nothing but its tag.
func TestAFileOfOpenDataIsMadeOnceUntilSomethingIsRecorded(t *testing.T) {
	h := openEvidence(t)
	h.show(true)
	for _, format := range []string{"", "?format=popolo"} {
		h.at(7)
		first, before := h.do(http.MethodGet, "/open-data/dsm/download"+format, "", nobody...), h.times("list_roles")
		if tag := first.header.Get("ETag"); first.status != http.StatusOK || tag == "" {
			t.Fatalf("%d without a tag", first.status)
		}
		again := h.do(http.MethodGet, "/open-data/dsm/download"+format, "", nobody...)
		if again.status != http.StatusOK || again.body != first.body || h.times("list_roles") != before {
			t.Errorf("%q was made again: %d", format, again.status)
		}
		known := h.do(http.MethodGet, "/open-data/dsm/download"+format, "", append([]string{"If-None-Match", first.header.Get("ETag")}, nobody...)...)
		if known.status != http.StatusNotModified || known.body != "" {
			t.Errorf("%q was sent again: %d", format, known.status)
		}
		h.at(8)
		if r := h.do(http.MethodGet, "/open-data/dsm/download"+format, "", nobody...); r.status != http.StatusOK || h.times("list_roles") == before {
			t.Errorf("%q is as it was before something was recorded: %d", format, r.status)
		}
		h.at(9)
		h.show(false)
		if r := h.do(http.MethodGet, "/open-data/dsm/download"+format, "", nobody...); r.status != http.StatusNotFound {
			t.Errorf("%q after the initiative was hidden: %d", format, r.status)
		}
		h.show(true)
	}
}

// A crowd that asks for files keeps nobody from the rest of the house, and the anonymous ones keep no evaluator from a file.
func TestACrowdAtTheFilesIsSentAwayAtOnce(t *testing.T) {
	h := openEvidence(t)
	const crowd = 40
	making, release := make(chan struct{}, 2*crowd), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(release) })
	defer goOn()
	hold := func(message proto.Message) func(proto.Message) (proto.Message, error) {
		return func(proto.Message) (proto.Message, error) {
			h.mu.Unlock()
			defer h.mu.Lock()
			making <- struct{}{}
			<-release
			return message, nil
		}
	}
	come := func(path string, headers ...string) chan reply {
		done := make(chan reply, crowd)
		for range crowd {
			go func() { done <- h.do(http.MethodGet, path, "", headers...) }()
		}
		return done
	}
	sentAway := func(who string, done chan reply, stay int) {
		t.Helper()
		for range crowd - stay { // while nothing was made
			var r reply
			select {
			case r = <-done:
			case <-time.After(time.Minute):
				t.Fatalf("%s wait", who)
			}
			if r.status != http.StatusServiceUnavailable || r.header.Get("Tavolo-Code") != "gateway/exports-busy" || r.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", who, r.status, r.body)
			}
		}
	}
	h.say("get_initiative", hold(&apiv1.InitiativeView{Public: true}))
	open := come("/open-data/dsm/download", nobody...)
	sentAway("anyone", open, 6)
	if r := h.do(http.MethodGet, exports+"roles.csv", "", evaluator...); r.status != http.StatusOK {
		t.Errorf("an evaluator while anyone asks: %d %s", r.status, r.body)
	}
	h.say("get_table3", hold(&apiv1.GetTable3Response{}))
	read := come(exports+"roles.csv", evaluator...)
	sentAway("evaluators", read, 12)
	for who, headers := range map[string][]string{"account/signed-out": nobody, "gateway/not-permitted": other} { // they take no place
		if r := h.do(http.MethodGet, exports+"roles.csv", "", headers...); r.header.Get("Tavolo-Code") != who {
			t.Errorf("%s: %d %s", who, r.status, r.body)
		}
	}
	if r := h.post("RoleService/Power", `{}`); r.status != http.StatusOK {
		t.Errorf("the rest of the house: %d %s", r.status, r.body)
	}
	eventually(t, "six are made at once", func() bool { return len(making) == 6 })
	goOn()
	for who, left := range map[*chan reply]int{&open: 6, &read: 12} {
		for range left {
			if r := <-*who; r.status != http.StatusOK {
				t.Errorf("who waited: %d %s", r.status, r.body)
			}
		}
	}
}

func TestAReportIsForWhoMayReadTheWorkspace(t *testing.T) {
	h := openEvidence(t)
	const path = "/w/dsm/report?from=2026-01-01&to=2026-12-31"
	r := h.do(http.MethodGet, path, "", evaluator...)
	if r.status != http.StatusOK || !strings.Contains(r.body, "DSM di prova") || !strings.Contains(r.body, "<svg") || !strings.Contains(r.body, "/w/dsm/d/orari:s:d/page") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(http.MethodGet, path+"&lang=en", "", evaluator...); !strings.Contains(r.body, `<html lang="en">`) || !strings.Contains(r.body, "Report of the department") {
		t.Errorf("not in English: %d", r.status)
	}
	if r := h.do(http.MethodGet, path, "", other...); r.status != http.StatusForbidden || strings.Contains(r.body, "DSM di prova") {
		t.Errorf("for a reader of another one: %d", r.status)
	}
	if r := h.do(http.MethodGet, path, "", nobody...); r.status != http.StatusUnauthorized {
		t.Errorf("for nobody: %d", r.status)
	}
}

func TestFilesAndReportAreOfWhatIsChosen(t *testing.T) {
	h := openEvidence(t)
	const chosen = "?initiative=orari&area=AREA_NEW_SERVICES&kind=SESSION_KIND_ASSEMBLY"
	all := unzip(t, h.do(http.MethodGet, exports+"tavolo-data.zip"+chosen, "", evaluator...).body)
	if !strings.Contains(all["CODEBOOK.it.md"], "initiative = orari, area = new_services, session_kind = assembly") {
		t.Errorf("the file does not say what it is of: %s", all["CODEBOOK.it.md"])
	}
	if h.times("get_table3") != 0 {
		t.Error("Table 3 of a part of a department")
	}
	if r := h.do(http.MethodGet, "/w/dsm/report"+chosen, "", evaluator...); r.status != http.StatusOK {
		t.Errorf("%d", r.status)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subject := range []string{"list_role_ledger", "list_findings", "get_figures", "list_roles"} {
		for _, q := range h.asked[subject] {
			f := q.ProtoReflect()
			for name, want := range map[string]int32{"area": int32(eventv1.Area_AREA_NEW_SERVICES), "kind": int32(eventv1.SessionKind_SESSION_KIND_ASSEMBLY)} {
				if got := f.Get(f.Descriptor().Fields().ByName(protoreflect.Name(name))).Enum(); int32(got) != want {
					t.Errorf("%s: %s is %d", subject, name, got)
				}
			}
		}
		if len(h.asked[subject]) == 0 {
			t.Errorf("%s was not asked", subject)
		}
	}
}
