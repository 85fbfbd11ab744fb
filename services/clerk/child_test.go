package clerk_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"

	"tavolo/pkg/bus"
	"tavolo/services/clerk"
)

// A clerk in a process of its own, so that it can be killed and not only stopped.

const (
	childURL      = "CLERK_TEST_URL"
	childPassword = "CLERK_TEST_PASSWORD"
)

// child is the whole life of that process.
func child() {
	nc, err := bus.Dial(os.Getenv(childURL), bus.Clerk, os.Getenv(childPassword))
	if err == nil {
		_, err = clerk.Start(context.Background(), clerk.Options{Conn: nc, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {} // until it is killed
}

// process starts a clerk in another process and returns when it works. kill is the signal that nothing can answer.
func (w *world) process() (kill func()) {
	w.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+w.server.URL(), childPassword+"="+w.server.Password(bus.Clerk))
	cmd.Stderr = w.said
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	w.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		w.Fatalf("the process says %q, %v\n%s", line, err, w.said)
	}
	return kill
}
