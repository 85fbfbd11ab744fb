package catalogue_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"tavolo/pkg/catalogue"
	"tavolo/pkg/domain/aggregate"
	"tavolo/pkg/domain/role"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

// This chapter reads the program's own source: which refusals it makes, with which arguments, and which texts it asks for by name.

// module is the path that imports of our own begin with, root where it lies.
const module, root = "tavolo/", "../.."

// notRead has its own sentences.
const notRead = "pkg/minutes"

// site is one place that makes a refusal.
type site struct {
	at   string
	code string
	// args are the names of the arguments it gives.
	args []string
}

// folder is one package as far as it matters here.
type folder struct {
	files  []*ast.File
	consts map[string]string
}

// source is all of pkg and services.
type source struct {
	t       *testing.T
	set     *token.FileSet
	folders map[string]*folder // by path from the root
	sites   []site
	// written are all string literals that have the form of a code.
	written map[string]bool
	// asked are literals given to a function called sentence or Sentence.
	asked map[string]bool
	// flags are those that package role sets, proposals the rules that it proposes.
	flags, proposals map[string]bool
}

var codeForm = regexp.MustCompile(`^[a-z_]+/[a-z0-9_-]+$`)

func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{t: t, set: token.NewFileSet(), folders: map[string]*folder{}, written: map[string]bool{}, asked: map[string]bool{}, flags: map[string]bool{}, proposals: map[string]bool{}}
	for _, top := range []string{"pkg", "services"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			from, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			switch {
			case d.IsDir() && (from == notRead || d.Name() == "testdata" || d.Name() == "node_modules"):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			return s.parse(path, filepath.ToSlash(filepath.Dir(from)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, f := range s.folders {
		for _, file := range f.files {
			s.look(path, file)
		}
	}
	if len(s.sites) < 100 {
		t.Fatalf("only %d refusals found: the source is not read as it should be", len(s.sites))
	}
	return s
}

func (s *source) parse(path, dir string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(s.set, path, data, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f := s.folders[dir]
	if f == nil {
		f = &folder{consts: map[string]string{}}
		s.folders[dir] = f
	}
	f.files = append(f.files, file)
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						if text, ok := literal(v.Values[i]); ok {
							f.consts[name.Name] = text
						}
					}
				}
			}
		}
	}
	return nil
}

func literal(e ast.Expr) (string, bool) {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		text, err := strconv.Unquote(l.Value)
		return text, err == nil
	}
	return "", false
}

// look goes through one file.
func (s *source) look(dir string, file *ast.File) {
	for _, d := range file.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, ok := literal(n); ok && codeForm.MatchString(text) {
					s.written[text] = true
				}
			case *ast.CallExpr:
				s.call(dir, file, d, n)
			case *ast.CompositeLit:
				s.composite(dir, file, d, n)
			}
			return true
		})
	}
}

func (s *source) call(dir string, file *ast.File, in ast.Decl, c *ast.CallExpr) {
	called := types.ExprString(c.Fun)
	name := called[strings.LastIndex(called, ".")+1:]
	switch {
	case called == "decider.Refuse" && len(c.Args) > 0:
		codes := s.codes(dir, file, in, c.Args[0])
		if len(codes) == 0 {
			s.t.Errorf("%s: the code of this refusal cannot be read from the source; write it as a literal or a constant", s.set.Position(c.Pos()))
		}
		for _, code := range codes {
			s.sites = append(s.sites, site{s.set.Position(c.Pos()).String(), code, names(c, code)})
		}
	case len(c.Args) > 0 && (name == "sentence" || name == "Sentence"):
		if text, ok := literal(c.Args[0]); ok {
			s.asked[text] = true
		}
	case dir == "pkg/domain/role" && len(c.Args) == 1 && (name == "flag" || name == "addFlag"):
		if text, ok := literal(c.Args[0]); ok {
			s.flags[text] = true
		}
	}
}

// composite finds refusals made without Refuse (one that copies the code of another is none of its own) and the rules that package role proposes.
func (s *source) composite(dir string, file *ast.File, in ast.Decl, c *ast.CompositeLit) {
	for _, e := range c.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch key := types.ExprString(kv.Key); {
		case key == "Code" && c.Type != nil && types.ExprString(c.Type) == "decider.Refusal":
			for _, code := range s.codes(dir, file, in, kv.Value) {
				s.sites = append(s.sites, site{s.set.Position(c.Pos()).String(), code, nil})
			}
		case key == "Kind" && dir == "pkg/domain/role":
			if kind, ok := literal(kv.Value); ok {
				s.proposals[kind] = true
			}
		}
	}
}

// names reads the argument names of a refusal: every second one. A name that is the kind of the code's aggregate is that kind.
func names(c *ast.CallExpr, code string) []string {
	var given []string
	for i := 1; i < len(c.Args); i += 2 {
		if name, ok := literal(c.Args[i]); ok {
			given = append(given, name)
		} else if b, ok := c.Args[0].(*ast.BinaryExpr); ok && types.ExprString(b.X) == types.ExprString(c.Args[i]) {
			given = append(given, area(code))
		}
	}
	return given
}

// codes says which codes an expression can be: a literal, a constant of this or another package, a variable that is given such, or the kind of an
// aggregate and a literal.
func (s *source) codes(dir string, file *ast.File, in ast.Decl, e ast.Expr) []string {
	if text, ok := literal(e); ok {
		return []string{text}
	}
	switch e := e.(type) {
	case *ast.Ident:
		if text, ok := s.folders[dir].consts[e.Name]; ok {
			return []string{text}
		}
		return s.assigned(dir, file, in, e.Name)
	case *ast.SelectorExpr:
		for _, i := range file.Imports {
			path, _ := literal(i.Path)
			from, ours := strings.CutPrefix(path, module)
			if !ours || s.folders[from] == nil || types.ExprString(e.X) != filepath.Base(path) && (i.Name == nil || i.Name.Name != types.ExprString(e.X)) {
				continue
			}
			if text, ok := s.folders[from].consts[e.Sel.Name]; ok {
				return []string{text}
			}
		}
	case *ast.BinaryExpr:
		if what, ok := literal(e.Y); ok && e.Op == token.ADD && strings.HasPrefix(what, "/") {
			var codes []string
			for _, kind := range []aggregate.Kind{aggregate.Workspace, aggregate.Initiative, aggregate.Session, aggregate.Item, aggregate.Decision} {
				codes = append(codes, string(kind)+what)
			}
			return codes
		}
	}
	return nil
}

// assigned collects what a variable is set to in a function.
func (s *source) assigned(dir string, file *ast.File, in ast.Decl, name string) []string {
	var codes []string
	ast.Inspect(in, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == len(a.Rhs) {
			for i, l := range a.Lhs {
				if id, ok := l.(*ast.Ident); ok && id.Name == name {
					codes = append(codes, s.codes(dir, file, in, a.Rhs[i])...)
				}
			}
		}
		return true
	})
	return codes
}

func TestEveryRefusalHasASentence(t *testing.T) {
	for _, lang := range []string{"it", "en"} {
		codes := catalogue.Codes(lang)
		for _, x := range readSource(t).sites {
			if !slices.Contains(codes, x.code) {
				t.Errorf("%s: the refusal %s has no sentence in %s.json", x.at, x.code, lang)
			}
		}
	}
}

// A sentence that names an argument which some place does not give would have a hole in it.
func TestSentencesNameOnlyWhatTheRefusalGives(t *testing.T) {
	it := texts(t, "it")
	for _, x := range readSource(t).sites {
		for _, name := range arguments(it[x.code].Other) {
			if !slices.Contains(x.args, name) {
				t.Errorf("%s: %s names {{.%s}}, and this refusal gives %v", x.at, x.code, name, x.args)
			}
		}
	}
}

func TestNoSentenceIsLeftOfARefusalThatNobodyMakes(t *testing.T) {
	s := readSource(t)
	areas := map[string]bool{}
	for _, x := range s.sites {
		areas[area(x.code)] = true
	}
	words := wordsOfTheRecord(s)
	for _, code := range catalogue.Codes("en") {
		if areas[area(code)] && !s.written[code] && !slices.Contains(words, code) {
			t.Errorf("%s has a sentence and nothing in pkg or services says %s", code, code)
		}
	}
}

// What happened, and what to do next: two sentences at least.
func TestRefusalSaysWhatHappenedAndWhatToDo(t *testing.T) {
	s := readSource(t)
	for _, lang := range []string{"it", "en"} {
		all := texts(t, lang)
		for _, x := range s.sites {
			for _, form := range all[x.code].forms() {
				if n := measure(spoken(form)).sentences; n < 2 || !strings.HasSuffix(form, ".") {
					t.Errorf("%s in %s: %q", x.code, lang, form)
				}
			}
		}
	}
}

func TestTextsAskedForByNameExist(t *testing.T) {
	s := readSource(t)
	if len(s.asked) == 0 {
		t.Fatal("nothing asks for a sentence by name: the source is not read as it should be")
	}
	for code := range s.asked {
		if codeForm.MatchString(code) && !slices.Contains(catalogue.Codes("en"), code) {
			t.Errorf("a sentence %s is asked for and does not exist", code)
		}
	}
}

func TestEveryWordOfTheRecordHasAText(t *testing.T) {
	words := wordsOfTheRecord(readSource(t))
	for _, lang := range []string{"it", "en"} {
		codes := catalogue.Codes(lang)
		for _, w := range words {
			if !slices.Contains(codes, w) {
				t.Errorf("%s has no text in %s.json", w, lang)
			}
		}
	}
}

// wordsOfTheRecord are the codes that are no refusals: from the events' enumerations, the role rules, and the lists below.
func wordsOfTheRecord(s *source) []string {
	words := []string{"catalogue/missing"}
	add := func(area string, codes ...string) {
		for _, c := range codes {
			words = append(words, area+"/"+c)
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage(eventv1.File_tavolo_event_v1_decision_proto.Package(), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Enums().Len() {
			e := f.Enums().Get(i)
			for j := 1; j < e.Values().Len(); j++ { // 0 is "not stated"
				name := strings.ToLower(string(e.Values().Get(j).Name()))
				add(areaOf(e), strings.TrimPrefix(name, snake(string(e.Name()))+"_"))
			}
		}
		return true
	})
	for _, r := range role.Rules {
		for _, g := range r.Gives {
			add("role", string(g.Role))
			add("reason", string(g.Reason))
		}
	}
	for flag := range s.flags {
		add("flag", flag)
	}
	for kind := range s.proposals {
		add("power", "proposal-"+kind)
	}
	add("flag", "abstained", "recused", "dual_capacity", "weak", "outvoted", "agenda_others", "consensus_unverified", "zero_power", "power_by_participation",
		"entitled_absent", "mandate_broken", "superseded_by_electorate", "overridden", "implementation_refused", "quorum_critical", "not_implemented")
	add("remedy", "rule_recorded", "decision_reached", "binding_vote", "taking_part", "assent_recorded", "proxy_instructed", "another_rule",
		"no_ratification_on_merits", "objection_judged_by_group", "not_reversed", "not_refused", "minutes_settled")
	add("why", "at-decision", "power", "in-the-way", "otherwise-decisive", "proof")
	add("power", "explained", "no-charter", "users", "among-blocs", "proposals", "proposal-double_majority", "proposal-users_veto", "proposal-consent",
		"proposal-two_thirds", "proposal-simple_majority", "proposal-unanimity")
	add("constituency", "user", "family", "psw", "professional", "director", "researcher", "citizen", "association", "institution", "undeclared")
	add("rules", "intro")
	add("cli", "no-decisions")
	slices.Sort(words)
	return slices.Compact(words)
}

// areaOf names the texts of an enumeration: after it, but for two whose short name is better known.
func areaOf(e protoreflect.EnumDescriptor) string {
	switch e.Name() {
	case "ActKind":
		return "act"
	case "ContributionKind":
		return "kind"
	}
	return snake(string(e.Name()))
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

func snake(name string) string { return strings.ToLower(capital.ReplaceAllString(name, "${1}_${2}")) }
