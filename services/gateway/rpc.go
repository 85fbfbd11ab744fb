package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"tavolo/pkg/apidoc"
	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/sealing"
	apiv1 "tavolo/proto/tavolo/api/v1"
	commandv1 "tavolo/proto/tavolo/command/v1"
	peoplev1 "tavolo/proto/tavolo/people/v1"
)

// The RPCs of the contract, all served by one function: what a method is follows from its descriptor. It belongs to AccountService (account.go) or
// FeedService (feedapi.go), or its request is a command of the envelope tavolo.command.v1.Command, or the import of minutes, or else it is a question.

const (
	// contractPackage holds the services that are served.
	contractPackage = "tavolo.api.v1"
	// headerCommandID lets a client choose the command's id, so that it can safely ask again after a broken connection. It is answered too.
	headerCommandID = "Tavolo-Command-Id"
	// compressFrom is the size in bytes from which answers are compressed for who accepts it; below it costs more than it saves.
	compressFrom = 1 << 10
)

// method is one RPC.
type method struct {
	desc          protoreflect.MethodDescriptor
	procedure     string // the path: /tavolo.api.v1.RoleService/Why
	grant         apiv1.Grant
	anyone        bool // whoever reaches us may call it
	input, output protoreflect.MessageType
	// command is the field of the envelope that the request goes into; nil for a question and the import.
	command protoreflect.FieldDescriptor
	// question is the NATS subject of a question; "" for everything else.
	question string
	// account carries out an account method; nil for everything else.
	account accountMethod
}

// asks reports whether the method changes nothing, so that GET is allowed.
func (m *method) asks() bool {
	o, ok := m.desc.Options().(*descriptorpb.MethodOptions)
	return ok && o.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// imports reports whether it is ImportMinutes, the one method with a large body and a hook of its own.
func (m *method) imports() bool { return m.command == nil && m.question == "" && m.account == nil }

// contract reads all methods from the descriptors, by full name.
func contract() (map[string]*method, error) {
	methods := map[string]*method{}
	var failed error
	protoregistry.GlobalFiles.RangeFilesByPackage(contractPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m, err := methodOf(service.Methods().Get(j))
				if err != nil {
					failed = errors.Join(failed, err)
					continue
				}
				methods[string(m.desc.FullName())] = m
			}
		}
		return true
	})
	return methods, failed
}

func methodOf(d protoreflect.MethodDescriptor) (*method, error) {
	m := &method{desc: d, procedure: "/" + string(d.Parent().FullName()) + "/" + string(d.Name())}
	var err error
	if m.grant, m.anyone, err = rowOf(d); err != nil {
		return nil, err
	}
	if m.input, err = protoregistry.GlobalTypes.FindMessageByName(d.Input().FullName()); err != nil {
		return nil, fmt.Errorf("gateway: %s: %w", d.FullName(), err)
	}
	if m.output, err = protoregistry.GlobalTypes.FindMessageByName(d.Output().FullName()); err != nil {
		return nil, fmt.Errorf("gateway: %s: %w", d.FullName(), err)
	}
	of := (*commandv1.Command)(nil).ProtoReflect().Descriptor().Oneofs().ByName("of").Fields()
	for i := range of.Len() {
		if of.Get(i).Message().FullName() == d.Input().FullName() {
			m.command = of.Get(i)
		}
	}
	if methods := map[protoreflect.Name]map[protoreflect.Name]accountMethod{accountService: accountMethods, feedService: feedMethods}[d.Parent().Name()]; methods != nil {
		if m.account = methods[d.Name()]; m.account == nil {
			return nil, fmt.Errorf("gateway: %s: nothing carries it out; add it to accountMethods or feedMethods", d.FullName())
		}
		return m, nil
	}
	if _, ok := voices[d.Name()]; !ok && m.grant == apiv1.Grant_GRANT_TAKE_PART {
		return nil, fmt.Errorf("gateway: %s: it is not said who may speak in it for whom; add a row to voices", d.FullName())
	}
	_, imports := m.input.Zero().Interface().(*apiv1.ImportMinutesRequest)
	_, receipt := m.output.Zero().Interface().(*commandv1.Receipt)
	if writes := m.command != nil || imports; writes != receipt || writes == m.asks() {
		return nil, fmt.Errorf("gateway: %s: a command is answered by a Receipt, and only a question is NO_SIDE_EFFECTS", d.FullName())
	}
	if m.command == nil && !imports {
		m.question = apidoc.Question(d)
	}
	return m, nil
}

func isProcedure(path string) bool { return strings.HasPrefix(path, "/"+contractPackage+".") }

// rpc serves one method over Connect.
func (g *Gateway) rpc(m *method) http.Handler {
	level := connect.IdempotencyUnknown
	if m.asks() {
		level = connect.IdempotencyNoSideEffects
	}
	limit := g.limits.body
	if m.imports() {
		limit = g.limits.importBody
	}
	handler := connect.NewUnaryHandler(m.procedure,
		func(ctx context.Context, r *connect.Request[envelope]) (*connect.Response[envelope], error) {
			id, err := m.commandID(r.Header())
			if err != nil {
				return nil, g.explain(ctx, r.Header(), err)
			}
			answer, err := g.call(ctx, m, r.Msg, id)
			if err != nil {
				e := g.explain(ctx, r.Header(), err)
				putCommandID(e.Meta(), id)
				return nil, e
			}
			response := connect.NewResponse(&envelope{Message: answer})
			putCommandID(response.Header(), id)
			if cookie := visitOf(ctx).cookie; cookie != nil {
				response.Header().Set("Set-Cookie", cookie.String())
			}
			return response, nil
		},
		connect.WithSchema(m.desc),
		connect.WithIdempotency(level),
		connect.WithRequestInitializer(func(_ connect.Spec, message any) error {
			e, ok := message.(*envelope)
			if !ok {
				return fmt.Errorf("gateway: request of type %T", message)
			}
			e.Message = m.input.New().Interface()
			return nil
		}),
		connect.WithReadMaxBytes(limit), // also bounds what a compressed body may grow to
		connect.WithCompressMinBytes(compressFrom),
		connect.WithCodec(jsonCodec{"json"}), connect.WithCodec(jsonCodec{"json; charset=utf-8"}), connect.WithCodec(binaryCodec{}),
	)
	return g.edge.body(m, limit, handler)
}

// call carries out one request that came in over Connect.
func (g *Gateway) call(ctx context.Context, m *method, e *envelope, id string) (proto.Message, error) {
	if e.unreadable != nil {
		return nil, e.unreadable
	}
	switch c := callerOf(ctx); {
	case m.account != nil:
		return g.account(ctx, visitOf(ctx), m, e.Message)
	case m.command != nil:
		return g.command(ctx, c, m, e.Message, id)
	case m.imports():
		return g.record(ctx, c, m, e.Message)
	default:
		return g.ask(ctx, c, m, e.Message)
	}
}

// ask puts a question to the views for somebody, by RPC or alias, and shows them what they may see of the answer.
func (g *Gateway) ask(ctx context.Context, c caller, m *method, req proto.Message) (proto.Message, error) {
	if err := permit(c, m, req); err != nil {
		return nil, err
	}
	if err := g.forOneself(ctx, c, m, req); err != nil {
		return nil, err
	}
	answer, err := g.read(ctx, m, req)
	if err == nil {
		h := homeOf(req)
		narrow(c, c.audience(h), c.participantIn(h), answer)
	}
	return answer, err
}

// read asks the views: the only way to them, also for live documents.
func (g *Gateway) read(ctx context.Context, m *method, req proto.Message) (proto.Message, error) {
	answer := m.output.New().Interface()
	if err := bus.Request(ctx, g.o.Conn, m.question, req, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// record has a minutes file imported. Where it goes is known once it is read, and the grant is looked at there.
func (g *Gateway) record(ctx context.Context, c caller, m *method, req proto.Message) (proto.Message, error) {
	if err := permit(c, m, req); err != nil {
		return nil, err
	}
	q, ok := req.(*apiv1.ImportMinutesRequest)
	if !ok || g.o.Import == nil {
		return nil, decider.Refuse("gateway/no-import")
	}
	return g.o.Import(ctx, q.Name, q.File, func(workspace, initiative string, commands ...*commandv1.Command) error {
		refused := decider.Refuse("gateway/not-permitted", "method", string(m.desc.Name()))
		if c.grantIn(home{workspace, initiative}) < m.grant {
			return refused
		}
		for _, cmd := range commands {
			as, body := g.methodOf(cmd)
			if as == nil {
				return refused
			}
			if err := permit(c, as, body); err != nil {
				return err
			}
		}
		return nil
	})
}

// methodOf gives the method by which a client would send a command, and what it would send; nil when there is none.
func (g *Gateway) methodOf(cmd *commandv1.Command) (*method, proto.Message) {
	r := cmd.ProtoReflect()
	of := r.WhichOneof(r.Descriptor().Oneofs().ByName("of"))
	if of == nil {
		return nil, nil
	}
	for _, m := range g.methods {
		if m.command != nil && m.command.Number() == of.Number() {
			return m, r.Get(of).Message().Interface()
		}
	}
	return nil, nil
}

// command seals a command's texts and asks the ledger to record it.
func (g *Gateway) command(ctx context.Context, c caller, m *method, req proto.Message, id string) (proto.Message, error) {
	if err := permit(c, m, req); err != nil {
		return nil, err
	}
	if field := unknownField(req.ProtoReflect()); field != "" {
		return nil, decider.Refuse("command/unknown-field", "in", field)
	}
	if err := g.forOneself(ctx, c, m, req); err != nil {
		return nil, err
	}
	if err := checkAddress(req); err != nil {
		return nil, err
	}
	cmd := &commandv1.Command{Id: id, Actor: c.actor(homeOf(req)), Correlation: bus.Correlation(ctx)}
	cmd.ProtoReflect().Set(m.command, protoreflect.ValueOfMessage(req.ProtoReflect()))
	workspace, _, err := aggregate.Of(cmd) // refuses ids that could become another subject
	if err != nil {
		return nil, err
	}
	if err := g.pseudonyms(ctx, workspace, cmd.GetEnrolParticipants()); err != nil {
		return nil, err
	}
	if err := sealing.Seal(ctx, g.o.Conn, workspace, cmd); err != nil {
		return nil, err
	}
	receipt := &commandv1.Receipt{}
	if err := bus.Request(ctx, g.o.Conn, "cmd."+workspace, &commandv1.CommandBatch{Commands: []*commandv1.Command{cmd}}, receipt); err != nil {
		return nil, err
	}
	g.founded(ctx, c, workspace, cmd)
	return receipt, nil
}

// founded makes whoever founded a workspace, or opened an initiative, belong to it. What they did is recorded by then, and they administer everything
// anyway; so a failure is told to the operator and to nobody else.
func (g *Gateway) founded(ctx context.Context, c caller, workspace string, cmd *commandv1.Command) {
	if c.account == "" || cmd.GetFoundWorkspace() == nil && cmd.GetOpenInitiative() == nil {
		return
	}
	h := home{workspace: workspace}
	if !c.administers && c.grantIn(h) >= apiv1.Grant_GRANT_ADMINISTER {
		return
	}
	if err := g.people(ctx, "belong", &peoplev1.BelongRequest{Account: c.account, Workspace: workspace}, &peoplev1.BelongResponse{}); err != nil {
		g.o.Logger.Warn("gateway: who founded a workspace is not its administrator yet", "workspace", workspace, "correlation", bus.Correlation(ctx), "error", g.refusalOf(ctx, err))
	}
}

// pseudonyms has people give each person enrolled their pseudonym. A client that sends one may only repeat what people gave: a name chosen as a
// pseudonym would stand in the log for ever.
func (g *Gateway) pseudonyms(ctx context.Context, workspace string, c *commandv1.EnrolParticipants) error {
	q := &peoplev1.EnrolRequest{Workspace: workspace, Initiative: c.GetInitiative()}
	for _, e := range c.GetEnrolments() {
		switch {
		case e.GetRef().GetSealed() != nil:
			return decider.Refuse("command/sealed-by-client")
		case e.GetRef().GetClear() == "":
			return decider.Refuse("command/without-ref")
		}
		q.Refs = append(q.Refs, e.Ref.GetClear())
	}
	if len(q.Refs) == 0 {
		return nil
	}
	var answer peoplev1.EnrolResponse
	if err := bus.Request(ctx, g.o.Conn, "people.enrol", q, &answer); err != nil {
		return err
	}
	if len(answer.Participants) != len(q.Refs) {
		return decider.Refuse(bus.CodeInternal, "service", bus.People)
	}
	for i, e := range c.Enrolments {
		if e.Participant != "" && e.Participant != answer.Participants[i] {
			return decider.Refuse("command/pseudonym-by-client")
		}
		e.Participant = answer.Participants[i]
	}
	return nil
}

// unknownField names the message in which a binary request brings a field that the contract does not have, or "". It would be stored unread.
func unknownField(m protoreflect.Message) (in string) {
	if len(m.GetUnknown()) > 0 {
		return string(m.Descriptor().Name())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					in = unknownField(v.Message())
					return in == ""
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := 0; i < v.List().Len() && in == ""; i++ {
				in = unknownField(v.List().Get(i).Message())
			}
		default:
			in = unknownField(v.Message())
		}
		return in == ""
	})
	return in
}

// commandID reads the id that a client chose for its command, or makes one; "" for what is no command. It is a UUIDv7: ids of that form sort by
// time, which the log and its tables are fast with.
func (m *method) commandID(h http.Header) (string, error) {
	chosen := h.Get(headerCommandID)
	switch {
	case m.command == nil:
		return "", nil
	case chosen == "":
		id, err := uuid.NewV7()
		return id.String(), err
	}
	id, err := uuid.Parse(chosen)
	if err != nil || id.Version() != 7 || id.String() != chosen {
		return "", decider.Refuse("gateway/command-id")
	}
	return chosen, nil
}

func putCommandID(h http.Header, id string) {
	if id != "" {
		h.Set(headerCommandID, id)
	}
}
