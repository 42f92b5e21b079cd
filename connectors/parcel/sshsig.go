package parcel

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Namespaces of signatures: a signature made for one purpose is worth nothing for another.
const (
	ManifestNamespace = "manifest@uoma"
	ReceiptNamespace  = "receipt@uoma"
	KeysNamespace     = "keys@uoma"
	AuditNamespace    = "audit@uoma"  // heads of the sender's audit log
	BackupNamespace   = "backup@uoma" // manifests of the sender's backups
	PolicyNamespace   = "policy@uoma" // policy packs
)

// SenderPrincipal gives the name under which a sender's keys stand in allowed signers.
func SenderPrincipal(senderID string) string { return "sender@" + senderID }

// EndpointPrincipal gives the name under which a recipient's receipt keys stand in allowed signers.
func EndpointPrincipal(recipientID string) string { return "endpoint@" + recipientID }

// maxSignature bounds an armoured signature; an Ed25519 one has about 300 bytes.
const maxSignature = 4 << 10

// SSHSIG as in OpenSSH's PROTOCOL.sshsig, of which only Ed25519 with SHA-512 is made and taken.
const (
	sigMagic   = "SSHSIG"
	sigVersion = 1
	sigHash    = "sha512"
	sigArmor   = "SSH SIGNATURE"
	sigColumns = 70 // as ssh-keygen breaks its lines
)

// sigBlob is the content of an armoured signature, after the magic.
type sigBlob struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// sigMessage is what is signed, after the magic.
type sigMessage struct {
	Namespace string
	Reserved  string
	Hash      string
	Sum       []byte
}

func signedBytes(namespace string, msg []byte) []byte {
	sum := sha512.Sum512(msg)
	return append([]byte(sigMagic), ssh.Marshal(sigMessage{Namespace: namespace, Hash: sigHash, Sum: sum[:]})...)
}

// Signer signs with one Ed25519 key. Printing it prints "[secret]".
type Signer struct{ key ssh.Signer }

// Format prints no key, whatever the verb.
func (s *Signer) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "[secret]") }

// PublicKey gives the public half.
func (s *Signer) PublicKey() ssh.PublicKey { return s.key.PublicKey() }

// KeyID gives the OpenSSH fingerprint "SHA256:…".
func (s *Signer) KeyID() string { return Fingerprint(s.key.PublicKey()) }

// Fingerprint gives a key's OpenSSH fingerprint "SHA256:…".
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }

// Sign gives the armoured signature of msg, the same bytes that ssh-keygen -Y sign -n namespace writes.
func (s *Signer) Sign(rand io.Reader, namespace string, msg []byte) ([]byte, error) {
	sig, err := s.key.Sign(rand, signedBytes(namespace, msg))
	if err != nil {
		return nil, ErrKeyFile.Wrap(err)
	}
	blob := append([]byte(sigMagic), ssh.Marshal(sigBlob{
		Version: sigVersion, PublicKey: s.key.PublicKey().Marshal(), Namespace: namespace, Hash: sigHash, Signature: ssh.Marshal(sig),
	})...)
	return armor(blob), nil
}

func armor(blob []byte) []byte {
	text := base64.StdEncoding.EncodeToString(blob)
	out := []byte("-----BEGIN " + sigArmor + "-----\n")
	for len(text) > sigColumns {
		out = append(append(out, text[:sigColumns]...), '\n')
		text = text[sigColumns:]
	}
	out = append(append(out, text...), '\n')
	return append(out, "-----END "+sigArmor+"-----\n"...)
}

// Verify checks that sig is a signature over msg for a purpose by a key that may sign as principal at this time, and
// gives the key's fingerprint. The error says which of these failed: [ErrSignature], [ErrNamespace], [ErrPrincipal],
// [ErrWindow] or [ErrRevoked].
func Verify(sig, msg []byte, namespace, principal string, allowed []AllowedSigner, at time.Time) (keyID string, err error) {
	blob, err := parseSignature(sig)
	if err != nil {
		return "", ErrSignature.Because(err)
	}
	key, err := ssh.ParsePublicKey(blob.PublicKey)
	if err != nil || key.Type() != ssh.KeyAlgoED25519 {
		return "", ErrSignature.Because(errors.New("its key is not an Ed25519 key"))
	}
	if blob.Namespace != namespace {
		return "", ErrNamespace
	}
	if err := verifyBlob(blob, key, msg); err != nil {
		return "", err
	}
	if err := permit(key, namespace, principal, allowed, at); err != nil {
		return "", err
	}
	return Fingerprint(key), nil
}

func verifyBlob(blob sigBlob, key ssh.PublicKey, msg []byte) error {
	var sig ssh.Signature
	if err := ssh.Unmarshal(blob.Signature, &sig); err != nil || len(sig.Rest) > 0 || sig.Format != ssh.KeyAlgoED25519 {
		return ErrSignature.Because(errors.New("it is not an Ed25519 signature"))
	}
	if err := key.Verify(signedBytes(blob.Namespace, msg), &sig); err != nil {
		return ErrSignature
	}
	return nil
}

func unbroken(text []byte) string {
	return strings.NewReplacer("\r", "", "\n", "").Replace(string(text))
}

func parseSignature(sig []byte) (blob sigBlob, err error) {
	if len(sig) > maxSignature {
		return blob, errors.New("it is too large")
	}
	block, _ := pem.Decode(sig)
	// Written again it must be the same text, line breaks aside: base64 has several spellings of the same bytes.
	if block == nil || unbroken(armor(block.Bytes)) != unbroken(sig) {
		return blob, errors.New("it is not an armoured SSH signature")
	}
	content, found := bytes.CutPrefix(block.Bytes, []byte(sigMagic))
	if !found {
		return blob, errors.New("it does not begin with SSHSIG")
	}
	if err := ssh.Unmarshal(content, &blob); err != nil {
		return blob, errors.New("its fields cannot be read")
	}
	switch {
	case blob.Version != sigVersion:
		return blob, errors.New("its version is not 1")
	case blob.Hash != sigHash:
		return blob, errors.New("its hash is not sha512")
	case blob.Reserved != "":
		return blob, errors.New("its reserved field is not empty")
	}
	return blob, nil
}
