package pages_test

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/catalogue"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway/pages"
)

var march = timestamppb.New(time.Date(2026, 3, 5, 17, 0, 0, 0, time.UTC))

func shareOf(n, of uint32, percent string) *apiv1.TableShare {
	return &apiv1.TableShare{N: n, Of: of, Percent: percent}
}

// aReport is of a department with three decisions: two consultative, one decisive.
func aReport() pages.ReportInput {
	row := func(key string) *apiv1.LedgerRow {
		return &apiv1.LedgerRow{Key: key, Role: "consultative", Best: "decisive", Worst: "consultative", BestDecision: "dsm/csm:s:d1", WorstDecision: "dsm/csm:s:d2", Included: 3,
			Distribution: map[string]uint32{"decisive": 1, "consultative": 2}, Excluded: map[string]uint32{"no_decision": 1},
			Shares: []*apiv1.LedgerShare{{Role: "decisive", Share: shareOf(1, 3, "33.3"), Interval: &apiv1.TableInterval{Low: "6.1", High: "79.2"}}}}
	}
	return pages.ReportInput{
		Workspace: &apiv1.WorkspaceView{Id: "dsm", Name: "DSM <di prova>", Region: "Umbria"}, From: "2026-01-01", Query: "?from=2026-01-01", Who: "users:strict", Rules: "roles/1", AsOf: march,
		Department: row("dsm"), Other: &apiv1.LedgerRow{Role: "other"}, Quarters: []*apiv1.LedgerRow{row("dsm/2026-Q1")},
		Figures:  &apiv1.GetFiguresResponse{Success: shareOf(2, 3, "66.7"), ConditionalSuccess: shareOf(1, 2, "50.0"), Pivotal: shareOf(1, 3, "33.3"), MedianPower: 0.625, WithPower: 2, Agenda: shareOf(0, 0, "")},
		Findings: []*apiv1.FindingView{{Code: "token_vote", Decisions: []string{"csm:s:d2"}, At: march}, {Code: "unlogged_decision", Initiative: "csm", At: march, People: 1}},
		Decisions: []*apiv1.DecisionRoles{
			{Workspace: "dsm", Initiative: "csm", Session: "s", Id: "d1", Question: "Aprire <il sabato>?", ClosedAt: march, Outcome: eventv1.Outcome_OUTCOME_ADOPTED, Roles: []*apiv1.Judgement{{Who: "users:strict", Role: "decisive", Reason: "binding_vote"}}},
			{Workspace: "dsm", Initiative: "csm", Session: "s", Id: "d2", ClosedAt: march, Roles: []*apiv1.Judgement{{Who: "users:broad", Role: "none", Reason: "absent"}}},
		},
	}
}

func reportIn(t *testing.T, lang string, in pages.ReportInput) string {
	t.Helper()
	var b bytes.Buffer
	if err := (pages.Frame{Lang: lang, Here: &url.URL{Path: "/w/dsm/report"}}).HTML(&b, pages.Report(lang, in)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAReportSaysWhatWasChangedAndHowManyVotesWereEnough(t *testing.T) {
	in := aReport()
	in.Figures.MedianMargin, in.Figures.WithMargin, in.Figures.Changed = 2, 3, shareOf(1, 2, "50.0")
	whole := reportIn(t, "en", in)
	in.Figures.MedianMargin = 1.5
	half := reportIn(t, "en", in)
	for html, wants := range map[string][]string{whole: {"Texts changed", "1 of 2 (50.0%)", ">2, over 3 decisions"}, half: {">1.5, over 3 decisions"}} {
		for _, want := range wants {
			if !strings.Contains(html, want) {
				t.Errorf("%q is missing", want)
			}
		}
	}
}

func TestAReportSaysWhatItStandsOnAndLeadsToEveryDecision(t *testing.T) {
	for _, lang := range catalogue.Languages() {
		html := reportIn(t, lang, aReport())
		for _, want := range []string{"DSM &lt;di prova&gt;", "Aprire &lt;il sabato&gt;?", `href="/w/dsm/d/csm:s:d1/page"`, `href="/w/dsm/d/csm:s:d2/page"`, "roles/1", "/v1/workspaces/dsm/export/tavolo.xlsx?from=2026-01-01"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: %q is missing", lang, want)
			}
		}
		for _, wrong := range []string{"style=", "<script", "{{", "%!"} {
			if strings.Contains(html, wrong) {
				t.Errorf("%s: %q is on the page", lang, wrong)
			}
		}
		if found := regexp.MustCompile(`>(page|role|reason|finding)/[a-z-]+<`).FindString(html); found != "" {
			t.Errorf("%s: no words for %s", lang, found)
		}
	}
	it := reportIn(t, "it", aReport())
	for _, want := range []string{"33,3%", "6,1–79,2%", "1° trimestre 2026", "Servono 5 decisioni di questo tipo. Ce ne sono 2.", "62, in 2 decisioni"} {
		if !strings.Contains(it, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if !strings.Contains(reportIn(t, "en", aReport()), "33.3%") {
		t.Error("an English number has a point")
	}
}

// The picture and the table beside it say the same: a third of the bar is the third of the decisions.
func TestThePictureIsThatOfTheTable(t *testing.T) {
	html := reportIn(t, "it", aReport())
	widths := regexp.MustCompile(`class="role-(\w+)" x="(\d+)" width="(\d+)"`).FindAllStringSubmatch(html, -1)
	var got []string
	for _, w := range widths[:2] {
		got = append(got, strings.Join(w[1:], " "))
	}
	if strings.Join(got, ", ") != "decisive 0 333, consultative 333 667" {
		t.Errorf("%v", got)
	}
}

func TestAReportOfNothingSaysSo(t *testing.T) {
	html := reportIn(t, "it", pages.ReportInput{Workspace: &apiv1.WorkspaceView{Id: "dsm"}, Department: &apiv1.LedgerRow{Role: "other", TooFew: true}, Who: "users:strict"})
	for _, want := range []string{"Le decisioni sono meno di tre", "In questo periodo non ci sono decisioni.", "Nulla da segnalare", "Tutto il registro"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(html, "<rect class=\"role-decisive\" x=") {
		t.Error("a picture of nothing")
	}
}
