// Package apidoc writes the documents of the API from the contract itself: OpenAPI 3.1 for HTTP, AsyncAPI 3.0 for the live room and for NATS, and one
// HTML page for people. Nothing in them is written by hand that the .proto files say; their comments are the descriptions.
//
// Comments are not in the compiled descriptors, so a descriptor set with them is embedded beside this file:
//
//	npx --yes --package=@bufbuild/buf@1.75.0 buf build -o pkg/apidoc/api.binpb
//
// A test fails when it and the compiled contract differ.
//
// Not here: who serves the documents (gateway).
package apidoc

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
)

//go:embed api.binpb
var set []byte

const (
	// apiPackage holds the services that the gateway serves.
	apiPackage = "tavolo.api.v1"
	// title of all documents.
	title = "Tavolo"
)

// Alias is an address of the gateway for people who type addresses.
type Alias struct {
	// Method is the question that it asks: tavolo.api.v1.RoleService.ListRoles.
	Method string
	// Path is its address; what stands in braces is the name of a field of the question's request.
	Path string
	// File says that the answer is the file itself, a minutes file, and not the message around it.
	File bool
}

var braces = regexp.MustCompile(`\{([a-z_]+)\}`)

// Fields are the names in braces, in order.
func (a Alias) Fields() (names []string) {
	for _, m := range braces.FindAllStringSubmatch(a.Path, -1) {
		names = append(names, m[1])
	}
	return names
}

// Files is the contract with its comments.
var Files = sync.OnceValues(func() (*protoregistry.Files, error) {
	var s descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &s); err != nil {
		return nil, fmt.Errorf("apidoc: api.binpb: %w; write it again with buf build", err)
	}
	files, err := protodesc.NewFiles(&s)
	if err != nil {
		return nil, fmt.Errorf("apidoc: api.binpb: %w; write it again with buf build", err)
	}
	return files, nil
})

// services are the services of the API in the order in which the contract has them.
func services() (all []protoreflect.ServiceDescriptor, err error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	files.RangeFilesByPackage(apiPackage, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			all = append(all, f.Services().Get(i))
		}
		return true
	})
	slices.SortStableFunc(all, func(a, b protoreflect.ServiceDescriptor) int {
		if c := strings.Compare(a.ParentFile().Path(), b.ParentFile().Path()); c != 0 {
			return c
		}
		return a.Index() - b.Index()
	})
	return all, nil
}

func methods(s protoreflect.ServiceDescriptor) (all []protoreflect.MethodDescriptor) {
	for i := range s.Methods().Len() {
		all = append(all, s.Methods().Get(i))
	}
	return all
}

// comment gives what the contract says of something, as one paragraph.
func comment(d protoreflect.Descriptor) string {
	at := d.ParentFile().SourceLocations().ByDescriptor(d)
	return strings.Join(strings.Fields(at.LeadingComments), " ")
}

func procedure(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// asks reports whether a method changes nothing.
func asks(m protoreflect.MethodDescriptor) bool {
	o, ok := m.Options().(*descriptorpb.MethodOptions)
	return ok && o.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// commands reports whether a method's request is a command.
func commands(m protoreflect.MethodDescriptor) bool {
	of := (*commandv1.Command)(nil).ProtoReflect().Descriptor().Oneofs().ByName("of").Fields()
	for i := range of.Len() {
		if of.Get(i).Message().FullName() == m.Input().FullName() {
			return true
		}
	}
	return false
}

// grant is the least grant that suffices for a method, in the words of the contract: read, take_part, facilitate, administer; anyone where none is needed.
func grant(m protoreflect.MethodDescriptor) string {
	row, _ := proto.GetExtension(m.Options(), apiv1.E_Access).(*apiv1.Access)
	if row.GetAnyone() {
		return "anyone"
	}
	return strings.ToLower(strings.TrimPrefix(row.GetGrant().String(), "GRANT_"))
}
