package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"uoma/connectors/carrier"
	"uoma/internal/durable"
)

// noProgress is how long an upload may stand still before the endpoint gives its lock back.
const noProgress = 60 * time.Second

// past is a read deadline that has gone: setting it wakes a read that waits.
var past = time.Unix(1, 0)

// measure answers HEAD .../payload.
func (e *Endpoint) measure(w http.ResponseWriter, r *http.Request, d *delivery) error {
	if err := checkTus(w, r); err != nil {
		return err
	}
	release := e.store.takeUpload(d, nil)
	defer release()
	offset, err := d.offset()
	if err != nil {
		return err
	}
	setOffset(w, offset)
	w.Header().Set("Upload-Length", strconv.FormatInt(d.manifest.Payload.Bytes, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// receive answers PATCH .../payload. Every byte that comes is kept, however the request ends.
func (e *Endpoint) receive(w http.ResponseWriter, r *http.Request, d *delivery) error {
	if err := checkTus(w, r); err != nil {
		return err
	}
	if r.Header.Get("Content-Type") != carrier.PayloadType {
		return refuse(carrier.ContentType, "a PATCH carries "+carrier.PayloadType)
	}
	if r.ContentLength > e.limits.PatchMax {
		return refuse(carrier.TooLarge, "the piece is larger than patch_max")
	}
	control := http.NewResponseController(w)
	release := e.store.takeUpload(d, func() { _ = control.SetReadDeadline(past) })
	defer release()
	offset, err := d.offset()
	if err != nil {
		return err
	}
	setOffset(w, offset)
	if told, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64); err != nil || told != offset {
		return refuse(carrier.OffsetConflict, "Upload-Offset is not the number of bytes kept")
	}
	remaining := d.manifest.Payload.Bytes - offset
	if r.ContentLength > remaining {
		return refuse(carrier.TooLarge, "the piece goes beyond the payload's length")
	}
	if remaining > 0 && e.now().After(d.manifest.NotAfter) {
		return refuse(carrier.ManifestExpired, "not_after has passed")
	}
	body := http.MaxBytesReader(nil, r.Body, min(remaining, e.limits.PatchMax))
	return e.keep(w, d, &watchedBody{body, time.AfterFunc(noProgress, func() { _ = control.SetReadDeadline(past) })}, offset)
}

// keep appends a body to the payload and ends the payload when it is complete.
func (e *Endpoint) keep(w http.ResponseWriter, d *delivery, body *watchedBody, offset int64) error {
	n, err := d.write(offset, body)
	body.timer.Stop()
	offset += n
	setOffset(w, offset)
	if offset == d.manifest.Payload.Bytes && n > 0 {
		if failed := d.finish(); failed != nil {
			setOffset(w, 0)
			return failed
		}
		e.wake()
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return refuse(carrier.TooLarge, "the piece goes beyond the payload's length or patch_max")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return refuse(carrier.Quota, "no room for the payload")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(carrier.OffsetConflict, "the piece ended early; what came is kept")
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func checkTus(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Tus-Resumable", carrier.TusVersion)
	w.Header().Set("Cache-Control", "no-store")
	if r.Header.Get("Tus-Resumable") != carrier.TusVersion {
		w.Header().Set("Tus-Version", carrier.TusVersion)
		return refuse(carrier.TusVersionRefused, "this endpoint speaks tus "+carrier.TusVersion)
	}
	return nil
}

func setOffset(w http.ResponseWriter, n int64) {
	w.Header().Set("Upload-Offset", strconv.FormatInt(n, 10))
}

// takeUpload gives the caller the payload alone. A request that still holds it is woken and ends: its client has lost
// the connection, or it would not ask again. interrupt wakes the caller in its turn.
func (s *store) takeUpload(d *delivery, interrupt func()) (release func()) {
	s.mu.Lock()
	if d.interrupt != nil {
		d.interrupt()
	}
	s.mu.Unlock()
	d.upload.Lock()
	s.mu.Lock()
	d.interrupt = interrupt
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		d.interrupt = nil
		s.mu.Unlock()
		d.upload.Unlock()
	}
}

// offset gives how many payload bytes are kept.
func (d *delivery) offset() (int64, error) {
	if exists(d.path(payloadName)) {
		return d.manifest.Payload.Bytes, nil
	}
	return size(d.path(partName))
}

// write appends what body gives and makes it durable, also when body ends with an error.
func (d *delivery) write(offset int64, body io.Reader) (int64, error) {
	if offset == d.manifest.Payload.Bytes {
		_, err := io.Copy(io.Discard, body)
		return 0, err
	}
	f, err := os.OpenFile(d.path(partName), os.O_WRONLY|os.O_CREATE, fileMode)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(plainWriter{f}, body, make([]byte, 256<<10))
	if failed := errors.Join(f.Sync(), durable.Folder(d.folder)); failed != nil {
		return 0, failed
	}
	return n, err
}

// finish compares the payload's digest and gives it its final name, or drops it.
func (d *delivery) finish() error {
	sum, err := digestFile(d.path(partName))
	if err != nil {
		return err
	}
	if sum != d.manifest.Payload.SHA256 {
		if err := os.Remove(d.path(partName)); err != nil {
			return err
		}
		return errors.Join(refuse(carrier.PayloadDigestMismatch, "the payload's digest is not the manifest's; it was dropped"), durable.Folder(d.folder))
	}
	return rename(d.path(partName), d.path(payloadName))
}

func digestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(plainWriter{h}, f, make([]byte, 256<<10)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// plainWriter hides a writer's ReadFrom, so that the copy uses the buffer it is given.
type plainWriter struct{ io.Writer }

// watchedBody restarts its timer whenever bytes come.
type watchedBody struct {
	io.Reader
	timer *time.Timer
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if n > 0 {
		b.timer.Reset(noProgress)
	}
	return n, err
}
