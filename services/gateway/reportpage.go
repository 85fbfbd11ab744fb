package gateway

import (
	"net/http"
	"slices"

	"tavolo/pkg/domain/evidence"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/pages"
)

// reportPage shows the report of a department on a period, asked for on behalf of the reader as it stood at one instant.
func (g *Gateway) reportPage(w http.ResponseWriter, r *http.Request) error {
	c, err := chosenBy(r)
	if err != nil {
		return err
	}
	p := c.Period
	ctx, ask, workspace := r.Context(), asker{g, callerOf(r.Context())}, r.PathValue("workspace")
	q := r.URL.Query()
	in := pages.ReportInput{From: q.Get("from"), To: q.Get("to"), Who: p.Who, Chosen: c}
	q.Del("lang")
	if len(q) > 0 {
		in.Query = "?" + q.Encode()
	}
	ledger := func(level apiv1.LedgerLevel) (*apiv1.ListRoleLedgerResponse, error) {
		return ask.ListRoleLedger(ctx, &apiv1.ListRoleLedgerRequest{Workspace: workspace, Period: p, Level: level, Initiative: c.Initiative, Scope: c.Scope, Area: c.Area, Stage: c.Stage, Kind: c.Kind})
	}
	department, err := ledger(apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE)
	if err != nil {
		return err
	}
	in.Department, in.Rules, in.AsOf = onlyRow(department), department.Rules, department.AsOf
	p.AsOf, p.CaughtUp = department.AsOf, false
	quarters, err := ledger(apiv1.LedgerLevel_LEDGER_LEVEL_QUARTER)
	if err != nil {
		return err
	}
	in.Quarters = quarters.Rows
	if in.Figures, err = question[*apiv1.GetFiguresResponse](ctx, g, ask.c, "EvidenceService.GetFigures", &apiv1.GetFiguresRequest{Workspace: workspace, Period: p, Initiative: c.Initiative, Scope: c.Scope, Area: c.Area, Stage: c.Stage, Kind: c.Kind}); err != nil {
		return err
	}
	findings, err := ask.ListFindings(ctx, &apiv1.ListFindingsRequest{Workspace: workspace, Period: p, Initiative: c.Initiative, Scope: c.Scope, Area: c.Area, Stage: c.Stage, Kind: c.Kind})
	if err != nil {
		return err
	}
	in.Findings = findings.Findings
	decisions, err := ask.ListRoles(ctx, &apiv1.ListRolesRequest{Workspace: workspace, Who: p.Who, From: p.From, To: p.To, AsOf: p.AsOf, Initiative: c.Initiative, Scope: c.Scope, Area: c.Area, Stage: c.Stage, Kind: c.Kind})
	if err != nil {
		return err
	}
	in.Decisions = decisions.Decisions
	p.Who = evidence.Strict
	if in.Who == evidence.Strict {
		p.Who = evidence.Broad
	}
	other, err := ledger(apiv1.LedgerLevel_LEDGER_LEVEL_WORKSPACE)
	if err != nil {
		return err
	}
	in.Other = onlyRow(other)
	all, err := ask.ListWorkspaces(ctx, &apiv1.ListWorkspacesRequest{})
	if err != nil {
		return err
	}
	if n := slices.IndexFunc(all.Workspaces, func(x *apiv1.WorkspaceView) bool { return x.Id == workspace }); n >= 0 {
		in.Workspace = all.Workspaces[n]
	} else {
		in.Workspace = &apiv1.WorkspaceView{Id: workspace}
	}
	return g.showDoc(w, r, http.StatusOK, func(lang string) pages.Doc { return pages.Report(lang, in) })
}

func onlyRow(list *apiv1.ListRoleLedgerResponse) *apiv1.LedgerRow {
	if len(list.Rows) == 0 {
		return &apiv1.LedgerRow{}
	}
	return list.Rows[0]
}
