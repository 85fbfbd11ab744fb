package gateway_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tavolo/services/gateway"
)

// apply is RFC 7386 section 2, as a client does it.
func apply(target any, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	object = maps.Clone(object)
	for name, change := range changes {
		if change == nil {
			delete(object, name)
		} else {
			object[name] = apply(object[name], change)
		}
	}
	return object
}

func value(depth int) *rapid.Generator[any] {
	simple := rapid.OneOf(rapid.StringMatching("[ab]?").AsAny(), rapid.Bool().AsAny(), rapid.IntRange(0, 2).AsAny())
	if depth == 0 {
		return simple
	}
	return rapid.OneOf(simple, rapid.SliceOfN(value(depth-1), 0, 3).AsAny(), rapid.MapOfN(rapid.StringMatching("[a-d]"), value(depth-1), 0, 4).AsAny())
}

// What a client has after a patch is the new document, whatever the two documents are; and two equal ones differ in nothing.
func TestAPatchLeadsFromOneDocumentToTheOther(t *testing.T) {
	document := rapid.MapOfN(rapid.StringMatching("[a-d]"), value(3), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		from, to := document.Draw(t, "from"), document.Draw(t, "to")
		patch := gateway.MergePatch(from, to)
		if d := cmp.Diff(any(to), apply(any(from), any(patch))); d != "" {
			t.Fatalf("applying %v to %v (-want +got):\n%s", patch, from, d)
		}
		if same := gateway.MergePatch(to, to); len(same) != 0 {
			t.Fatalf("%v differs from itself in %v", to, same)
		}
		if len(patch) == 0 && cmp.Diff(from, to) != "" {
			t.Fatalf("%v and %v differ in nothing", from, to)
		}
	})
}

// Whoever has one of the later versions already and is sent the patches from an earlier one on ends at the last version all the same.
func TestPatchesThatAClientHasAlreadyAreHarmless(t *testing.T) {
	document := rapid.MapOfN(rapid.StringMatching("[a-c]"), value(2), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		versions := rapid.SliceOfN(document, 2, 5).Draw(t, "versions")
		has := any(versions[rapid.IntRange(0, len(versions)-1).Draw(t, "has")])
		for i := range len(versions) - 1 {
			has = apply(has, any(gateway.MergePatch(versions[i], versions[i+1])))
		}
		if d := cmp.Diff(any(versions[len(versions)-1]), has); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

func TestAPatchHoldsOnlyWhatChanged(t *testing.T) {
	from := map[string]any{"title": "uno", "seats": []any{"a"}, "session": map[string]any{"id": "s", "phase": "OPEN"}, "gone": "x"}
	to := map[string]any{"title": "uno", "seats": []any{"a", "b"}, "session": map[string]any{"id": "s", "phase": "CLOSED"}, "new": map[string]any{"a": "b"}}
	want := map[string]any{"seats": []any{"a", "b"}, "session": map[string]any{"phase": "CLOSED"}, "gone": nil, "new": map[string]any{"a": "b"}}
	if d := cmp.Diff(want, gateway.MergePatch(from, to)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
