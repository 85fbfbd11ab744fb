package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"tavolo/pkg/domain/role"
)

// version of the program. A release sets it.
var version = "0.1.0-dev"

// versionCmd prints the version.
type versionCmd struct{}

func (versionCmd) Run(_ context.Context, t *terminal) error {
	_, err := fmt.Fprintf(t.out, "tavolo %s, rules %s\n", version, role.Version)
	return err
}

// rulesCmd prints the role rules: first match wins.
type rulesCmd struct {
	Lang string `help:"Language: it or en. Default: that of the terminal." enum:"it,en," default:""`
}

func (c *rulesCmd) Run(_ context.Context, t *terminal) error {
	lang := c.Lang
	if lang == "" {
		lang = language()
	}
	_, _ = fmt.Fprintf(t.out, "%s\n", sentence("rules/intro", lang, map[string]string{"version": role.Version}))
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, r := range role.Rules {
		for i, g := range r.Gives {
			id := fmt.Sprintf("R%d", r.ID)
			if i > 0 {
				id = ""
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", id, label("role", string(g.Role), lang), g.Reason, sentence("reason/"+string(g.Reason), lang, nil))
		}
	}
	return table.Flush()
}
