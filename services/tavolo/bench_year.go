package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// This chapter measures every page of evaluators on a year that `tavolo generate` recorded, through the gateway and the whole house, as whoever runs it asks:
// of all departments together, and of the one with the longest history. The floor is a server that answers the same bytes at once. The first answer of each
// page stands in the note: nothing was asked before, and what is kept of earlier questions is not there yet.

const yearTarget = "< 300 ms"

// yearPage is a page and what it asks: a method with its request, or an address.
type yearPage struct {
	what, address string
	question      proto.Message
}

func benchYear(ctx context.Context, dir string, rounds int, progress io.Writer) ([]figure, error) {
	h, err := openHouse(ctx, plan{Dir: dir, Services: allServices, Listen: "127.0.0.1:0", Logger: quiet(progress)})
	if err != nil {
		return nil, err
	}
	figures, err := measureYear(ctx, h, rounds)
	return figures, errors.Join(err, h.close())
}

func measureYear(ctx context.Context, h *house, rounds int) ([]figure, error) {
	token, err := operatorToken(h.dir)
	if err != nil {
		return nil, err
	}
	fetch := func(p yearPage) ([]byte, error) { return askPage(ctx, "http://"+h.gateway.Addr(), token, p) }
	list := &apiv1.ListWorkspacesResponse{}
	if err := ask(fetch, yearPage{"departments", "/tavolo.api.v1.WorkspaceService/ListWorkspaces", &apiv1.ListWorkspacesRequest{}}, list); err != nil {
		return nil, err
	}
	if len(list.Workspaces) == 0 {
		return nil, errors.New("this data folder has no department: record a year with tavolo generate")
	}
	pages, err := yearPages(list.Workspaces, fetch)
	if err != nil {
		return nil, err
	}
	var body []byte
	floor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer floor.Close()
	var figures []figure
	for _, p := range pages {
		var ours, theirs []float64
		var first float64
		for n := range rounds + 1 {
			began := time.Now()
			if body, err = fetch(p); err != nil {
				return nil, fmt.Errorf("%s: %w", p.what, err)
			}
			took := milliseconds(began)
			if n == 0 {
				first = took
				continue
			}
			began = time.Now()
			if _, err := askPage(ctx, floor.URL, token, p); err != nil {
				return nil, err
			}
			ours, theirs = append(ours, took), append(theirs, milliseconds(began))
		}
		figures = append(figures, pair(p.what, "ms", yearTarget, fmt.Sprintf("first %s ms, %d KB", number(first), len(body)/1024), theirs, ours))
	}
	return figures, nil
}

func askPage(ctx context.Context, base, token string, p yearPage) ([]byte, error) {
	method, sent := http.MethodGet, io.Reader(nil)
	if p.question != nil {
		asked, err := protojson.Marshal(p.question)
		if err != nil {
			return nil, err
		}
		method, sent = http.MethodPost, bytes.NewReader(asked)
	}
	r, err := http.NewRequestWithContext(ctx, method, base+p.address, sent)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if p.question != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		var told struct{ Code, Message string }
		_ = json.Unmarshal(got, &told)
		err = fmt.Errorf("%s: %s", answer.Status, cmp.Or(told.Message, told.Code))
	}
	return got, err
}

// yearPages are the pages, in the order in which somebody goes down: from all departments to one decision.
func yearPages(departments []*apiv1.WorkspaceView, fetch func(yearPage) ([]byte, error)) ([]yearPage, error) {
	one := slices.MaxFunc(departments, func(a, b *apiv1.WorkspaceView) int { return cmp.Compare(a.Sequence, b.Sequence) }).Id
	of := &apiv1.EvidencePeriod{Who: evidence.Strict}
	every := proto.CloneOf(of)
	for _, d := range departments {
		every.Departments = append(every.Departments, d.Id)
	}
	const service = "/tavolo.api.v1.EvidenceService/"
	ledger := func(ws string, period *apiv1.EvidencePeriod, level apiv1.LedgerLevel, what string) yearPage {
		return yearPage{"ledger of " + what, service + "ListRoleLedger", &apiv1.ListRoleLedgerRequest{Workspace: ws, Period: period, Level: level, Limit: 50}}
	}
	decisions := ledger(one, of, apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, "one: decisions")
	lines := &apiv1.ListRoleLedgerResponse{}
	if err := ask(fetch, decisions, lines); err != nil {
		return nil, err
	}
	if len(lines.Rows) == 0 {
		return nil, errors.New("nothing was decided in this data folder: record a year with tavolo generate")
	}
	d, view := strings.TrimPrefix(lines.Rows[len(lines.Rows)/2].Key, one+"/"), &apiv1.DecisionView{}
	if err := ask(fetch, yearPage{"a decision", "/tavolo.api.v1.DecisionService/GetDecision", &apiv1.GetDecisionRequest{Workspace: one, Decision: d}}, view); err != nil {
		return nil, err
	}
	past := proto.CloneOf(every)
	past.AsOf = view.ClosedAt // a day in the midst of what is shown
	pages := []yearPage{
		ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_NATION, "all: nation"), ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_MACRO_AREA, "all: macro areas"),
		ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_REGION, "all: regions"), ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE, "all: departments"),
		ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_INITIATIVE, "all: initiatives"), ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, "all: sessions"),
		ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_DECISION, "all: decisions"), ledger("", every, apiv1.LedgerLevel_LEDGER_LEVEL_QUARTER, "all: quarters"),
		{"Table 3 of all", service + "GetTable3", &apiv1.GetTable3Request{Period: every}},
		{"strength of all", service + "GetFigures", &apiv1.GetFiguresRequest{Period: every}},
		{"trends of all", service + "ListTrends", &apiv1.ListTrendsRequest{Period: every, Step: apiv1.TrendStep_TREND_STEP_QUARTER, Level: apiv1.LedgerLevel_LEDGER_LEVEL_NATION}},
		{"findings of all", service + "ListFindings", &apiv1.ListFindingsRequest{Period: every}},
		ledger("", past, apiv1.LedgerLevel_LEDGER_LEVEL_NATION, "all as it stood on a day: nation"),
		{"findings of all as it stood on a day", service + "ListFindings", &apiv1.ListFindingsRequest{Period: past}},
		ledger(one, of, apiv1.LedgerLevel_LEDGER_LEVEL_INITIATIVE, "one: initiatives"), ledger(one, of, apiv1.LedgerLevel_LEDGER_LEVEL_SESSION, "one: sessions"), decisions,
		{"strength of one", service + "GetFigures", &apiv1.GetFiguresRequest{Workspace: one, Period: of}},
		{"trends of one", service + "ListTrends", &apiv1.ListTrendsRequest{Workspace: one, Period: of, Step: apiv1.TrendStep_TREND_STEP_QUARTER, Level: apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE}},
		{"findings of one", service + "ListFindings", &apiv1.ListFindingsRequest{Workspace: one, Period: of}},
		{"printed report of one", "/w/" + one + "/report", nil},
		{"index of pages", "/pages", nil}, {"a decision's page", "/w/" + one + "/d/" + d + "/page", nil},
		{"why, of one decision", "/tavolo.api.v1.RoleService/Why", &apiv1.WhyRequest{Workspace: one, Decision: d, Who: evidence.Strict}},
	}
	return pages, nil
}

func ask(fetch func(yearPage) ([]byte, error), p yearPage, answer proto.Message) error {
	got, err := fetch(p)
	if err != nil {
		return fmt.Errorf("%s: %w", p.what, err)
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(got, answer)
}
