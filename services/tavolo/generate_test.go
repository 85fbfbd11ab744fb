package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tavolo/pkg/minutes"
)

// read gives the generated files by name.
func generatedIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(data)
	}
	return all
}

func TestAGeneratedYearIsTheSameForTheSameSeedAndEveryFileIsMinutes(t *testing.T) {
	one, two, other := t.TempDir(), t.TempDir(), t.TempDir()
	for folder, seed := range map[string]string{one: "1", two: "1", other: "2"} {
		var out bytes.Buffer
		if status := run([]string{"generate", folder, "--departments", "3", "--decisions", "25", "--seed", seed}, &out, &out); status != 0 || !strings.Contains(out.String(), "75 decisions") {
			t.Fatalf("%d %s", status, out.String())
		}
	}
	files, again, else_ := generatedIn(t, one), generatedIn(t, two), generatedIn(t, other)
	if len(files) != 9 {
		t.Errorf("%d files", len(files))
	}
	same := 0
	for name, text := range files {
		if again[name] != text {
			t.Errorf("%s: the same seed gave another file", name)
		}
		if else_[name] == text {
			same++
		}
		if _, err := minutes.Parse(name, []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if same == len(files) {
		t.Error("another seed gave the same files")
	}
}

// The departments come out as they were chosen: the roles of the generated ones are those of the survey's Table 3.
func TestAGeneratedYearComesOutAsChosen(t *testing.T) {
	if testing.Short() {
		t.Skip("records sixty-one departments")
	}
	files, data := t.TempDir(), t.TempDir()
	var out bytes.Buffer
	if status := run([]string{"generate", files, "--decisions", "10"}, &out, &out); status != 0 {
		t.Fatal(out.String())
	}
	names, err := filepath.Glob(filepath.Join(files, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if status := run(append([]string{"import", "--data", data}, names...), &out, &out); status != 0 {
		t.Fatal(out.String())
	}
	out.Reset()
	if status := run([]string{"report", "--data", data}, &out, &out); status != 0 {
		t.Fatal(out.String())
	}
	for _, want := range []string{"none  21/61   34.4%", "consultative  35/61   57.4%", "decisive   4/61    6.6%", "other   1/61    1.6%"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%.3000s", want, out.String()[strings.Index(out.String(), "Table 3"):])
		}
	}
}
