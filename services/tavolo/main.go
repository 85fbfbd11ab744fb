// Command tavolo is the one program: it serves, audits minutes files, imports them, and answers who had which role and why.
//
// The only place where the services meet is house.go; every command is a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// grammar is the command line.
type grammar struct {
	Serve      serveCmd      `cmd:"" help:"Run Tavolo. The first start prints the address to open."`
	Audit      auditCmd      `cmd:"" help:"Judge minutes files: who had which role, why, and what proves it. Nothing is installed, kept or sent."`
	Import     importCmd     `cmd:"" help:"Record minutes files for good. The same file twice changes nothing; a corrected one is recorded as a correction."`
	Roles      rolesCmd      `cmd:"" help:"Say who had which role in everything recorded."`
	Why        whyCmd        `cmd:"" help:"Explain one answer: the rule, the events, and what would have made it decisive."`
	Report     reportCmd     `cmd:"" help:"Say what evaluators ask of a period: Table 3 beside the published one, departments, what an auditor would circle, figures."`
	Export     exportCmd     `cmd:"" help:"Write roles, departments, Table 3 and findings for other programs: SPSS, Excel, CSV, a data package, Popolo."`
	Power      powerCmd      `cmd:"" help:"Say what each vote can do under a rule, before anyone votes, and propose rules under which the users could matter."`
	Rules      rulesCmd      `cmd:"" help:"Print the role rules."`
	Replay     replayCmd     `cmd:"" help:"Fold the whole log again and compare with the views that are in use."`
	Generate   generateCmd   `cmd:"" help:"Make up a plausible year of many departments as minutes files, to try and to measure with."`
	Bench      benchCmd      `cmd:"" help:"Measure this machine: each figure beside its floor, from the same run."`
	NatsConfig natsConfigCmd `cmd:"" name:"nats-config" help:"Write the configuration of an outside NATS server: one user per service, the same grants as inside."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// Exit statuses.
const (
	exitRefused = 2 // the input was refused; nothing was done
	exitFailed  = 1 // something else went wrong
)

// refused is an error whose text is a sentence for whoever typed the command.
type refused struct{ sentence string }

func (r refused) Error() string { return r.sentence }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process around it, so that tests run commands as users type them.
func run(args []string, stdout, stderr io.Writer) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	g := &grammar{}
	exited := -1
	parser, err := kong.New(g,
		kong.Name("tavolo"),
		kong.Description("Tavolo records co-production meetings and shows, from the record, which role each person really had."),
		kong.DefaultEnvars("TAVOLO"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "tavolo:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exited >= 0 { // help was asked for and printed
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "tavolo: %v. Write `tavolo --help` to see what there is.\n", err)
		return exitRefused
	}
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run(&terminal{stdout, stderr})
	var r refused
	switch {
	case err == nil:
		return 0
	case errors.As(err, &r):
		_, _ = fmt.Fprintln(stderr, r.sentence)
		return exitRefused
	default:
		return report(stderr, err)
	}
}

// terminal is where a command writes.
type terminal struct{ out, err io.Writer }
