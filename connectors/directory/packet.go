package directory

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/remote"
)

// maxPacket is the most that one message of a server may hold, which is one entry: more than a row may be. The library makes
// room for whatever a length announces, up to 2 GiB, before a byte of it has come.
const maxPacket = 32 << 20

// maxAnswer is the most that all messages of one page may hold. A server gives as many entries as it likes.
const maxAnswer = 128 << 20

// packets is a connection from which whole messages are read: a message is handed on when all of it is here, every part of
// it lies within the part around it, and none is larger than the message.
type packets struct {
	net.Conn
	rest []byte

	mu   sync.Mutex
	left int   // bytes that the answer may still have
	err  error // sticky: why the library finds the connection ended
}

// ask makes room for the answer to a request.
func (p *packets) ask() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = maxAnswer
}

// Read gives what is left of a message, or the next one.
func (p *packets) Read(b []byte) (int, error) {
	if err := p.broken(); err != nil {
		return 0, err
	}
	if len(p.rest) == 0 {
		packet, err := readPacket(p.Conn)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.left -= len(packet); err == nil && p.left < 0 {
			err = errLength
		}
		if p.rest, p.err = packet, err; err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// broken gives why the connection ended, or nil.
func (p *packets) broken() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// told gives an error of the library, or that of the connection when it is why: the library keeps nothing but its words.
func (p *packets) told(err error) error {
	if err != nil && errors.Is(p.broken(), errLength) {
		return errLength
	}
	return err
}

// readPacket reads one message and not a byte more.
func readPacket(r io.Reader) ([]byte, error) {
	packet := make([]byte, 2, 512)
	if _, err := io.ReadFull(r, packet); err != nil {
		return nil, err
	}
	if packet[1]&0x80 != 0 {
		n := int(packet[1] & 0x7f)
		if n > 8 {
			return nil, errLength
		}
		packet = packet[:2+n]
		if _, err := io.ReadFull(r, packet[2:]); err != nil {
			return nil, err
		}
	}
	head, size, err := header(packet)
	if err != nil {
		return nil, err
	}
	packet, have := packet[:head], head
	for have < head+size { // in steps, so that room is made only for what comes
		step := min(head+size-have, 64<<10)
		packet = append(packet, make([]byte, step)...)
		if _, err := io.ReadFull(r, packet[have:]); err != nil {
			return nil, err
		}
		have += step
	}
	return packet, within(packet)
}

var errLength = remote.Answer("an answer is longer than any may be, or its parts do not fit into it")

// header reads how an element begins: the length of its tag and length, and that of its content. LDAP has no lengths that
// are not told, and no tags of several bytes (RFC 4511, section 5.1).
func header(b []byte) (head, size int, err error) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, errLength
	}
	head, size = 2, int(b[1])
	if b[1]&0x80 != 0 {
		head, size = 2+int(b[1]&0x7f), 0
		if head == 2 || head > len(b) {
			return 0, 0, errLength
		}
		for _, x := range b[2:head] {
			if size = size<<8 | int(x); size > maxPacket {
				return 0, 0, errLength
			}
		}
	}
	return head, size, nil
}

// maxDepth is how deep elements of a message lie inside each other, beyond what any operation needs.
const maxDepth = 32

// within holds every element of a message to the one around it.
func within(packet []byte) error {
	const constructed = 0x20
	ends := []int{len(packet)}
	for at := 0; at < len(packet); {
		around := ends[len(ends)-1]
		head, size, err := header(packet[at:around])
		if err != nil || size > around-at-head {
			return errLength
		}
		if at += head; packet[at-head]&constructed == 0 {
			at += size
		} else if ends = append(ends, at+size); len(ends) > maxDepth {
			return errLength
		}
		for len(ends) > 0 && at == ends[len(ends)-1] {
			ends = ends[:len(ends)-1]
		}
	}
	return nil
}

// startTLS asks the server to begin TLS on a connection (RFC 4511, section 4.14).
func startTLS(c net.Conn) error {
	const name = "1.3.6.1.4.1.1466.20037"
	request := append([]byte{0x30, byte(len(name) + 7), 0x02, 1, 1, 0x77, byte(len(name) + 2), 0x80, byte(len(name))}, name...)
	if _, err := c.Write(request); err != nil {
		return err
	}
	answer, err := readPacket(c)
	if err != nil {
		return err
	}
	const extended, enumerated = 0x78, 0x0a
	for _, tag := range []byte{0x30, 0x02, extended, enumerated} {
		head, size, err := header(answer)
		if err != nil || answer[0] != tag {
			return remote.Answer("it is no answer to StartTLS")
		}
		switch tag {
		case 0x02:
			answer = answer[head+size:]
		case enumerated:
			switch {
			case size == 1 && answer[head] == ldap.LDAPResultSuccess:
			case size == 1 && (answer[head] == ldap.LDAPResultBusy || answer[head] == ldap.LDAPResultUnavailable):
				return errBusy
			default:
				return remote.NoTLS()
			}
		default:
			answer = answer[head:]
		}
	}
	return nil
}
