package bus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"tavolo/pkg/decider"
)

// The store directory: who else may write it, whether it survives a power cut, and who has it now.

const (
	// storeMode keeps what the streams hold from the other users of the machine.
	storeMode = 0o700
	// lockFile is held by the process that has the store open. nats-server takes no such lock itself, and two servers on one directory
	// destroy it.
	lockFile = "tavolo.lock"
)

// takeStore makes and checks the directory and takes it for this process. Closing the file gives it back; so does the death of the process.
func takeStore(dir string, temporary bool) (*os.File, error) {
	if err := os.MkdirAll(dir, storeMode); err != nil {
		return nil, fmt.Errorf("bus: store: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("bus: store: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return nil, fmt.Errorf("%w: everybody on this machine may write %s; run chmod o-w on it or choose another directory",
			decider.Refuse("bus/store-writable", "mode", fmt.Sprintf("%04o", mode)), dir)
	}
	if volatile, err := inMemory(dir); err != nil {
		return nil, fmt.Errorf("bus: store: %w", err)
	} else if volatile && !temporary {
		return nil, fmt.Errorf("%w: %s lies in memory (tmpfs) and would be gone with the power; choose a directory on a disk",
			decider.Refuse("bus/store-volatile"), dir)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("bus: store: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: another program has %s open; stop it first, or talk to it with --server",
				decider.Refuse("bus/store-in-use"), dir)
		}
		return nil, fmt.Errorf("bus: store: %w", err)
	}
	return lock, nil
}
