// Package sealing seals the words of commands before anybody but the service people sees them: at the door of the gateway, and in an import.
//
//	commands with texts in clear ──Seal──► people.seal (one request) ──► the same commands with sealed texts ──► ledger
//
// Which texts there are, and whose they are, is read from the contract: every field of type tavolo.command.v1.Text, its owner in the sibling field
// that the option words_of names. A new command needs no line here.
//
// Not here: keys (services/people) and ciphers (pkg/vault).
package sealing

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// subject is where people seals.
const subject = "people.seal"

// Seal replaces every text in clear of the commands by its sealed form, all with one request. A text belongs to the command that holds it, also
// within the steps of a correction: the outer command's id becomes the commit's. An empty text is taken away: there is nothing to seal.
//
// A command that brings something sealed already is refused (command/sealed-by-client), for nobody could say what it hides; so is one without an
// id (command/without-id), for the seal is bound to it. Otherwise the errors are those of bus.Request. On any error the commands are unchanged.
func Seal(ctx context.Context, nc *nats.Conn, workspace string, commands ...*commandv1.Command) error {
	var w walk
	for _, c := range commands {
		w.commit = c.GetId()
		if err := w.message(c.ProtoReflect()); err != nil {
			return err
		}
	}
	sealed, err := seal(ctx, nc, workspace, w.words)
	if err != nil {
		return err
	}
	for _, clear := range w.empty {
		clear()
	}
	for i, text := range w.texts {
		text.Form = &commandv1.Text_Sealed{Sealed: sealed[i]}
	}
	return nil
}

func seal(ctx context.Context, nc *nats.Conn, workspace string, words []*peoplev1.Words) ([]*eventv1.Sealed, error) {
	if len(words) == 0 {
		return nil, nil
	}
	var answer peoplev1.SealResponse
	if err := bus.Request(ctx, nc, subject, &peoplev1.SealRequest{Workspace: workspace, Words: words}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Sealed) != len(words) {
		return nil, fmt.Errorf("%w: people sealed %d of %d texts", decider.Refuse(bus.CodeInternal, "service", bus.People), len(answer.Sealed), len(words))
	}
	return answer.Sealed, nil
}

// walk collects the texts in clear. It changes nothing: what is to change is kept until people has answered.
type walk struct {
	commit string
	words  []*peoplev1.Words
	texts  []*commandv1.Text // words[i] goes into texts[i]
	empty  []func()          // each takes one empty text away
}

var (
	textName   = (*commandv1.Text)(nil).ProtoReflect().Descriptor().FullName()
	sealedName = (*eventv1.Sealed)(nil).ProtoReflect().Descriptor().FullName()
)

// message looks through the set fields of m.
func (w *walk) message(m protoreflect.Message) (err error) {
	switch m.Descriptor().FullName() {
	case sealedName:
		return decider.Refuse("command/sealed-by-client")
	case textName:
		return errors.New("sealing: a text stands in a list or a map, where no field says whose it is")
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					err = w.message(v.Message())
					return err == nil
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := 0; i < v.List().Len() && err == nil; i++ {
				err = w.message(v.List().Get(i).Message())
			}
		case f.Message().FullName() == textName:
			err = w.text(m, f, v.Message())
		default:
			err = w.message(v.Message())
		}
		return err == nil
	})
	return err
}

// text takes note of the text that field f of m holds.
func (w *walk) text(m protoreflect.Message, f protoreflect.FieldDescriptor, v protoreflect.Message) error {
	text, ok := v.Interface().(*commandv1.Text)
	if !ok {
		return fmt.Errorf("sealing: %s holds a text that is not a generated message", f.FullName())
	}
	switch {
	case text.GetSealed() != nil:
		return decider.Refuse("command/sealed-by-client")
	case text.GetClear() == "":
		w.empty = append(w.empty, func() { m.Clear(f) })
		return nil
	case w.commit == "":
		return decider.Refuse("command/without-id")
	}
	subject := ""
	if owner, _ := proto.GetExtension(f.Options(), commandv1.E_WordsOf).(string); owner != "" {
		of := m.Descriptor().Fields().ByName(protoreflect.Name(owner))
		if of == nil || of.Kind() != protoreflect.StringKind {
			return fmt.Errorf("sealing: %s: words_of names %q, which is not a string field beside it", f.FullName(), owner)
		}
		subject = m.Get(of).String()
	}
	w.words = append(w.words, &peoplev1.Words{Subject: subject, Commit: w.commit, Field: string(f.Name()), Text: text.GetClear()})
	w.texts = append(w.texts, text)
	return nil
}
