package people

// The key encryption key, in a file of its own: one line, the word tavolo-kek, the epoch (1 today) and the secret as 64 hexadecimal digits.

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tavolo/pkg/decider"
	"tavolo/pkg/vault"
)

const (
	kekFile = "kek"
	// firstEpoch is the number of the KEK that a new store gets.
	firstEpoch = 1
)

// makeKEK writes a new KEK. When it returns, the file is on disk under its name, whole.
func makeKEK(dir string) error {
	path := filepath.Join(dir, kekFile)
	secret := vault.NewKey()
	if err := writeSynced(path+".new", fmt.Sprintf("tavolo-kek %d %s\n", firstEpoch, hex.EncodeToString(secret[:]))); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeSynced writes a new file for its owner only; one that a crash left there held a KEK that nothing was wrapped under.
func writeSynced(path, line string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Sync(), f.Close())
}

// readKEK reads the file. Refusals: people/kek-missing, people/key-file-open when others may read it, people/kek-damaged when it is not a KEK.
func readKEK(dir string) (*vault.KEK, error) {
	path := filepath.Join(dir, kekFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, decider.Refuse("people/kek-missing", "file", kekFile)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, decider.Refuse("people/key-file-open", "file", kekFile)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var epoch uint32
	var digits string
	n, err := fmt.Sscanf(string(content), "tavolo-kek %d %s\n", &epoch, &digits)
	raw, hexErr := hex.DecodeString(digits)
	if err != nil || n != 2 || hexErr != nil || len(raw) != len(vault.Key{}) || epoch == 0 {
		return nil, decider.Refuse("people/kek-damaged", "file", kekFile)
	}
	return vault.NewKEK(epoch, vault.Key(raw)), nil
}
