package parcel

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/internal/fault"
)

// AllowedSigner is one key that may sign as one principal. Zero times are open ends.
type AllowedSigner struct {
	Principal   string
	Namespaces  []string
	ValidAfter  time.Time
	ValidBefore time.Time
	Key         ssh.PublicKey
	Revoked     bool // set by [Revoke]
}

// maxAllowed bounds a file of allowed signers or revoked keys in bytes.
const maxAllowed = 256 << 10

// ParseAllowedSigners reads OpenSSH's allowed-signers format, narrowed to what the protocol needs: Ed25519 keys, principals
// without wildcards, namespaces always named, times in UTC with Z, no certificate authorities. Several principals on a line
// give several signers.
func ParseAllowedSigners(b []byte) ([]AllowedSigner, error) {
	if len(b) > maxAllowed {
		return nil, ErrAllowed.Because(errors.New("the file is larger than 256 KiB"))
	}
	var out []AllowedSigner
	for n, line := range bytes.Split(b, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		signers, err := parseAllowedLine(text)
		if err != nil {
			return nil, ErrAllowed.At(fault.Place{Line: n + 1}).Because(err)
		}
		out = append(out, signers...)
	}
	return out, nil
}

func parseAllowedLine(line string) ([]AllowedSigner, error) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return nil, errors.New("the line has no key")
	}
	principals, rest := strings.Split(line[:i], ","), strings.TrimLeft(line[i:], " \t")
	if strings.ContainsAny(line[:i], "*?!\"") || slices.Contains(principals, "") {
		return nil, errors.New("principals must be plain names")
	}
	key, _, options, more, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil || len(more) > 0 {
		return nil, errors.New("the key cannot be read")
	}
	if key.Type() != ssh.KeyAlgoED25519 {
		return nil, errors.New("the key is not an Ed25519 key")
	}
	signer := AllowedSigner{Key: key}
	for _, option := range options {
		if err := signer.apply(option); err != nil {
			return nil, err
		}
	}
	if len(signer.Namespaces) == 0 {
		return nil, errors.New("the line names no namespaces")
	}
	out := make([]AllowedSigner, len(principals))
	for i, p := range principals {
		out[i] = signer
		out[i].Principal = p
	}
	return out, nil
}

func (s *AllowedSigner) apply(option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return errors.New("an option's value is not quoted, or the option is not allowed here")
	}
	value = value[1 : len(value)-1]
	switch strings.ToLower(name) {
	case "namespaces":
		if s.Namespaces != nil {
			return errors.New("namespaces stand twice")
		}
		s.Namespaces = strings.Split(value, ",")
		if strings.ContainsAny(value, "*?!\"") || slices.Contains(s.Namespaces, "") {
			return errors.New("namespaces must be plain names")
		}
		return nil
	case "valid-after":
		s.ValidAfter, err = validity(s.ValidAfter, value)
		return err
	case "valid-before":
		s.ValidBefore, err = validity(s.ValidBefore, value)
		return err
	}
	return errors.New("an option is not allowed here")
}

// validity reads a time of allowed signers. Without Z it would be local time, which two hosts understand differently.
func validity(before time.Time, value string) (time.Time, error) {
	if !before.IsZero() {
		return before, errors.New("a validity stands twice")
	}
	for _, layout := range []string{"20060102Z", "200601021504Z", "20060102150405Z"} {
		if t, err := time.Parse(layout, value); err == nil && len(layout) == len(value) {
			return t, nil
		}
	}
	return before, errors.New("a validity is not YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ")
}

// Line gives the signer as a line of an allowed-signers file, which ssh-keygen reads.
func (s AllowedSigner) Line() string {
	options := []string{`namespaces="` + strings.Join(s.Namespaces, ",") + `"`}
	if !s.ValidAfter.IsZero() {
		options = append(options, `valid-after="`+s.ValidAfter.UTC().Format("20060102150405Z")+`"`)
	}
	if !s.ValidBefore.IsZero() {
		options = append(options, `valid-before="`+s.ValidBefore.UTC().Format("20060102150405Z")+`"`)
	}
	return s.Principal + " " + strings.Join(options, ",") + " " + string(ssh.MarshalAuthorizedKey(s.Key))
}

// ParseRevoked reads a file of revoked keys, one public key a line, as ssh-keygen -Y verify -r takes it.
func ParseRevoked(b []byte) ([]ssh.PublicKey, error) {
	if len(b) > maxAllowed {
		return nil, ErrAllowed.Because(errors.New("the file is larger than 256 KiB"))
	}
	var out []ssh.PublicKey
	for n, line := range bytes.Split(b, []byte("\n")) {
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			return nil, ErrAllowed.At(fault.Place{Line: n + 1}).Because(errors.New("the key cannot be read"))
		}
		out = append(out, key)
	}
	return out, nil
}

// Revoke gives a copy of the signers in which every listed key is revoked.
func Revoke(allowed []AllowedSigner, revoked []ssh.PublicKey) []AllowedSigner {
	out := slices.Clone(allowed)
	for i := range out {
		out[i].Revoked = out[i].Revoked || slices.ContainsFunc(revoked, func(k ssh.PublicKey) bool { return sameKey(k, out[i].Key) })
	}
	return out
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// permit finds a line that lets key sign. Without one, the error is that of the line that came nearest, so that a person
// learns what to renew. A revoked key is refused whatever its other lines say.
func permit(key ssh.PublicKey, namespace, principal string, allowed []AllowedSigner, at time.Time) error {
	nearest, permitted := ErrPrincipal, false
	for _, s := range allowed {
		if !sameKey(s.Key, key) {
			continue
		}
		if s.Revoked {
			return ErrRevoked
		}
		if s.Principal != principal {
			continue
		}
		switch {
		case !slices.Contains(s.Namespaces, namespace):
			if nearest == ErrPrincipal {
				nearest = ErrNamespace
			}
		case !s.ValidAfter.IsZero() && at.Before(s.ValidAfter), !s.ValidBefore.IsZero() && at.After(s.ValidBefore):
			nearest = ErrWindow
		default:
			permitted = true
		}
	}
	if !permitted {
		return nearest
	}
	return nil
}
