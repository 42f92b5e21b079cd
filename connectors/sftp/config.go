package sftp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/remote"
)

// Settings say where the server is and how both sides know each other.
type Settings struct {
	Address  string // host, or host:port
	User     string
	HostKeys []string      // of which the server must have one, as "ssh-ed25519 AAAA…"
	Key      remote.Secret // our private key in OpenSSH's or a PEM format, without a passphrase; or
	Password remote.Secret
	Folder   string // at the server; "" is where a login begins

	Idle  time.Duration // a connection that moves no byte for so long is cut; 0 means [remote.Idle]
	Retry remote.Retry
}

const port = "22"

func (s Settings) address() (string, error) {
	if s.Address == "" || s.User == "" {
		return "", remote.Misset("url", "it names no host or no user")
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return net.JoinHostPort(strings.Trim(s.Address, "[]"), port), nil
	}
	return s.Address, nil
}

// config makes what both sides agree on. verified is called when the server has proved to be the pinned one.
func (s Settings) config() (*ssh.ClientConfig, error) {
	pins, err := parsePins(s.HostKeys)
	if err != nil {
		return nil, err
	}
	auth, err := s.auth()
	if err != nil {
		return nil, err
	}
	modern := ssh.SupportedAlgorithms()
	return &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: modern.KeyExchanges, Ciphers: modern.Ciphers, MACs: modern.MACs},
		User:              s.User,
		Auth:              auth,
		HostKeyCallback:   pins.check,
		HostKeyAlgorithms: pins.algorithms(),
	}, nil
}

// auth gives our ways to prove who we are, the key first.
func (s Settings) auth() (ways []ssh.AuthMethod, err error) {
	if len(s.Key) > 0 {
		signer, err := parseKey([]byte(s.Key))
		if err != nil {
			return nil, remote.Misset("key", "it is no private key, or it has a passphrase") // the parser's words may quote it
		}
		ways = append(ways, ssh.PublicKeys(signer))
	}
	if s.Password != "" {
		ways = append(ways, ssh.Password(string(s.Password)), ssh.KeyboardInteractive(s.answer))
	}
	if len(ways) == 0 {
		return nil, remote.Misset("key", "neither key nor password is named")
	}
	return ways, nil
}

// answer gives the password to a server that asks for it as a question; it answers no other.
func (s Settings) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	switch {
	case len(questions) == 0:
		return nil, nil
	case len(questions) == 1 && !echos[0]:
		return []string{string(s.Password)}, nil
	}
	return nil, errors.New("the server asks for more than a password")
}

// parseKey reads a private key. RSA signs with SHA-2 alone.
func parseKey(pem []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil || signer.PublicKey().Type() != ssh.KeyAlgoRSA {
		return signer, err
	}
	able, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("an RSA key that cannot sign with SHA-2")
	}
	return ssh.NewSignerWithAlgorithms(able, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
}

// pins are the host keys of which a server must have one.
type pins []ssh.PublicKey

func parsePins(lines []string) (pins, error) {
	var out pins
	for i, line := range lines {
		key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || len(options) > 0 {
			return nil, remote.Misset(fmt.Sprintf("host_keys.%d", i), "it is not of the form ssh-ed25519 AAAA…")
		}
		out = append(out, key)
	}
	if len(out) == 0 {
		return nil, remote.Misset("host_keys", "no host key is pinned; ask the server's owner for it")
	}
	return out, nil
}

func (p pins) check(_ string, _ net.Addr, got ssh.PublicKey) error {
	if slices.ContainsFunc(p, func(pin ssh.PublicKey) bool { return bytes.Equal(pin.Marshal(), got.Marshal()) }) {
		return nil
	}
	return errHostKey
}

// algorithms gives those that prove the pinned keys, and no others: the server must not choose another of its keys.
func (p pins) algorithms() (out []string) {
	modern := ssh.SupportedAlgorithms().HostKeys
	for _, pin := range p {
		wanted := []string{pin.Type()}
		if pin.Type() == ssh.KeyAlgoRSA {
			wanted = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, a := range wanted {
			if slices.Contains(modern, a) && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// at gives the server's path of a name.
func (s Settings) at(name string) string { return path.Join(s.Folder, name) }
