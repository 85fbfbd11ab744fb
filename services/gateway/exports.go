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
)

// Files for other programs, under addresses that stay (package export writes them):
//
//	/v1/workspaces/{workspace}/export/{file}   for whoever may read the workspace; ?from= ?to= (days, both included) ?as_of= ?who= ?initiative=
//	                                           ?scope= ?area= ?stage= ?kind= (codes of the contract) ?lang=
//	/open-data/{workspace}/download            what is public, for anyone (opendata.go)
//
// Counts of people leave as `tavolo export` lets them leave: above the threshold, compared with everything that left before (package releases), and not at all
// where nobody remembers it. Everything is asked on behalf of the caller. A file is made whole before the first byte of it is sent, so that nobody keeps half of one; few are made
// at a time, few wait, and a file is as large as the decisions of its period.

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

// lane lets few requests in and a few more wait; whoever comes then is sent away at once, for who waits holds a place of the whole gateway.
type lane struct{ slots, queue chan struct{} }

func newLane(atOnce, waiting int) *lane {
	return &lane{make(chan struct{}, atOnce), make(chan struct{}, waiting)}
}

// Each file that is made holds its tables in memory.
const (
	// exportsAtOnce and exportsWaiting are for those who read a workspace.
	exportsAtOnce, exportsWaiting = 4, 8
	// openAtOnce and openWaiting are for files of open data, which anyone may ask for: they keep no evaluator out.
	openAtOnce, openWaiting = 2, 4
	// openSending is how many are looked up and sent at once.
	openSending = 32
	// exportAgain is when to come again, in seconds.
	exportAgain = "5"
)

// pass runs something in a lane. Refusals: gateway/exports-busy.
func (l *lane) pass(w http.ResponseWriter, r *http.Request, run func() error) error {
	select {
	case l.slots <- struct{}{}:
	default:
		select {
		case l.queue <- struct{}{}:
		default:
			w.Header().Set("Retry-After", exportAgain)
			return decider.Refuse("gateway/exports-busy")
		}
		select {
		case l.slots <- struct{}{}:
			<-l.queue
		case <-r.Context().Done():
			<-l.queue
			return r.Context().Err()
		}
	}
	defer func() { <-l.slots }()
	return run()
}

// exportRoutes adds the files to the addresses.
func (g *Gateway) exportRoutes(handle func(pattern string, h func(http.ResponseWriter, *http.Request) error)) {
	read := newLane(exportsAtOnce, exportsWaiting)
	handle("GET /v1/workspaces/{workspace}/export/{file}", func(w http.ResponseWriter, r *http.Request) error {
		q, err := chosenBy(r)
		if err == nil { // who may not read it waits for nothing
			err = permit(callerOf(r.Context()), g.methods[aliasOf+"EvidenceService.ListRoleLedger"], q)
		}
		if err != nil {
			return err
		}
		return read.pass(w, r, func() error { return g.exportFile(w, r, q) })
	})
	open := newOpenFiles()
	handle("GET /open-data/{workspace}/download", func(w http.ResponseWriter, r *http.Request) error {
		return open.sending.pass(w, r, func() error { return g.openData(w, r, open) })
	})
}

// exportFile gives one file.
func (g *Gateway) exportFile(w http.ResponseWriter, r *http.Request, q *apiv1.ListRoleLedgerRequest) error {
	name := r.PathValue("file")
	f, known := exportFiles[name]
	if !known {
		return decider.Refuse("gateway/not-found")
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
	var b bytes.Buffer
	if err := f.write(&b, x); err != nil {
		return err
	}
	stem, end, _ := strings.Cut(r.PathValue("workspace")+"-"+name, ".")
	attach(w, stem, end)
	writeBytes(w, http.StatusOK, f.kind, b.Bytes())
	return nil
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
