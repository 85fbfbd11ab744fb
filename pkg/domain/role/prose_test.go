package role_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"tavolo/pkg/domain/role"
)

// line is one rule in the package comment: R8  what it says -> Role reason, reason; Role reason.
var line = regexp.MustCompile(`^R(\d+)\s+(.*?)\s*->\s*(.*)$`)

func TestThePackageCommentSaysWhatTheTableOfRulesDoes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "role.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	var prose []string
	for _, text := range strings.Split(file.Doc.Text(), "\n") {
		if m := line.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			prose = append(prose, fmt.Sprintf("R%s %s -> %s", m[1], m[2], strings.Join(strings.Fields(m[3]), " ")))
		}
	}
	var table []string
	for _, r := range role.Rules {
		table = append(table, fmt.Sprintf("R%d %s -> %s", r.ID, r.Says, told(r.Gives)))
	}
	for i := range max(len(prose), len(table)) {
		switch {
		case i >= len(prose):
			t.Errorf("the package comment lacks %q", table[i])
		case i >= len(table):
			t.Errorf("no rule says %q", prose[i])
		case prose[i] != table[i]:
			t.Errorf("the package comment says\n%s\nand the table\n%s", prose[i], table[i])
		}
	}
}

// told writes the answers of a rule: roles in order, each with its reasons.
func told(gives []role.Given) string {
	var b strings.Builder
	for i, g := range gives {
		switch {
		case i > 0 && gives[i-1].Role == g.Role:
			b.WriteString(", ")
		case i > 0:
			b.WriteString("; ")
			fallthrough
		default:
			word := string(g.Role)
			b.WriteString(strings.ToUpper(word[:1]) + word[1:] + " ")
		}
		b.WriteString(string(g.Reason))
	}
	return b.String()
}

func TestRulesAreTriedInTheOrderOfTheirNumbersAndGiveEachReasonOnce(t *testing.T) {
	roles := map[role.Reason]role.Role{}
	last := 0
	for _, r := range role.Rules {
		if r.ID < last {
			t.Errorf("R%d is tried after R%d", r.ID, last)
		}
		last = r.ID
		for _, g := range r.Gives {
			if was, ok := roles[g.Reason]; ok && was != g.Role {
				t.Errorf("%s means %s and %s", g.Reason, was, g.Role)
			}
			roles[g.Reason] = g.Role
		}
	}
	if last != 13 || len(roles) != 27 {
		t.Errorf("%d reasons up to R%d", len(roles), last)
	}
}
