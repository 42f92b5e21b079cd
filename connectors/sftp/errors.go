package sftp

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/pkg/sftp"

	"uoma/internal/fault"
)

var (
	errHostKey = fault.New("UOMA-SRC-HOST-KEY", "the server's host key is not the pinned one",
		"stop; compare the key with the server's owner by another channel before you change the pin").For(fault.Source)
	errAlgorithm = fault.New("UOMA-SRC-ALGORITHM", "the server offers no algorithm that we speak, or no host key of the pinned kind",
		"compare the pinned key with the server's owner; SHA-1, DSA and CBC ciphers are not spoken").For(fault.Source)
)

// answered tells whether an error is the server's answer to one request, after which the connection is as good as before.
// The library gives a connection that ended as the end of the file; as nobody asks for bytes beyond it, it is the former.
func answered(err error) bool {
	var status *sftp.StatusError
	return err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.As(err, &status) || fault.Code(err) != ""
}

// ofLine tells whether a handshake failed for want of a connection.
func ofLine(err error) bool {
	var network net.Error
	var number syscall.Errno
	return errors.As(err, &network) || errors.As(err, &number) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}
