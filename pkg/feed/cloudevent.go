package feed

import (
	"encoding/json"

	feedv1 "tavolo/proto/tavolo/feed/v1"
)

// This chapter is CloudEvents 1.0 in its structured JSON form, for webhooks and NATS.

const (
	// CloudEventType is the content type.
	CloudEventType = "application/cloudevents+json; charset=utf-8"
	// typePrefix and typeVersion stand around the kind: it.tavolo.decision.recorded.v1.
	typePrefix, typeVersion = "it.tavolo.decision.", ".v1"
	// testType is what a webhook is tested with.
	testType = "it.tavolo.webhook.test.v1"
)

type cloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject,omitempty"`
	Time        string `json:"time,omitempty"`
	ContentType string `json:"datacontenttype"`
	Schema      string `json:"dataschema,omitempty"`
	// Sequence is the extension of that name: the number of the entry, so written that texts sort as numbers do.
	Sequence string          `json:"sequence,omitempty"`
	Data     json.RawMessage `json:"data"`
}

// CloudEvent writes an entry. Its id is the entry's, its source the workspace: either is unique in the world.
func CloudEvent(s Site, e *feedv1.NumberedEntry) ([]byte, error) {
	data, err := JSON(e)
	if err != nil {
		return nil, err
	}
	x := e.Entry
	return write(cloudEvent{SpecVersion: "1.0", ID: x.Id, Source: Tag(s.Authority, x.Workspace), Type: typePrefix + code(x.Kind.String(), "ENTRY_KIND_") + typeVersion,
		Subject: x.Decision, Time: instant(x.RecordedAt.AsTime()), ContentType: "application/json", Sequence: padded(e.N), Data: data})
}

// TestEvent is what a webhook is tested with. It tells of no decision.
func TestEvent(s Site, id string) ([]byte, error) {
	return write(cloudEvent{SpecVersion: "1.0", ID: id, Source: Tag(s.Authority, "feeds"), Type: testType, ContentType: "application/json", Data: json.RawMessage(`{}`)})
}

func padded(n uint64) string {
	digits := count(n)
	return "00000000000000000000"[len(digits):] + digits
}
