// Package vault seals and opens one text, and wraps the key that did it. Pure cryptography: no storage, no clock.
//
//	text ──Seal(key, place)──► Sealed ──► the log, for ever
//	key  ──Wrap(KEK, owner)──► wrapped key ──► the key store (services/people), until it is destroyed
//
// A text that may have to disappear from a log that forgets nothing is kept there only as ciphertext, under a key of its own. Destroying the
// key is the erasure. So everything here serves two sentences: without the key nothing is learned of the text but a rough length, and with the
// key the text opens in one place only.
//
//   - Sealing is AES-256-GCM with a random nonce, from the standard library (NIST SP 800-38D).
//   - The place (workspace, commit, field) is bound in as additional data: a ciphertext moved elsewhere does not open.
//   - GCM alone does not commit to its key: a ciphertext can be made that opens differently under two keys. Hence the key id: an HKDF-SHA256
//     output of the key (RFC 5869), checked before opening.
//   - Texts are padded to steps of 64 bytes: "yes" is as long as "no, never".
//
// Not here: where keys are kept and who may ask (services/people).
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"tavolo/pkg/decider"
	eventv1 "tavolo/proto/tavolo/event/v1"
)

const (
	// Version of the sealing form that Seal writes. An older form would keep opening.
	Version = 1
	// padStep is the step of lengths, in bytes: short enough for a name, long enough to hide which name.
	padStep = 64
	// overhead is what sealing adds to the padded text: nonce (12 bytes) and tag (16 bytes).
	overhead = 12 + 16
)

// The labels keep apart what is derived from, or bound by, the same bytes. Stored data depends on them: never changed.
const (
	labelKeyID = "tavolo/vault/1 key id"
	labelText  = "tavolo/vault/1 text"
	labelKey   = "tavolo/vault/1 key"
	labelIndex = "tavolo/vault/1 blind index"
)

// Key is a secret of 32 random bytes. It never prints.
type Key [32]byte

// KeyID is the public name of a key. It says nothing of the key, and no other key has it.
type KeyID [16]byte

// NewKey makes a key from the system's randomness.
func NewKey() (k Key) {
	rand.Read(k[:]) // Never fails: the program ends when the system has no randomness.
	return k
}

// ID gives the key's public name: the first 16 bytes of HKDF-SHA256 of the key, without salt.
func (k Key) ID() (id KeyID) {
	out, err := hkdf.Key(sha256.New, k[:], nil, labelKeyID, len(id))
	if err != nil {
		panic("vault: " + err.Error()) // Only for a length beyond 8,160 bytes.
	}
	copy(id[:], out)
	return id
}

// Format hides the key in every verb.
func (k Key) Format(f fmt.State, _ rune) { f.Write([]byte("vault.Key(hidden)")) }

// MarshalText hides the key in JSON and in logs.
func (k Key) MarshalText() ([]byte, error) { return []byte("vault.Key(hidden)"), nil }

// Place is where a sealed text stands in the log.
type Place struct {
	// Workspace is the workspace's id.
	Workspace string
	// Commit is the id of the commit that holds it.
	Commit string
	// Field is the name of the field that holds it.
	Field string
}

// Seal seals text for one place. The same text never gives the same ciphertext twice. A text that is not UTF-8 is refused (vault/not-text).
func Seal(key Key, place Place, text string) (*eventv1.Sealed, error) {
	if !utf8.ValidString(text) {
		return nil, decider.Refuse("vault/not-text")
	}
	id := key.ID()
	sealed := newGCM(key).Seal(nil, nil, pad(text), place.bound(id))
	return &eventv1.Sealed{KeyId: id[:], Version: Version, Ciphertext: sealed}, nil
}

// Open gives the text back. Refused are a text sealed elsewhere, with another key, or changed since (vault/does-not-open), and a form that
// this program does not know (vault/unknown-version). It takes any input and tells no more than that.
func Open(key Key, place Place, s *eventv1.Sealed) (string, error) {
	if s.GetVersion() != Version {
		return "", decider.Refuse("vault/unknown-version", "version", strconv.FormatUint(uint64(s.GetVersion()), 10))
	}
	id := key.ID()
	if subtle.ConstantTimeCompare(id[:], s.GetKeyId()) != 1 {
		return "", doesNotOpen()
	}
	padded, err := newGCM(key).Open(nil, nil, s.GetCiphertext(), place.bound(id))
	if err != nil {
		return "", doesNotOpen()
	}
	text, ok := unpad(padded)
	if !ok || !utf8.ValidString(text) {
		return "", doesNotOpen()
	}
	return text, nil
}

func doesNotOpen() error { return decider.Refuse("vault/does-not-open") }

// SealedSize is the length in bytes of the ciphertext of a text of so many bytes.
func SealedSize(textBytes int) int { return (textBytes/padStep+1)*padStep + overhead }

// bound is the additional data of a text.
func (p Place) bound(id KeyID) []byte {
	return bind(labelText, p.Workspace, p.Commit, p.Field, string(id[:]), string(binary.BigEndian.AppendUint32(nil, Version)))
}

// bind joins parts, each after its length in four bytes (big endian), so that no two lists of parts give the same bytes.
func bind(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

// newGCM makes AES-256-GCM that puts a random nonce before the ciphertext.
func newGCM(key Key) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("vault: " + err.Error()) // Only for a wrong length.
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("vault: " + err.Error()) // Only for a cipher that is not AES.
	}
	return gcm
}

// pad adds 0x80 and zeros up to the next step (ISO/IEC 7816-4): at least one byte, so that it can always be taken away again.
func pad(text string) []byte {
	b := make([]byte, (len(text)/padStep+1)*padStep)
	copy(b, text)
	b[len(text)] = 0x80
	return b
}

func unpad(b []byte) (string, bool) {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 || b[len(b)-1] != 0x80 {
		return "", false
	}
	return string(b[:len(b)-1]), true
}
