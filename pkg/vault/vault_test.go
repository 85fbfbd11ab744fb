package vault_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tavolo/pkg/decider"
	"tavolo/pkg/vault"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

var here = vault.Place{Workspace: "dsm-nord", Commit: "01980000-0000-7000-8000-000000000001", Field: "text"}

func seal(t interface{ Fatal(...any) }, key vault.Key, place vault.Place, text string) *eventv1.Sealed {
	s, err := vault.Seal(key, place, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if decider.CodeOf(err) != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}

func keyOf(first byte) (k vault.Key) {
	for i := range k {
		k[i] = first + byte(i)
	}
	return k
}

func TestWhatIsSealedOpensAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := vault.Place{Workspace: rapid.String().Draw(t, "workspace"), Commit: rapid.String().Draw(t, "commit"), Field: rapid.String().Draw(t, "field")}
		text := rapid.OneOf(rapid.String(), rapid.StringN(60, 70, -1),
			rapid.StringOf(rapid.SampledFrom([]rune{0, 0x80, 'a'})), rapid.Just(strings.Repeat("x", 20_000))).Draw(t, "text")
		key := vault.NewKey()
		s := seal(t, key, place, text)
		if len(s.Ciphertext) != vault.SealedSize(len(text)) {
			t.Fatalf("ciphertext of %d bytes, SealedSize says %d", len(s.Ciphertext), vault.SealedSize(len(text)))
		}
		stored, err := proto.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var read eventv1.Sealed
		if err := proto.Unmarshal(stored, &read); err != nil {
			t.Fatal(err)
		}
		got, err := vault.Open(key, place, &read)
		if err != nil || got != text {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

// Sealed by another implementation (pyca/cryptography 48 and Python's hmac) from the documented layout. What is in a log opens for ever.
func TestTheStoredFormIsTheDocumentedOne(t *testing.T) {
	key := keyOf(0)
	id := key.ID()
	if got := hex.EncodeToString(id[:]); got != "05ca1856d20dde6ee3f5aa60f6a0c788" {
		t.Errorf("key id %s", got)
	}
	ciphertext, _ := hex.DecodeString("6465666768696a6b6c6d6e6f0674b046148c76f25f422c8db41105dd32abc5b3a5ecf372a7d1ac48fba3a54894e940c0" +
		"4c129b04fdf3783ffd42cacf1b5b98e7204a4128faf1acd6ef81a58aa078de8dc7db5be6455bc8dba24fc487")
	got, err := vault.Open(key, here, &eventv1.Sealed{KeyId: id[:], Version: 1, Ciphertext: ciphertext})
	if err != nil || got != "Non me la sento più." {
		t.Errorf("got %q, %v", got, err)
	}
	index := vault.BlindIndex(key, "dsm-nord", "csm-orari", "u1")
	if got := hex.EncodeToString(index); got != "cf5fffc497387e2bb877e27be0ea5f5fc7be7f5dee544a7274b3ecdc91842466" {
		t.Errorf("blind index %s", got)
	}
	wrapped, _ := hex.DecodeString(wrappedElsewhere)
	owner := vault.Owner{Workspace: "dsm-nord", Subject: "01980000-0000-7000-8000-00000000000a", Record: here.Commit + "/3"}
	if got, err := vault.NewKEK(7, keyOf(32)).Unwrap(owner, id, wrapped); err != nil || got != key {
		t.Errorf("unwrap: %v", err)
	}
}

func TestASealedTextMovedElsewhereDoesNotOpen(t *testing.T) {
	key := vault.NewKey()
	s := seal(t, key, here, "Vorrei che restasse tra noi.")
	for name, place := range map[string]vault.Place{
		"workspace":       {Workspace: "dsm-sud", Commit: here.Commit, Field: here.Field},
		"commit":          {Workspace: here.Workspace, Commit: "01980000-0000-7000-8000-000000000002", Field: here.Field},
		"field":           {Workspace: here.Workspace, Commit: here.Commit, Field: "reason"},
		"shifted borders": {Workspace: here.Workspace + here.Commit[:1], Commit: here.Commit[1:], Field: here.Field},
	} {
		_, err := vault.Open(key, place, s)
		if decider.CodeOf(err) != "vault/does-not-open" {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := vault.NewKey()
	_, err := vault.Open(other, here, s)
	refused(t, err, "vault/does-not-open")
	// Also when it claims to be of the other key.
	id := other.ID()
	_, err = vault.Open(other, here, &eventv1.Sealed{KeyId: id[:], Version: 1, Ciphertext: s.Ciphertext})
	refused(t, err, "vault/does-not-open")
	// Two ciphertexts under one key do not lend each other their parts.
	_, err = vault.Open(key, here, &eventv1.Sealed{KeyId: s.KeyId, Version: 1, Ciphertext: append(s.Ciphertext[:12:12], seal(t, key, here, "no").Ciphertext[12:]...)})
	refused(t, err, "vault/does-not-open")
}

func TestEveryChangedBitIsRefused(t *testing.T) {
	key := vault.NewKey()
	s := seal(t, key, here, "Sì.")
	for _, part := range [][]byte{s.KeyId, s.Ciphertext} {
		for i := range len(part) * 8 {
			part[i/8] ^= 1 << (i % 8)
			if _, err := vault.Open(key, here, s); decider.CodeOf(err) != "vault/does-not-open" {
				t.Errorf("bit %d of %d bytes: %v", i, len(part), err)
			}
			part[i/8] ^= 1 << (i % 8)
		}
	}
	for i := range 32 {
		s.Version ^= 1 << i
		if _, err := vault.Open(key, here, s); decider.CodeOf(err) != "vault/unknown-version" {
			t.Errorf("bit %d of the version: %v", i, err)
		}
		s.Version ^= 1 << i
	}
	for n := range len(s.Ciphertext) {
		if _, err := vault.Open(key, here, &eventv1.Sealed{KeyId: s.KeyId, Version: 1, Ciphertext: s.Ciphertext[:n]}); decider.CodeOf(err) != "vault/does-not-open" {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := vault.Open(key, here, s); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	_, err := vault.Open(key, here, nil)
	refused(t, err, "vault/unknown-version")
}

func TestLengthsTellOnlySteps(t *testing.T) {
	key := vault.NewKey()
	size := func(n int) int { return len(seal(t, key, here, strings.Repeat("x", n)).Ciphertext) }
	for n := range 200 {
		if want := 28 + 64*(n/64+1); size(n) != want {
			t.Errorf("%d bytes sealed to %d, want %d", n, size(n), want)
		}
	}
	if size(len("sì")) != size(len("No, e vorrei spiegare perché.")) {
		t.Error("two short answers differ in length")
	}
}

func TestTheSameTextIsSealedDifferentlyEachTime(t *testing.T) {
	key := vault.NewKey()
	one, two := seal(t, key, here, "u1"), seal(t, key, here, "u1")
	if bytes.Equal(one.Ciphertext, two.Ciphertext) {
		t.Error("same ciphertext")
	}
	if !bytes.Equal(one.KeyId, two.KeyId) {
		t.Error("one key has two ids")
	}
	if a, b := vault.NewKey(), vault.NewKey(); a == b || a.ID() == b.ID() {
		t.Error("two keys alike")
	}
}

func TestATextThatIsNotUTF8IsRefused(t *testing.T) {
	_, err := vault.Seal(vault.NewKey(), here, "caf\xe9")
	refused(t, err, "vault/not-text")
}

func TestAKeyNeverPrints(t *testing.T) {
	key := keyOf('A')
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key, "in", struct{ K vault.Key }{key})
	asJSON, err := json.Marshal(map[string]any{"k": key})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U"} {
		out += " " + fmt.Sprintf(verb, key) + fmt.Sprintf(verb, struct{ K vault.Key }{key}) + fmt.Sprintf(verb, []vault.Key{key})
	}
	for _, leak := range []string{"ABCD", "65 66", "65,66", "4142", "0x41", "U+0041"} {
		if strings.Contains(strings.ToUpper(out), strings.ToUpper(leak)) {
			t.Errorf("the key shows as %s in %s", leak, out)
		}
	}
	if !strings.Contains(out, "hidden") {
		t.Error("the test printed nothing")
	}
}

// Any input is refused or opened, never a panic; nothing that was not sealed opens.
func FuzzOpen(f *testing.F) {
	key := keyOf(0)
	s := seal(f, key, here, "Non me la sento più.")
	id := key.ID()
	f.Add([]byte(s.KeyId), s.Version, s.Ciphertext)
	f.Add([]byte(nil), uint32(1), []byte(nil))
	f.Add(id[:], uint32(1), []byte{})
	f.Add(id[:], uint32(1), make([]byte, 12))
	f.Add(id[:], uint32(1), make([]byte, 28))
	f.Add(id[:], uint32(1), make([]byte, 92))
	f.Add(id[:15], uint32(1), s.Ciphertext)
	f.Add(id[:], uint32(0), s.Ciphertext)
	f.Fuzz(func(t *testing.T, keyID []byte, version uint32, ciphertext []byte) {
		text, err := vault.Open(key, here, &eventv1.Sealed{KeyId: keyID, Version: version, Ciphertext: ciphertext})
		if err == nil && text != "Non me la sento più." {
			t.Errorf("opened to %q", text)
		}
		if err != nil && (text != "" || decider.CodeOf(err) == "") {
			t.Errorf("got %q, %v", text, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key, text := vault.NewKey(), strings.Repeat("parola ", 36)
	for b.Loop() {
		seal(b, key, here, text)
	}
}

func BenchmarkOpen(b *testing.B) {
	key := vault.NewKey()
	s := seal(b, key, here, strings.Repeat("parola ", 36))
	for b.Loop() {
		if _, err := vault.Open(key, here, s); err != nil {
			b.Fatal(err)
		}
	}
}
