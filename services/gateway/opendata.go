package gateway

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/decider"
	"tavolo/pkg/export"
	apiv1 "tavolo/proto/tavolo/api/v1"
	"tavolo/services/gateway/pages"
)

// Files of what is public, for anyone:
//
//	/open-data/{workspace}/download    a data package: the decisions of public initiatives, with the roles that their pages show; ?format=popolo their votes
//
// The last one of each kind is kept and given again until something is recorded in the workspace, and a minute at most: that a person's words are erased is
// no commit. Who has it already gets only its tag. So a crowd of downloads costs one.

const (
	// openKept is how long a file is given again.
	openKept = time.Minute
	// openBytes bounds what is kept of all departments; the oldest go first.
	openBytes = 32 << 20
)

// openFiles are the files of open data that are kept.
type openFiles struct {
	sending, making *lane
	mu              sync.Mutex
	kept            []openFile // the oldest first
}

// openFile is one of them.
type openFile struct {
	workspace, format, lang string
	// sequence of the last commit in the workspace when it was made.
	sequence uint64
	made     time.Time
	// at is the instant that it says the record was read at.
	at   *timestamppb.Timestamp
	data []byte
}

func newOpenFiles() *openFiles {
	return &openFiles{sending: newLane(openSending, 0), making: newLane(openAtOnce, openWaiting)}
}

// same: a file is the answer to the same request.
func (f *openFile) same(as *openFile) bool {
	return f.workspace == as.workspace && f.format == as.format && f.lang == as.lang
}

// last gives the file that was made last, as long as nothing was recorded since; fresh reports whether it can be given as it is.
func (o *openFiles) last(want *openFile, now time.Time) (last openFile, fresh bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.kept {
		if f.same(want) && f.sequence == want.sequence {
			return f, now.Sub(f.made) < openKept
		}
	}
	return openFile{}, false
}

// keep keeps a file in the place of the one before.
func (o *openFiles) keep(f openFile) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(slices.DeleteFunc(o.kept, func(old openFile) bool { return old.same(&f) }), f)
	size := 0
	for i := len(o.kept) - 1; i >= 0; i-- {
		if size += len(o.kept[i].data); size > openBytes {
			o.kept = slices.Delete(o.kept, 0, i+1)
			return
		}
	}
}

// openData gives what is public of a department. Whether a department has nothing public or is not there is answered alike.
func (g *Gateway) openData(w http.ResponseWriter, r *http.Request, o *openFiles) error {
	want := openFile{workspace: r.PathValue("workspace"), format: r.URL.Query().Get("format")}
	kind, name := "application/json", want.workspace+"-tavolo-votes"
	if want.format != "popolo" {
		kind, name, want.format, want.lang = typeZIP, want.workspace+"-open-data", "zip", exportLanguage(w, r)
	}
	of, err := g.department(r.Context(), want.workspace)
	if err != nil {
		return err
	}
	want.sequence = of.Sequence
	file, fresh := o.last(&want, time.Now())
	if !fresh {
		err := o.making.pass(w, r, func() (err error) {
			if file, fresh = o.last(&want, time.Now()); fresh { // made while this one waited
				return nil
			}
			if file, err = g.makeOpen(r.Context(), of, want, file); err == nil {
				o.keep(file)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	attach(w, name, map[string]string{"zip": "zip", "popolo": "json"}[want.format])
	tagged(w, r, kind, file.data)
	return nil
}

// makeOpen makes a file. before is the one that nothing was recorded after: what says the same but for the instant that it was made at, is that one.
func (g *Gateway) makeOpen(ctx context.Context, of *apiv1.WorkspaceView, f, before openFile) (openFile, error) {
	f.made = time.Now()
	e, votes, err := g.publicEvidence(ctx, of)
	if err != nil {
		return f, err
	}
	if f.format == "popolo" {
		// Anyone may ask again after a correction: the file is there then too, without the counts that would tell too much beside the earlier ones.
		if g.o.Releases == nil || votes.Release(ctx, g.o.Releases) != nil {
			votes.Withhold()
		}
		var b bytes.Buffer
		err = export.WritePopolo(&b, votes)
		f.data = b.Bytes()
		return f, err
	}
	read := e.Roles.AsOf
	pack := func(at *timestamppb.Timestamp) ([]byte, error) {
		var b bytes.Buffer
		e.Roles.AsOf, f.at = at, at
		err := export.WritePackage(&b, e.Open(), f.lang)
		return b.Bytes(), err
	}
	if before.data != nil {
		if f.data, err = pack(before.at); err != nil || bytes.Equal(f.data, before.data) {
			return f, err
		}
	}
	f.data, err = pack(read)
	return f, err
}

// department finds what is known of a department (gateway/not-found).
func (g *Gateway) department(ctx context.Context, workspace string) (*apiv1.WorkspaceView, error) {
	all, err := unasked(ctx, g, "WorkspaceService.ListWorkspaces", &apiv1.ListWorkspacesRequest{}, &apiv1.ListWorkspacesResponse{})
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(all.Workspaces, func(w *apiv1.WorkspaceView) bool { return w.Id == workspace })
	if n < 0 {
		return nil, decider.Refuse("gateway/not-found")
	}
	return all.Workspaces[n], nil
}

// publicOf lists the public initiatives of a department; nothing else of it is asked for.
func (g *Gateway) publicOf(ctx context.Context, of *apiv1.WorkspaceView) (public []string, err error) {
	for _, i := range of.Initiatives {
		view, err := unasked(ctx, g, "InitiativeService.GetInitiative", &apiv1.GetInitiativeRequest{Workspace: of.Id, Initiative: i.Id}, &apiv1.InitiativeView{})
		if err != nil {
			return nil, err
		}
		if view.Public {
			public = append(public, i.Id)
		}
	}
	if len(public) == 0 {
		return nil, decider.Refuse("gateway/not-found")
	}
	return public, nil
}

// publicEvidence gathers what their pages show.
func (g *Gateway) publicEvidence(ctx context.Context, of *apiv1.WorkspaceView) (*export.Evaluation, *export.Published, error) {
	initiatives, err := g.publicOf(ctx, of)
	if err != nil {
		return nil, nil, err
	}
	e := &export.Evaluation{Workspaces: &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{of}}, Roles: &apiv1.ListRolesResponse{}}
	votes := &export.Published{Departments: map[string]string{of.Id: of.Name}}
	for _, initiative := range initiatives {
		list, err := unasked(ctx, g, "RoleService.ListRoles", &apiv1.ListRolesRequest{Workspace: of.Id, Initiative: initiative}, &apiv1.ListRolesResponse{})
		if err != nil {
			return nil, nil, err
		}
		e.Roles.Rules, e.Roles.AsOf = list.Rules, list.AsOf
		for _, x := range list.Decisions {
			id := x.Initiative + ":" + x.Session + ":" + x.Id
			view, err := unasked(ctx, g, "DecisionService.GetDecision", &apiv1.GetDecisionRequest{Workspace: of.Id, Decision: id}, &apiv1.DecisionView{})
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
