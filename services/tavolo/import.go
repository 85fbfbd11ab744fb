package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/minutes"
	"tavolo/pkg/sealing"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
	"tavolo/services/gateway"
)

// importCmd records minutes files for good.
type importCmd struct {
	Files []string `arg:"" name:"file" help:"Minutes files (tavolo-minutes/1), YAML or JSON."`
	source
}

func (c *importCmd) Run(ctx context.Context, t *terminal) error {
	files, err := readFiles(c.Files)
	if err != nil {
		return err
	}
	d, err := c.open(ctx, t, true)
	if err != nil {
		return err
	}
	recorded, unchanged, corrected := 0, 0, 0
	err = d.all(ctx, t, files, func(r *commandv1.Receipt) {
		switch {
		case r.Commits == 0:
			unchanged++
		case r.GetCorrection():
			corrected++
		default:
			recorded++
		}
	})
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s recorded, %d corrected, %d unchanged.\n", count(recorded, "session"), corrected, unchanged)
	return err
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// input is one minutes file as it was read.
type input struct {
	name string
	data []byte
	file *minutes.File
}

// readFiles reads and checks all files before any is used: a refused one refuses the whole call.
func readFiles(names []string) ([]input, error) {
	var files []input
	var sentences []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, refused{fmt.Sprintf("%s: cannot be read (%v). Check the name and whether you may read it.", name, errors.Unwrap(err))}
		}
		f, err := minutes.Parse(name, data)
		if err != nil {
			sentences = append(sentences, err.Error())
			continue
		}
		files = append(files, input{name, data, f})
	}
	if len(sentences) > 0 {
		return nil, refused{strings.Join(sentences, "\n")}
	}
	return files, nil
}

// slowFrom is how many files make it worth while to show progress.
const slowFrom = 20

// sideBySide is how many initiatives are recorded at a time: what one waits for, the disk or another service, another one uses.
const sideBySide = 4

// all records the files: those of an initiative in their order, different initiatives side by side. The first that is refused stops the rest.
func (d *desk) all(ctx context.Context, t *terminal, files []input, done func(*commandv1.Receipt)) error {
	var bar *progressbar.ProgressBar
	if f, ok := t.err.(*os.File); ok && len(files) >= slowFrom && term.IsTerminal(int(f.Fd())) {
		bar = progressbar.NewOptions(len(files), progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("recording"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	one := func(f input) bool {
		if ctx.Err() != nil {
			return false
		}
		r, err := d.record(ctx, f)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			cancel(err)
			return false
		}
		done(r)
		if bar != nil {
			_ = bar.Add(1)
		}
		return true
	}
	var order []string
	byInitiative := map[string][]input{}
	for _, f := range files {
		key := f.file.Department.ID + " " + f.file.Initiative.ID
		if byInitiative[key] == nil {
			order = append(order, key)
		}
		byInitiative[key] = append(byInitiative[key], f)
	}
	work := make(chan []input)
	var wg sync.WaitGroup
	for range sideBySide {
		wg.Go(func() {
			for group := range work {
				for _, f := range group {
					if !one(f) {
						break
					}
				}
			}
		})
	}
	founded := map[string]bool{}
	for _, key := range order {
		group := byInitiative[key]
		if ws := group[0].file.Department.ID; !founded[ws] { // one file alone founds the workspace
			founded[ws] = true
			if !one(group[0]) {
				break
			}
			group = group[1:]
		}
		work <- group
	}
	close(work)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return nil
}

// anyone is the permit of whoever is at the machine.
func anyone(string, string, ...*commandv1.Command) error { return nil }

// importer records minutes files over NATS: it asks what is recorded, has words sealed, and sends one batch of commands.
type importer struct {
	nc *nats.Conn
	// weave puts among the steps what the minutes do not tell. Nil: nothing.
	weave func(steps []minutes.Step, pseudonyms map[string]string) []minutes.Step
}

// conflicts is how often an import starts again because somebody else wrote to the same session meanwhile.
const conflicts = 3

// record is what the gateway calls for an uploaded file. permit says whether who sent it may record in an initiative, and what the file comes to.
func (i importer) record(ctx context.Context, name string, data []byte, permit gateway.ImportPermit) (*commandv1.Receipt, error) {
	f, err := minutes.Parse(name, data)
	if err != nil {
		return nil, decider.Refuse("minutes/refused", "problems", err.Error())
	}
	if err := permit(f.Department.ID, f.Initiative.ID); err != nil {
		return nil, err
	}
	r, err := i.file(ctx, input{name, data, f}, permit)
	var sentence refused
	if errors.As(err, &sentence) {
		return nil, decider.Refuse("minutes/refused", "problems", sentence.sentence)
	}
	return r, err
}

// file records one minutes file, whole or not at all.
func (i importer) file(ctx context.Context, in input, permit gateway.ImportPermit) (*commandv1.Receipt, error) {
	for try := 1; ; try++ {
		r, err := i.once(ctx, in.name, in.file, permit)
		if again := decider.CodeOf(err); again == "eventlog/conflict" || strings.HasSuffix(again, "/already-enrolled") || strings.HasSuffix(again, "/already-prepared") || strings.HasSuffix(again, "/already-founded") || strings.HasSuffix(again, "/already-open") {
			if try < conflicts {
				continue
			}
		}
		return r, err
	}
}

func (i importer) once(ctx context.Context, name string, f *minutes.File, permit gateway.ImportPermit) (*commandv1.Receipt, error) {
	ws := f.Department.ID
	answer := &apiv1.RecordedResponse{}
	ask := &apiv1.RecordedRequest{Workspace: ws, Initiative: f.Initiative.ID, Session: f.Session.ID, CaughtUp: true}
	if err := bus.Request(ctx, i.nc, "query.recorded", ask, answer); err != nil {
		return nil, err
	}
	recorded := &minutes.Recorded{}
	if err := json.Unmarshal(answer.Recorded, recorded); err != nil {
		return nil, err
	}
	refs := make([]string, len(f.Participants))
	for n, p := range f.Participants {
		refs[n] = p.ID
	}
	pseudonyms, names := map[string]string{"": ""}, map[string]string{}
	if len(refs) > 0 {
		enrolled := &peoplev1.EnrolResponse{}
		if err := bus.Request(ctx, i.nc, "people.enrol", &peoplev1.EnrolRequest{Workspace: ws, Initiative: f.Initiative.ID, Refs: refs}, enrolled); err != nil {
			return nil, err
		}
		for n, ref := range refs {
			pseudonyms[ref], names[enrolled.Participants[n]] = enrolled.Participants[n], ref
		}
	}
	steps := minutes.Steps(f, recorded, pseudonyms)
	receipt := &commandv1.Receipt{Sequence: answer.Sequence}
	if len(steps) == 0 {
		return receipt, nil
	}
	if i.weave != nil {
		steps = i.weave(steps, pseudonyms)
	}
	batch := &commandv1.CommandBatch{}
	correlation := uuid.Must(uuid.NewV7()).String()
	for _, s := range steps {
		s.Command.Id = uuid.Must(uuid.NewV7()).String()
		s.Command.Actor = &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_IMPORT}
		s.Command.Correlation = correlation
		batch.Commands = append(batch.Commands, s.Command)
	}
	if err := permit(ws, f.Initiative.ID, batch.Commands...); err != nil {
		return receipt, err
	}
	if err := sealing.Seal(ctx, i.nc, ws, batch.Commands...); err != nil {
		return receipt, err
	}
	if err := bus.Request(ctx, i.nc, "cmd."+ws, batch, receipt); err != nil {
		return receipt, placed(name, f, steps, names, err)
	}
	receipt.Correction = proto.Bool(recorded.Session != nil)
	return receipt, nil
}

// placed turns a refusal of the domain into a sentence with its place in the file.
func placed(name string, f *minutes.File, steps []minutes.Step, names map[string]string, err error) error {
	var r *decider.Refusal
	if !errors.As(err, &r) || r.Code == "eventlog/conflict" || r.Args["command"] == "" {
		return err
	}
	n, convErr := strconv.Atoi(r.Args["command"])
	if convErr != nil || n >= len(steps) {
		return err
	}
	args := map[string]string{}
	for k, v := range r.Args {
		if ref, ok := names[v]; ok {
			v = ref
		}
		args[k] = v
	}
	line, column := f.Place(steps[n].Path)
	return refused{fmt.Sprintf("%s:%d:%d %s: %s", name, line, column, steps[n].Path, sentence(r.Code, language(), args))}
}
