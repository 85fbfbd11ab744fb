package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tavolo/examples"
	"tavolo/pkg/bus"
	"tavolo/pkg/decider"
	"tavolo/pkg/domain/territory"
	peoplev1 "tavolo/proto/tavolo/people/v1"
	"tavolo/services/gateway"
)

// serveCmd runs Tavolo.
type serveCmd struct {
	Data        string   `help:"Folder for everything that is kept: log, keys, views." default:"./tavolo-data" type:"path"`
	Listen      string   `help:"Address of the web client and the API. Others reach it only with --public-url." default:"127.0.0.1:8420"`
	PublicURL   string   `name:"public-url" help:"Address under which others reach Tavolo, such as https://tavolo.example.it. Invitations point to it." placeholder:"URL"`
	Proxies     []string `name:"trusted-proxy" help:"Address or network (CIDR) of a proxy in front, whose X-Forwarded-For is believed. May be given again." placeholder:"CIDR"`
	TLSCert     string   `name:"tls-cert" help:"Certificate (PEM), when Tavolo is to speak TLS itself." type:"path"`
	TLSKey      string   `name:"tls-key" help:"Its key (PEM)." type:"path"`
	Services    []string `help:"Run only these services: people, ledger, views, clerk, feeds, gateway. Default: all."`
	FeedsNATS   string   `name:"feeds-nats" help:"Address where associations read the feeds over NATS, such as 127.0.0.1:4222. Others reach it only with --tls-cert. Default: nowhere." placeholder:"HOST:PORT"`
	FeedsURL    string   `name:"feeds-nats-url" help:"Where associations find NATS, when it is not --feeds-nats itself: behind a proxy, or an outside server. /feeds shows it." placeholder:"URL"`
	Partitions  []string `name:"partition" help:"File with another way to put regions together into macro areas (see docs/operations.md); may be given again. The two of the survey are there anyway." placeholder:"FILE"`
	NATS        string   `name:"nats" help:"Address of an outside NATS server. Default: one inside."`
	NATSReaders string   `name:"nats-readers" help:"Address of the outside NATS server for associations, when it is not the one of --nats (tavolo nats-config --readers-apart)." placeholder:"URL"`
	NATSSecrets string   `name:"nats-secrets" help:"File with the password of each service's user on the outside server (made by tavolo nats-config)." type:"path"`
	Demo        bool     `help:"Record the example minutes of a small group first, so that there is something to look at."`
	Loopback    bool     `name:"webhooks-to-this-machine" hidden:"" help:"Let webhooks go to this machine: for tests."`
	LogFormat   string   `help:"How to log." enum:"text,json" default:"text"`
}

// all services, in no order: the house knows who needs whom.
var allServices = []string{bus.People, bus.Ledger, bus.Views, bus.Clerk, bus.Feeds, bus.Gateway}

func (c *serveCmd) Run(ctx context.Context, t *terminal) error {
	p := plan{Dir: c.Data, Services: allServices, NATS: c.NATS, NATSReaders: c.NATSReaders, Listen: c.Listen, PublicURL: c.PublicURL, Proxies: c.Proxies, TLSCert: c.TLSCert, TLSKey: c.TLSKey, FeedsNATS: c.FeedsNATS, FeedsNATSURL: c.FeedsURL, Loopback: c.Loopback}
	if len(c.Services) > 0 {
		for _, s := range c.Services {
			if !slices.Contains(allServices, s) {
				return refused{fmt.Sprintf("tavolo: there is no service %q. There are: %s.", s, strings.Join(allServices, ", "))}
			}
		}
		p.Services = c.Services
		if c.NATS == "" {
			return refused{"tavolo: --services runs some services only and needs --nats URL, the server where the others are."}
		}
	}
	if c.NATS != "" && c.FeedsNATS != "" {
		return refused{"tavolo: --feeds-nats opens the NATS server inside. With --nats readers come to the outside server, at its own address."}
	}
	if c.NATSReaders != "" && c.NATS == "" {
		return refused{"tavolo: --nats-readers is a second outside server, for associations alone. Name the first one with --nats URL."}
	}
	var err error
	if p.Partitions, err = readPartitions(c.Partitions); err != nil {
		return err
	}
	if c.FeedsURL != "" {
		if err := checkReadersURL(c.FeedsURL); err != nil {
			return err
		}
		if c.NATS == "" && c.FeedsNATS == "" {
			return refused{"tavolo: --feeds-nats-url says where NATS is found, and nothing opens it. Add --feeds-nats HOST:PORT."}
		}
	}
	if c.NATS != "" {
		secrets, err := readSecrets(c.NATSSecrets)
		if err != nil {
			return err
		}
		p.Secrets = secrets
	}
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	p.Logger = slog.New(slog.NewTextHandler(t.err, options))
	if c.LogFormat == "json" {
		p.Logger = slog.New(slog.NewJSONHandler(t.err, options))
	}
	h, err := openHouse(ctx, p)
	if err != nil {
		return err
	}
	if c.Demo {
		if err := demo(ctx, h); err != nil {
			return errors.Join(err, h.close())
		}
	}
	if h.gateway != nil {
		_, _ = fmt.Fprintf(t.out, "Tavolo is ready: %s\n", c.base(h))
		if err := c.welcome(ctx, t, h); err != nil {
			p.Logger.Warn("serve: whether the first facilitator is still to come is not known; start again once the part people runs", "error", err)
		}
		if c.FeedsNATS != "" {
			_, _ = fmt.Fprintf(t.out, "Associations read the feeds over NATS at %s.\n", h.server.URL())
		}
		if c.PublicURL == "" {
			_, _ = fmt.Fprintln(t.out, "Only this machine can reach it; --public-url lets others in.")
		}
		_, _ = fmt.Fprintf(t.out, "Stop with Ctrl-C; everything is kept in %s.\n", c.Data)
	} else {
		_, _ = fmt.Fprintf(t.out, "Tavolo is ready: %s.\n", strings.Join(p.Services, ", "))
	}
	broken := make(<-chan error)
	if h.server != nil {
		broken = h.server.Broken()
	}
	select {
	case <-ctx.Done():
		return h.close()
	case err := <-broken:
		return errors.Join(err, h.close())
	}
}

// base is the address that links are made of.
func (c *serveCmd) base(h *house) string {
	switch {
	case c.PublicURL != "":
		return strings.TrimRight(c.PublicURL, "/")
	case c.TLSCert != "":
		return "https://" + h.gateway.Addr()
	}
	return "http://" + h.gateway.Addr()
}

// welcome prints the link of the first facilitator while nobody has entered. A link printed before is void then.
func (c *serveCmd) welcome(ctx context.Context, t *terminal, h *house) error {
	nc, err := h.dial(bus.Operator)
	if err != nil {
		return err
	}
	secret, hash := gateway.NewInvitation()
	var offered peoplev1.FirstResponse
	if err := bus.Request(ctx, nc, "people.first", &peoplev1.FirstRequest{Secret: hash}, &offered); err != nil || !offered.Needed {
		return err
	}
	_, err = fmt.Fprintf(t.out, "Nobody has entered yet. Open this link to be the first facilitator; it holds for 24 hours and for one person:\n  %s\n",
		gateway.EnterLink(c.base(h), secret))
	return err
}

// demo records the example minutes. Doing it twice changes nothing.
func demo(ctx context.Context, h *house) error {
	nc, err := h.dial(bus.Operator)
	if err != nil {
		return err
	}
	names, err := examples.Minutes.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range names {
		data, err := examples.Minutes.ReadFile(e.Name())
		if err != nil {
			return err
		}
		if _, err := (importer{nc: nc}).record(ctx, e.Name(), data, anyone); err != nil {
			return err
		}
	}
	return nil
}

// readSecrets reads the passwords of the services' users. The file must not be readable by others.
func readSecrets(name string) (map[string]string, error) {
	if name == "" {
		return nil, refused{"tavolo: an outside NATS server needs --nats-secrets FILE, the passwords of its users. `tavolo nats-config` makes both."}
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, refused{fmt.Sprintf("tavolo: %s cannot be read. `tavolo nats-config` makes it.", name)}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, refused{fmt.Sprintf("tavolo: others can read %s. Write `chmod 600 %s` and start again.", name, name)}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	secrets := map[string]string{}
	if err := yaml.Unmarshal(data, &secrets); err != nil {
		return nil, refused{fmt.Sprintf("tavolo: %s is not a list of `service: password`. `tavolo nats-config` makes it.", name)}
	}
	return secrets, nil
}

// readPartitions reads code lists of macro areas, beside those that come with the program.
func readPartitions(files []string) (territory.Partitions, error) {
	var more []*territory.Partition
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, refused{fmt.Sprintf("%s: cannot be read (%v). Check the name and whether you may read it.", name, errors.Unwrap(err))}
		}
		p, err := territory.Parse(data)
		var r *decider.Refusal
		if errors.As(err, &r) {
			return nil, refused{name + ": " + sentence(r.Code, language(), r.Args)}
		}
		more = append(more, p)
	}
	return territory.With(more...)
}

// natsConfigCmd writes what an outside server needs.
type natsConfigCmd struct {
	Dir   string `arg:"" help:"Folder for nats-server.conf and secrets.yaml." type:"path"`
	Apart bool   `name:"readers-apart" help:"Let associations read the feeds from a second server, whose readers-server.conf is written too: no stranger reaches the one with the log."`
}

func (c *natsConfigCmd) Run(_ context.Context, t *terminal) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	passwords := map[string]string{}
	for _, s := range bus.Services() {
		passwords[s] = rand.Text()
	}
	var err error
	if passwords[bus.Issuer], err = bus.NewIssuer(); err != nil {
		return err
	}
	secrets, err := yaml.Marshal(passwords)
	if err != nil {
		return err
	}
	secretsFile, configFile, readersFile := filepath.Join(c.Dir, "secrets.yaml"), filepath.Join(c.Dir, "nats-server.conf"), filepath.Join(c.Dir, "readers-server.conf")
	if _, err := os.Stat(secretsFile); err == nil {
		return refused{fmt.Sprintf("tavolo: %s exists already. Take another folder, or remove it to make new passwords.", secretsFile)}
	}
	if err := os.WriteFile(secretsFile, secrets, 0o600); err != nil {
		return err
	}
	readers := ""
	if c.Apart {
		if err := writeNATSConfig(readersFile, passwords, bus.WriteReadersConfig); err != nil {
			return err
		}
		delete(passwords, bus.Issuer) // the first server lets nobody in whom it does not know
		readers = " --nats-readers nats://127.0.0.1:4223"
	}
	if err := writeNATSConfig(configFile, passwords, bus.WriteConfig); err != nil {
		return err
	}
	// Without -sd the log would lie in a folder for temporary files, and without -a everybody could try passwords.
	_, _ = fmt.Fprintf(t.out, "nats-server -c %s -a 127.0.0.1 -sd %s\n", configFile, filepath.Join(c.Dir, "log"))
	if c.Apart {
		_, _ = fmt.Fprintf(t.out, "nats-server -c %s -a 127.0.0.1 -p 4223\n", readersFile)
	}
	_, err = fmt.Fprintf(t.out, "tavolo serve --nats nats://127.0.0.1:4222%s --nats-secrets %s\n", readers, secretsFile)
	return err
}

// writeNATSConfig writes a configuration that only its owner may read: passwords are in it.
func writeNATSConfig(name string, passwords map[string]string, write func(io.Writer, map[string]string) error) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f, passwords), f.Close())
}
