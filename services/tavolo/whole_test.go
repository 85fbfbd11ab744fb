package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"github.com/google/go-cmp/cmp"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"tavolo/pkg/bus"
	"tavolo/pkg/minutes"
)

// This chapter runs the whole program as its users do: real NATS, real SQLite, processes of their own, some of them killed.

var update = flag.Bool("update", false, "write the golden files anew")

// program is this test binary acting as tavolo.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return called(t, "tavolo", args...)
}

// called is this test binary acting as one of the commands of TestMain.
func called(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name) // testscript.Main runs the command that the binary is called by
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(os.Environ(), "TAVOLO_LANG=en")
	return cmd
}

func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := program(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("tavolo %s: %v\n%s", strings.Join(args[:min(3, len(args))], " "), err, errs.String())
	}
	return out.String()
}

// answer reads a JSON answer without what differs from run to run: when it was asked, and where in the log a file ended up.
func answer(t *testing.T, raw string) string {
	t.Helper()
	var a minutes.Answer
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		t.Fatal(err)
	}
	a.AsOf = time.Time{}
	for d := range a.Decisions {
		for r := range a.Decisions[d].Roles {
			if len(a.Decisions[d].Roles[r].Evidence) == 0 {
				t.Errorf("%s %s: no evidence", a.Decisions[d].ID, a.Decisions[d].Roles[r].Who)
			}
			a.Decisions[d].Roles[r].Evidence = nil
		}
	}
	slices.SortFunc(a.Decisions, func(x, y minutes.AnswerDecision) int {
		return strings.Compare(x.Initiative+x.Session+x.ID, y.Initiative+y.Session+y.ID)
	})
	var b bytes.Buffer
	if err := a.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// cases writes the worked examples of the role rules as files.
func cases(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../../pkg/domain/role/testdata/role-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		ID      string          `json:"id"`
		Minutes json.RawMessage `json:"minutes"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []string
	for _, c := range all {
		name := filepath.Join(dir, c.ID+".json")
		if err := os.WriteFile(name, c.Minutes, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

func TestTheExamplesAreJudgedAsOnTheDayTheyWereWritten(t *testing.T) {
	got := output(t, "audit", "../../examples/1-apertura-del-sabato.yaml", "../../examples/2-trasporto.yaml", "--format", "json", "--as-of", "2026-11-22")
	const golden = "testdata/examples.golden.json"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the answer changed; look at the difference and run with -update if it is right:\n%s", got)
	}
}

// The conference of 2021: twelve statements agreed without recorded assent, two left open; forty-three organisations adhere.
func TestTheConferenceIsJudgedAsPublished(t *testing.T) {
	var a minutes.Answer
	if err := json.Unmarshal([]byte(output(t, "audit", "../../pkg/minutes/testdata/conference-2021-09-27.json", "../../pkg/minutes/testdata/conference-2021-11-10.json", "--format", "json")), &a); err != nil {
		t.Fatal(err)
	}
	statements, adhesions := 0, 0
	for _, d := range a.Decisions {
		for _, r := range d.Roles {
			switch {
			case d.ID == "adesione" && strings.HasPrefix(r.Who, "org"):
				adhesions++
				if r.Role != "decisive" || r.Reason != "consent" {
					t.Errorf("%s: %s %s", r.Who, r.Role, r.Reason)
				}
			case d.ID == "adesione" && r.Who == "users:strict" && r.Reason != "unattributable":
				t.Errorf("adhesion by organisations, users: %s", r.Reason)
			case d.ID != "adesione" && r.Who == "users:strict":
				statements++
				open := d.ID == "volontariato-familiari" || d.ID == "selezione-formalizzata"
				if open && r.Reason != "no_decision" || !open && r.Reason != "unverified_consensus" {
					t.Errorf("%s: %s", d.ID, r.Reason)
				}
			}
		}
	}
	if statements != 12 || adhesions != 43 {
		t.Errorf("%d statements, %d adhesions", statements, adhesions)
	}
}

// An import killed at any moment, and done again, leaves what one undisturbed import leaves; nothing is there twice.
func TestAnImportKilledAtAnyMomentCanBeDoneAgain(t *testing.T) {
	files := cases(t)
	clean := filepath.Join(t.TempDir(), "data")
	start := time.Now()
	output(t, append([]string{"import", "--data", clean}, files...)...)
	whole := time.Since(start)
	want := answer(t, output(t, "roles", "--data", clean, "--format", "json"))
	data := filepath.Join(t.TempDir(), "data")
	killed := 0
	const rounds = 12
	for round := range rounds {
		if round%3 == 0 { // begin anew now and then, so that early kills happen on an empty folder too
			data = filepath.Join(t.TempDir(), fmt.Sprintf("data-%d", round))
		}
		cmd := program(t, append([]string{"import", "--data", data}, files...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// At twelve moments up to seven tenths of the shortest import so far: one that is done before its time says that the machine is faster than it was.
		began := time.Now()
		timer := time.AfterFunc(whole*time.Duration(round*5%rounds)*7/(10*rounds), func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			killed++
		} else {
			whole = min(whole, time.Since(began))
		}
		timer.Stop()
		if round%3 == 2 {
			output(t, append([]string{"import", "--data", data}, files...)...)
			if got := answer(t, output(t, "roles", "--data", data, "--format", "json")); got != want {
				t.Fatalf("round %d: the record differs from an undisturbed import:\n%s", round, cmp.Diff(want, got))
			}
			if out := output(t, append([]string{"import", "--data", data}, files...)...); !strings.Contains(out, fmt.Sprintf("%d unchanged", len(files))) {
				t.Errorf("round %d: importing once more says %q", round, out)
			}
			if out := output(t, "replay", "--data", data); !strings.Contains(out, "byte for byte") {
				t.Errorf("round %d: %s", round, out)
			}
		}
	}
	if killed < rounds/3 {
		t.Errorf("only %d of %d imports were killed: the test proves little", killed, rounds)
	}
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// tokenOf reads the operator's token of a data folder.
func tokenOf(t *testing.T, data string) string {
	t.Helper()
	token, err := readToken(filepath.Join(data, tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// serve starts a server and gives its address once it is ready.
func serve(t *testing.T, args ...string) (cmd *exec.Cmd, url string) {
	t.Helper()
	cmd = program(t, append([]string{"serve"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Tavolo is ready") {
			return cmd, address.FindString(lines.Text())
		}
	}
	t.Fatalf("the server did not get ready: %s", errs.String())
	return nil, ""
}

// What a server acknowledged is there after kill -9, once.
func TestNothingAcknowledgedIsMissingAfterAKill(t *testing.T) {
	files := cases(t)
	data := filepath.Join(t.TempDir(), "data")
	acknowledged := 0
	for round := range 6 {
		cmd, url := serve(t, "--data", data, "--listen", "127.0.0.1:0")
		kill := time.AfterFunc(time.Duration(rand.Int64N(int64(150*time.Millisecond))), func() { _ = cmd.Process.Kill() })
		for acknowledged < len(files) {
			d := serverDesk(url, tokenOf(t, data))
			f, err := readFiles(files[acknowledged : acknowledged+1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.record(context.Background(), f[0]); err != nil {
				break // killed, or about to be: this file was not acknowledged
			}
			acknowledged++
		}
		kill.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		var a minutes.Answer
		if err := json.Unmarshal([]byte(output(t, "roles", "--data", data, "--format", "json")), &a); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, d := range a.Decisions {
			seen[d.Session]++
		}
		for _, name := range files[:acknowledged] {
			session := "s-" + strings.ToLower(strings.TrimSuffix(filepath.Base(name), ".json"))
			if seen[session] != 1 {
				t.Errorf("round %d: %s was acknowledged and is there %d times", round, session, seen[session])
			}
		}
	}
	if acknowledged == 0 {
		t.Error("nothing was acknowledged: the test proves nothing")
	}
}

// The same services apart, each a process of its own on an outside NATS server, answer as one process does.
func TestServicesApartAnswerAsTogether(t *testing.T) {
	files := []string{"../../examples/1-apertura-del-sabato.yaml", "../../examples/2-trasporto.yaml"}
	want := answer(t, output(t, append([]string{"audit", "--format", "json"}, files...)...))
	outside, err := bus.Start(bus.Options{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Temporary: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(outside.Shutdown)
	passwords := map[string]string{}
	for _, s := range bus.Services() {
		passwords[s] = outside.Password(s)
	}
	secrets, err := yaml.Marshal(passwords)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(file, secrets, 0o600); err != nil {
		t.Fatal(err)
	}
	url, data := "", ""
	for _, s := range []string{bus.People, bus.Ledger, bus.Views, bus.Clerk, bus.Feeds, bus.Gateway} {
		dir := filepath.Join(t.TempDir(), s)
		_, at := serve(t, "--services", s, "--nats", outside.URL(), "--nats-secrets", file, "--data", dir, "--listen", "127.0.0.1:0")
		if at != "" {
			url, data = at, dir
		}
	}
	if out := output(t, append([]string{"import", "--server", url, "--data", data}, files...)...); !strings.Contains(out, "2 sessions recorded") {
		t.Errorf("import says %q", out)
	}
	if got := answer(t, output(t, "roles", "--server", url, "--data", data, "--format", "json")); got != want {
		t.Errorf("apart:\n%s\ntogether:\n%s", got, want)
	}
	if out := output(t, "why", "navetta", "users:strict", "--server", url, "--data", data); !strings.Contains(out, "R9 needs_ratification") {
		t.Errorf("why says %s", out)
	}
}

// What a session exports is the file that was imported, as far as the format goes: importing it elsewhere gives the same roles.
func TestAnExportedSessionIsJudgedAsTheImportedOne(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, url := serve(t, "--data", data, "--listen", "127.0.0.1:0", "--demo")
	want := answer(t, output(t, "roles", "--server", url, "--data", data, "--format", "json"))
	client := &http.Client{Transport: bearer{tokenOf(t, data)}}
	dir := t.TempDir()
	var files []string
	for _, session := range []string{"csm-orari:2026-03-05", "csm-orari:2026-05-07"} {
		r, err := client.Get(url + "/v1/workspaces/dsm-esempio/sessions/" + session + "/minutes")
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v %s", session, r.Status, err, b.String())
		}
		name := filepath.Join(dir, strings.ReplaceAll(session, ":", "-")+".json")
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	if got := answer(t, output(t, append([]string{"audit", "--format", "json"}, files...)...)); got != want {
		t.Errorf("exported:\n%s\nrecorded:\n%s", got, want)
	}
}

// No name, text or short id is in clear in any file that is kept, nor in what the program logs.
func TestNoNameOrTextIsKeptInClear(t *testing.T) {
	text, err := os.ReadFile("../../examples/1-apertura-del-sabato.yaml")
	if err != nil {
		t.Fatal(err)
	}
	canaries := []string{"zzcanaryname", "zzcanarytext", "zzcanarytitle", "zzcanaryquestion", "zzcanarydept", "zzcanaryref"}
	marked := strings.NewReplacer("name: Ada", "name: zzcanaryname", "Il sabato siamo soli", "zzcanarytext", "title: Apertura del sabato", "title: zzcanarytitle",
		"Aprire il Centro", "zzcanaryquestion", "name: DSM Esempio", "name: zzcanarydept", "u3", "zzcanaryref").Replace(string(text))
	for _, c := range canaries {
		if !strings.Contains(marked, c) {
			t.Fatalf("%s was not planted", c)
		}
	}
	file := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(file, []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	cmd, url := serve(t, "--data", data, "--listen", "127.0.0.1:0", "--log-format", "json")
	output(t, "import", "--server", url, "--data", data, file)
	if out := output(t, "roles", "--server", url, "--data", data); !strings.Contains(out, "zzcanaryref") || !strings.Contains(out, "zzcanaryquestion") {
		t.Fatal("the answer does not show what was recorded: the search below would prove nothing")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	searched := 0
	err = filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		searched += len(content)
		for _, c := range canaries {
			if bytes.Contains(content, []byte(c)) {
				t.Errorf("%s is in %s", c, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if logged := cmd.Stderr.(*bytes.Buffer).String(); slices.ContainsFunc(canaries, func(c string) bool { return strings.Contains(logged, c) }) {
		t.Errorf("logged: %s", logged)
	}
	if searched < 10_000 {
		t.Errorf("only %d bytes were searched", searched)
	}
}

func TestASecondProgramOnTheSameFolderIsRefused(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	serve(t, "--data", data, "--listen", "127.0.0.1:0")
	out, err := program(t, "roles", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--server") {
		t.Errorf("%v: %s", err, out)
	}
}
