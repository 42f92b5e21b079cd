package workspace

import (
	"cmp"
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"uoma/connectors/keys"
	"uoma/connectors/kms"
	"uoma/connectors/remote"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// FileName is the settings file that makes a folder a workspace.
const FileName = "uoma.yaml"

//go:embed workspace.schema.json
var schemaSource []byte

// Schema gives the published JSON Schema of [FileName].
func Schema() []byte { return append([]byte(nil), schemaSource...) }

// Settings is the content of [FileName], with defaults filled in. Paths are relative to the workspace.
type Settings struct {
	Institution          string                    `yaml:"institution"`
	Zone                 string                    `yaml:"zone"`
	Policy               string                    `yaml:"policy"`
	PolicySigners        []string                  `yaml:"policy_signers"` // lines of allowed signers; none: packs are not signed
	Inbox                string                    `yaml:"inbox"`
	Inboxes              map[string]*InboxSettings `yaml:"inboxes"` // by system
	Systems              []string                  `yaml:"systems"`
	Targets              map[string]TargetSettings `yaml:"targets"` // by target
	TemporaryIdentifiers bool                      `yaml:"temporary_identifiers"`
	Stores               struct {
		Register string `yaml:"register"`
		Vault    string `yaml:"vault"`
	} `yaml:"stores"`
	Keys struct {
		Master  *MasterKey `yaml:"master"`
		Next    *MasterKey `yaml:"next"` // takes the master key's place when the keys are rotated
		Storage string     `yaml:"storage"`
		Signing string     `yaml:"signing"`
	} `yaml:"keys"`
	Erasures  string `yaml:"erasures"` // the book of erasures
	Retention struct {
		RawDays int     `yaml:"raw_days"` // for how long snapshots and quarantined rows are kept
		Share   float64 `yaml:"share"`    // percent of the people from above which one person alone may not let data go
	} `yaml:"retention"`
	Backup struct {
		Recipients []string `yaml:"recipients"` // age recipients who open backups
	} `yaml:"backup"`
	Sender struct {
		ID          string `yaml:"id"`
		Certificate string `yaml:"certificate"`
		Key         string `yaml:"key"`
	} `yaml:"sender"`

	Roles struct {
		DPO      []string `yaml:"dpo"`      // approve requests to reveal many people
		Approver []string `yaml:"approver"` // approve those for a few; anybody else than the requester when empty
	} `yaml:"roles"` // users of the machine, where no file names the operators
	Operators string  `yaml:"operators"` // the file that names them; given, it must be there
	Network   Network `yaml:"network"`

	// Pseudonyms says of which domains, RECIPIENT/DATASET, the pseudonyms are random and not keyed.
	Pseudonyms map[string]string `yaml:"pseudonyms"`

	Location *time.Location `yaml:"-"`
}

// Random tells whether the pseudonyms of a domain are random.
func (s *Settings) Random(domain string) bool { return s.Pseudonyms[domain] == "random" }

// TargetSettings say where a target's files go, or the service that its rows are written to.
type TargetSettings struct {
	Folder    string `yaml:"folder"`
	Transport string `yaml:"transport"` // "encrypted": what fetches the files from there is

	URL    string         `yaml:"url"` // of files sftp://USER@HOST[:PORT]/FOLDER or s3://BUCKET/PREFIX; of rows the Web API
	OAuth  *OAuthSettings `yaml:"oauth"`
	KMSKey string         `yaml:"kms_key"` // s3: under which the service encrypts the files

	// As those of an inbox.
	HostKeys  []string `yaml:"host_keys"`
	Password  string   `yaml:"password"`
	Key       string   `yaml:"key"`
	Endpoint  string   `yaml:"endpoint"`
	Region    string   `yaml:"region"`
	PathStyle bool     `yaml:"path_style"`
	Profile   string   `yaml:"profile"`
	CA        string   `yaml:"ca"`
	Networks  []string `yaml:"networks"`

	Rate     float64 `yaml:"rate"`      // rows a second; 0 for the connector's own
	MostGone float64 `yaml:"most_gone"` // percent of the rows there that one run may empty; 0 means 20
}

// reached gives how a target's server is reached, which is how an inbox is.
func (t *TargetSettings) reached() *InboxSettings {
	return &InboxSettings{URL: t.URL, OAuth: t.OAuth, HostKeys: t.HostKeys, Password: t.Password, Key: t.Key, Endpoint: t.Endpoint, Region: t.Region,
		PathStyle: t.PathStyle, Profile: t.Profile, CA: t.CA, Networks: t.Networks}
}

// MasterKey says who holds a master key: a file, a program, or AWS KMS.
type MasterKey struct {
	File    string       `yaml:"-"` // file:PATH
	Command []string     `yaml:"command"`
	KMS     *KMSSettings `yaml:"kms"`
}

// KMSSettings name a key of AWS KMS.
type KMSSettings struct {
	Key      string `yaml:"key"`
	Blob     string `yaml:"blob"` // path of the encrypted master key
	Region   string `yaml:"region"`
	Profile  string `yaml:"profile"`
	Endpoint string `yaml:"endpoint"`
	CA       string `yaml:"ca"`
}

// UnmarshalYAML reads a reference to a file, or one of the other holders.
func (m *MasterKey) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		path, ok := strings.CutPrefix(n.Value, "file:")
		if !ok {
			return errReference.At(fault.Place{File: FileName, Line: n.Line, Column: n.Column, Field: "keys"})
		}
		m.File = path
		return nil
	}
	type plain MasterKey // without this method
	return n.Decode((*plain)(m))
}

// path gives the file in which a master key lies, in clear or encrypted; "" where a program holds it.
func (m *MasterKey) path(dir string) string {
	switch {
	case m.Command != nil:
		return ""
	case m.KMS != nil:
		return within(dir, cmp.Or(m.KMS.Blob, "keys/master.kms"))
	}
	return within(dir, m.File)
}

// holder makes the keeper of a master key.
func (m *MasterKey) holder(dir, institution string) (keys.Holder, error) {
	switch {
	case m.Command != nil:
		return keys.Command(m.Command), nil
	case m.KMS == nil:
		return keys.File(m.path(dir)), nil
	}
	s := kms.Settings{Key: m.KMS.Key, Region: cmp.Or(m.KMS.Region, kms.Region(m.KMS.Key)), Profile: m.KMS.Profile, Endpoint: m.KMS.Endpoint,
		Blob: m.path(dir), Context: map[string]string{"uoma": "master-key", "institution": institution}}
	if m.KMS.CA != "" {
		pem, err := os.ReadFile(within(dir, m.KMS.CA))
		if err != nil {
			return nil, errReference.At(fault.Place{File: FileName, Field: "ca"}).Because(errors.Unwrap(err))
		}
		if s.HTTP, err = (remote.HTTP{CA: pem}).Client(); err != nil {
			return nil, err
		}
	}
	return kms.New(s), nil
}

// holders gives the keepers of the master key and, where one is named, of the one that takes its place.
func (s *Settings) holders(dir string) ([]keys.Holder, error) {
	var out []keys.Holder
	for _, m := range []*MasterKey{s.Keys.Master, s.Keys.Next} {
		if m == nil {
			continue
		}
		h, err := m.holder(dir, s.Institution)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// tidyKeys removes what killed programs left beside the keys that they made. Where it may not, as in a folder of another,
// the keys open nevertheless, and [Check] tells of what is left in the workspace.
func (s *Settings) tidyKeys(dir string) error {
	storage, err := keyPath(dir, s.Keys.Storage)
	if err != nil {
		return err
	}
	paths := []string{storage}
	for _, m := range []*MasterKey{s.Keys.Master, s.Keys.Next} {
		if m != nil && m.path(dir) != "" {
			paths = append(paths, m.path(dir))
		}
	}
	for _, path := range paths {
		if err := keys.RemoveParts(path); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
			return err
		}
	}
	return nil
}

// asksOutside tells whether a master key lies with a service.
func (s *Settings) asksOutside() bool {
	return s.Keys.Master.KMS != nil || s.Keys.Next != nil && s.Keys.Next.KMS != nil
}

var (
	errAbsent    = fault.New("UOMA-WSP-ABSENT", "there is no workspace here: uoma.yaml is missing", "run uoma init DIR, or name the workspace with --workspace")
	errZone      = fault.New("UOMA-WSP-ZONE", "the time zone is unknown", "use a name of the IANA time-zone database, such as Europe/Helsinki")
	errReference = fault.New("UOMA-WSP-REFERENCE", "the secret that the settings refer to cannot be read", "set the environment variable, or write the file with mode 0600")
)

var schema = sync.OnceValue(func() *document.Schema { return document.CompileSchema("workspace.schema.json", schemaSource) })

func readSettings(dir string) (*Settings, []byte, error) {
	path := filepath.Join(dir, FileName)
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, errAbsent.At(fault.Place{File: path})
	}
	s := &Settings{}
	if err := document.Decode(FileName, src, schema(), s); err != nil {
		return nil, nil, err
	}
	s.fillDefaults()
	if s.Location, err = time.LoadLocation(s.Zone); err != nil {
		return nil, nil, errZone.At(document.Locate(FileName, src, "zone"))
	}
	return s, src, nil
}

// FoldersOutside gives the folders of targets that the settings of the workspace in dir name, and that lie outside of it.
func FoldersOutside(dir string) (out []string, err error) {
	s, _, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	for _, t := range s.Targets {
		if t.Folder == "" {
			continue
		}
		folder, err := filepath.Abs(within(dir, t.Folder))
		if err != nil {
			return nil, err
		}
		home, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		if rel, err := filepath.Rel(home, folder); err != nil || !filepath.IsLocal(rel) {
			out = append(out, folder)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (s *Settings) fillDefaults() {
	if s.Keys.Master == nil {
		s.Keys.Master = &MasterKey{File: "keys/master.key"}
	}
	for _, d := range []struct {
		field *string
		value string
	}{
		{&s.Zone, "Europe/Helsinki"}, {&s.Policy, "xamk"}, {&s.Inbox, "inbox"}, {&s.Erasures, "erasures/book.jsonl"},
		{&s.Stores.Register, "sqlite:register.db"}, {&s.Stores.Vault, "sqlite:vault.db"},
		{&s.Keys.Storage, "file:keys/storage.key"}, {&s.Keys.Signing, "file:keys/signing"},
		{&s.Sender.Certificate, "keys/client.crt"}, {&s.Sender.Key, "keys/client.key"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if s.Retention.RawDays == 0 {
		s.Retention.RawDays = 400
	}
	if s.Retention.Share == 0 {
		s.Retention.Share = 1
	}
}

// keyPath gives the file that a key reference names. Keys live in files: an environment is inherited and listed.
func keyPath(dir, reference string) (string, error) {
	path, ok := strings.CutPrefix(reference, "file:")
	if !ok {
		return "", errReference.At(fault.Place{File: FileName, Field: "keys"})
	}
	return within(dir, path), nil
}

// storeDSN gives the data source name that a store setting stands for: itself when it is SQLite, which holds no secret,
// else what the reference names.
func storeDSN(dir, setting string, secret func(path string) (string, error)) (string, error) {
	if path, ok := strings.CutPrefix(setting, "sqlite:"); ok {
		return "sqlite:" + within(dir, path), nil
	}
	return dereference(dir, setting, secret)
}

// dereference gives the secret that a reference of the form env:NAME or file:PATH names.
func dereference(dir, reference string, secret func(path string) (string, error)) (string, error) {
	if name, ok := strings.CutPrefix(reference, "env:"); ok {
		if v := os.Getenv(name); v != "" {
			return v, nil
		}
		return "", errReference.At(fault.Place{File: FileName, Field: name})
	}
	if path, ok := strings.CutPrefix(reference, "file:"); ok {
		return secret(within(dir, path))
	}
	return "", errReference.At(fault.Place{File: FileName, Field: "stores"})
}

func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
