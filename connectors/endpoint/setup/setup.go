// Package setup makes and loads the folder of a reference endpoint: its authority and certificates, its keys, its
// enrolled senders and endpoint.yaml, which names them all.
//
// [Init] makes a folder; [Enrol] adds a sender and writes what that sender needs into for-senders/<id>; [Load] reads the
// folder for [endpoint.New] and [endpoint.TLS]. Private keys are made with mode 0600 and nothing is overwritten.
//
//	endpoint.yaml                    settings
//	tls/ca.crt, ca.key               authority of server and client certificates
//	tls/server.crt, server.key       for the names the endpoint is reached under
//	keys/identity.txt                age identity
//	keys/receipt, receipt.pub        receipt key
//	senders/<id>                     allowed signers of one sender
//	state/                           deliveries, keys.json
//	for-senders/<id>/                ca.crt, client.crt, client.key, <recipient>.yaml: goes to the sender
//
// An authority in a file is fit for a demo, a test and a small consortium; who has a better one replaces tls/.
package setup

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"uoma/connectors/endpoint"
	"uoma/connectors/parcel"
	"uoma/internal/document"
	"uoma/internal/fault"
)

var (
	errFolder = fault.New("UOMA-END-FOLDER", "the endpoint's folder cannot be made or read", "check the path and its owner; init makes a new folder and overwrites nothing")
	errName   = fault.New("UOMA-END-NAME", "an id is not [a-z0-9-]{1,64}", "use lower-case letters, digits and hyphens")
	errTLS    = fault.New("UOMA-END-TLS", "a certificate or its key cannot be used", "compare the tls: paths in endpoint.yaml with the files")
)

var idPattern = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// Settings is endpoint.yaml. Paths are relative to it.
type Settings struct {
	Listen      string `yaml:"listen"` // host:port; port 0 takes a free one
	RecipientID string `yaml:"recipient_id"`
	State       string `yaml:"state"`
	TLS         struct {
		Certificate string `yaml:"certificate"`
		Key         string `yaml:"key"`
		ClientCA    string `yaml:"client_ca"`
	} `yaml:"tls"`
	Identity   string             `yaml:"identity"`
	ReceiptKey string             `yaml:"receipt_key"`
	Senders    string             `yaml:"senders"`  // folder with one file of allowed signers for each sender
	Revoked    string             `yaml:"revoked"`  // file of revoked signing keys; may be left out
	Datasets   map[string]Dataset `yaml:"datasets"` // none: every dataset is taken
	Limits     struct {
		MaxBytes int64 `yaml:"max_bytes"`
		PatchMax int64 `yaml:"patch_max"`
	} `yaml:"limits"`
}

// Dataset is what the endpoint knows of a dataset.
type Dataset struct {
	Schemas map[string]string `yaml:"schemas"` // version to SHA-256, which may be ""
}

// Loaded is an endpoint's folder, read.
type Loaded struct {
	Listen   string
	Endpoint endpoint.Config
	TLS      *tls.Config
}

// Load reads endpoint.yaml and everything that it names.
func Load(path string, now func() time.Time, random io.Reader, log *slog.Logger) (*Loaded, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, errFolder.Because(err)
	}
	var s Settings
	if err := document.Decode(path, src, nil, &s); err != nil {
		return nil, err
	}
	base := filepath.Dir(path)
	config := endpoint.Config{
		RecipientID: s.RecipientID, Folder: at(base, s.State), Datasets: datasets(s.Datasets),
		Limits: endpoint.Limits{MaxBytes: s.Limits.MaxBytes, PatchMax: s.Limits.PatchMax},
		Now:    now, Rand: random, Log: log,
	}
	if config.Identity, err = parcel.LoadIdentity(at(base, s.Identity)); err != nil {
		return nil, err
	}
	if config.Signer, err = parcel.LoadSigner(at(base, s.ReceiptKey)); err != nil {
		return nil, err
	}
	if config.Senders, err = senders(base, s); err != nil {
		return nil, err
	}
	serverTLS, err := loadTLS(base, s)
	if err != nil {
		return nil, err
	}
	return &Loaded{s.Listen, config, serverTLS}, nil
}

func at(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// datasets leaves the content to the endpoint's default check; a service with more to ask builds its own Config.
func datasets(in map[string]Dataset) map[string]endpoint.Dataset {
	if len(in) == 0 {
		return nil
	}
	out := map[string]endpoint.Dataset{}
	for id, d := range in {
		out[id] = endpoint.Dataset{Schemas: d.Schemas}
	}
	return out
}

func senders(base string, s Settings) (map[string][]parcel.AllowedSigner, error) {
	folder := at(base, s.Senders)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, errFolder.Because(err)
	}
	out := map[string][]parcel.AllowedSigner{}
	for _, e := range entries {
		if !idPattern.MatchString(e.Name()) {
			return nil, errName.At(fault.Place{File: filepath.Join(folder, e.Name())})
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, errFolder.Because(err)
		}
		signers, err := parcel.ParseAllowedSigners(text)
		if err != nil {
			return nil, err
		}
		out[e.Name()] = signers
	}
	if s.Revoked == "" {
		return out, nil
	}
	return revoke(out, at(base, s.Revoked))
}

func revoke(signers map[string][]parcel.AllowedSigner, path string) (map[string][]parcel.AllowedSigner, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errFolder.Because(err)
	}
	keys, err := parcel.ParseRevoked(text)
	if err != nil {
		return nil, err
	}
	for id, list := range signers {
		signers[id] = parcel.Revoke(list, keys)
	}
	return signers, nil
}

func loadTLS(base string, s Settings) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(at(base, s.TLS.Certificate), at(base, s.TLS.Key))
	if err != nil {
		return nil, errTLS.Because(err)
	}
	ca, err := os.ReadFile(at(base, s.TLS.ClientCA))
	if err != nil {
		return nil, errTLS.Because(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errTLS.Because(errors.New("client_ca holds no certificate"))
	}
	return endpoint.TLS(certificate, pool), nil
}
