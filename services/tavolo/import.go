package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/minutes"
	"tavolo/pkg/sealing"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// importCmd records minutes files for good.
type importCmd struct {
	Files []string `arg:"" name:"file" help:"Minutes files (tavolo-minutes/1), YAML or JSON." type:"existingfile"`
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
	err = d.all(ctx, t, files, func(r recordedFile) {
		switch {
		case r.receipt.Commits == 0:
			unchanged++
		case r.correction:
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
		if _, err := minutes.Parse(name, data); err != nil {
			sentences = append(sentences, err.Error())
			continue
		}
		files = append(files, input{name, data})
	}
	if len(sentences) > 0 {
		return nil, refused{strings.Join(sentences, "\n")}
	}
	return files, nil
}

// slowFrom is how many files make it worth while to show progress.
const slowFrom = 20

// all records the files in order.
func (d *desk) all(ctx context.Context, t *terminal, files []input, done func(recordedFile)) error {
	var bar *progressbar.ProgressBar
	if f, ok := t.err.(*os.File); ok && len(files) >= slowFrom && term.IsTerminal(int(f.Fd())) {
		bar = progressbar.NewOptions(len(files), progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("recording"), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	for _, f := range files {
		r, err := d.record(ctx, f.name, f.data)
		if err != nil {
			return err
		}
		done(r)
		if bar != nil {
			_ = bar.Add(1)
		}
	}
	return nil
}

// recordedFile says what became of one file.
type recordedFile struct {
	receipt    *commandv1.Receipt
	correction bool
}

// importer records minutes files over NATS: it asks what is recorded, has words sealed, and sends one batch of commands.
type importer struct{ nc *nats.Conn }

// conflicts is how often an import starts again because somebody else wrote to the same session meanwhile.
const conflicts = 3

// record is what the gateway calls for an uploaded file.
func (i importer) record(ctx context.Context, name string, data []byte) (*commandv1.Receipt, error) {
	r, err := i.file(ctx, name, data)
	return r.receipt, err
}

// file records one minutes file, whole or not at all.
func (i importer) file(ctx context.Context, name string, data []byte) (recordedFile, error) {
	f, err := minutes.Parse(name, data)
	if err != nil {
		return recordedFile{}, refused{err.Error()}
	}
	for try := 1; ; try++ {
		r, err := i.once(ctx, name, f)
		if again := decider.CodeOf(err); again == "eventlog/conflict" || strings.HasSuffix(again, "/already-enrolled") || strings.HasSuffix(again, "/already-prepared") || strings.HasSuffix(again, "/already-founded") || strings.HasSuffix(again, "/already-open") {
			if try < conflicts {
				continue
			}
		}
		return r, err
	}
}

func (i importer) once(ctx context.Context, name string, f *minutes.File) (recordedFile, error) {
	ws := f.Department.ID
	answer := &apiv1.RecordedResponse{}
	ask := &apiv1.RecordedRequest{Workspace: ws, Initiative: f.Initiative.ID, Session: f.Session.ID, CaughtUp: true}
	if err := bus.Request(ctx, i.nc, "query.recorded", ask, answer); err != nil {
		return recordedFile{}, err
	}
	recorded := &minutes.Recorded{}
	if err := json.Unmarshal(answer.Recorded, recorded); err != nil {
		return recordedFile{}, err
	}
	refs := make([]string, len(f.Participants))
	for n, p := range f.Participants {
		refs[n] = p.ID
	}
	pseudonyms, names := map[string]string{"": ""}, map[string]string{}
	if len(refs) > 0 {
		enrolled := &peoplev1.EnrolResponse{}
		if err := bus.Request(ctx, i.nc, "people.enrol", &peoplev1.EnrolRequest{Workspace: ws, Initiative: f.Initiative.ID, Refs: refs}, enrolled); err != nil {
			return recordedFile{}, err
		}
		for n, ref := range refs {
			pseudonyms[ref], names[enrolled.Participants[n]] = enrolled.Participants[n], ref
		}
	}
	steps := minutes.Steps(f, recorded, pseudonyms)
	out := recordedFile{receipt: &commandv1.Receipt{Sequence: answer.Sequence}, correction: recorded.Session != nil}
	if len(steps) == 0 {
		return out, nil
	}
	batch := &commandv1.CommandBatch{}
	correlation := uuid.Must(uuid.NewV7()).String()
	for _, s := range steps {
		s.Command.Id = uuid.Must(uuid.NewV7()).String()
		s.Command.Actor = &eventv1.Actor{Capacity: eventv1.Capacity_CAPACITY_IMPORT}
		s.Command.Correlation = correlation
		batch.Commands = append(batch.Commands, s.Command)
	}
	if err := sealing.Seal(ctx, i.nc, ws, batch.Commands...); err != nil {
		return out, err
	}
	if err := bus.Request(ctx, i.nc, "cmd."+ws, batch, out.receipt); err != nil {
		return out, placed(name, f, steps, names, err)
	}
	return out, nil
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
