package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/domain/evidence"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	"tavolo/services/gateway/pages"
)

// Files for other programs, under addresses that stay (package export writes them):
//
//	/v1/workspaces/{workspace}/export/{file}   for whoever may read the workspace; ?from= ?to= (days, both included) ?as_of= ?who= ?initiative=
//	                                           ?scope= ?area= ?stage= ?kind= (codes of the contract) ?lang=
//	/open-data/{workspace}/download            a data package of what is public, for anyone; ?format=popolo its votes
//
// Counts of people leave as `tavolo export` lets them leave: above the threshold, compared with everything that left before (package releases), and not at all
// where nobody remembers it. Everything is asked on behalf of the caller. A file is made whole before the first byte of it is sent, so that nobody keeps half of one; few are made
// at a time, and a file is as large as the decisions of its period.

// A file that can be had.
type exportFile struct {
	// kind is the content type.
	kind string
	// table that it holds; "" all of them.
	table string
	write func(w io.Writer, x *exporting) error
}

// exporting is what a file is made of.
type exporting struct {
	doc   *export.Document
	table *export.Table
	votes *export.Published
	lang  string
}

const (
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typeCSV  = "text/csv; charset=utf-8"
	typeSAV  = "application/x-spss-sav"
	typeZIP  = "application/zip"
	popolo   = "tavolo-votes.json"
)

// exportTables are the tables that a file of its own can have.
var exportTables = []string{"roles", "departments", "table3", "findings"}

// exportFiles by their names.
var exportFiles = func() map[string]exportFile {
	all := map[string]exportFile{
		"tavolo.xlsx":     {typeXLSX, "", func(w io.Writer, x *exporting) error { return export.WriteXLSX(w, x.doc, x.lang, true) }},
		"tavolo-data.zip": {typeZIP, "", func(w io.Writer, x *exporting) error { return export.WritePackage(w, x.doc, x.lang) }},
		popolo:            {"application/json", "", func(w io.Writer, x *exporting) error { return export.WritePopolo(w, x.votes) }},
	}
	for _, table := range exportTables {
		all[table+".csv"] = exportFile{typeCSV, table, func(w io.Writer, x *exporting) error { return export.CSV{}.Write(w, x.table) }}
		all[table+"-it.csv"] = exportFile{typeCSV, table, func(w io.Writer, x *exporting) error {
			return export.CSV{Spreadsheet: true, Labels: true, Lang: export.Italian}.Write(w, x.table)
		}}
		all[table+".sav"] = exportFile{typeSAV, table, func(w io.Writer, x *exporting) error { return export.WriteSAV(w, x.table, x.lang, x.doc.At) }}
	}
	return all
}()

// exportsAtOnce is how many files are made at the same time: each holds its tables in memory.
const exportsAtOnce = 4

// exportRoutes adds the files to the addresses.
func (g *Gateway) exportRoutes(handle func(pattern string, h func(http.ResponseWriter, *http.Request) error)) {
	slots := make(chan struct{}, exportsAtOnce)
	limited := func(h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				return h(w, r)
			case <-r.Context().Done():
				return r.Context().Err()
			}
		}
	}
	handle("GET /v1/workspaces/{workspace}/export/{file}", limited(g.exportFile))
	handle("GET /open-data/{workspace}/download", limited(g.openData))
}

// exportFile gives one file.
func (g *Gateway) exportFile(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	f, known := exportFiles[name]
	if !known {
		return decider.Refuse("gateway/not-found")
	}
	q, err := chosenBy(r)
	if err != nil {
		return err
	}
	ctx, ask := r.Context(), asker{g, callerOf(r.Context())}
	e, err := export.Gather(ctx, ask, q)
	if err != nil {
		return err
	}
	x := &exporting{lang: exportLanguage(w, r)}
	if name == popolo {
		if x.votes, err = export.Votes(ctx, ask, e, nil); err != nil {
			return err
		}
	}
	if err := g.release(ctx, f, e, x.votes); err != nil {
		return err
	}
	x.doc = e.Document()
	if f.table != "" {
		x.table = &x.doc.Tables[slices.IndexFunc(x.doc.Tables, func(t export.Table) bool { return t.Name == f.table })]
	}
	return sendFile(w, f.kind, r.PathValue("workspace")+"-"+name, func(out io.Writer) error { return f.write(out, x) })
}

// release decides which counts of people a file shows, and remembers it before anything is sent. Files without such a table release nothing.
func (g *Gateway) release(ctx context.Context, f exportFile, e *export.Evaluation, votes *export.Published) error {
	switch {
	case votes != nil && g.o.Releases == nil:
		votes.Withhold()
	case votes != nil: // a file of votes has no findings in it
		return votes.Release(ctx, g.o.Releases)
	case g.o.Releases != nil && (f.table == "" || f.table == "findings"):
		return e.Release(ctx, g.o.Releases)
	}
	return nil
}

// sendFile makes a file and sends it.
func sendFile(w http.ResponseWriter, kind, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	stem, end, _ := strings.Cut(name, ".")
	attach(w, stem, end)
	writeBytes(w, http.StatusOK, kind, b.Bytes())
	return nil
}

// exportLanguage is that of the labels: easy Italian has the Italian ones.
func exportLanguage(w http.ResponseWriter, r *http.Request) string {
	lang, _, _ := strings.Cut(pageLanguage(w, r), "-")
	return lang
}

// chosenBy reads what a file or a report of a workspace is about.
func chosenBy(r *http.Request) (*apiv1.ListRoleLedgerRequest, error) {
	p, err := periodOf(r)
	if err != nil {
		return nil, err
	}
	q, out := r.URL.Query(), &apiv1.ListRoleLedgerRequest{Workspace: r.PathValue("workspace"), Period: p, Initiative: r.URL.Query().Get("initiative")}
	for name, x := range map[string]struct {
		codes map[string]int32
		set   func(int32)
	}{
		"scope": {eventv1.Scope_value, func(n int32) { out.Scope = eventv1.Scope(n) }},
		"area":  {eventv1.Area_value, func(n int32) { out.Area = eventv1.Area(n) }},
		"stage": {eventv1.Stage_value, func(n int32) { out.Stage = eventv1.Stage(n) }},
		"kind":  {eventv1.SessionKind_value, func(n int32) { out.Kind = eventv1.SessionKind(n) }},
	} {
		if code := q.Get(name); code != "" {
			n, known := x.codes[code]
			if !known {
				return nil, decider.Refuse("gateway/bad-parameter", "parameter", name)
			}
			x.set(n)
		}
	}
	return out, nil
}

// periodParameters are what may follow the address of a file or a report.
var periodParameters = []string{"from", "to", "as_of", "who", "initiative", "scope", "area", "stage", "kind", "lang"}

// periodOf reads the period of a file or a report: from and to are days in UTC, both included; an instant is taken as it is.
func periodOf(r *http.Request) (*apiv1.EvidencePeriod, error) {
	q := r.URL.Query()
	for name, values := range q {
		if !slices.Contains(periodParameters, name) {
			return nil, decider.Refuse("gateway/unknown-parameter", "known", strings.Join(periodParameters, ", "))
		}
		if len(values) != 1 {
			return nil, decider.Refuse("gateway/bad-parameter", "parameter", name)
		}
	}
	p := &apiv1.EvidencePeriod{Who: q.Get("who"), CaughtUp: true}
	if p.Who == "" {
		p.Who = evidence.Strict
	}
	for name, set := range map[string]func(from, end time.Time){
		"from":  func(from, _ time.Time) { p.From = timestamppb.New(from) },
		"to":    func(_, end time.Time) { p.To = timestamppb.New(end) },
		"as_of": func(_, end time.Time) { p.AsOf = timestamppb.New(end) },
	} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		at, ok := instant(text)
		if !ok {
			return nil, decider.Refuse("gateway/bad-parameter", "parameter", name)
		}
		end := at
		if len(text) == len(time.DateOnly) {
			end = at.AddDate(0, 0, 1)
		}
		set(at, end)
	}
	return p, nil
}

// asker asks the views on behalf of a caller.
type asker struct {
	g *Gateway
	c caller
}

func (a asker) ListRoleLedger(ctx context.Context, q *apiv1.ListRoleLedgerRequest) (*apiv1.ListRoleLedgerResponse, error) {
	return question[*apiv1.ListRoleLedgerResponse](ctx, a.g, a.c, "EvidenceService.ListRoleLedger", q)
}

func (a asker) GetTable3(ctx context.Context, q *apiv1.GetTable3Request) (*apiv1.GetTable3Response, error) {
	return question[*apiv1.GetTable3Response](ctx, a.g, a.c, "EvidenceService.GetTable3", q)
}

func (a asker) ListFindings(ctx context.Context, q *apiv1.ListFindingsRequest) (*apiv1.ListFindingsResponse, error) {
	return question[*apiv1.ListFindingsResponse](ctx, a.g, a.c, "EvidenceService.ListFindings", q)
}

func (a asker) ListWorkspaces(ctx context.Context, q *apiv1.ListWorkspacesRequest) (*apiv1.ListWorkspacesResponse, error) {
	return question[*apiv1.ListWorkspacesResponse](ctx, a.g, a.c, "WorkspaceService.ListWorkspaces", q)
}

func (a asker) ListRoles(ctx context.Context, q *apiv1.ListRolesRequest) (*apiv1.ListRolesResponse, error) {
	return question[*apiv1.ListRolesResponse](ctx, a.g, a.c, "RoleService.ListRoles", q)
}

func (a asker) GetDecision(ctx context.Context, q *apiv1.GetDecisionRequest) (*apiv1.DecisionView, error) {
	return question[*apiv1.DecisionView](ctx, a.g, a.c, "DecisionService.GetDecision", q)
}

// openData gives what is public of a department: the decisions of its public initiatives, with the roles that their pages show. Whether a department has
// nothing public or is not there is answered alike.
func (g *Gateway) openData(w http.ResponseWriter, r *http.Request) error {
	ctx, workspace := r.Context(), r.PathValue("workspace")
	e, votes, err := g.publicEvidence(ctx, workspace)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "popolo" {
		// Anyone may ask again after a correction: the file is there then too, without the counts that would tell too much beside the earlier ones.
		if g.o.Releases == nil || votes.Release(ctx, g.o.Releases) != nil {
			votes.Withhold()
		}
		return sendFile(w, "application/json", workspace+"-"+popolo, func(out io.Writer) error { return export.WritePopolo(out, votes) })
	}
	lang := exportLanguage(w, r)
	return sendFile(w, typeZIP, workspace+"-open-data.zip", func(out io.Writer) error { return export.WritePackage(out, e.Open(), lang) })
}

// publicOf lists the public initiatives of a department; nothing else of it is asked for.
func (g *Gateway) publicOf(ctx context.Context, workspace string) (of *apiv1.WorkspaceView, public []string, err error) {
	all, err := unasked(ctx, g, "WorkspaceService.ListWorkspaces", &apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{})
	if err != nil {
		return nil, nil, err
	}
	n := slices.IndexFunc(all.Workspaces, func(w *apiv1.WorkspaceView) bool { return w.Id == workspace })
	if n < 0 {
		return nil, nil, decider.Refuse("gateway/not-found")
	}
	of = all.Workspaces[n]
	for _, i := range of.Initiatives {
		view, err := unasked(ctx, g, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: workspace, Initiative: i.Id}, &apiv1.InitiativeView{})
		if err != nil {
			return nil, nil, err
		}
		if view.Public {
			public = append(public, i.Id)
		}
	}
	if len(public) == 0 {
		return nil, nil, decider.Refuse("gateway/not-found")
	}
	return of, public, nil
}

// publicEvidence gathers what their pages show.
func (g *Gateway) publicEvidence(ctx context.Context, workspace string) (*export.Evaluation, *export.Published, error) {
	of, initiatives, err := g.publicOf(ctx, workspace)
	if err != nil {
		return nil, nil, err
	}
	e := &export.Evaluation{Workspaces: &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{of}}, Roles: &apiv1.ListRolesResponse{}}
	votes := &export.Published{Departments: map[string]string{of.Id: of.Name}}
	for _, initiative := range initiatives {
		list, err := unasked(ctx, g, "RoleService.ListRoles", &apiv1.ListRolesRequest{Workspace: workspace, Initiative: initiative}, &apiv1.ListRolesResponse{})
		if err != nil {
			return nil, nil, err
		}
		e.Roles.Rules, e.Roles.AsOf = list.Rules, list.AsOf
		for _, x := range list.Decisions {
			id := x.Initiative + ":" + x.Session + ":" + x.Id
			view, err := unasked(ctx, g, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: workspace, Decision: id}, &apiv1.DecisionView{})
			if err != nil {
				return nil, nil, err
			}
			x.Roles = pages.PublicRoles(view, x.Roles)
			e.Roles.Decisions = append(e.Roles.Decisions, x)
			v := export.VoteOf(x, view)
			v.Question = view.Question
			votes.Votes = append(votes.Votes, v)
		}
	}
	return e, votes, nil
}
