package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be the program: scripts type `tavolo` as users do, and other tests start it to kill it. It can be the server of NATS too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tavolo": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }, "nats-server": natsServer})
}

// The command line as users type it: one file of testdata/script a story.
func TestTheCommandLine(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples)
			e.Setenv("TAVOLO_LANG", "en")
			return nil
		},
	})
}

func TestWithoutWordsItShowsTheHelp(t *testing.T) {
	if status := run(nil, io.Discard, io.Discard); status != 0 {
		t.Errorf("status %d", status)
	}
}
