package feed

import (
	"bytes"
	"encoding/json"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is the form that all others carry: an entry as JSON, each time with the same bytes.

var plain = protojson.MarshalOptions{UseProtoNames: false, EmitDefaultValues: true}

// JSON writes a message as JSON that is the same each time: protojson alone varies its spaces.
func JSON(m proto.Message) ([]byte, error) {
	data, err := plain.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Entries writes a page of entries: {"subscription":"…","entries":[{"n":"1","entry":{…}}],"completeTo":"1","more":false,"next":"…"}. next is the address of the
// following page; it is there also when there is nothing more yet, for that is where a reader goes on. Who has a token learns here which subscription it is
// of: on NATS its id is in the subjects.
func Entries(s Site, p *feedv1.PullResponse, limit uint32) ([]byte, error) {
	entries := []json.RawMessage{}
	for _, e := range p.Entries {
		data, err := JSON(e)
		if err != nil {
			return nil, err
		}
		entries = append(entries, data)
	}
	return write(struct {
		Subscription string            `json:"subscription"`
		Entries      []json.RawMessage `json:"entries"`
		CompleteTo   string            `json:"completeTo"`
		More         bool              `json:"more"`
		Next         string            `json:"next"`
	}{p.Subscription, entries, count(p.CompleteTo), p.More, s.Query("/v1/feeds/entries", "after", count(p.CompleteTo), "limit", number(uint64(limit)))})
}

// write is json.Marshal that leaves < and & as they are.
func write(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// number writes a number as text; 0 as nothing.
func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
