package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tavolo/pkg/apidoc"
	"tavolo/pkg/decider"
	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Addresses that people type. Each is a question of the contract: what stands in braces in the path is a field of its request, and every other field
// may follow as a parameter under its own name. A parameter that the question does not have is refused, for an ignored filter gives a wrong answer.

const aliasOf = "tavolo.api.v1."

var aliases = []apidoc.Alias{
	{Method: aliasOf + "WorkspaceService.ListWorkspaces", Path: "/v1/workspaces"},
	{Method: aliasOf + "InitiativeService.GetInitiative", Path: "/v1/workspaces/{workspace}/initiatives/{initiative}"},
	{Method: aliasOf + "SessionService.GetSession", Path: "/v1/workspaces/{workspace}/sessions/{session}"},
	{Method: aliasOf + "DecisionService.GetDecision", Path: "/v1/workspaces/{workspace}/decisions/{decision}"},
	{Method: aliasOf + "RoleService.ListRoles", Path: "/v1/workspaces/{workspace}/roles"},
	{Method: aliasOf + "RoleService.Why", Path: "/v1/workspaces/{workspace}/decisions/{decision}/why/{who}"},
	{Method: aliasOf + "MinutesService.ExportMinutes", Path: "/v1/workspaces/{workspace}/sessions/{session}/minutes", File: true},
}

// headerSequence says up to which sequence a minutes file is true; the other answers have it in them.
const headerSequence = "Tavolo-Sequence"

// alias serves one address.
func (g *Gateway) alias(a apidoc.Alias) (http.Handler, error) {
	m := g.methods[a.Method]
	if m == nil || m.question == "" {
		return nil, fmt.Errorf("gateway: %s is the address of %s, which is no question of the contract", a.Path, a.Method)
	}
	inPath := a.Fields()
	for _, name := range inPath {
		if m.input.Descriptor().Fields().ByName(protoreflect.Name(name)) == nil {
			return nil, fmt.Errorf("gateway: %s has no field %s, which the address %s names", m.input.Descriptor().Name(), name, a.Path)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := requestOf(m, inPath, r)
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		answer, err := g.ask(r.Context(), callerOf(r.Context()), m, req)
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		g.show(w, r, answer)
	}), nil
}

// show writes an answer; a minutes file as the file that it is.
func (g *Gateway) show(w http.ResponseWriter, r *http.Request, answer proto.Message) {
	if file, ok := answer.(*apiv1.ExportMinutesResponse); ok {
		w.Header().Set(headerSequence, strconv.FormatUint(file.Sequence, 10))
		writeBytes(w, http.StatusOK, "application/json", file.File)
		return
	}
	data, err := toJSON(answer)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	writeBytes(w, http.StatusOK, "application/json", data)
}

// requestOf fills a question from path and parameters.
func requestOf(m *method, inPath []string, r *http.Request) (proto.Message, error) {
	req := m.input.New()
	fields := req.Descriptor().Fields()
	for _, name := range inPath {
		v, ok := parameter(fields.ByName(protoreflect.Name(name)), r.PathValue(name))
		if !ok {
			return nil, decider.Refuse("gateway/bad-parameter", "parameter", name)
		}
		req.Set(fields.ByName(protoreflect.Name(name)), v)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, decider.Refuse("gateway/unknown-parameter", "known", strings.Join(parameters(m, inPath), ", "))
	}
	for name, values := range query {
		f := fields.ByName(protoreflect.Name(name))
		if f == nil || f.IsList() || slices.Contains(inPath, name) {
			return nil, decider.Refuse("gateway/unknown-parameter", "known", strings.Join(parameters(m, inPath), ", "))
		}
		v, ok := parameter(f, values[0])
		if !ok || len(values) != 1 {
			return nil, decider.Refuse("gateway/bad-parameter", "parameter", string(f.Name()))
		}
		req.Set(f, v)
	}
	return req.Interface(), nil
}

// parameters are the names that may follow an address.
func parameters(m *method, inPath []string) (names []string) {
	fields := m.input.Descriptor().Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); !slices.Contains(inPath, name) {
			names = append(names, name)
		}
	}
	return names
}

// parameter reads one value.
func parameter(f protoreflect.FieldDescriptor, s string) (v protoreflect.Value, ok bool) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(s), utf8.ValidString(s)
	case protoreflect.Uint64Kind:
		n, err := strconv.ParseUint(s, 10, 64)
		return protoreflect.ValueOfUint64(n), err == nil
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(s)
		return protoreflect.ValueOfBool(b), err == nil
	case protoreflect.MessageKind:
		t, ok := instant(s)
		return protoreflect.ValueOfMessage(timestamppb.New(t).ProtoReflect()), ok && f.Message().FullName() == "google.protobuf.Timestamp"
	}
	return v, false
}

// instant reads a moment (RFC 3339) or a day, which begins at midnight UTC as in `tavolo audit --as-of`.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, timestamppb.New(t).IsValid()
		}
	}
	return time.Time{}, false
}
