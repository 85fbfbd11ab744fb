package workspace_test

import (
	"testing"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/workspace"
	commandv1 "tavolo/proto/tavolo/command/v1"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

func scenario(t *testing.T) decidertest.Scenario[workspace.State] {
	return decidertest.For(t, decidertest.Rules[workspace.State]{
		Decide: func(s *workspace.State, cmd *commandv1.Command) ([]*eventv1.Event, error) {
			return workspace.Decide(s, cmd, decidertest.Now)
		},
		Evolve: workspace.Evolve,
	})
}

var (
	sealed  = &eventv1.Sealed{KeyId: []byte("key"), Version: 1, Ciphertext: []byte("words")}
	words   = &commandv1.Text{Form: &commandv1.Text_Sealed{Sealed: sealed}}
	found   = &commandv1.FoundWorkspace{Workspace: "dsm", Name: words, Region: "Emilia-Romagna"}
	founded = &eventv1.WorkspaceFounded{Name: sealed, Region: "Emilia-Romagna"}
)

func TestAWorkspaceIsFoundedOnce(t *testing.T) {
	scenario(t).When(found).Then(founded)
	scenario(t).Given(founded).When(found).Refused("workspace/already-founded")
}

func TestAWorkspaceIsDescribedOnlyOnceItExists(t *testing.T) {
	describe := &commandv1.DescribeWorkspace{Workspace: "dsm", Name: words, Region: "Veneto"}
	scenario(t).When(describe).Refused("workspace/unknown")
	described := &eventv1.WorkspaceDescribed{Name: sealed, Region: "Veneto"}
	scenario(t).Given(founded).When(describe).Then(described)
	if s := scenario(t).Given(founded, described).State(); s.Region != "Veneto" || s.Name.Commit != "c2" || s.Name.Field != "name" {
		t.Errorf("the last description does not stand: %+v", s)
	}
}

func TestAWorkspaceTakesNoOtherCommands(t *testing.T) {
	scenario(t).Given(founded).When(&commandv1.OpenSession{Workspace: "dsm", Session: "a:b"}).Refused("workspace/not-its-command")
}

func TestWhatIsRecordedAfterwardsIsDatedWhenItHappened(t *testing.T) {
	cmd := decidertest.Command(found)
	earlier := decidertest.Now.AddDate(-1, 0, 0)
	cmd.OccurredAt = decidertest.At(earlier, founded).OccurredAt
	scenario(t).When(cmd).Then(decidertest.At(earlier, founded))
	scenario(t).When(found).Then(decidertest.At(decidertest.Now, founded))
}
