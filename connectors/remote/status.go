package remote

import (
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"uoma/internal/fault"
)

var (
	errLogin = fault.New("UOMA-SRC-LOGIN", "the server does not let us in",
		"compare user, key, password or certificate, and what they may do, with the server's owner").For(fault.Source)
	errRedirect = fault.New("UOMA-SRC-REDIRECT", "the server answered with a redirect, which is never followed",
		"name the address itself; of a bucket, its own region").For(fault.Source)
	errAnswer = fault.New("UOMA-SRC-ANSWER", "the server's answer does not follow the protocol",
		"compare the settings with the server's owner").For(fault.Source)
)

// Login is the error of a server that does not let us in.
func Login(cause error) error { return errLogin.Wrap(cause) }

// Answer is the error of an answer that does not follow the protocol.
func Answer(why string) error { return errAnswer.Because(errors.New(why)) }

// OfOne tells whether a refusal may be of the one file or folder that was asked for: the source's others may be read.
func OfOne(err error) bool { return errors.Is(err, fs.ErrPermission) }

// Status gives what an HTTP answer that is no success means for a file.
func Status(status int, header http.Header) error {
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		return fs.ErrNotExist
	case status == http.StatusUnauthorized: // whatever is asked for
		return errLogin
	case status == http.StatusForbidden:
		return errLogin.Wrap(fs.ErrPermission)
	case status >= 300 && status < 400:
		return errRedirect
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		return busy{status, pause(header)}
	}
	return Answer("HTTP " + strconv.Itoa(status))
}

// pause reads for how long the server asks to be left alone: a number of seconds, or a date, which is compared with the
// server's own clock. 0 when it does not say.
func pause(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	now, err2 := http.ParseTime(header.Get("Date"))
	if err != nil || err2 != nil {
		return 0
	}
	return until.Sub(now)
}

// busy is an answer after which the same request may succeed.
type busy struct {
	status int
	after  time.Duration
}

func (b busy) Error() string             { return "HTTP " + strconv.Itoa(b.status) }
func (b busy) RetryAfter() time.Duration { return b.after }
