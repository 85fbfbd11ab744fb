package main

import (
	"os"
	"strings"

	"tavolo/pkg/catalogue"
)

// language of the terminal: Italian where it says so, English otherwise.
func language() string {
	for _, name := range []string{"TAVOLO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "it") {
				return "it"
			}
			return "en"
		}
	}
	return "en"
}

func sentence(code, lang string, args map[string]string) string {
	return catalogue.Sentence(code, lang, args)
}

// label gives the word that people read for a code, such as a role.
func label(kind, code, lang string) string { return catalogue.Sentence(kind+"/"+code, lang, nil) }
