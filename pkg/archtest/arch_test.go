package archtest

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is what the go command says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Doc        string
	Name       string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Doc,Name", "tavolo/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// may lists, for the packages below a path, the packages of ours that they may import. The longest matching path counts.
var may = []struct {
	of     string
	only   []string
	reason string
}{
	{"tavolo/proto/", []string{"tavolo/proto/"}, "the contract depends on nothing of ours"},
	{"tavolo/pkg/decider", []string{"tavolo/proto/tavolo/event/"}, "the shape of a decider knows events and nothing else"},
	{"tavolo/pkg/decider/decidertest", []string{"tavolo/pkg/decider", "tavolo/proto/"}, "given, when, then: events and commands"},
	{"tavolo/pkg/domain", []string{"tavolo/pkg/domain", "tavolo/pkg/decider", "tavolo/proto/tavolo/event/", "tavolo/proto/tavolo/command/"}, "the rules are pure: they know events and commands, no storage and no transport"},
	{"tavolo/pkg/", []string{"tavolo/pkg/", "tavolo/proto/"}, "a package that services share knows no service"},
	{"tavolo/services/tavolo", []string{"tavolo/"}, "the one place where the services meet"},
	{"tavolo/services/gateway", []string{"tavolo/pkg/", "tavolo/proto/", "tavolo/services/gateway"}, "services talk over NATS, never by import"},
	{"tavolo/services/ledger", []string{"tavolo/pkg/", "tavolo/proto/"}, "services talk over NATS, never by import"},
	{"tavolo/services/people", []string{"tavolo/pkg/", "tavolo/proto/"}, "services talk over NATS, never by import"},
	{"tavolo/services/views", []string{"tavolo/pkg/", "tavolo/proto/"}, "services talk over NATS, never by import"},
	{"tavolo/services/feeds", []string{"tavolo/pkg/", "tavolo/proto/"}, "services talk over NATS, never by import"},
	{"tavolo/services/clerk", []string{"tavolo/pkg/", "tavolo/proto/"}, "services talk over NATS, never by import"},
	{"tavolo/examples", nil, "data only"},
}

// doors names, for each outside library, the packages that may import it: a library is replaced behind one door.
var doors = []struct {
	library string
	only    []string
	reason  string
}{
	{"github.com/nats-io/nats-server", []string{"tavolo/pkg/bus"}, "who runs a server is decided in one place"},
	{"github.com/mattn/go-sqlite3", []string{"tavolo/pkg/sqlite"}, "SQLite is opened the one right way"},
	{"github.com/ThreeDotsLabs/watermill", []string{"tavolo/pkg/projection", "tavolo/services/clerk"}, "event handling"},
	{"github.com/gorilla/websocket", []string{"tavolo/services/gateway", "tavolo/services/tavolo"}, "only the gateway speaks with browsers; the bench is a crowd of them"},
	{"github.com/minio/highwayhash", []string{"tavolo/pkg/bus"}, "the checksum that the server keeps of a stream"},
	{"rsc.io/qr", []string{"tavolo/services/gateway"}, "links as pictures"},
	{"connectrpc.com/connect", []string{"tavolo/services/gateway", "tavolo/services/tavolo", "tavolo/proto/tavolo/api/v1/apiv1connect"}, "the API is served by the gateway and called by the command line"},
	{"github.com/nats-io/nats.go/jetstream", []string{"tavolo/pkg/bus", "tavolo/pkg/eventlog", "tavolo/pkg/projection", "tavolo/services/clerk", "tavolo/services/tavolo"}, "the log is read and written through eventlog; the bench measures its floor without it"},
	{"github.com/arran4/golang-ical", []string{"tavolo/services/gateway/pages"}, "the one document for calendars"},
	{"github.com/alecthomas/kong", []string{"tavolo/services/tavolo"}, "only the program has a command line"},
	{"github.com/xuri/excelize", []string{"tavolo/pkg/export"}, "workbooks are written in one place"},
	{"go.yaml.in/yaml", []string{"tavolo/pkg/minutes", "tavolo/services/tavolo"}, "minutes files, and the passwords of an outside server"},
}

// impure are packages that the rules must not reach, even indirectly. math/big reaches math/rand for its tests of primality, which no rule uses.
var impure = []string{"net/http", "net", "database/sql", "os/exec", "math/rand/v2", "crypto/rand", "github.com/nats-io/nats.go", "github.com/google/uuid"}

func violations(p pkg) []string {
	var found []string
	best := -1
	for i, m := range may {
		if strings.HasPrefix(p.ImportPath+"/", m.of) || strings.HasPrefix(p.ImportPath, m.of) {
			if best < 0 || len(m.of) > len(may[best].of) {
				best = i
			}
		}
	}
	if best < 0 {
		return []string{p.ImportPath + " is in no row of the table: say who may use it"}
	}
	for _, i := range p.Imports {
		if strings.HasPrefix(i, "tavolo/") && !slices.ContainsFunc(may[best].only, func(o string) bool { return strings.HasPrefix(i, o) }) {
			found = append(found, p.ImportPath+" imports "+i+": "+may[best].reason)
		}
		for _, d := range doors {
			if strings.HasPrefix(i, d.library) && !slices.Contains(d.only, p.ImportPath) {
				found = append(found, p.ImportPath+" imports "+i+": "+d.reason)
			}
		}
	}
	if strings.HasPrefix(p.ImportPath, "tavolo/pkg/domain") {
		for _, i := range impure {
			if slices.Contains(p.Deps, i) {
				found = append(found, p.ImportPath+" reaches "+i+": the rules have no input or output, no clock, no chance")
			}
		}
	}
	if p.Doc == "" && !strings.HasPrefix(p.ImportPath, "tavolo/proto/") {
		found = append(found, p.ImportPath+" has no package comment")
	}
	switch p.Name {
	case "util", "utils", "common", "models", "types", "helpers", "misc":
		found = append(found, p.ImportPath+": name a package after what it knows")
	}
	return found
}

func TestEveryImportIsAllowedByTheTable(t *testing.T) {
	for _, p := range packages(t) {
		for _, v := range violations(p) {
			t.Error(v)
		}
	}
}

func TestPlantedViolationsAreCaught(t *testing.T) {
	for name, p := range map[string]pkg{
		"the domain imports storage":       {ImportPath: "tavolo/pkg/domain/role", Doc: "x", Imports: []string{"tavolo/pkg/sqlite"}},
		"the domain reaches the network":   {ImportPath: "tavolo/pkg/domain/role", Doc: "x", Deps: []string{"net/http"}},
		"a service imports another":        {ImportPath: "tavolo/services/ledger", Doc: "x", Imports: []string{"tavolo/services/views"}},
		"a shared package knows a service": {ImportPath: "tavolo/pkg/minutes", Doc: "x", Imports: []string{"tavolo/services/views"}},
		"SQLite through another door":      {ImportPath: "tavolo/services/views", Doc: "x", Imports: []string{"github.com/mattn/go-sqlite3"}},
		"a package without comment":        {ImportPath: "tavolo/pkg/bus"},
		"a package of everything":          {ImportPath: "tavolo/pkg/util", Name: "util", Doc: "x"},
		"a package in no row":              {ImportPath: "tavolo/elsewhere", Doc: "x"},
	} {
		if len(violations(p)) == 0 {
			t.Errorf("not caught: %s", name)
		}
	}
}

// clock finds a reading of the clock.
var clock = regexp.MustCompile(`\btime\.(Now|Since|Until|After|Tick|Sleep)\(`)

func TestTheRulesReadNoClock(t *testing.T) {
	err := filepath.WalkDir("../domain", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err == nil && clock.Match(source) {
			t.Errorf("%s reads the clock: time comes in as an argument", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// places finds what the README's table points at: a path in backquotes that has a slash.
var places = regexp.MustCompile("`([a-zA-Z0-9_.-]+(?:/[a-zA-Z0-9_.-]+)+/?)`")

func TestEveryPlaceInTheReadmeExists(t *testing.T) {
	for _, file := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range places.FindAllStringSubmatch(string(text), -1) {
			found++
			if _, err := os.Stat("../../" + m[1]); err != nil {
				t.Errorf("%s names %s, which does not exist", file, m[1])
			}
		}
		if found == 0 {
			t.Errorf("%s names no place at all", file)
		}
	}
}

// shown finds the pictures and links of a document that lead to files of ours.
var shown = regexp.MustCompile(`\]\(([^):#]+)\)|src="([^":]+)"`)

func TestEveryPictureInTheDocumentsExists(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range append(documents, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(file), m[1]+m[2])
			seen[filepath.Base(target)] = true
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s shows %s, which does not exist", file, m[1]+m[2])
			}
		}
	}
	for _, picture := range []string{"power.png", "poster.png"} { // one written as Markdown, one as HTML
		if !seen[picture] {
			t.Errorf("no document shows %s: pictures are not found any more", picture)
		}
	}
}
