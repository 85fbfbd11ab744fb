package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"tavolo/pkg/decider"
)

// How messages become bytes and back. Answers in JSON say everything: a zero, an empty list and an unspecified code are written out, because who reads
// with curl cannot know that an absent field means them. Requests are read strictly: a misspelt field is refused, not ignored.

// envelope carries any message through Connect, whose handlers want one type.
type envelope struct {
	proto.Message
	// unreadable says why the request could not be read. It is kept for the handler, so that it gets a code and a sentence like any refusal.
	unreadable error
}

// where and unknown find in protojson's sentence what is of use to who wrote the request. The rest of it may quote the request and is not passed on.
var (
	where   = regexp.MustCompile(`\(line (\d{1,9}):(\d{1,9})\)`)
	unknown = regexp.MustCompile(`unknown field "([A-Za-z_][A-Za-z0-9_]{0,63})"`)
)

// refuse notes that the request could not be read: where, and which field it is that the contract does not have.
func (e *envelope) refuse(encoding string, cause error) {
	r := decider.Refuse("gateway/unreadable", "encoding", encoding)
	if at := where.FindStringSubmatch(cause.Error()); at != nil {
		r.Args["line"], r.Args["column"] = at[1], at[2]
	}
	if f := unknown.FindStringSubmatch(cause.Error()); f != nil {
		r.Args["field"] = f[1]
	}
	e.unreadable = r
}

type jsonCodec struct{ name string }

// Name is the codec's name in a content type.
func (c jsonCodec) Name() string { return c.name }

// Marshal writes JSON that is the same each time.
func (c jsonCodec) Marshal(message any) ([]byte, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("gateway: cannot write a %T", message)
	}
	return toJSON(m)
}

// Unmarshal reads JSON strictly; what cannot be read is noted in the envelope.
func (c jsonCodec) Unmarshal(data []byte, message any) error {
	e, ok := message.(*envelope)
	if !ok {
		return fmt.Errorf("gateway: cannot read a %T", message)
	}
	if err := protojson.Unmarshal(data, e.Message); err != nil {
		e.refuse("json", err)
	}
	return nil
}

// IsBinary says that it is text, so that GET carries it as it is.
func (c jsonCodec) IsBinary() bool { return false }

type binaryCodec struct{}

// Name is the codec's name in a content type.
func (binaryCodec) Name() string { return "proto" }

// Marshal writes the binary form.
func (binaryCodec) Marshal(message any) ([]byte, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("gateway: cannot write a %T", message)
	}
	return proto.Marshal(m)
}

// Unmarshal reads the binary form; what cannot be read is noted in the envelope.
func (binaryCodec) Unmarshal(data []byte, message any) error {
	e, ok := message.(*envelope)
	if !ok {
		return fmt.Errorf("gateway: cannot read a %T", message)
	}
	if err := proto.Unmarshal(data, e.Message); err != nil {
		e.refuse("proto", err)
	}
	return nil
}

// toJSON writes a message. protojson varies its spaces on purpose; they are taken out, so that equal messages are equal bytes.
func toJSON(m proto.Message) ([]byte, error) {
	data, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Compact(&b, data)
	return b.Bytes(), err
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // only for a value that cannot be JSON, which no caller passes
		status, data = http.StatusInternalServerError, []byte(`{"code":"internal"}`)
	}
	writeBytes(w, status, "application/json", data)
}

func writeBytes(w http.ResponseWriter, status int, contentType string, data []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(data) // whoever asked has gone: nobody is left to tell
}
