package keys

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"uoma/internal/fault"
)

// Headers of a master key as text. A key of the first form was made with its workspace and is the root of all derived
// keys itself; one of the second wraps the root, so that it is worth nothing without the epochs file.
const (
	rootHeader = "UOMA-MASTER-KEY-1 "
	wrapHeader = "UOMA-MASTER-KEY-2 "
)

// Master is a master key as its holder gives it.
type Master struct {
	Key  []byte
	Root bool // it may be the root itself
}

// Holder keeps a master key.
type Holder interface {
	// Read gives the key. The error is a [fs.ErrNotExist] when the holder has none yet and can be asked to make one.
	Read(ctx context.Context) (Master, error)
	// Make makes a key that wraps, and keeps it. It never overwrites.
	Make(ctx context.Context, random io.Reader) (Master, error)
}

func parseMaster(text, place string) (Master, error) {
	for _, header := range []string{rootHeader, wrapHeader} {
		if encoded, ok := strings.CutPrefix(text, header); ok {
			key, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || len(key) != Size {
				break
			}
			return Master{Key: key, Root: header == rootHeader}, nil
		}
	}
	return Master{}, errForm.At(fault.Place{File: place})
}

// Text gives the key in the form of a file.
func (m Master) Text() string {
	header := wrapHeader
	if m.Root {
		header = rootHeader
	}
	return header + base64.StdEncoding.EncodeToString(m.Key) + "\n"
}

// String hides the key from every print verb.
func (Master) String() string { return "[secret]" }

// GoString hides the key from %#v.
func (Master) GoString() string { return "[secret]" }

// File holds a master key in a file that only its owner may read.
type File string

// Read reads the file.
func (f File) Read(context.Context) (Master, error) {
	text, err := ReadSecret(string(f))
	if err != nil {
		return Master{}, err
	}
	return parseMaster(text, string(f))
}

// Make writes a new key into the file.
func (f File) Make(_ context.Context, random io.Reader) (Master, error) {
	m := Master{Key: make([]byte, Size)}
	if _, err := io.ReadFull(random, m.Key); err != nil {
		return Master{}, err
	}
	return m, WriteNew(string(f), m.Text())
}

// Command holds a master key behind a program that prints it in the form of a file, such as the client of a hardware
// module: its absolute path and arguments. It is started without a shell and with an empty environment.
type Command []string

const (
	commandTime = 30 * time.Second
	maxSecret   = 4096 // bytes of a key as text
)

var errCommand = fault.New("UOMA-KEY-COMMAND", "the program that holds the master key did not give it",
	"run it by hand as the run user with an empty environment: env -i PROGRAM …; it must end with 0 within 30 seconds and print the key alone")

// Read runs the program. What it says on standard error is not shown, as nobody knows what it holds.
func (c Command) Read(ctx context.Context) (Master, error) {
	if len(c) == 0 || !filepath.IsAbs(c[0]) {
		return Master{}, errCommand.Because(errors.New("its path is not absolute"))
	}
	place := fault.Place{File: c[0]}
	if err := trusted(c[0]); err != nil {
		return Master{}, errCommand.At(place).Because(err)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	var out capped
	cmd := exec.CommandContext(ctx, c[0], c[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout = []string{}, "/", &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	defer func() { clear(out.b) }()
	if err := cmd.Run(); err != nil {
		return Master{}, errCommand.At(place).Wrap(err)
	}
	return parseMaster(strings.TrimSpace(string(out.b)), c[0])
}

// Make fails: the program's keeper makes the key.
func (c Command) Make(context.Context, io.Reader) (Master, error) {
	return Master{}, errCommand.Because(errors.New("it makes no keys; let it print UOMA-MASTER-KEY-2 and 32 random bytes in base64"))
}

// trusted refuses a program that others than root and the run user could replace.
func trusted(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o022 != 0 {
		return errors.New("others may change it")
	}
	if sys, known := st.Sys().(*syscall.Stat_t); known && sys.Uid != 0 && int(sys.Uid) != os.Getuid() {
		return errors.New("it belongs to another user")
	}
	return nil
}

// capped keeps so much as a key may have, and refuses more.
type capped struct{ b []byte }

func (c *capped) Write(b []byte) (int, error) {
	if len(c.b)+len(b) > maxSecret {
		return 0, errors.New("too much")
	}
	c.b = append(c.b, b...)
	return len(b), nil
}
