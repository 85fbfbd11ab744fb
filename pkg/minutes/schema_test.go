package minutes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tavolo/pkg/minutes"
)

// schema is a JSON Schema document and what its references are resolved in. valid knows the keywords
// that the two schemas of this package use and fails on any other.
type schema struct {
	t    testing.TB
	root map[string]any
}

func schemaOf(t testing.TB, text []byte) schema {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return schema{t, root}
}

func (s schema) resolve(ref string) map[string]any {
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	def, _ := s.root["$defs"].(map[string]any)[name].(map[string]any)
	if !ok || def == nil {
		s.t.Fatalf("the schema refers to %s, which does not exist", ref)
	}
	return def
}

// faults lists where a value does not satisfy a schema.
func (s schema) faults(rule map[string]any, v any, path string) (faults []string) {
	wrong := func(format string, args ...any) { faults = append(faults, path+": "+fmt.Sprintf(format, args...)) }
	holds := func(sub any) bool { return len(s.faults(sub.(map[string]any), v, path)) == 0 }
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	text, isText := v.(string)
	number, isNumber := v.(float64)
	for keyword, arg := range rule {
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description", "default", "examples", "format", "then":
		case "$ref":
			faults = append(faults, s.faults(s.resolve(arg.(string)), v, path)...)
		case "type":
			types, several := arg.([]any)
			if !several {
				types = []any{arg}
			}
			if !slices.ContainsFunc(types, func(t any) bool { return hasType(v, t.(string)) }) {
				wrong("is no %v", arg)
			}
		case "const":
			if !reflect.DeepEqual(v, arg) {
				wrong("is not %v", arg)
			}
		case "enum":
			if !slices.ContainsFunc(arg.([]any), func(e any) bool { return reflect.DeepEqual(v, e) }) {
				wrong("is none of %v", arg)
			}
		case "pattern":
			if isText && !regexp.MustCompile(arg.(string)).MatchString(text) {
				wrong("does not match %v", arg)
			}
		case "minLength":
			if isText && utf8.RuneCountInString(text) < int(arg.(float64)) {
				wrong("is too short")
			}
		case "minimum":
			if isNumber && number < arg.(float64) {
				wrong("is below %v", arg)
			}
		case "maximum":
			if isNumber && number > arg.(float64) {
				wrong("is above %v", arg)
			}
		case "properties":
			for key, sub := range arg.(map[string]any) {
				if child, there := object[key]; there {
					faults = append(faults, s.faults(sub.(map[string]any), child, path+"."+key)...)
				}
			}
		case "required":
			for _, key := range arg.([]any) {
				if _, there := object[key.(string)]; isObject && !there {
					wrong("lacks %v", key)
				}
			}
		case "additionalProperties":
			known, _ := rule["properties"].(map[string]any)
			for key, child := range object {
				if known[key] != nil {
					continue
				}
				if sub, isSchema := arg.(map[string]any); isSchema {
					faults = append(faults, s.faults(sub, child, path+"."+key)...)
				} else if arg == false {
					wrong("has the unknown key %s", key)
				}
			}
		case "propertyNames":
			for key := range object {
				faults = append(faults, s.faults(arg.(map[string]any), key, path+"."+key)...)
			}
		case "minProperties":
			if isObject && len(object) < int(arg.(float64)) {
				wrong("has too few keys")
			}
		case "dependentRequired":
			for key, needs := range arg.(map[string]any) {
				for _, need := range needs.([]any) {
					if object[key] != nil && object[need.(string)] == nil {
						wrong("has %s without %v", key, need)
					}
				}
			}
		case "dependentSchemas":
			for key, sub := range arg.(map[string]any) {
				if object[key] != nil && !holds(sub) {
					wrong("has a %s that does not fit the rest", key)
				}
			}
		case "items":
			for i, entry := range list {
				faults = append(faults, s.faults(arg.(map[string]any), entry, fmt.Sprintf("%s[%d]", path, i))...)
			}
		case "minItems":
			if isList && len(list) < int(arg.(float64)) {
				wrong("has too few entries")
			}
		case "uniqueItems":
			for i := range list {
				if slices.ContainsFunc(list[:i], func(e any) bool { return reflect.DeepEqual(e, list[i]) }) {
					wrong("has entry %d twice", i)
				}
			}
		case "anyOf", "oneOf", "allOf":
			count := 0
			for _, sub := range arg.([]any) {
				if holds(sub) {
					count++
				}
			}
			if count == 0 || keyword == "oneOf" && count > 1 || keyword == "allOf" && count < len(arg.([]any)) {
				wrong("fits %d of %s", count, keyword)
			}
		case "not":
			if holds(arg) {
				wrong("is what must not be")
			}
		case "if":
			if holds(arg) && !holds(rule["then"]) {
				wrong("lacks what its kind needs")
			}
		default:
			s.t.Fatalf("%s: the test does not know the keyword %s", path, keyword)
		}
	}
	return faults
}

func hasType(v any, name string) bool {
	switch v := v.(type) {
	case map[string]any:
		return name == "object"
	case []any:
		return name == "array"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	}
	return false
}

func (s schema) check(text []byte) []string {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		s.t.Fatal(err)
	}
	return s.faults(s.root, v, "")
}

func TestPublicFilesSatisfyTheSchema(t *testing.T) {
	s := schemaOf(t, minutes.Schema)
	for name, data := range publicFiles(t) {
		f := parse(t, name, data)
		texts := [][]byte{written(t, f, "json")}
		marshalled, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, marshalled)
		if strings.HasSuffix(name, ".json") {
			texts = append(texts, data)
		}
		for i, text := range texts {
			for _, fault := range s.check(text) {
				t.Errorf("%s, form %d: %s", name, i, fault)
			}
		}
	}
}

func TestTheSchemaRefusesWhatItCanSay(t *testing.T) {
	s := schemaOf(t, minutes.Schema)
	good := string(written(t, parse(t, "every-key.yaml", read(t, "every-key.yaml")), "json"))
	for _, change := range [][2]string{
		{`"closed_at"`, `"closedAt"`},
		{`"tavolo-minutes/1"`, `"tavolo-minutes/2"`},
		{`"ballot": "abstain"`, `"ballot": "perhaps"`},
		{`"weight": 2`, `"weight": 0`},
		{`"weight": 2`, `"weight": 2.5`},
		{`"weight": 2`, `"weight": "2"`},
		{`"id": "csm-orari"`, `"id": "csm orari"`},
		{`"id": "guest"`, `"id": "electorate"`},
		{`{"id": "guest"}`, `{}`},
		{`"scope": "area"`, `"scope": "strategic_planning"`},
		{`"2/3"`, `"2 of 3"`},
		{`"2026-03-05T16:00:00+01:00"`, `"2026-03-05"`},
		{`"due": "2026-04-01"`, `"due": "1-Apr"`},
		{`, "due": "2026-04-01"`, ``},
		{`"claimed_consensus": true,`, ``},
		{`{"count": 5}`, `{}`},
		{`{"count": 5}`, `{"count": 5, "fraction": "1/2"}`},
		{`"answers": 1, "reply": "partly"`, `"reply": "partly"`},
		{`["facilitator", "secretary"]`, `["facilitator", "facilitator"]`},
		{`["professional"]`, `[]`},
		{`"user": {"for": 2, "against": 1}`, `"Utenti del sabato": {"for": 2}`},
		{`, "same_as_outcome": true`, ``},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("the good file does not contain %s", change[0])
		}
		text := []byte(strings.Replace(good, change[0], change[1], 1))
		if len(s.check(text)) == 0 {
			t.Errorf("the schema accepts %s", change[1])
		}
		if _, err := minutes.Parse("f.json", text); err == nil {
			t.Errorf("the parser accepts %s", change[1])
		}
	}
}

// target follows the references of a property to the object whose keys it holds: its own, that of the
// entries of a list, or that of the values of a map.
func (s schema) target(property map[string]any) (name string) {
	for {
		if ref, is := property["$ref"].(string); is {
			return strings.TrimPrefix(ref, "#/$defs/")
		}
		next, is := property["items"].(map[string]any)
		if !is {
			next, is = property["additionalProperties"].(map[string]any)
		}
		if !is {
			return ""
		}
		property = next
	}
}

// words are the values of an enumeration, of the property itself or of the entries of its list.
func words(property map[string]any) []string {
	if items, is := property["items"].(map[string]any); is {
		property = items
	}
	var list []string
	values, _ := property["enum"].([]any)
	for _, v := range values {
		list = append(list, v.(string))
	}
	return list
}

func TestTheSchemaHasExactlyTheKeysOfTheParser(t *testing.T) {
	s := schemaOf(t, minutes.Schema)
	parser := map[string][]string{}
	for _, k := range minutes.Keys() {
		parser[k.Object] = append(parser[k.Object], k.Key)
		object := s.root
		if k.Object != "file" {
			object = s.resolve("#/$defs/" + k.Object)
		}
		property, _ := object["properties"].(map[string]any)[k.Key].(map[string]any)
		if property == nil {
			t.Errorf("the schema does not know %s.%s", k.Object, k.Key)
			continue
		}
		if got := words(property); !slices.Equal(got, k.Words) {
			t.Errorf("%s.%s: the schema has the words %v, the parser %v", k.Object, k.Key, got, k.Words)
		}
		if k.Child != "" && s.target(property) != k.Child {
			t.Errorf("%s.%s: the schema has %q beneath, the parser %q", k.Object, k.Key, s.target(property), k.Child)
		}
		if property["description"] == nil && property["$ref"] == nil {
			t.Errorf("%s.%s has no description", k.Object, k.Key)
		}
		required, _ := object["required"].([]any)
		if slices.Contains(required, any(k.Key)) != k.Required {
			t.Errorf("%s.%s: parser and schema differ on whether it may be left out", k.Object, k.Key)
		}
	}
	objects := map[string]any{"file": s.root}
	maps.Copy(objects, s.root["$defs"].(map[string]any))
	for name, def := range objects {
		properties, isObject := def.(map[string]any)["properties"].(map[string]any)
		if !isObject {
			continue
		}
		if def.(map[string]any)["additionalProperties"] != false {
			t.Errorf("%s lets any key pass", name)
		}
		for key := range properties {
			if !slices.Contains(parser[name], key) {
				t.Errorf("the parser does not know %s.%s of the schema", name, key)
			}
		}
	}
	if len(parser) < 15 {
		t.Errorf("only %d objects were compared", len(parser))
	}
}

func TestTheFileWithEveryKeyHasEveryKey(t *testing.T) {
	text := read(t, "every-key.yaml")
	for _, k := range minutes.Keys() {
		if !bytes.Contains(text, []byte(k.Key+":")) {
			t.Errorf("every-key.yaml does not try %s.%s", k.Object, k.Key)
		}
	}
}

func TestTheAnswerOfTheFormatSatisfiesItsSchema(t *testing.T) {
	s := schemaOf(t, minutes.AnswerSchema)
	const answer = `{"rules": "roles/1", "as_of": "2026-11-22T00:00:00Z",
	 "decisions": [{"session": "2026-03-05", "id": "d1", "outcome": "adopted",
	   "roles": [{"who": "u1", "role": "decisive", "rule": 13, "reason": "binding_vote", "role_at_decision": "decisive", "power": "5/16",
	              "shapley": "1/6", "pivotal": true, "flags": ["abstained"], "evidence": [12, 17, 31]},
	             {"who": "users:strict", "role": "other", "rule": 2, "reason": "no_rule", "role_at_decision": "other", "pivotal": "suppressed", "flags": [], "evidence": []}]}]}`
	for _, fault := range s.check([]byte(answer)) {
		t.Error(fault)
	}
	for _, change := range [][2]string{
		{`"power": "5/16"`, `"power": 0.3125`}, {`"5/16"`, `"5/0"`}, {`"rule": 13`, `"rule": 14`}, {`"pivotal": true`, `"pivotal": "yes"`},
		{`"role": "decisive"`, `"role": "Decisive"`}, {`"outcome": "adopted"`, `"outcome": "deferred"`}, {`"who": "u1", `, ``},
		{`"rules"`, `"version"`}, {`"evidence": []`, `"evidence": ["e1"]`}, {`"reason": "no_rule"`, `"reason": "no rule"`},
	} {
		if len(s.check([]byte(strings.Replace(answer, change[0], change[1], 1)))) == 0 {
			t.Errorf("the schema of the answer accepts %s", change[1])
		}
	}
}
