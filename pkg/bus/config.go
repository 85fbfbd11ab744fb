package bus

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"time"

	"tavolo/pkg/decider"
)

// The configuration of a NATS server, written from the table of grants. The embedded server is started from the same text, so that the matrix
// in one process and on a cluster cannot drift apart.

const (
	// MaxPayload is the largest message in bytes. NATS advises against more, and a commit is refused long before (eventlog: 1 MiB).
	MaxPayload = 8 << 20
	// AnswerWithin is how long after a request its answer is let through. Later ones are dropped by the server.
	AnswerWithin = 2 * time.Minute
	// minPassword is the shortest password that is written into a configuration, in bytes.
	minPassword = 16
)

// answerWithin is AnswerWithin, shorter in a test.
var answerWithin = AnswerWithin

// WriteConfig writes the accounts, users and JetStream settings of a nats-server for an outside server or a cluster: the same matrix as the
// embedded one, every write synced, no leaf nodes, no MQTT, no WebSocket. Listen address, TLS and cluster routes are the operator's own lines.
//
// passwords has one entry for each of Services, in clear (at least 16 bytes, refused as bus/password otherwise) or as a bcrypt hash. The output
// holds them: write it where only the server may read. Under Issuer it may have the seed of NewIssuer; with it, readers from outside are let in by the
// herald, and the output has the public half only.
func WriteConfig(w io.Writer, passwords map[string]string) error {
	return writeConfig(w, passwords, Services(), false)
}

// WriteReadersConfig writes the same for a second server, where readers from outside come in and nobody else is but the herald. Then the first one is
// written without an Issuer: no stranger reaches the server that has the log, and the seed opens nothing there.
func WriteReadersConfig(w io.Writer, passwords map[string]string) error {
	if passwords[Issuer] == "" {
		return fmt.Errorf("%w: there is no issuer, and without one no reader is let in", decider.Refuse("bus/password", "service", Issuer))
	}
	return writeConfig(w, passwords, []string{Herald}, false)
}

// writeConfig writes it for the services that come to a server, from inside its process only or not.
func writeConfig(w io.Writer, passwords map[string]string, services []string, inside bool) error {
	for _, s := range services {
		if p := passwords[s]; len(p) < minPassword || strings.ContainsFunc(p, notPrintable) {
			return fmt.Errorf("%w: give every service a password of %d printable ASCII characters or more, without quote or backslash",
				decider.Refuse("bus/password", "service", s), minPassword)
		}
	}
	type user struct {
		Name, Password string
		Inside         bool
		Grant
	}
	data := struct {
		Log, Services, Readers, Sys, ServerState, Kick, LogAPI string
		Issuer, Herald                                         string
		MaxPayload, ReadersMax, AdmitWithin                    int
		Users                                                  map[string][]user
		Names                                                  []string
		Exports                                                any
	}{
		Log: logAccount, Services: servicesAccount, Readers: readersAccount, Sys: systemAccount, ServerState: serverState, Kick: kickSubject, LogAPI: LogAPI, Herald: Herald,
		MaxPayload: MaxPayload, ReadersMax: readersMax, AdmitWithin: admitWithin, Users: map[string][]user{}, Names: services, Exports: exports(),
	}
	if seed := passwords[Issuer]; seed != "" {
		var err error
		if data.Issuer, err = publicIssuer(seed); err != nil {
			return err
		}
	}
	for _, s := range services {
		g := grants[s]
		data.Users[g.account] = append(data.Users[g.account], user{s, passwords[s], inside, g})
	}
	return configText.Execute(w, data)
}

// export is a door of the log's account as the template wants it.
type export struct {
	Subject, As string
	Many        bool
}

func exports() []export {
	var es []export
	for _, e := range logExports {
		es = append(es, export{e.subject, e.as, e.many})
	}
	return es
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f || slices.Contains([]rune(`"'\`), r) }

var configText = template.Must(template.New("nats").Funcs(template.FuncMap{
	"answerWithin": func() string { return answerWithin.String() },
	"list": func(subjects []string) string {
		quoted := make([]string, len(subjects))
		for i, s := range subjects {
			quoted[i] = `"` + s + `"`
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	},
}).Parse(`# Written by tavolo from its table of grants. Allow-lists only; do not add no_auth_user, leafnodes, mqtt or websocket.
{{- if index .Users .Log}}
# Include it from your own file, which adds listen, tls, store_dir (at the top level) and cluster. A second jetstream block would replace
# the one below, and with it the syncing.
{{- else}}
# Include it from your own file, which adds listen and tls. Nothing is kept here.
{{- end}}
max_payload: {{.MaxPayload}}
{{- if index .Users .Log}}
jetstream {
  # Every write reaches the disk before it is acknowledged. Without it a power cut loses acknowledged records.
  sync_interval: always
}
{{- end}}
system_account: {{.Sys}}
{{- if .Issuer}}
authorization {
  timeout: {{.AdmitWithin}}
  # Who is none of the users below is a reader of the feeds, or nobody: {{.Herald}} says which, and signs what it may do.
  auth_callout { issuer: {{.Issuer}}, account: {{.Readers}}, auth_users: {{list .Names}}, allowed_accounts: ["{{.Readers}}"] }
}
{{- end}}
accounts {
  {{.Sys}} {
    # Nobody is at home here, and nobody is let in.
    limits: {max_connections: 0}
    # One question about the server: does it sync? Asked at start by the ledger and the command line. And one order: close the connection of a reader.
    exports: [ {service: "{{.ServerState}}", response_type: stream}, {service: "{{.Kick}}", accounts: [{{.Readers}}]} ]
  }
{{- if index .Users .Log}}
  {{.Log}} {
    jetstream: enabled
    mappings { "{{.LogAPI}}.>": "$JS.API.>" }
    exports: [
{{- range .Exports}}
      {service: "{{.Subject}}", accounts: [{{$.Services}}]{{if .Many}}, response_type: stream{{end}}}
{{- end}}
    ]
    imports: [ {service: {account: {{.Sys}}, subject: "{{.ServerState}}"}} ]
    users: [{{template "users" (index .Users .Log)}}
    ]
  }
  {{.Services}} {
    jetstream: enabled
    imports: [
      {service: {account: {{.Sys}}, subject: "{{.ServerState}}"}}
{{- range .Exports}}
      {service: {account: {{$.Log}}, subject: "{{.Subject}}"}{{if ne .Subject .As}}, to: "{{.As}}"{{end}}}
{{- end}}
    ]
    users: [{{template "users" (index .Users .Services)}}
    ]
  }
{{- end}}
  # Readers of the feeds, from outside. No stream is here.
  {{.Readers}} {
    limits: {max_connections: {{.ReadersMax}}}
    imports: [ {service: {account: {{.Sys}}, subject: "{{.Kick}}"}} ]
    users: [{{template "users" (index .Users .Readers)}}
    ]
  }
}
{{- define "users"}}
{{- range .}}
      {user: {{.Name}}, password: "{{.Password}}", {{if .Inside}}allowed_connection_types: ["IN_PROCESS"], {{end}}permissions: {
        {{- if .Publish}}
        publish: {allow: {{list .Publish}}}
        {{- end}}
        subscribe: {allow: {{list .Subscribe}}}
        {{- if .Answers}}
        allow_responses: {max: 1, expires: "{{answerWithin}}"}
        {{- end}}
      }}
{{- end}}
{{- end}}
`))
