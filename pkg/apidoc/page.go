package apidoc

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	style []byte

	pageTemplate = template.Must(template.New("page").Parse(pageText))
)

// Style is the style sheet of the page, to be served as /docs.css: the page itself holds no style, so that no policy has to allow one.
func Style() []byte { return style }

// What the page shows.
type (
	pageService struct {
		Name, Says string
		Methods    []pageMethod
	}
	pageMethod struct {
		Name, Says, Path, Grant string
		Asks                    bool
		Addresses               []string
		Example                 string
		Request, Answer         pageMessage
	}
	pageMessage struct {
		Name, Says string
		Fields     []pageField
	}
	pageField struct{ Name, Type, Says string }
)

// Page writes the contract as one HTML page for people. It needs no script.
func Page(version string, aliases []Alias) ([]byte, error) {
	services, err := services()
	if err != nil {
		return nil, err
	}
	data := struct {
		Version  string
		Services []pageService
		Topics   []Topic
	}{Version: orUnversioned(version), Topics: Topics}
	for _, s := range services {
		p := pageService{Name: string(s.Name()), Says: comment(s)}
		for _, m := range methods(s) {
			one, err := pageOf(m, aliases)
			if err != nil {
				return nil, err
			}
			p.Methods = append(p.Methods, one)
		}
		data.Services = append(data.Services, p)
	}
	var b bytes.Buffer
	err = pageTemplate.Execute(&b, data)
	return b.Bytes(), err
}

func pageOf(m protoreflect.MethodDescriptor, aliases []Alias) (pageMethod, error) {
	sample, err := example(m.Input())
	if err != nil {
		return pageMethod{}, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, sample, "", "  "); err != nil {
		return pageMethod{}, err
	}
	p := pageMethod{Name: string(m.Name()), Says: comment(m), Path: procedure(m), Grant: grant(m), Asks: asks(m), Example: indented.String(),
		Request: messageOf(m.Input()), Answer: messageOf(m.Output())}
	for _, a := range aliases {
		if a.Method == string(m.FullName()) {
			p.Addresses = append(p.Addresses, a.Path)
		}
	}
	return p, nil
}

func messageOf(m protoreflect.MessageDescriptor) pageMessage {
	p := pageMessage{Name: string(m.Name()), Says: comment(m)}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		p.Fields = append(p.Fields, pageField{f.JSONName(), typeName(f), comment(f)})
	}
	return p
}

// typeName says in a word or two what a field holds.
func typeName(f protoreflect.FieldDescriptor) string {
	if f.IsMap() {
		return "map of " + typeName(f.MapValue())
	}
	name := f.Kind().String()
	switch {
	case f.Enum() != nil:
		name = string(f.Enum().Name())
	case f.Message() != nil:
		name = string(f.Message().Name())
	}
	if f.IsList() {
		return "list of " + name
	}
	return name
}
