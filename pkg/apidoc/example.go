package apidoc

import (
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Examples: a request of each method with plausible values, filled in from the names of its fields.

// plausible values by the name of a field.
var plausible = map[string]string{
	"workspace":         "dsm-bologna",
	"initiative":        "csm-orari",
	"session":           "csm-orari:2026-03-05",
	"item":              "csm-orari:i1",
	"items":             "csm-orari:i1",
	"decision":          "csm-orari:2026-03-05:d1",
	"participant":       "p-7d1f0c52",
	"by":                "p-7d1f0c52",
	"proposed_by":       "p-7d1f0c52",
	"took_part":         "p-7d1f0c52",
	"who":               "users:strict",
	"region":            "Emilia-Romagna",
	"constituency":      "user",
	"constituencies":    "user",
	"of":                "user",
	"due":               "2026-04-01",
	"name":              "Ada",
	"ref":               "u1",
	"title":             "Apertura del sabato",
	"question":          "Aprire il Centro diurno il sabato mattina?",
	"text":              "Il sabato è il giorno più lungo.",
	"reason":            "Così è stato deciso insieme.",
	"numerator":         "2",
	"denominator":       "3",
	"at_least_sequence": "42",
	"id":                "01992f4e-7a00-7c3d-9b2e-5f0c6a1d4e88",
	"secret":            "K7QM3X",
	"account":           "01992f4e-7a00-7d11-8a40-2b9c0f3e6d55",
	"device":            "01992f4e-7a00-7e22-9c51-3cad104f7e66",
	"consents_given":    "research",
	"consents_refused":  "name_in_minutes",
	"hours":             "168",

	"ImportMinutesRequest.name": "terzo-incontro.yaml",
}

// leftOut are fields that an example is clearer without: who else did something, and what the server fills in.
var leftOut = map[string]bool{
	"entered_by": true, "Command.id": true, "actor": true, "occurred_at": true, "correlation": true, "causation": true, "proxy": true, "recused": true,
	"mandate": true, "veto": true, "requires_for": true, "chair": true, "holder": true, "objector": true, "answers": true, "reply": true,
	"precommitted_by": true, "min_members_for": true, "caught_up": true, "as_of": true, "from": true, "to": true, "owner": true,
	"quorum": true, "constituencies": true, "Charter.secret": true, "employed_by_department": true, "closes_at": true,
	"Enrolment.participant": true, "ActRecorded.reason": true, "ActRecorded.by_electorate": true, "ActRecorded.due": true, "ActRecorded.allowed_by_rule": true,
}

// chosen is which field of a oneof an example uses; without an entry the first.
var chosen = map[protoreflect.FullName]protoreflect.Name{
	"tavolo.command.v1.Command.of": "pose_decision",
	"tavolo.event.v1.Threshold.of": "majority",
}

// codes that an example uses; without an entry the first that says something.
var codes = map[protoreflect.FullName]protoreflect.Name{
	"tavolo.event.v1.Standing": "STANDING_BINDING_VOTE",
	"tavolo.event.v1.Role":     "ROLE_DECISIVE",
}

// deepest is how many messages within messages an example shows.
const deepest = 4

// example gives a request as JSON.
func example(m protoreflect.MessageDescriptor) ([]byte, error) {
	return protojson.Marshal(filled(m, "", 0))
}

func filled(m protoreflect.MessageDescriptor, called protoreflect.Name, depth int) *dynamicpb.Message {
	msg := dynamicpb.NewMessage(m)
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if one := f.ContainingOneof(); one != nil {
			want, ok := chosen[one.FullName()]
			if !ok {
				want = one.Fields().Get(0).Name()
			}
			if f.Name() != want {
				continue
			}
		}
		if leftOut[string(f.Name())] || leftOut[string(m.Name()+"."+f.Name())] || f.Message() != nil && depth == deepest {
			continue
		}
		called := called
		if f.Name() != "clear" { // the words of a Text are those of the field that holds it
			called = f.Name()
		}
		switch {
		case f.IsMap():
			// Left out: what a map says is clear from its schema, and an empty one is usual.
		case f.IsList():
			list := msg.Mutable(f).List()
			list.Append(sample(f, called, depth))
		default:
			msg.Set(f, sample(f, called, depth))
		}
	}
	return msg
}

// sample gives one value of a field. called is the field whose words it is, for the text within a Text.
func sample(f protoreflect.FieldDescriptor, called protoreflect.Name, depth int) protoreflect.Value {
	word := plausible[string(called)]
	if special, ok := plausible[string(f.Parent().Name())+"."+string(f.Name())]; ok {
		word = special
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(1)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(number(word)))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(1)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(number(word))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte("format: tavolo-minutes/1\n"))
	case protoreflect.EnumKind:
		values := f.Enum().Values()
		if v := values.ByName(codes[f.Enum().FullName()]); v != nil {
			return protoreflect.ValueOfEnum(v.Number())
		}
		return protoreflect.ValueOfEnum(values.Get(min(1, values.Len()-1)).Number())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if f.Message().FullName() == timestamp {
			at := dynamicpb.NewMessage(f.Message())
			at.Set(f.Message().Fields().ByName("seconds"), protoreflect.ValueOfInt64(1772726400)) // 2026-03-05T16:00:00Z
			return protoreflect.ValueOfMessage(at)
		}
		return protoreflect.ValueOfMessage(filled(f.Message(), called, depth+1))
	default:
		if word == "" {
			word = strings.ReplaceAll(string(called), "_", "-")
		}
		return protoreflect.ValueOfString(word)
	}
}

// number reads a plausible number; 1 when there is none.
func number(word string) uint64 {
	n := uint64(0)
	for _, r := range word {
		if r < '0' || r > '9' {
			return 1
		}
		n = n*10 + uint64(r-'0')
	}
	return max(n, 1)
}
