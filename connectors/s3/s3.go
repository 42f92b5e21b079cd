package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/amazon"
	"uoma/connectors/remote"
)

// Settings say where the bucket is.
type Settings struct {
	Bucket    string
	Prefix    string // of the keys, without slashes around it; "" is the whole bucket
	Endpoint  string // https://host[:port]; "" is Amazon's of the region
	Region    string
	PathStyle bool   // the bucket stands in the path and not in the host's name
	Profile   string // of the shared configuration; "" is what the SDK's chain finds
	CA        []byte // PEM of the authorities that may have signed the server's certificate; empty: the machine's
	KMSKey    string // under which the service encrypts what we write; "" is the bucket's default
	Owner     []byte // key by which a [Drop] knows uploads again that it began in another process

	Idle  time.Duration // a connection that moves no byte for so long is cut; 0 means [remote.Idle]
	Retry remote.Retry
}

// Ranges read at once.
const (
	pieceBytes = 4 << 20
	parallel   = 4
)

// FS is a bucket, or a prefix of it. It is safe for concurrent use.
type FS struct {
	*remote.FS
	store *store
}

// Open checks the settings. The file system ends with ctx.
func Open(ctx context.Context, s Settings) (*FS, error) {
	if s.Bucket == "" {
		return nil, remote.Misset("url", "it names no bucket")
	}
	if u, err := url.Parse(s.Endpoint); s.Endpoint != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "") {
		return nil, remote.Misset("endpoint", "it is not of the form https://host[:port]")
	}
	client, err := remote.HTTP{CA: s.CA, Idle: s.Idle}.Client()
	if err != nil {
		return nil, err
	}
	c, err := amazon.Load(ctx, s.Region, s.Profile)
	if err != nil {
		return nil, errCredentials.Wrap(err) // its text quotes the profile's file
	}
	st := &store{settings: s, http: client, credentials: c.Credentials, known: map[string]remote.Entry{}}
	st.api = api.NewFromConfig(c, func(o *api.Options) {
		o.HTTPClient, o.UsePathStyle = client, s.PathStyle
		o.Retryer = aws.NopRetryer{} // patience is one for all transports
		o.DisableLogOutputChecksumValidationSkipped = true
		if s.Endpoint != "" {
			o.BaseEndpoint = &s.Endpoint
		}
	})
	return &FS{remote.New(ctx, st, s.Retry), st}, nil
}

type store struct {
	settings    Settings
	api         *api.Client
	http        *http.Client
	credentials aws.CredentialsProvider

	mu    sync.Mutex
	known map[string]remote.Entry // what was described once
}

var _ remote.Store = (*store)(nil)

// Close gives up idle connections.
func (s *store) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// key gives the key of a name; "" is the top of a bucket.
func (s *store) key(name string) string {
	return strings.TrimPrefix(path.Join(s.settings.Prefix, name), ".")
}

// version is what [remote.Entry] keeps for us: "" where the bucket has no versions.
type version string

// login finds credentials before the first request, as the SDK's word for none cannot be told from a broken line.
func (s *store) login(ctx context.Context) error {
	if _, err := s.credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if refused := amazon.Refused(err); refused != nil {
			return refused
		}
		return errCredentials.Wrap(err)
	}
	return nil
}

// Entry describes an object as this view of the bucket first saw it, or a prefix of keys as a folder.
func (s *store) Entry(ctx context.Context, name string) (remote.Entry, error) {
	if err := s.login(ctx); err != nil {
		return remote.Entry{}, err
	}
	if name == "." {
		return prefixed(name), nil
	}
	e, err := s.object(ctx, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return e, err
	}
	below := s.key(name) + "/"
	out, err := s.api.ListObjectsV2(ctx, &api.ListObjectsV2Input{Bucket: &s.settings.Bucket, Prefix: &below, MaxKeys: aws.Int32(1), EncodingType: asURL})
	if err != nil {
		return e, judged(ctx, name, err)
	}
	if len(out.Contents) == 0 {
		return e, fs.ErrNotExist
	}
	return prefixed(name), nil
}

func prefixed(name string) remote.Entry { return remote.Entry{Path: name, Kind: fs.ModeDir} }

func (s *store) object(ctx context.Context, name string) (remote.Entry, error) {
	key := s.key(name)
	in := &api.HeadObjectInput{Bucket: &s.settings.Bucket, Key: &key}
	s.mu.Lock()
	before, known := s.known[name]
	s.mu.Unlock()
	if known {
		in.VersionId, in.IfMatch = conditions(before)
	}
	out, err := s.api.HeadObject(ctx, in)
	if err = judged(ctx, name, err); known && (remote.IsChanged(err) || errors.Is(err, fs.ErrNotExist)) {
		if v := s.listed(ctx, before); v != "" {
			in.VersionId, in.IfMatch = aws.String(string(v)), nil
			out, err = s.api.HeadObject(ctx, in)
			err = judged(ctx, name, err)
		}
	}
	if err != nil {
		return remote.Entry{}, err
	}
	e := remote.Entry{Path: name, Bytes: aws.ToInt64(out.ContentLength), Time: aws.ToTime(out.LastModified), Mark: aws.ToString(out.ETag),
		Detail: version(aws.ToString(out.VersionId))}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[name] = e
	return e, nil
}

// listed finds the version that a listing told of, which names none: "" where the bucket has it no more, keeps none, or does
// not let us look. Its mark and size say which it is, as they do in a bucket without versions: not every service keeps the time
// of a version that was replaced, and versions of one mark have the same bytes.
func (s *store) listed(ctx context.Context, e remote.Entry) version {
	key := s.key(e.Path)
	page, err := s.api.ListObjectVersions(ctx, &api.ListObjectVersionsInput{Bucket: &s.settings.Bucket, Prefix: &key, EncodingType: asURL})
	if err != nil {
		return ""
	}
	for _, v := range page.Versions { // its own key comes before longer ones
		if decoded(aws.ToString(v.Key), page.EncodingType) == key && e.Mark != "" && aws.ToString(v.ETag) == e.Mark && aws.ToInt64(v.Size) == e.Bytes && aws.ToString(v.VersionId) != "null" {
			return version(aws.ToString(v.VersionId))
		}
	}
	return ""
}

// asURL is how keys are told: XML cannot say every key, and one of somebody else's would make the whole answer none.
const asURL = types.EncodingTypeUrl

// conditions hold a request to what was described.
func conditions(e remote.Entry) (versionID, ifMatch *string) {
	if v, _ := e.Detail.(version); v != "" && v != "null" { // what was put before a bucket kept versions can be replaced
		return aws.String(string(v)), nil
	}
	if e.Mark != "" {
		return nil, &e.Mark
	}
	return nil, nil
}

// Entries lists the keys below a prefix up to their next slash.
func (s *store) Entries(ctx context.Context, name string) (out []remote.Entry, err error) {
	if err := s.login(ctx); err != nil {
		return nil, err
	}
	prefix := s.key(name)
	if prefix != "" {
		prefix += "/"
	}
	pages := api.NewListObjectsV2Paginator(s.api, &api.ListObjectsV2Input{
		Bucket: &s.settings.Bucket, Prefix: &prefix, Delimiter: aws.String("/"),
		EncodingType: asURL,
	})
	for turn := (turning{}); pages.HasMorePages() && len(out) <= remote.MaxEntries; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, judged(ctx, name, err)
		}
		if err := turn.on(page.IsTruncated, page.NextContinuationToken); err != nil {
			return nil, err
		}
		plain := func(key *string) string {
			return strings.TrimPrefix(decoded(aws.ToString(key), page.EncodingType), prefix)
		}
		for _, p := range page.CommonPrefixes {
			out = append(out, prefixed(below(name, strings.TrimSuffix(plain(p.Prefix), "/"))))
		}
		for _, o := range page.Contents {
			if base := plain(o.Key); base != "" { // else the mark of an empty folder
				e := remote.Entry{Path: below(name, base), Bytes: aws.ToInt64(o.Size), Time: aws.ToTime(o.LastModified), Mark: aws.ToString(o.ETag)}
				s.note(e)
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// turning is the way through the pages of a listing, which the SDK ends where a page says that there is more and not where: a
// service of the protocol's first version does.
type turning struct{ asked map[string]bool }

// maxPages bounds the pages of a listing, which may be empty and lead on for ever: a thousand entries is what a page has, as a rule.
const maxPages = remote.MaxEntries / 10

// on looks at what a page says of the next one.
func (t *turning) on(truncated *bool, next *string) error {
	switch to := aws.ToString(next); {
	case !aws.ToBool(truncated):
		return nil
	case to == "":
		return remote.Answer("its listing is cut, and does not say where it goes on")
	case t.asked[to]:
		return remote.Answer("its listing leads back to a page that was read")
	case len(t.asked) == maxPages:
		return remote.Answer("its listing has more pages than any may have")
	case t.asked == nil:
		t.asked = map[string]bool{to: true}
	default:
		t.asked[to] = true
	}
	return nil
}

// note keeps what a listing says of an object, unless more is known of it.
func (s *store) note(e remote.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[e.Path]; !known {
		s.known[e.Path] = e
	}
}

// below joins without making a bad name good.
func below(dir, base string) string {
	if dir == "." {
		return base
	}
	return dir + "/" + base
}

func decoded(key string, as types.EncodingType) string {
	if as == types.EncodingTypeUrl {
		if plain, err := url.QueryUnescape(key); err == nil {
			return plain
		}
	}
	return key
}

// From reads ranges ahead of the reader.
func (s *store) From(ctx context.Context, e remote.Entry, offset int64) (io.ReadCloser, error) {
	return remote.Ahead(ctx, offset, e.Bytes, pieceBytes, parallel, func(ctx context.Context, p []byte, at int64) (int, error) {
		return s.fetch(ctx, e, p, at)
	}), nil
}

func (s *store) fetch(ctx context.Context, e remote.Entry, p []byte, at int64) (int, error) {
	if err := s.login(ctx); err != nil {
		return 0, err
	}
	key, span := s.key(e.Path), fmt.Sprintf("bytes=%d-%d", at, at+int64(len(p))-1)
	in := &api.GetObjectInput{Bucket: &s.settings.Bucket, Key: &key, Range: &span}
	in.VersionId, in.IfMatch = conditions(e)
	out, err := s.api.GetObject(ctx, in)
	if err != nil {
		if err = judged(ctx, e.Path, err); errors.Is(err, fs.ErrNotExist) {
			err = remote.Changed(e.Path)
		}
		return 0, err
	}
	defer out.Body.Close() // only read from
	got := aws.ToString(out.ContentRange)
	switch _, size, told := strings.Cut(got, "/"); {
	case told && size != strconv.FormatInt(e.Bytes, 10):
		return 0, remote.Changed(e.Path)
	case got != fmt.Sprintf("bytes %d-%d/%d", at, at+int64(len(p))-1, e.Bytes):
		return 0, remote.Answer("it gives other bytes than those of the range that was asked for")
	}
	return io.ReadFull(out.Body, p)
}
