package main

import (
	"net"
	"net/url"

	"tavolo/pkg/bus"
)

// This chapter is the address at which associations find NATS, as /feeds tells it.

// readersURL is where readers find NATS: what --feeds-nats-url says, or where the server inside listens, under the name that --feeds-nats gave it. Its host
// is empty where it listens on every address: only who looks knows by which name they came. "" when nothing is open, or nothing is known of it.
func readersURL(p plan, server *bus.Server) (string, error) {
	if p.FeedsNATSURL != "" || p.FeedsNATS == "" || server == nil {
		return p.FeedsNATSURL, nil
	}
	u, err := url.Parse(server.URL()) // its port is the one that it took
	if err != nil {
		return "", err
	}
	host, _, err := net.SplitHostPort(p.FeedsNATS)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String(), nil
}

// checkReadersURL refuses what the command line of NATS could not go to.
func checkReadersURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "tls" && u.Scheme != "nats" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" {
		return refused{"tavolo: --feeds-nats-url takes the address where associations find NATS, such as tls://nats.example.it:4222, without a name and password in it."}
	}
	return nil
}
