package gateway

import (
	"bytes"
	"encoding/json"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Documents and what changed between two of them.

// document is what a topic shows at one moment.
type document struct {
	value map[string]any // decoded, numbers as json.Number
	raw   json.RawMessage
	// says is the answer without what only tells when it was read.
	says proto.Message
	// sequence is what the answer says of itself: it shows at least that commit, perhaps a later one. 0 with exact false when its message has no
	// such field.
	sequence uint64
	exact    bool
}

// passing are the fields of documents that tell when they were read, not what they say. Documents in which only they differ are the same.
var passing = []protoreflect.Name{"sequence", "as_of"}

// documentOf takes an answer of the views as a document.
func documentOf(answer proto.Message) (*document, error) {
	written, err := toJSON(answer)
	if err != nil {
		return nil, err
	}
	d := &document{says: proto.Clone(answer)}
	forgetPassing(d.says.ProtoReflect())
	numbers := json.NewDecoder(bytes.NewReader(written))
	numbers.UseNumber()
	if err := numbers.Decode(&d.value); err != nil {
		return nil, err
	}
	if d.raw, err = json.Marshal(d.value); err != nil {
		return nil, err
	}
	m := answer.ProtoReflect()
	if f := m.Descriptor().Fields().ByName("sequence"); f != nil && f.Kind() == protoreflect.Uint64Kind {
		d.sequence, d.exact = m.Get(f).Uint(), true
	}
	return d, nil
}

// forgetPassing clears the passing fields of a document and of documents within it: a session holds its decisions. In other messages a sequence is
// evidence, and stays.
func forgetPassing(m protoreflect.Message) {
	switch m.Interface().(type) {
	case *apiv1.InitiativeView, *apiv1.SessionView, *apiv1.DecisionView, *apiv1.ListRolesResponse:
		for _, name := range passing {
			if f := m.Descriptor().Fields().ByName(name); f != nil {
				m.Clear(f)
			}
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				forgetPassing(v.List().Get(i).Message())
			}
		default:
			forgetPassing(v.Message())
		}
		return true
	})
}

// patchTo gives the merge patch (RFC 7386) that turns d into next, nil when both say the same.
func (d *document) patchTo(next *document) (json.RawMessage, error) {
	if proto.Equal(d.says, next.says) {
		return nil, nil
	}
	return json.Marshal(mergePatch(d.value, next.value))
}

// mergePatch gives the members in which two objects differ: null for one that is gone, the difference for an object in both, else the new value. A
// list is replaced whole: RFC 7386 knows nothing finer. Objects must hold no null, which a merge patch cannot carry; protojson writes none.
func mergePatch(from, to map[string]any) map[string]any {
	changes := map[string]any{}
	for name := range from {
		if _, ok := to[name]; !ok {
			changes[name] = nil
		}
	}
	for name, now := range to {
		before, ok := from[name]
		was, object := before.(map[string]any)
		is, objects := now.(map[string]any)
		switch {
		case ok && object && objects:
			if inner := mergePatch(was, is); len(inner) > 0 {
				changes[name] = inner
			}
		case !ok || !reflect.DeepEqual(before, now):
			changes[name] = now
		}
	}
	return changes
}
