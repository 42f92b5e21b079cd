// Package compressed reads gzip (RFC 1952) and zstd (RFC 8878) as a stream that cannot be a bomb.
//
// [NewReader] gives the bytes inside. They are bounded in number, and against the bytes that they came from, while they
// are inflated: a stream that lies about its size, or says none, is stopped as well. Several gzip members or zstd frames
// in a row are one stream; anything else behind the end is an error, and so is a stream that ends too early or has a
// wrong checksum. Base64, in which some services give their downloads, is read likewise: it has no checksum, and a cut between two
// groups of four is seen by the format inside alone. Nothing is written to disk, and the window of zstd is bounded.
//
// The package knows no format inside.
package compressed

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"uoma/internal/fault"
)

var (
	errFormat = fault.New("UOMA-LND-COMPRESSED", "the compressed export is damaged, or compressed in another way than its layout says",
		"export the file again, or correct the layout's compression").For(fault.Source)
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the compressed export ends too early",
		"have the export made again; nothing was removed").For(fault.Source)
	errLimit = fault.New("UOMA-LND-BOMB", "the compressed export is beyond the limits",
		"check with the source system that the export is honest before any limit is raised").For(fault.Source)
	errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
		"compression is gzip, zstd or base64")
)

// Kinds of compression.
const (
	Gzip = "gzip"
	Zstd = "zstd"
	// Base64 (RFC 4648) makes bytes longer: some services give their downloads so.
	Base64 = "base64"
)

// Limits bounds what comes out; zero fields take the defaults in [DefaultLimits].
type Limits struct {
	Size  int64 // bytes
	Ratio int64 // of the bytes out to those in, applied from 64 KiB out
}

// DefaultLimits gives what no honest export of the known systems comes near.
func DefaultLimits() Limits { return Limits{Size: 8 << 30, Ratio: 200} }

const (
	ratioFrom = 64 << 10 // a small file of equal lines compresses well and harms nobody
	maxWindow = 32 << 20 // of zstd: beyond what levels up to 19 ask for
	buffer    = 64 << 10
)

// Reader inflates one export. Its Close frees what it holds and leaves the stream below open.
type Reader struct {
	in       *counter
	inflater io.Reader
	close    func()
	limits   Limits
	out      int64
	err      error // sticky
}

// counter counts the bytes that were taken.
type counter struct {
	r   *bufio.Reader
	n   int64
	err error // of the stream, to be told apart from those of the inflater
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// ReadByte lets the inflaters take no byte more than they need.
func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	} else if err != io.EOF {
		c.err = err
	}
	return b, err
}

// gunzip reads the header with the first bytes, so that a line which breaks there is told of as anywhere else.
type gunzip struct {
	in *counter
	r  *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.r == nil {
		if g.r, err = gzip.NewReader(g.in); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
	}
	return g.r.Read(p)
}

// NewReader gives the bytes inside a stream that is compressed in that way. It reads nothing yet.
func NewReader(r io.Reader, kind string, limits Limits) (*Reader, error) {
	if limits.Size <= 0 {
		limits.Size = DefaultLimits().Size
	}
	if limits.Ratio <= 0 {
		limits.Ratio = DefaultLimits().Ratio
	}
	c := &Reader{in: &counter{r: bufio.NewReaderSize(r, buffer)}, limits: limits, close: func() {}}
	switch kind {
	case Gzip:
		c.inflater = &gunzip{in: c.in}
	case Zstd:
		inflater, err := zstd.NewReader(c.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(uint64(limits.Size)))
		if err != nil {
			return nil, c.fault(err)
		}
		c.inflater, c.close = inflater, inflater.Close
	case Base64:
		c.inflater = base64.NewDecoder(base64.StdEncoding, c.in)
	default:
		return nil, errOptions
	}
	return c, nil
}

// Read implements [io.Reader]. It answers [io.EOF] only behind a stream that is whole.
func (c *Reader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.inflater.Read(p)
	c.out += int64(n)
	switch {
	case c.out > c.limits.Size:
		c.err = errLimit.Because(errors.New("it inflates to too many bytes"))
	case c.out >= ratioFrom && c.out/c.limits.Ratio > c.in.n:
		c.err = errLimit.Because(errors.New("it inflates to too many times its size"))
	case err == io.EOF:
		c.err = c.end()
	case err != nil:
		c.err = c.fault(err)
	}
	if c.err != nil && c.err != io.EOF {
		return 0, c.err
	}
	return n, c.err
}

// end refuses an empty stream, which has nothing to inflate: it is cut at its first byte.
func (c *Reader) end() error {
	if c.in.n == 0 {
		return errTruncated
	}
	return io.EOF
}

// fault translates the inflaters' errors; those of the stream pass.
func (c *Reader) fault(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case c.in.err != nil:
		return c.in.err
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return errTruncated
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrFrameSizeExceeded):
		return errLimit
	case errors.As(err, &corrupt):
		return errFormat
	}
	return errFormat.Wrap(err)
}

// Close ends the inflating.
func (c *Reader) Close() error {
	c.close()
	return nil
}
