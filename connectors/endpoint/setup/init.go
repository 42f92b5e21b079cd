package setup

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/parcel"
	"uoma/internal/canon"
)

// Plan says what [Init] makes.
type Plan struct {
	RecipientID string
	Name        string   // of the organisation, for the pin file
	Listen      string   // host:port
	URL         string   // under which senders reach it
	Hosts       []string // names and addresses in the server's certificate; none: localhost and 127.0.0.1
	ApprovedBy  []string // the two people who pin the keys on the sender's side
}

// Folders and files below the endpoint's folder.
const (
	configName = "endpoint.yaml"
	recipients = "for-senders"
)

// rotation is how long a published key is valid: keys are renewed yearly with an overlap of 30 days.
const rotation = 395 * 24 * time.Hour

// Init makes an endpoint's folder. It fails when one is there.
func Init(folder string, p Plan, now time.Time, random io.Reader) error {
	if !idPattern.MatchString(p.RecipientID) {
		return errName
	}
	if len(p.Hosts) == 0 {
		p.Hosts = []string{"localhost", "127.0.0.1"}
	}
	root, err := openRoot(folder, "tls", "keys", "senders", "state", recipients)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := makeAuthority(root, "tls/ca", "Uoma endpoint "+p.RecipientID, now); err != nil {
		return err
	}
	authority, err := loadAuthority(folder)
	if err != nil {
		return err
	}
	if err := makeServer(root, "tls/server", p.Hosts, authority, now); err != nil {
		return err
	}
	recipient, err := parcel.CreateIdentity(root, "keys/identity.txt", now)
	if err != nil {
		return err
	}
	signer, err := parcel.CreateSigner(root, "keys/receipt", random, parcel.EndpointPrincipal(p.RecipientID))
	if err != nil {
		return err
	}
	if err := publish(root, p, recipient, signer, now, random); err != nil {
		return err
	}
	return writeSettings(root, p)
}

// publish writes state/keys.json with its signature, and the pin file that every sender gets.
func publish(root *os.Root, p Plan, recipient string, signer *parcel.Signer, now time.Time, random io.Reader) error {
	from, to := canon.DateOf(now.UTC()), canon.DateOf(now.UTC().Add(rotation))
	line := parcel.AllowedSigner{
		Principal: parcel.EndpointPrincipal(p.RecipientID), Namespaces: []string{parcel.ReceiptNamespace, parcel.KeysNamespace},
		ValidAfter: from.Time(), ValidBefore: to.Time(), Key: signer.PublicKey(),
	}.Line()
	line = line[:len(line)-1] // a line of its own file ends with a newline; in a list it does not
	keyID := p.RecipientID + "-" + fmt.Sprint(from.Year())
	list := parcel.KeyList{
		Version: 1, Expires: to.Time(), ReceiptKeys: []string{line}, Revoked: []string{},
		Recipients: []parcel.PublishedKey{{KeyID: keyID, Recipient: recipient, NotBefore: from, NotAfter: to}},
	}
	raw, err := list.Encode()
	if err != nil {
		return err
	}
	signature, err := signer.Sign(random, parcel.KeysNamespace, raw)
	if err != nil {
		return err
	}
	pin := map[string]any{
		"id": p.RecipientID, "name": p.Name, "country": "FI", "url": p.URL, "ca": "ca.crt",
		"keys":         []map[string]any{{"key_id": keyID, "recipient": recipient, "not_before": from.String(), "not_after": to.String()}},
		"receipt_keys": []string{line}, "approved_by": p.ApprovedBy, "fingerprint_source": "endpoint init",
	}
	text, err := yaml.Marshal(pin)
	if err != nil {
		return errFolder.Because(err)
	}
	return errors.Join(
		create(root, "state/keys.json", raw), create(root, "state/keys.json.sig", signature),
		create(root, filepath.Join(recipients, p.RecipientID+".yaml"), text),
	)
}

func writeSettings(root *os.Root, p Plan) error {
	s := Settings{Listen: p.Listen, RecipientID: p.RecipientID, State: "state", Identity: "keys/identity.txt", ReceiptKey: "keys/receipt", Senders: "senders"}
	s.TLS.Certificate, s.TLS.Key, s.TLS.ClientCA = "tls/server.crt", "tls/server.key", "tls/ca.crt"
	text, err := yaml.Marshal(s)
	if err != nil {
		return errFolder.Because(err)
	}
	return create(root, configName, text)
}

// Enrol adds a sender: its manifest keys become allowed signers, and for-senders/<id> gets everything that the sender
// needs. Keys may be added later as lines of senders/<id>.
func Enrol(folder, sender string, keys []ssh.PublicKey, now time.Time) error {
	if !idPattern.MatchString(sender) {
		return errName
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return errFolder.Because(err)
	}
	defer root.Close()
	authority, err := loadAuthority(folder)
	if err != nil {
		return err
	}
	bundle := filepath.Join(recipients, sender)
	if err := root.Mkdir(bundle, 0o700); err != nil {
		return errFolder.Because(err)
	}
	if err := makeClient(root, filepath.Join(bundle, "client"), sender, authority, now); err != nil {
		return err
	}
	if err := copyInto(root, bundle); err != nil {
		return err
	}
	var lines []byte
	for _, k := range keys {
		lines = append(lines, parcel.AllowedSigner{
			Principal: parcel.SenderPrincipal(sender), Namespaces: []string{parcel.ManifestNamespace},
			ValidAfter: now.Add(-backdate), ValidBefore: now.Add(rotation), Key: k,
		}.Line()...)
	}
	return create(root, filepath.Join("senders", sender), lines)
}

// copyInto gives a sender's bundle the authority's certificate and the pin file.
func copyInto(root *os.Root, bundle string) error {
	pins, err := filepath.Glob(filepath.Join(root.Name(), recipients, "*.yaml"))
	if err != nil {
		return errFolder.Because(err)
	}
	for _, pin := range pins {
		name := filepath.Base(pin)
		if err := copyFile(root, filepath.Join(recipients, name), filepath.Join(bundle, name)); err != nil {
			return err
		}
	}
	return copyFile(root, "tls/ca.crt", filepath.Join(bundle, "ca.crt"))
}

func copyFile(root *os.Root, from, to string) error {
	raw, err := root.ReadFile(from)
	if err != nil {
		return errFolder.Because(err)
	}
	return create(root, to, raw)
}

func loadAuthority(folder string) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls", "ca.crt"), filepath.Join(folder, "tls", "ca.key"))
	if err != nil {
		return nil, errTLS.Because(err)
	}
	return &c, nil
}

func openRoot(folder string, below ...string) (*os.Root, error) {
	for _, b := range below {
		if err := os.MkdirAll(filepath.Join(folder, b), 0o700); err != nil {
			return nil, errFolder.Because(err)
		}
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, errFolder.Because(err)
	}
	return root, nil
}

// create writes a new file durably; it overwrites nothing.
func create(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errFolder.Because(err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errFolder.Because(err)
	}
	return nil
}
