package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// asText shows a question on one line, the same each time.
func asText(q proto.Message) string {
	return strings.NewReplacer(`"`, "", "  ", " ").Replace(prototext.MarshalOptions{}.Format(q))
}

// TestTheAddresses runs testdata/*.http against views that answer with what they were asked.
func TestTheAddresses(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			h := open(t)
			h.echo()
			h.run(string(script))
		})
	}
}

func (h *house) echo() {
	h.say("list_workspaces", func(proto.Message) (proto.Message, error) {
		return &apiv1.ListWorkspacesResponse{Workspaces: []*apiv1.WorkspaceView{{Id: "dsm", Name: "DSM-DP Bologna", Sequence: 7}}}, nil
	})
	h.say("get_initiative", func(q proto.Message) (proto.Message, error) {
		return &apiv1.InitiativeView{Initiative: &apiv1.InitiativeSummary{Title: "asked: " + asText(q)}}, nil
	})
	h.say("get_session", func(q proto.Message) (proto.Message, error) {
		return &apiv1.SessionView{Session: &apiv1.SessionSummary{Id: asText(q)}}, nil
	})
	h.say("get_decision", func(q proto.Message) (proto.Message, error) { return &apiv1.DecisionView{Id: asText(q)}, nil })
	h.say("list_roles", func(q proto.Message) (proto.Message, error) { return &apiv1.ListRolesResponse{Rules: asText(q)}, nil })
	h.say("why", func(q proto.Message) (proto.Message, error) { return &apiv1.WhyResponse{RuleSays: asText(q)}, nil })
	h.say("export_minutes", func(proto.Message) (proto.Message, error) {
		return &apiv1.ExportMinutesResponse{File: []byte(`{"format":"tavolo-minutes/1"}`), Sequence: 9}, nil
	})
}

// run carries out a script; the first lines of testdata/addresses.http say how it is written.
func (h *house) run(script string) {
	var (
		step             string // the request of the step
		method, path     string
		body             string
		headers          []string
		answer           *reply
		steps, assertion int
	)
	ask := func() reply {
		if answer == nil {
			r := h.do(method, path, body, headers...)
			answer = &r
		}
		return *answer
	}
	for i, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
			continue
		case http.MethodGet, http.MethodPost:
			steps++
			step, method, answer, headers = line, word, nil, []string{"Content-Type", "application/json"}
			path, body, _ = strings.Cut(rest, " ")
		case "with":
			name, value, _ := strings.Cut(rest, ": ")
			headers = append(headers, name, value)
		default:
			assertion++
			if problem := holds(ask(), word, rest); problem != "" {
				h.t.Errorf("line %d, after %s:\n%s: %s", i+1, step, line, problem)
			}
		}
	}
	if steps < 10 || assertion < 2*steps {
		h.t.Errorf("%d steps with %d assertions: the script is not read as it is meant", steps, assertion)
	}
}

// holds judges one assertion; "" when it holds.
func holds(r reply, word, rest string) string {
	switch word {
	case "status":
		if fmt.Sprint(r.status) != rest {
			return fmt.Sprintf("it is %d: %s", r.status, r.body)
		}
	case "header":
		name, rest, _ := strings.Cut(rest, " ")
		op, want, _ := strings.Cut(rest, " ")
		got := strings.Join(r.header.Values(name), ", ")
		if op == "==" && got != want || op == "~" && !strings.Contains(got, want) || op != "==" && op != "~" {
			return "it is " + got
		}
	case "body":
		op, want, _ := strings.Cut(rest, " ")
		has := strings.Contains(r.body, want)
		if op == "==" && r.body != want || op == "contains" && !has || op == "lacks" && has || op != "==" && op != "contains" && op != "lacks" {
			return fmt.Sprintf("it is %.2000s", r.body)
		}
	default:
		return "there is no such assertion"
	}
	return ""
}
