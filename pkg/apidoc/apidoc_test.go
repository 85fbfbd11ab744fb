package apidoc_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	"tavolo/pkg/apidoc"
	_ "tavolo/proto/tavolo/people/v1" // compiled in, to be compared
)

var aliases = []apidoc.Alias{
	{Method: "tavolo.api.v1.RoleService.Why", Path: "/v1/workspaces/{workspace}/decisions/{decision}/why/{who}"},
	{Method: "tavolo.api.v1.MinutesService.ExportMinutes", Path: "/v1/workspaces/{workspace}/sessions/{session}/minutes", File: true},
}

func rpcs() (all []protoreflect.MethodDescriptor) {
	protoregistry.GlobalFiles.RangeFilesByPackage("tavolo.api.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				all = append(all, f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	return all
}

func TestTheEmbeddedContractIsTheCompiledOne(t *testing.T) {
	files, err := apidoc.Files()
	if err != nil {
		t.Fatal(err)
	}
	comments := protocmp.IgnoreFields((*descriptorpb.FileDescriptorProto)(nil), "source_code_info")
	compared := 0
	protoregistry.GlobalFiles.RangeFiles(func(compiled protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(compiled.Path(), "tavolo/") {
			return true
		}
		compared++
		embedded, err := files.FindFileByPath(compiled.Path())
		if err != nil {
			t.Errorf("%s: %v; write api.binpb again (see the package comment)", compiled.Path(), err)
			return true
		}
		if d := cmp.Diff(protodesc.ToFileDescriptorProto(compiled), protodesc.ToFileDescriptorProto(embedded), protocmp.Transform(), comments); d != "" {
			t.Errorf("%s differs; write api.binpb again (see the package comment). (-compiled +embedded):\n%s", compiled.Path(), d)
		}
		return true
	})
	files.RangeFiles(func(embedded protoreflect.FileDescriptor) bool {
		if _, err := protoregistry.GlobalFiles.FindFileByPath(embedded.Path()); err != nil {
			t.Errorf("%s is embedded and not compiled in", embedded.Path())
		}
		return true
	})
	if compared < 8 {
		t.Errorf("compared %d files of the contract, fewer than there are", compared)
	}
}

// parse reads a document.
func parse(t *testing.T, data []byte, err error) map[string]any {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func openAPI(t *testing.T) map[string]any {
	data, err := apidoc.OpenAPI("1.2.3", aliases)
	return parse(t, data, err)
}

func asyncAPI(t *testing.T) map[string]any {
	data, err := apidoc.AsyncAPI("1.2.3")
	return parse(t, data, err)
}

// at follows a JSON pointer with a leading #/.
func at(doc map[string]any, ref string) any {
	var here any = doc
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		o, ok := here.(map[string]any)
		if !ok {
			return nil
		}
		here = o[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return here
}

func TestEveryReferenceResolves(t *testing.T) {
	for name, doc := range map[string]map[string]any{"OpenAPI": openAPI(t), "AsyncAPI": asyncAPI(t)} {
		refs := 0
		var look func(v any)
		look = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if ref, ok := v["$ref"].(string); ok {
					refs++
					if at(doc, ref) == nil {
						t.Errorf("%s: nothing at %s", name, ref)
					}
				}
				for _, inner := range v {
					look(inner)
				}
			case []any:
				for _, inner := range v {
					look(inner)
				}
			}
		}
		look(doc)
		if refs < 50 {
			t.Errorf("%s: only %d references", name, refs)
		}
	}
}

func TestEveryMethodIsInOpenAPIWithItsGrantAndItsComment(t *testing.T) {
	doc := openAPI(t)
	if doc["openapi"] != "3.1.0" || at(doc, "#/info/version") != "1.2.3" {
		t.Errorf("openapi %v, version %v", doc["openapi"], at(doc, "#/info/version"))
	}
	ids := map[string]bool{}
	for _, m := range rpcs() {
		path := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
		operations, _ := at(doc, "#/paths/"+strings.ReplaceAll(path, "/", "~1")).(map[string]any)
		post, _ := operations["post"].(map[string]any)
		if post == nil {
			t.Errorf("%s is missing", path)
			continue
		}
		if g, _ := post["x-tavolo-grant"].(string); !slices.Contains([]string{"anyone", "read", "take_part", "facilitate", "administer"}, g) {
			t.Errorf("%s: grant %q", path, g)
		}
		if s, _ := post["summary"].(string); !strings.HasPrefix(s, string(m.Name())) {
			t.Errorf("%s: summary %q is not the method's comment", path, s)
		}
		for _, o := range operations {
			id := o.(map[string]any)["operationId"].(string)
			if ids[id] {
				t.Errorf("operationId %s twice", id)
			}
			ids[id] = true
		}
		_, get := operations["get"]
		if asks := strings.Contains(fmt.Sprint(m.Options()), "NO_SIDE_EFFECTS"); get != asks {
			t.Errorf("%s: GET %v, want %v", path, get, asks)
		}
	}
	if len(ids) < 50 {
		t.Errorf("%d operations, fewer than there are", len(ids))
	}
}

func TestEveryAddressDeclaresItsParameters(t *testing.T) {
	doc := openAPI(t)
	for _, a := range aliases {
		get, _ := at(doc, "#/paths/"+strings.ReplaceAll(a.Path, "/", "~1")+"/get").(map[string]any)
		if get == nil {
			t.Errorf("%s is missing", a.Path)
			continue
		}
		var inPath []string
		for _, p := range get["parameters"].([]any) {
			if p := p.(map[string]any); p["in"] == "path" && p["required"] == true {
				inPath = append(inPath, p["name"].(string))
			}
		}
		if d := cmp.Diff(a.Fields(), inPath); d != "" {
			t.Errorf("%s: parameters in the path (-want +got):\n%s", a.Path, d)
		}
	}
	file := at(doc, "#/paths/"+strings.ReplaceAll(aliases[1].Path, "/", "~1")+"/get/responses/200/content/application~1json/schema/$ref")
	if file != "#/components/schemas/Minutes" {
		t.Errorf("the minutes are answered as %v, want the file", file)
	}
}

func TestEveryExampleIsARequestOfTheContractAndFitsItsSchema(t *testing.T) {
	doc := openAPI(t)
	for _, m := range rpcs() {
		path := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
		content, _ := at(doc, "#/paths/"+strings.ReplaceAll(path, "/", "~1")+"/post/requestBody/content/application~1json").(map[string]any)
		sample, err := json.Marshal(content["example"])
		if err != nil {
			t.Fatal(err)
		}
		of, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			t.Fatal(err)
		}
		if err := protojson.Unmarshal(sample, of.New().Interface()); err != nil {
			t.Errorf("%s: %v in %s", m.Name(), err, sample)
		}
		if m.Input().Fields().Len() > 0 && len(sample) < 10 {
			t.Errorf("%s: the example says nothing: %s", m.Name(), sample)
		}
		if err := valid(doc, content["schema"].(map[string]any), content["example"]); err != nil {
			t.Errorf("%s: %v in %s", m.Name(), err, sample)
		}
	}
}

func TestSchemasRefuseWhatTheContractDoesNotHave(t *testing.T) {
	doc := openAPI(t)
	for _, c := range []struct{ schema, value string }{
		{"tavolo.command.v1.Text", `{"clear": "a", "sealed": {}}`},
		{"tavolo.command.v1.Text", `{"klar": "a"}`},
		{"tavolo.command.v1.Receipt", `{"sequence": 7}`},
		{"tavolo.command.v1.Receipt", `{"sequence": "seven"}`},
		{"tavolo.event.v1.BallotCast", `{"choice": "CHOICE_MAYBE"}`},
		{"tavolo.event.v1.Tally", `{"for": "-1"}`},
		{"tavolo.command.v1.SetAgenda", `{"items": "i1"}`},
	} {
		var v any
		if err := json.Unmarshal([]byte(c.value), &v); err != nil {
			t.Fatal(err)
		}
		if valid(doc, map[string]any{"$ref": "#/components/schemas/" + c.schema}, v) == nil {
			t.Errorf("%s accepts %s", c.schema, c.value)
		}
	}
}

// valid checks a value against the part of JSON Schema that the documents use.
func valid(doc, schema map[string]any, v any) error {
	if ref, ok := schema["$ref"].(string); ok {
		to, ok := at(doc, ref).(map[string]any)
		if !ok {
			return fmt.Errorf("nothing at %s", ref)
		}
		if err := valid(doc, to, v); err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		return nil
	}
	if err := validType(doc, schema, v); err != nil {
		return err
	}
	count := func(of any) (n int) {
		list, _ := of.([]any)
		for _, s := range list {
			if valid(doc, s.(map[string]any), v) == nil {
				n++
			}
		}
		return n
	}
	all, _ := schema["allOf"].([]any)
	switch not, negated := schema["not"].(map[string]any); {
	case schema["oneOf"] != nil && count(schema["oneOf"]) != 1:
		return fmt.Errorf("%v is not exactly one of %v", v, schema["oneOf"])
	case schema["anyOf"] != nil && count(schema["anyOf"]) == 0:
		return fmt.Errorf("%v is none of %v", v, schema["anyOf"])
	case count(schema["allOf"]) != len(all):
		return fmt.Errorf("%v is not all of %v", v, all)
	case negated && valid(doc, not, v) == nil:
		return fmt.Errorf("%v is %v", v, not)
	}
	return nil
}

func validType(doc, schema map[string]any, v any) error {
	if codes, ok := schema["enum"].([]any); ok && !slices.Contains(codes, v) {
		return fmt.Errorf("%v is none of %v", v, codes)
	}
	switch v := v.(type) {
	case map[string]any:
		return validObject(doc, schema, v)
	case []any:
		if schema["type"] != "array" {
			return fmt.Errorf("a list where %v is wanted", schema["type"])
		}
		for _, e := range v {
			if err := valid(doc, schema["items"].(map[string]any), e); err != nil {
				return err
			}
		}
	case string:
		if schema["type"] != nil && schema["type"] != "string" {
			return fmt.Errorf("a string where %v is wanted", schema["type"])
		}
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			return fmt.Errorf("%q does not match %s", v, p)
		}
	case float64:
		if schema["type"] != "integer" && schema["type"] != "number" {
			return fmt.Errorf("a number where %v is wanted", schema["type"])
		}
	case bool:
		if schema["type"] != "boolean" {
			return fmt.Errorf("a boolean where %v is wanted", schema["type"])
		}
	}
	return nil
}

func validObject(doc, schema map[string]any, v map[string]any) error {
	if schema["type"] != nil && schema["type"] != "object" {
		return fmt.Errorf("an object where %v is wanted", schema["type"])
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf("%s is missing", name)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, inner := range v {
		switch s := properties[name].(type) {
		case map[string]any:
			if err := valid(doc, s, inner); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		default:
			if schema["additionalProperties"] == false {
				return fmt.Errorf("%s is not known", name)
			}
		}
	}
	return nil
}

func TestAsyncAPIHasTheRoomAndEverySubject(t *testing.T) {
	doc := asyncAPI(t)
	if doc["asyncapi"] != "3.0.0" {
		t.Errorf("asyncapi %v", doc["asyncapi"])
	}
	addresses := map[string]bool{}
	for _, c := range doc["channels"].(map[string]any) {
		addresses[c.(map[string]any)["address"].(string)] = true
	}
	for _, want := range []string{"/v1/live", "cmd.{workspace}", "changed.{workspace}.{initiative}", "people.seal", "people.open", "people.enrol",
		"query.list_roles", "query.why", "query.power", "query.summarise_roles", "query.list_workspaces", "query.get_initiative", "query.get_session",
		"query.get_decision", "query.export_minutes", "/events", "/live", "{url}"} {
		if !addresses[want] {
			t.Errorf("%s is missing", want)
		}
	}
	messages := doc["components"].(map[string]any)["messages"].(map[string]any)
	for name, good := range map[string]string{
		"subscribe": `{"subscribe":{"workspace":"dsm","topic":"session:orari:s1","since":"12"}}`,
		"snapshot":  `{"snapshot":{"workspace":"dsm","topic":"session:orari:s1","sequence":"12","data":{"sequence":"12"}}}`,
		"patch":     `{"patch":{"workspace":"dsm","topic":"roles:orari","sequence":"13","data":{}}}`,
		"current":   `{"current":{"workspace":"dsm","topic":"roles:orari","sequence":"13"}}`,
		"error":     `{"error":{"code":"gateway/topic","sentence":"…"}}`,
	} {
		payload := messages[name].(map[string]any)["payload"].(map[string]any)
		var v any
		if err := json.Unmarshal([]byte(good), &v); err != nil {
			t.Fatal(err)
		}
		if err := valid(doc, payload, v); err != nil {
			t.Errorf("%s refuses %s: %v", name, good, err)
		}
		if err := json.Unmarshal([]byte(strings.Replace(good, "{\"", "{\"x", 1)), &v); err != nil {
			t.Fatal(err)
		}
		if valid(doc, payload, v) == nil {
			t.Errorf("%s accepts another message", name)
		}
	}
}

func TestEverythingInTheDocumentsIsExplained(t *testing.T) {
	doc := openAPI(t)
	for name, s := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		s := s.(map[string]any)
		if d, _ := s["description"].(string); d == "" {
			t.Errorf("%s has no description", name)
		}
		properties, _ := s["properties"].(map[string]any)
		for field, p := range properties {
			if d, _ := p.(map[string]any)["description"].(string); d == "" && strings.HasPrefix(name, "tavolo.") {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
}

func TestThePageIsForEverybody(t *testing.T) {
	data, err := apidoc.Page("1.2.3", aliases)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, bad := range []string{"<script", " style=", "<style", " onclick", "http://", "https://"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, good := range []string{`<html lang="en">`, "<main", "<nav aria-label", `class="skip"`, "1.2.3", aliases[0].Path} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
	if tables, captions := strings.Count(page, "<table>"), strings.Count(page, "<caption>"); tables != captions || tables < 50 {
		t.Errorf("%d tables, %d captions", tables, captions)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("nothing has the id %s", m[1])
		}
	}
	before := 0
	for _, m := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(page, -1) {
		level := int(m[1][0] - '0')
		if level > before+1 {
			t.Errorf("a heading of level %d follows one of level %d", level, before)
		}
		before = level
	}
	for _, m := range rpcs() {
		if !strings.Contains(page, ">"+string(m.Name())+"</h3>") {
			t.Errorf("%s is not on the page", m.Name())
		}
	}
}
