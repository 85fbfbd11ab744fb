package feeds

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tavolo/pkg/decider"
)

// This chapter signs what is sent, as Standard Webhooks say: v1 with a secret that the receiver knows, v1a with a key whose public half is published,
// so that a receiver needs to keep no secret. What is signed is id.timestamp.body.

const (
	secretPrefix = "whsec_"
	publicPrefix = "whpk_"
	// secretBytes is the length of a secret.
	secretBytes = 32
)

func newSecret() string {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails: the program ends when the system has no randomness
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

func publicKey(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey)
	return publicPrefix + base64.StdEncoding.EncodeToString(public)
}

// sign adds the three headers.
func sign(h http.Header, id string, at time.Time, body []byte, secret string, key ed25519.PrivateKey) error {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return decider.Refuse("feeds/key-damaged", "file", databaseFile)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	signed := append([]byte(id+"."+stamp+"."), body...)
	mac := hmac.New(sha256.New, raw)
	mac.Write(signed)
	encode := base64.StdEncoding.EncodeToString
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", "v1,"+encode(mac.Sum(nil))+" v1a,"+encode(ed25519.Sign(key, signed)))
	return nil
}
