package vault_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/vault"
)

const wrappedElsewhere = "6465666768696a6b6c6d6e6fb56c8cd0dbb4f2cad45dd5d3861a9062d993f76d2adf785adb5974646b54393ca799f3eb9b3a48939d0d6e6250c655c8"

func TestAWrappedKeyUnwrapsForItsOwnerOnly(t *testing.T) {
	owner := vault.Owner{Workspace: "dsm-nord", Subject: "01980000-0000-7000-8000-00000000000a", Record: "r/1"}
	secret, key := vault.NewKey(), vault.NewKey()
	kek := vault.NewKEK(1, secret)
	wrapped := kek.Wrap(owner, key.ID(), key)
	if len(wrapped) != 60 || bytes.Contains(wrapped, key[:8]) {
		t.Fatalf("%d bytes", len(wrapped))
	}
	if got, err := kek.Unwrap(owner, key.ID(), wrapped); err != nil || got != key {
		t.Fatalf("did not unwrap: %v", err)
	}
	for name, try := range map[string]func() (vault.Key, error){
		"workspace": func() (vault.Key, error) {
			return kek.Unwrap(vault.Owner{Workspace: "dsm-sud", Subject: owner.Subject, Record: owner.Record}, key.ID(), wrapped)
		},
		"subject": func() (vault.Key, error) {
			return kek.Unwrap(vault.Owner{Workspace: owner.Workspace, Record: owner.Record}, key.ID(), wrapped)
		},
		"record": func() (vault.Key, error) {
			return kek.Unwrap(vault.Owner{Workspace: owner.Workspace, Subject: owner.Subject, Record: "r/2"}, key.ID(), wrapped)
		},
		"shifted borders": func() (vault.Key, error) {
			return kek.Unwrap(vault.Owner{Workspace: owner.Workspace, Subject: owner.Subject + "r", Record: "/1"}, key.ID(), wrapped)
		},
		"key id": func() (vault.Key, error) { return kek.Unwrap(owner, vault.NewKey().ID(), wrapped) },
		"epoch":  func() (vault.Key, error) { return vault.NewKEK(2, secret).Unwrap(owner, key.ID(), wrapped) },
		"KEK":    func() (vault.Key, error) { return vault.NewKEK(1, vault.NewKey()).Unwrap(owner, key.ID(), wrapped) },
	} {
		if got, err := try(); decider.CodeOf(err) != "vault/does-not-open" || got != (vault.Key{}) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for i := range len(wrapped) * 8 {
		wrapped[i/8] ^= 1 << (i % 8)
		if _, err := kek.Unwrap(owner, key.ID(), wrapped); decider.CodeOf(err) != "vault/does-not-open" {
			t.Errorf("bit %d: %v", i, err)
		}
		wrapped[i/8] ^= 1 << (i % 8)
	}
	for n := range len(wrapped) {
		if _, err := kek.Unwrap(owner, key.ID(), wrapped[:n]); decider.CodeOf(err) != "vault/does-not-open" {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// Two short ids have the same index only when workspace, initiative and id are the same, also when their joined letters are.
func TestABlindIndexIsOneForEachShortID(t *testing.T) {
	part := rapid.StringOfN(rapid.SampledFrom([]rune("uU1é")), 0, 3, -1)
	key, other := keyOf(0), keyOf(1)
	rapid.Check(t, func(t *rapid.T) {
		a := [3]string{part.Draw(t, "w"), part.Draw(t, "i"), part.Draw(t, "r")}
		b := [3]string{part.Draw(t, "w2"), part.Draw(t, "i2"), part.Draw(t, "r2")}
		one, two := vault.BlindIndex(key, a[0], a[1], a[2]), vault.BlindIndex(key, b[0], b[1], b[2])
		if bytes.Equal(one, two) != (a == b) {
			t.Fatalf("%q and %q: same index is %v", a, b, bytes.Equal(one, two))
		}
		if bytes.Equal(one, vault.BlindIndex(other, a[0], a[1], a[2])) {
			t.Fatal("the key changes nothing")
		}
	})
}
