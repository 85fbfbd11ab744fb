package gateway

import (
	"bytes"
	"encoding/json"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Documents and what changed between two of them.

// document is what a topic shows at one moment.
type document struct {
	value map[string]any // decoded, numbers as json.Number
	raw   json.RawMessage
	// sequence is what the answer says of itself; 0 with exact false when its message has no such field.
	sequence uint64
	exact    bool
}

// passing are fields that say when a document was read, not what it says. A document in which only they differ has not changed.
var passing = []string{"sequence", "asOf"}

// documentOf takes an answer of the views as a document.
func documentOf(answer proto.Message) (*document, error) {
	written, err := toJSON(answer)
	if err != nil {
		return nil, err
	}
	d := &document{}
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

// patchTo gives the merge patch (RFC 7386) that turns d into next, nil when nothing changed but when they were read.
func (d *document) patchTo(next *document) (json.RawMessage, error) {
	changes := mergePatch(d.value, next.value)
	said := len(changes)
	for _, name := range passing {
		if _, ok := changes[name]; ok {
			said--
		}
	}
	if said == 0 {
		return nil, nil
	}
	return json.Marshal(changes)
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
