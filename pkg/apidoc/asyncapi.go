package apidoc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// AsyncAPI writes the AsyncAPI 3.0 document: the live room for clients, the feeds for associations, and the NATS subjects on which the services of one installation talk.
// NATS carries binary protobuf; the schemas show its JSON form.
func AsyncAPI(version string) ([]byte, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	services, err := services()
	if err != nil {
		return nil, err
	}
	a := &async{schemas: schemas{named: object{}}, channels: object{}, operations: object{}, messages: object{}, find: func(name string) (protoreflect.MessageDescriptor, error) {
		d, err := files.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, fmt.Errorf("apidoc: %s: %w", name, err)
		}
		m, ok := d.(protoreflect.MessageDescriptor)
		if !ok {
			return nil, fmt.Errorf("apidoc: %s is not a message", name)
		}
		return m, nil
	}}
	if err := a.room(); err != nil {
		return nil, err
	}
	if err := a.feeds(); err != nil {
		return nil, err
	}
	if err := a.subjects(services); err != nil {
		return nil, err
	}
	return json.MarshalIndent(object{
		"asyncapi": "3.0.0",
		"info": object{"title": title, "version": orUnversioned(version),
			"description": "Documents as they change, over a WebSocket; and the NATS subjects inside one installation, which no browser reaches."},
		"defaultContentType": "application/json",
		"servers": object{
			"gateway": object{"host": "localhost", "protocol": "ws", "pathname": "/v1/live"},
			"feeds":   object{"host": "localhost", "protocol": "https", "pathname": "/v1/feeds"},
			"readers": object{"host": "localhost:4222", "protocol": "nats", "description": "Where whoever runs the installation has opened NATS for readers; /feeds says whether and where. The token of a subscription is the token, or the password of any name; it may do what the channels of this server say, with its own id, which is in the answers of /v1/feeds/entries. Who hears nothing for a minute asks again."},
			"bus":     object{"host": "localhost", "protocol": "nats"},
		},
		"channels":   a.channels,
		"operations": a.operations,
		"components": object{"messages": a.messages, "schemas": a.named},
	}, "", "  ")
}

// async collects the parts of the document.
type async struct {
	schemas
	channels, operations, messages object
	find                           func(string) (protoreflect.MessageDescriptor, error)
}

// Topic is a sort of document that the live room carries.
type Topic struct {
	// Word stands before the first colon of a topic; what follows is the id.
	Word string
	// ID says what the id is.
	ID string
	// Message is the document's full name.
	Message string
}

// Topics of the live room.
var Topics = []Topic{
	{"initiative", "the initiative's id", "tavolo.api.v1.InitiativeView"},
	{"session", "the session's full id", "tavolo.api.v1.SessionView"},
	{"decision", "the decision's full id", "tavolo.api.v1.DecisionView"},
	{"roles", "the initiative's id", "tavolo.api.v1.ListRolesResponse"},
}

const channelRef = "#/channels/"

func (a *async) message(name, title, contentType string, payload object) object {
	a.messages[name] = object{"name": name, "title": title, "contentType": contentType, "payload": payload}
	return object{"$ref": "#/components/messages/" + name}
}

// room describes /v1/live.
func (a *async) room() error {
	var documents []object
	words := []string{}
	says := "The document: "
	for i, t := range Topics {
		m, err := a.find(t.Message)
		if err != nil {
			return err
		}
		documents = append(documents, a.ref(m))
		words = append(words, t.Word)
		if i > 0 {
			says += ", "
		}
		says += t.Word + ":<" + t.ID + ">"
	}
	id := object{"type": "string", "maxLength": 256}
	topic := object{"type": "string", "maxLength": 256, "pattern": "^(" + strings.Join(words, "|") + "):.+$", "description": says + "."}
	sequence := object{"type": "string", "pattern": "^[0-9]+$"}
	wish := func(name string, since bool) object {
		p := object{"workspace": id, "topic": topic}
		if since {
			p["since"] = object{"type": "string", "pattern": "^[0-9]+$", "description": "The last sequence seen of this topic. Left out: the whole document is sent."}
		}
		return wrapped(name, p, "workspace", "topic")
	}
	told := func(name string, data object) object {
		p := object{"workspace": id, "topic": topic, "sequence": sequence}
		required := []string{"workspace", "topic", "sequence"}
		if data != nil {
			p["data"] = data
			required = append(required, "data")
		}
		return wrapped(name, p, required...)
	}
	refusal := wrapped("error", object{"code": object{"type": "string"}, "sentence": object{"type": "string"}, "workspace": id, "topic": object{"type": "string"}}, "code", "sentence")
	const json = "application/json"
	in := object{
		"subscribe":   a.message("subscribe", "See a document from now on", json, wish("subscribe", true)),
		"unsubscribe": a.message("unsubscribe", "See it no longer", json, wish("unsubscribe", false)),
	}
	out := object{
		"snapshot": a.message("snapshot", "The whole document", json, told("snapshot", object{"anyOf": documents})),
		"patch":    a.message("patch", "What changed in it: JSON Merge Patch, RFC 7386", json, told("patch", object{"type": "object"})),
		"current":  a.message("current", "Nothing changed since the client's sequence", json, told("current", nil)),
		"error":    a.message("error", "A wish was not granted; with the code gateway/behind the subscription stands and what is shown may be out of date", json, refusal),
	}
	all := object{}
	for _, of := range []object{in, out} {
		for name, m := range of {
			all[name] = m
		}
	}
	a.channels["live"] = object{
		"address": "/v1/live", "servers": []object{{"$ref": "#/servers/gateway"}}, "messages": all,
		"description": "Text frames of one JSON object each. A client that is too slow is closed with code 4000 and the reason \"resume <topic> <sequence>\"; " +
			"it subscribes again with since.",
	}
	a.operation("wish", "receive", "live", "What a client may say", in, nil)
	a.operation("show", "send", "live", "What a client is shown", out, nil)
	return nil
}

// feeds describes what associations are sent: the same entries as events, over a socket, and to their own address.
func (a *async) feeds() error {
	m, err := a.find("tavolo.feed.v1.NumberedEntry")
	if err != nil {
		return err
	}
	feeds := []object{{"$ref": "#/servers/feeds"}}
	entry := object{"entry": a.message("feed-entry", "An entry about a decision, with its number", "application/json", a.ref(m))}
	event := object{"type": "object", "required": []string{"specversion", "id", "source", "type", "data"}, "properties": object{
		"specversion": object{"const": "1.0"}, "id": object{"type": "string", "description": "The entry's id."}, "source": object{"type": "string", "description": "A tag: URI of the workspace."},
		"type": object{"type": "string", "pattern": "^it\\.tavolo\\."}, "subject": object{"type": "string", "description": "The decision's full id."}, "time": object{"type": "string", "format": "date-time"},
		"datacontenttype": object{"const": "application/json"}, "sequence": object{"type": "string", "description": "The entry's number, padded so that texts sort as numbers do."}, "data": a.ref(m)}}
	hook := object{"event": a.message("feed-webhook", "The same as a CloudEvent, signed as Standard Webhooks say (v1, v1a)", "application/cloudevents+json", event)}
	told := object{"event": a.message("feed-told", "The same as a CloudEvent; the header content-type says so", "application/cloudevents+json", event),
		"over": a.message("feed-over", "An asking is over: no contents; the header Tavolo-Complete-To is the number to go on from, and Nats-Service-Error-Code, if it is there, why not", "text/plain", object{"type": "string", "maxLength": 0})}
	begin := object{"begin": a.message("feed-begin", "Where to begin", "application/json", object{"type": "object", "properties": object{"after": object{"type": "string", "pattern": "^[0-9]+$"}}})}
	const token = "The token of a subscription stands in the header Authorization, never in the address. "
	a.channels["feed-events"] = object{"address": "/events", "servers": feeds, "messages": entry,
		"description": token + "Server-sent events; id is the entry's number, and with Last-Event-ID a reader goes on after it. An event named end says why the stream ends."}
	a.channels["feed-live"] = object{"address": "/live", "servers": feeds, "messages": object{"entry": entry["entry"], "begin": begin["begin"]},
		"description": token + "A WebSocket. The first message of the client says where to begin; then each frame is an entry."}
	a.channels["feed-webhook"] = object{"address": "{url}", "messages": hook, "parameters": object{"url": object{"description": "The address of the webhook."}},
		"description": "The address that whoever manages the subscription gave. At least once, in order; 2xx takes a message, 410 ends them, another 4xx puts it aside after three attempts, anything else is tried again for about a day."}
	readers, id := []object{{"$ref": "#/servers/readers"}}, object{"subscription": object{"description": "The subscription's id."}}
	a.channels["feed-ask"] = object{"address": "ask.{subscription}", "servers": readers, "messages": begin, "parameters": id,
		"description": "A reader asks for what comes after a number. One asking is good for 200 entries or 30 seconds. A reply subject below feed.{subscription}. says where it is told; without one it is feed.{subscription}.entries."}
	a.channels["feed-told"] = object{"address": "feed.{subscription}.entries", "servers": readers, "messages": told, "parameters": id,
		"description": "Entries as they come, at least once and in order, while an asking is good."}
	a.operation("feed-ask", "receive", "feed-ask", "Where a reader goes on", begin, nil)
	a.operation("feed-told", "send", "feed-told", "Entries as they come", told, nil)
	a.operation("feed-events", "send", "feed-events", "Entries as they come", entry, nil)
	a.operation("feed-live-begin", "receive", "feed-live", "Where a reader begins", begin, nil)
	a.operation("feed-live", "send", "feed-live", "Entries as they come", entry, nil)
	a.operation("feed-webhook", "send", "feed-webhook", "Entries, sent", hook, nil)
	return nil
}

// wrapped is an object with one member, which says what it is.
func wrapped(name string, properties object, required ...string) object {
	return object{"type": "object", "required": []string{name}, "additionalProperties": false, "properties": object{
		name: object{"type": "object", "required": required, "additionalProperties": false, "properties": properties},
	}}
}

func sortedKeys(o object) []string { return slices.Sorted(maps.Keys(o)) }

func (a *async) operation(name, action, channel, summary string, messages, reply object) {
	refs := func(of object) []object {
		var all []object
		for _, message := range sortedKeys(of) {
			all = append(all, object{"$ref": channelRef + channel + "/messages/" + message})
		}
		return all
	}
	o := object{"action": action, "channel": object{"$ref": channelRef + channel}, "summary": summary, "messages": refs(messages)}
	if reply != nil {
		o["reply"] = object{"messages": refs(reply)}
	}
	a.operations[name] = o
}

// subjects describes requests and announcements over NATS.
func (a *async) subjects(services []protoreflect.ServiceDescriptor) error {
	const v1 = ".v1."
	requests := [][4]string{
		{"cmd", "cmd.{workspace}", "tavolo.command" + v1 + "CommandBatch", "tavolo.command" + v1 + "Receipt"},
		{"people.seal", "people.seal", "tavolo.people" + v1 + "SealRequest", "tavolo.people" + v1 + "SealResponse"},
		{"people.open", "people.open", "tavolo.people" + v1 + "OpenRequest", "tavolo.people" + v1 + "OpenResponse"},
		{"people.enrol", "people.enrol", "tavolo.people" + v1 + "EnrolRequest", "tavolo.people" + v1 + "EnrolResponse"},
	}
	for _, s := range services {
		for _, m := range methods(s) {
			if asks(m) {
				requests = append(requests, [4]string{Question(m), Question(m), string(m.Input().FullName()), string(m.Output().FullName())})
			}
		}
	}
	for _, r := range requests {
		if err := a.request(r[0], r[1], r[2], r[3]); err != nil {
			return err
		}
	}
	changed := object{"sequence": a.message("changed", "The sequence up to which the views have read, decimal", "text/plain", object{"type": "string", "pattern": "^[0-9]+$"})}
	a.channels["changed"] = object{"address": "changed.{workspace}.{initiative}", "servers": bus, "messages": changed,
		"parameters": object{"workspace": object{"description": "The workspace's id."}, "initiative": object{"description": "The initiative's id."}}}
	a.operation("changed", "send", "changed", "The views of an initiative have changed", changed, nil)
	return nil
}

var bus = []object{{"$ref": "#/servers/bus"}}

// request describes one subject that is asked and answered.
func (a *async) request(name, address, input, output string) error {
	in, err := a.find(input)
	if err != nil {
		return err
	}
	out, err := a.find(output)
	if err != nil {
		return err
	}
	const binary = "application/protobuf"
	asked := object{"request": a.message(input, firstSentence(comment(in)), binary, a.ref(in))}
	answered := object{"answer": a.message(output, firstSentence(comment(out)), binary, a.ref(out))}
	channel := object{"address": address, "servers": bus, "messages": object{"request": asked["request"], "answer": answered["answer"]},
		"description": "A refusal is answered with its code in the header Nats-Service-Error-Code and its arguments, as JSON, in Tavolo-Args."}
	if strings.Contains(address, "{workspace}") {
		channel["parameters"] = object{"workspace": object{"description": "The workspace's id."}}
	}
	a.channels[name] = channel
	a.operation(name, "receive", name, firstSentence(comment(in)), asked, answered)
	return nil
}

// Question is the NATS subject of a method that changes nothing: query.list_roles for ListRoles.
func Question(m protoreflect.MethodDescriptor) string {
	var b strings.Builder
	b.WriteString("query.")
	for i, r := range string(m.Name()) {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
