package apidoc

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The messages as JSON Schema (2020-12, the dialect of OpenAPI 3.1), in the JSON form of protobuf: names in lowerCamelCase, 64-bit numbers as
// strings, codes by name, bytes as base64, moments as RFC 3339.

// object is a JSON object.
type object = map[string]any

// schemas collects the messages and codes that a document mentions.
type schemas struct {
	named object
}

const timestamp = "google.protobuf.Timestamp"

// ref gives the reference to a message or a code list, and has it described.
func (s *schemas) ref(d protoreflect.Descriptor) object {
	name := string(d.FullName())
	if _, known := s.named[name]; !known {
		s.named[name] = object{} // keeps a message that holds itself from going round
		switch d := d.(type) {
		case protoreflect.MessageDescriptor:
			s.named[name] = s.message(d)
		case protoreflect.EnumDescriptor:
			s.named[name] = enum(d)
		}
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (s *schemas) message(m protoreflect.MessageDescriptor) object {
	properties := object{}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		properties[f.JSONName()] = s.field(f)
	}
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if c := comment(m); c != "" {
		o["description"] = c
	}
	var only []any
	for i := range m.Oneofs().Len() {
		if one := m.Oneofs().Get(i); !one.IsSynthetic() {
			only = append(only, atMostOne(one))
		}
	}
	if len(only) > 0 {
		o["allOf"] = only
	}
	return o
}

// atMostOne says that of these fields one at most is there.
func atMostOne(one protoreflect.OneofDescriptor) object {
	var each, any_ []any
	for i := range one.Fields().Len() {
		has := object{"required": []string{one.Fields().Get(i).JSONName()}}
		each, any_ = append(each, has), append(any_, has)
	}
	return object{"oneOf": append(each, object{"not": object{"anyOf": any_}})}
}

func (s *schemas) field(f protoreflect.FieldDescriptor) object {
	var o object
	switch {
	case f.IsMap():
		o = object{"type": "object", "additionalProperties": s.value(f.MapValue())}
	case f.IsList():
		o = object{"type": "array", "items": s.value(f)}
	default:
		o = s.value(f)
	}
	if c := comment(f); c != "" {
		o["description"] = c
	}
	return o
}

func (s *schemas) value(f protoreflect.FieldDescriptor) object {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return object{"type": "integer", "format": "int32"}
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return object{"type": "integer", "minimum": 0, "maximum": 1<<32 - 1}
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return object{"type": "string", "pattern": "^-?[0-9]+$"}
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return object{"type": "string", "pattern": "^[0-9]+$"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return object{"type": "number"}
	case protoreflect.BytesKind:
		return object{"type": "string", "contentEncoding": "base64"}
	case protoreflect.EnumKind:
		return s.ref(f.Enum())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if f.Message().FullName() == timestamp {
			return object{"type": "string", "format": "date-time"}
		}
		return s.ref(f.Message())
	default:
		return object{"type": "string"}
	}
}

// enum lists the codes with what each means.
func enum(e protoreflect.EnumDescriptor) object {
	var names []string
	says := comment(e)
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		names = append(names, string(v.Name()))
		says += "\n* `" + string(v.Name()) + "`: " + comment(v)
	}
	return object{"type": "string", "enum": names, "description": says}
}
