package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/bus"
	"tavolo/pkg/minutes"
	"tavolo/pkg/sample"
	"tavolo/pkg/sealing"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// generateCmd records an invented year: the sessions as minutes are imported, and by the commands of the web client the items that were proposed before a
// session and what its minutes do not tell.
type generateCmd struct {
	Departments int    `help:"How many departments." default:"61"`
	Decisions   int    `help:"How many decisions in all." default:"20000"`
	Seed        uint64 `help:"The same number invents the same year." default:"1"`
	Year        int    `help:"When it happens." default:"2025"`
	Roles       []int  `help:"In how many departments users have no role, a consultative, a decisive, another one; in proportion. Default: as in the published survey." placeholder:"NONE,CONSULTATIVE,DECISIVE,OTHER"`
	Data        string `help:"Data folder to fill. It must be new: invented departments stand beside no real ones." default:"./tavolo-sample" type:"path"`
}

func (c *generateCmd) year() (sample.Year, error) {
	y := sample.Year{Departments: c.Departments, Decisions: c.Decisions, Seed: c.Seed, Calendar: c.Year, Roles: sample.Survey}
	switch len(c.Roles) {
	case 0:
	case 4:
		y.Roles = sample.Roles{None: c.Roles[0], Consultative: c.Roles[1], Decisive: c.Roles[2], Other: c.Roles[3]}
		if min(y.Roles.None, y.Roles.Consultative, y.Roles.Decisive, y.Roles.Other) < 0 || y.Roles == (sample.Roles{}) {
			return y, refused{"tavolo: --roles takes four numbers of departments that are not negative, and not all nothing, such as 21,35,4,1."}
		}
	default:
		return y, refused{"tavolo: --roles takes four numbers, such as 21,35,4,1: no role, consultative, decisive, other."}
	}
	if least := c.Departments * sample.LeastPerDepartment; c.Departments < 1 || c.Decisions < least {
		return y, refused{fmt.Sprintf("tavolo: there must be a department, and %d decisions for each: for %d departments write --decisions %d or more.", sample.LeastPerDepartment, c.Departments, least)}
	}
	return y, nil
}

func (c *generateCmd) Run(ctx context.Context, t *terminal) error {
	y, err := c.year()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Data); err == nil {
		return refused{fmt.Sprintf("tavolo: %s is there already. Name a new folder with --data DIR.", c.Data)}
	}
	h, err := openHouse(ctx, plan{Dir: c.Data, Services: inside, Logger: quiet(t.err)})
	if err != nil {
		return err
	}
	nc, err := h.dial(bus.Operator)
	sessions := 0
	if err == nil {
		sessions, err = recordYear(ctx, nc, y, t)
	}
	if err = errors.Join(err, h.close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: %d decisions in %s of %s, all invented.\n", c.Data, y.Decisions, count(sessions, "session"), count(y.Departments, "department"))
	return err
}

// recordYear records a year, several departments at a time, each in its order: so the log of each is the same whatever the others do.
func recordYear(ctx context.Context, nc *nats.Conn, y sample.Year, t *terminal) (sessions int, err error) {
	byDepartment, order := map[string][]sample.Initiative{}, []string(nil)
	for _, i := range y.Make() {
		if byDepartment[i.Workspace] == nil {
			order = append(order, i.Workspace)
		}
		byDepartment[i.Workspace] = append(byDepartment[i.Workspace], i)
		sessions += len(i.Meetings)
	}
	var bar *progressbar.ProgressBar
	if f, ok := t.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		bar = progressbar.NewOptions(sessions, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("recording"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []sample.Initiative)
	var wg sync.WaitGroup
	for range sideBySide {
		wg.Go(func() {
			for initiatives := range work {
				for _, i := range initiatives {
					if ctx.Err() != nil {
						return
					}
					if err := recordInitiative(ctx, nc, i, bar); err != nil {
						cancel(err)
						return
					}
				}
			}
		})
	}
	for _, ws := range order {
		select {
		case work <- byDepartment[ws]:
		case <-ctx.Done():
		}
	}
	close(work)
	wg.Wait()
	return sessions, context.Cause(ctx)
}

func recordInitiative(ctx context.Context, nc *nats.Conn, i sample.Initiative, bar *progressbar.ProgressBar) error {
	for _, m := range i.Meetings {
		if err := recordAhead(ctx, nc, i, m.Ahead); err != nil {
			return err
		}
		name := i.Workspace + "-" + i.ID + "-" + m.File.Session.ID + ".json"
		data, err := json.Marshal(m.File)
		if err != nil {
			return err
		}
		f, err := minutes.Parse(name, data) // as an import reads it
		if err != nil {
			return err
		}
		if _, err := (importer{nc, m.Weave}).file(ctx, input{name, data, f}, anyone); err != nil {
			return err
		}
		if bar != nil {
			_ = bar.Add(1)
		}
	}
	return nil
}

// recordAhead proposes items before their session and admits or refuses them.
func recordAhead(ctx context.Context, nc *nats.Conn, i sample.Initiative, ahead []sample.Ahead) error {
	if len(ahead) == 0 {
		return nil
	}
	var refs []string
	for _, a := range ahead {
		refs = append(refs, a.By)
	}
	enrolled := &peoplev1.EnrolResponse{}
	if err := bus.Request(ctx, nc, "people.enrol", &peoplev1.EnrolRequest{Workspace: i.Workspace, Initiative: i.ID, Refs: refs}, enrolled); err != nil {
		return err
	}
	text := func(s string) *commandv1.Text { return &commandv1.Text{Form: &commandv1.Text_Clear{Clear: s}} }
	batch := &commandv1.CommandBatch{}
	add := func(at time.Time, c *commandv1.Command) {
		c.Id, c.OccurredAt, c.Actor = uuid.Must(uuid.NewV7()).String(), timestamppb.New(at), &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_IMPORT}
		batch.Commands = append(batch.Commands, c)
	}
	for n, a := range ahead {
		item := i.ID + ":" + a.Item
		add(a.Proposed, &commandv1.Command{Of: &commandv1.Command_ProposeItem{ProposeItem: &commandv1.ProposeItem{Workspace: i.Workspace, Item: item, Title: text(a.Title), ProposedBy: enrolled.Participants[n]}}})
		if a.Refused {
			add(a.Decided, &commandv1.Command{Of: &commandv1.Command_RefuseItem{RefuseItem: &commandv1.RefuseItem{Workspace: i.Workspace, Item: item, Reason: text(a.Reason)}}})
		} else {
			add(a.Decided, &commandv1.Command{Of: &commandv1.Command_AdmitItem{AdmitItem: &commandv1.AdmitItem{Workspace: i.Workspace, Item: item, Reason: text(a.Reason)}}})
		}
	}
	if err := sealing.Seal(ctx, nc, i.Workspace, batch.Commands...); err != nil {
		return err
	}
	return bus.Request(ctx, nc, "cmd."+i.Workspace, batch, &commandv1.Receipt{})
}
