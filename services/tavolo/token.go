package main

// The operator's token: with it a program may do everything that the API can. It is made at the first start and lies in the data folder, readable by its
// owner only; who can read it could read the keys beside it too.

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"tavolo/services/gateway"
)

const tokenFile = "operator-token"

// operatorToken reads the token of a data folder, or makes it.
func operatorToken(dir string) (string, error) {
	path := filepath.Join(dir, tokenFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, gateway.NewToken())
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readToken(path)
}

// readToken refuses a file that others may read, and one that is empty: everybody would be the operator.
func readToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", refused{fmt.Sprintf("tavolo: others can read %s. Write `chmod 600 %s` and start again.", path, path)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if len(token) < 20 {
		return "", refused{fmt.Sprintf("tavolo: %s holds no token. Remove it; the next start makes another one.", path)}
	}
	return token, nil
}

// token gives what a server is shown: what was asked for, or the data folder's own, which goes to this machine only. "" when there is none.
func (s source) token() (string, error) {
	if s.Token != "" {
		return s.Token, nil
	}
	u, err := url.Parse(s.Server)
	if err != nil || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
		return "", nil
	}
	token, err := readToken(filepath.Join(s.Data, tokenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return token, err
}
