package eventlog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// The form in which a commit is stored, and what is accepted as one. The same rules hold for writing and for reading: what a reader would refuse is
// not written.

// subjectOf is where a commit belongs.
func subjectOf(workspace, aggregate, id string) string {
	return "log." + workspace + "." + aggregate + "." + id
}

// encode gives a commit's bytes, always the same for the same commit. A commit that cannot be stored is refused (CodeMalformed, CodeTooLarge).
func encode(c *eventv1.Commit) ([]byte, error) {
	switch {
	case c == nil:
		return nil, malformed("commit")
	case !isName(c.GetId(), maxID, ""):
		return nil, malformed("id")
	case !isName(c.GetAggregate(), maxID, ""):
		return nil, malformed("aggregate")
	case !isName(c.GetAggregateId(), maxID, ":"):
		return nil, malformed("aggregate_id")
	case c.GetVersion() == 0:
		return nil, malformed("version")
	}
	if why := unknown(c); why != "" {
		return nil, fmt.Errorf("%w: %s", malformed("events"), why)
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil { // a string that is not UTF-8
		return nil, fmt.Errorf("%w: %w", malformed("commit"), err)
	}
	if len(data) > MaxCommit {
		return nil, decider.Refuse(CodeTooLarge, "bytes", strconv.Itoa(len(data)), "most", strconv.Itoa(MaxCommit))
	}
	return data, nil
}

// Decode reads a message of a log: its subject and its bytes. Anything that this program would not have written and does not understand whole is
// refused (CodeUnknownEvent): bytes that are no commit, a commit without events, an event, field or enumeration value it does not know, a commit under
// another aggregate's subject. Such a reader must stop, not skip.
func Decode(subject string, data []byte) (*eventv1.Commit, error) {
	c := &eventv1.Commit{}
	if err := proto.Unmarshal(data, c); err != nil {
		return nil, unknownEvent("not a commit")
	}
	if why := unknown(c); why != "" {
		return nil, unknownEvent(why)
	}
	if rest, ok := strings.CutPrefix(subject, "log."); ok {
		if _, rest, ok = strings.Cut(rest, "."); ok && rest == c.GetAggregate()+"."+c.GetAggregateId() {
			return c, nil
		}
	}
	return nil, unknownEvent("a commit under the subject of another")
}

// unknown says what of a commit is not known here, or "".
func unknown(c *eventv1.Commit) string {
	if len(c.GetEvents()) == 0 {
		return "a commit without events"
	}
	for _, e := range c.GetEvents() {
		if e.GetFact() == nil {
			return "an event of an unknown type"
		}
	}
	return strange(c.ProtoReflect())
}

// strange looks for unknown fields and enumeration values at every depth.
func strange(m protoreflect.Message) (why string) {
	if len(m.GetUnknown()) > 0 {
		return "an unknown field in " + string(m.Descriptor().Name())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				why = strangeValue(f.MapValue(), v)
				return why == ""
			})
		case f.IsList():
			for i := 0; i < v.List().Len() && why == ""; i++ {
				why = strangeValue(f, v.List().Get(i))
			}
		default:
			why = strangeValue(f, v)
		}
		return why == ""
	})
	return why
}

func strangeValue(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return strange(v.Message())
	case protoreflect.EnumKind:
		if f.Enum().Values().ByNumber(v.Enum()) == nil {
			return "an unknown value of " + string(f.Enum().Name())
		}
	}
	return ""
}

// eventTypes lists the types of a commit's events, each once, for the header.
func eventTypes(c *eventv1.Commit) string {
	var names []string
	fact := (&eventv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("fact")
	for _, e := range c.GetEvents() {
		m := e.ProtoReflect()
		if name := string(m.WhichOneof(fact).Message().Name()); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// isName accepts what may stand as one token of a subject and in the name of a stream: ASCII letters, digits, - and _, and what extra adds.
func isName(s string, most int, extra string) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || strings.ContainsRune(extra, r))
	})
}

func malformed(field string) *decider.Refusal { return decider.Refuse(CodeMalformed, "field", field) }

func unknownEvent(why string) error {
	return fmt.Errorf("%w: this program does not know what the record says and goes no further; upgrade it", decider.Refuse(CodeUnknownEvent, "why", why))
}
