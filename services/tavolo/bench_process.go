package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tavolo/examples"
	"tavolo/pkg/bus"
	"tavolo/pkg/sqlite"
)

// This chapter measures whole processes.

const (
	sessionsMany    = 1000
	initiativesMany = 20
)

// benchProcess measures whole processes: the idle program and the audit, beside an empty server and an empty database.
func benchProcess(ctx context.Context, dir string, rounds int, _ io.Writer) ([]figure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(self)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "small.yaml")
	names, err := examples.Minutes.ReadDir(".")
	if err != nil {
		return nil, err
	}
	small, err := examples.Minutes.ReadFile(names[0].Name())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, small, 0o600); err != nil {
		return nil, err
	}
	many, err := manySessions(filepath.Join(dir, "many"), small)
	if err != nil {
		return nil, err
	}
	var floorRSS, floorReady, rss, ready, floorAudit, audit, auditMany []float64
	for i := range rounds {
		f, err := measureChild(ctx, self, "floor", filepath.Join(dir, fmt.Sprintf("idle-floor-%d", i)))
		if err != nil {
			return nil, err
		}
		o, err := measureChild(ctx, self, "serve", filepath.Join(dir, fmt.Sprintf("idle-%d", i)))
		if err != nil {
			return nil, err
		}
		floorRSS, floorReady, floorAudit = append(floorRSS, f.rss), append(floorReady, f.ready), append(floorAudit, f.whole)
		rss, ready = append(rss, o.rss), append(ready, o.ready)
		took, err := wholeProcess(ctx, self, "audit", file)
		if err != nil {
			return nil, err
		}
		audit = append(audit, took)
		if i == 0 {
			if took, err = wholeProcess(ctx, self, append([]string{"audit", "--format", "csv"}, many...)...); err != nil {
				return nil, err
			}
			auditMany = append(auditMany, took/1000)
		}
	}
	return []figure{
		pair("idle: resident memory", "MiB", "<= 64 MiB", "floor: empty NATS server and SQLite", floorRSS, rss),
		pair("idle: ready after", "ms", "< 500 ms", "", floorReady, ready),
		{What: "the program's size", Unit: "MB", Ours: float64(info.Size()) / 1e6, Target: "<= 45 MB"},
		pair("audit of a small file, whole process", "ms", "< 400 ms", "floor: empty NATS server and SQLite, start and stop", floorAudit, audit),
		{What: fmt.Sprintf("audit of %d sessions, whole process", sessionsMany), Unit: "s", Ours: auditMany[0], Target: "< 5 s", Note: "one run"},
	}, nil
}

// manySessions writes the same small session many times, each with an id of its own.
func manySessions(dir string, small []byte) ([]string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var names []string
	for i := range sessionsMany {
		day := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 4*(i/initiativesMany))
		text := strings.NewReplacer("2026-03-05", day.Format(time.DateOnly), "csm-orari", fmt.Sprintf("iniziativa-%02d", i%initiativesMany)).Replace(string(small))
		name := filepath.Join(dir, fmt.Sprintf("%04d.yaml", i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func wholeProcess(ctx context.Context, self string, args ...string) (ms float64, err error) {
	start := time.Now()
	out, err := exec.CommandContext(ctx, self, args...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return float64(time.Since(start).Microseconds()) / 1000, nil
}

type child struct{ rss, ready, whole float64 }

// measureChild starts a process that says "ready", settles, is measured and is told to stop.
func measureChild(ctx context.Context, self, what, dir string) (c child, err error) {
	cmd := exec.CommandContext(ctx, self, "bench", "--child", what, "--dir", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return c, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return c, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		return c, errors.Join(err, cmd.Wait())
	}
	c.ready = float64(time.Since(start).Microseconds()) / 1000
	stopping := time.Now()
	if what == "serve" {
		const settle = time.Second // idle is what is left when starting is over
		time.Sleep(settle)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmRSS:") {
				kb, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
				c.rss = kb / 1024
			}
		}
	}
	err = errors.Join(err, in.Close(), cmd.Wait())
	c.whole = c.ready + float64(time.Since(stopping).Microseconds())/1000
	return c, err
}

// benchChild is what a measured process does: start, say so, and go when its input ends.
func benchChild(ctx context.Context, what, dir string, t *terminal) error {
	wait := func() error {
		if _, err := fmt.Fprintln(t.out, "ready"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	if what == "serve" {
		h, err := openHouse(ctx, plan{Dir: dir, Services: allServices, Temporary: true, Listen: "127.0.0.1:0", Logger: quiet(t.err)})
		if err != nil {
			return err
		}
		return errors.Join(wait(), h.close())
	}
	server, err := bus.Start(bus.Options{StoreDir: filepath.Join(dir, "log"), Temporary: true})
	if err != nil {
		return err
	}
	defer server.Shutdown()
	db, err := sqlite.Open(filepath.Join(dir, "empty.db"), sqlite.Options{Schema: `CREATE TABLE IF NOT EXISTS one (id INTEGER PRIMARY KEY) STRICT;`})
	if err != nil {
		return err
	}
	return errors.Join(wait(), db.Close())
}
