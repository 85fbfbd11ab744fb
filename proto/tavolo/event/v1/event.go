package eventv1

import (
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// factField finds the field of a fact; built on first use, because the descriptors are not ready when package variables are.
var factField = sync.OnceValue(func() map[protoreflect.FullName]protoreflect.FieldDescriptor {
	fields := map[protoreflect.FullName]protoreflect.FieldDescriptor{}
	facts := (&Event{}).ProtoReflect().Descriptor().Oneofs().ByName("fact").Fields()
	for i := range facts.Len() {
		fields[facts.Get(i).Message().FullName()] = facts.Get(i)
	}
	return fields
})

// NewEvent wraps a fact that happened at the given time. The set of facts is closed: any other message is a programming error and panics.
func NewEvent(at *timestamppb.Timestamp, fact proto.Message) *Event {
	m := fact.ProtoReflect()
	field, ok := factField()[m.Descriptor().FullName()]
	if !ok {
		panic("eventv1: not a fact: " + string(m.Descriptor().FullName()))
	}
	e := &Event{OccurredAt: at}
	e.ProtoReflect().Set(field, protoreflect.ValueOfMessage(m))
	return e
}

// Name is the fact's name, for example ballot_cast; empty when there is none (an event written by a newer program).
func (e *Event) Name() string {
	m := e.ProtoReflect()
	if f := m.WhichOneof(m.Descriptor().Oneofs().ByName("fact")); f != nil {
		return string(f.Name())
	}
	return ""
}
