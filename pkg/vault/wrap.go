package vault

// Keys of texts lie in the key store only wrapped: sealed under the key encryption key (KEK), which lies in a file of its own. A copy of the
// store without that file is of no use. KEKs follow each other in epochs; wrapping names the epoch and binds it in.

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// KEK is a key encryption key, ready for use. Safe for concurrent use. It wraps at most 2^32 keys, the bound of random nonces under one key
// (NIST SP 800-38D section 8.3); a new epoch each month stays far below.
type KEK struct {
	epoch uint32
	gcm   cipher.AEAD
}

// NewKEK makes the KEK of an epoch from its secret.
func NewKEK(epoch uint32, secret Key) *KEK { return &KEK{epoch, newGCM(secret)} }

// Epoch is the number of the KEK, 1 for the first.
func (k *KEK) Epoch() uint32 { return k.epoch }

// Owner says what a key is for.
type Owner struct {
	// Workspace is the workspace's id.
	Workspace string
	// Subject is the pseudonym of the person whose text it is; empty when the text is the workspace's own.
	Subject string
	// Record names the text among the subject's.
	Record string
}

// Wrap seals a key for its owner: 60 bytes. id is the key's own (ID); it is not computed again, for it costs as much as the rest.
func (k *KEK) Wrap(owner Owner, id KeyID, key Key) []byte {
	return k.gcm.Seal(nil, nil, key[:], k.bound(owner, id))
}

// Unwrap gives the key back. One that was wrapped for another owner, under another id or in another epoch is refused (vault/does-not-open).
func (k *KEK) Unwrap(owner Owner, id KeyID, wrapped []byte) (key Key, err error) {
	secret, err := k.gcm.Open(nil, nil, wrapped, k.bound(owner, id))
	if err != nil || len(secret) != len(key) {
		return Key{}, doesNotOpen()
	}
	copy(key[:], secret)
	return key, nil
}

func (k *KEK) bound(o Owner, id KeyID) []byte {
	return bind(labelKey, string(id[:]), o.Workspace, o.Subject, o.Record, string(binary.BigEndian.AppendUint32(nil, k.epoch)))
}

// BlindIndex gives the 32 bytes under which the short id of a participant is found again without being stored: HMAC-SHA256 under a secret key
// (RFC 2104). Short ids are few and easy to guess, so a bare hash would hide nothing. The same id in another initiative or workspace gives
// another index. The bytes are compared as they are: u1 and U1 are two ids.
func BlindIndex(key Key, workspace, initiative, ref string) []byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(bind(labelIndex, workspace, initiative, ref))
	return mac.Sum(nil)
}
