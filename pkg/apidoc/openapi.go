package apidoc

import (
	"encoding/json"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// OpenAPI writes the OpenAPI 3.1 document: every method of the contract as Connect serves it, and the aliases.
func OpenAPI(version string, aliases []Alias) ([]byte, error) {
	services, err := services()
	if err != nil {
		return nil, err
	}
	s := &schemas{named: object{}}
	paths, tags := object{}, []object{}
	for _, service := range services {
		tags = append(tags, object{"name": string(service.Name()), "description": comment(service)})
		for _, m := range methods(service) {
			operations, err := s.operations(m)
			if err != nil {
				return nil, err
			}
			paths[procedure(m)] = operations
			for _, a := range aliases {
				if a.Method == string(m.FullName()) {
					paths[a.Path] = object{"get": s.aliased(a, m)}
				}
			}
		}
	}
	s.named["Error"] = errorSchema
	s.named["Minutes"] = object{"type": "object", "description": "A minutes file, tavolo-minutes/1.", "properties": object{"format": object{"const": "tavolo-minutes/1"}}}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title":   title,
			"version": orUnversioned(version),
			"description": "Evidence of co-production in mental health. Every method is a POST of JSON (or of binary protobuf); what changes nothing also answers GET. " +
				"Sequence numbers and other 64-bit numbers are strings. An unknown field is refused. A command has its texts in clear; they are sealed at the door.",
		},
		"servers":    []object{{"url": "/"}},
		"tags":       tags,
		"paths":      paths,
		"components": object{"schemas": s.named, "headers": headers, "securitySchemes": securitySchemes},
		"security":   []object{{"operator": []string{}}, {"device": []string{}}},
	}, "", "  ")
}

// securitySchemes are the two ways to say who asks.
var securitySchemes = object{
	"operator": object{"type": "http", "scheme": "bearer", "description": "The token in the file operator-token of the data folder: programs of whoever runs Tavolo."},
	"device": object{"type": "apiKey", "in": "cookie", "name": "tavolo-device", "description": "A browser that somebody is signed in on (__Host-tavolo-device over https). " +
		"What changes something must carry Origin or Sec-Fetch-Site."},
}

func orUnversioned(version string) string {
	if version == "" {
		return "unversioned"
	}
	return version
}

// errorSchema is the body of every refusal.
var errorSchema = object{
	"type":        "object",
	"description": "A refusal or failure: the Connect code for programs that know Connect, and one sentence in the reader's language (Accept-Language: it or en).",
	"required":    []string{"code", "message"},
	"properties": object{
		"code": object{"type": "string", "enum": []string{"invalid_argument", "failed_precondition", "not_found", "aborted", "permission_denied",
			"resource_exhausted", "unimplemented", "internal", "unavailable", "deadline_exceeded"}},
		"message": object{"type": "string"},
		"details": object{"type": "array", "items": object{"type": "object", "properties": object{
			"type":  object{"type": "string"},
			"value": object{"type": "string", "contentEncoding": "base64"},
			"debug": object{"type": "object", "description": "The stable code and its arguments.", "properties": object{
				"code": object{"type": "string"}, "args": object{"type": "object", "additionalProperties": object{"type": "string"}},
			}},
		}}},
	},
}

var headers = object{
	"Tavolo-Code":        object{"description": "The stable code of a refusal: area/what.", "schema": object{"type": "string", "pattern": "^[a-z]+/[a-z0-9-]+$"}},
	"Tavolo-Correlation": object{"description": "The id under which this request is found in the logs and in the commits that it led to.", "schema": object{"type": "string"}},
	"Tavolo-Command-Id":  object{"description": "The id of the command, to ask again with.", "schema": object{"type": "string", "format": "uuid"}},
}

var acceptLanguage = object{"name": "Accept-Language", "in": "header", "description": "The language of the sentence of a refusal: it or en. Without it: it.", "schema": object{"type": "string"}}

// operations are the ways of calling a method.
func (s *schemas) operations(m protoreflect.MethodDescriptor) (object, error) {
	sample, err := example(m.Input())
	if err != nil {
		return nil, err
	}
	post := s.operation(m, string(m.Name()))
	parameters := []object{acceptLanguage}
	if commands(m) {
		parameters = append(parameters, object{"name": "Tavolo-Command-Id", "in": "header", "schema": object{"type": "string", "format": "uuid"},
			"description": "A UUIDv7. The same id again is answered as the first time, so a request whose answer was lost can be sent again."})
	}
	post["parameters"] = parameters
	post["requestBody"] = object{"required": true, "content": object{
		"application/json":  object{"schema": s.ref(m.Input()), "example": json.RawMessage(sample)},
		"application/proto": object{"schema": object{"type": "string", "contentMediaType": "application/proto"}},
	}}
	all := object{"post": post}
	if asks(m) {
		get := s.operation(m, "Get"+string(m.Name()))
		get["operationId"] = string(m.Name()) + "ByGet"
		get["parameters"] = []object{
			{"name": "encoding", "in": "query", "required": true, "schema": object{"type": "string", "enum": []string{"json", "proto"}}},
			{"name": "message", "in": "query", "required": true, "description": "The request; base64url with base64=1.", "content": object{"application/json": object{"schema": s.ref(m.Input()), "example": json.RawMessage(sample)}}},
			{"name": "base64", "in": "query", "schema": object{"type": "string", "enum": []string{"1"}}},
			acceptLanguage,
		}
		all["get"] = get
	}
	return all, nil
}

// operation is what every way of calling a method has.
func (s *schemas) operation(m protoreflect.MethodDescriptor, id string) object {
	o := object{
		"operationId":    id,
		"tags":           []string{string(m.Parent().Name())},
		"summary":        firstSentence(comment(m)),
		"description":    comment(m) + "\n\nLeast grant: " + grant(m) + ".",
		"x-tavolo-grant": grant(m),
		"responses": object{
			"200":     object{"description": firstSentence(comment(m.Output())), "content": object{"application/json": object{"schema": s.ref(m.Output())}}},
			"default": refused,
		},
	}
	if grant(m) == "anyone" {
		o["security"] = []object{}
	}
	return o
}

var refused = object{
	"description": "Refused, or failed.",
	"headers":     object{"Tavolo-Code": object{"$ref": "#/components/headers/Tavolo-Code"}, "Tavolo-Correlation": object{"$ref": "#/components/headers/Tavolo-Correlation"}},
	"content":     object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}},
}

// aliased is the operation of an alias.
func (s *schemas) aliased(a Alias, m protoreflect.MethodDescriptor) object {
	o := s.operation(m, string(m.Name())+"ByAddress")
	parameters := []object{acceptLanguage}
	inPath := a.Fields()
	for i := range m.Input().Fields().Len() {
		f := m.Input().Fields().Get(i)
		p := object{"name": string(f.Name()), "in": "query", "schema": s.value(f), "description": comment(f)}
		if slices.Contains(inPath, string(f.Name())) {
			p["in"], p["required"] = "path", true
		} else if f.Message() != nil && f.Message().FullName() == timestamp {
			p["schema"] = object{"type": "string", "anyOf": []object{{"format": "date-time"}, {"format": "date"}}}
			p["description"] = comment(f) + " A day begins at midnight UTC."
		}
		parameters = append(parameters, p)
	}
	o["parameters"] = parameters
	if a.File {
		o["responses"] = object{
			"200":     object{"description": "The file.", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Minutes"}}}},
			"default": refused,
		}
	}
	return o
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}
