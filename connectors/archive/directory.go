package archive

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"time"
)

// The numbers are those of PKWARE's APPNOTE 6.3.10, section 4.3.
const (
	endSignature       = 0x06054b50
	end64Signature     = 0x06064b50
	locator64Signature = 0x07064b50
	centralSignature   = 0x02014b50
	localSignature     = 0x04034b50

	endLen       = 22
	end64Len     = 56
	locator64Len = 20
	centralLen   = 46
	localLen     = 30

	maxComment   = 1<<16 - 1
	maxDirectory = 4 << 20 // bytes of central directory, 400 for each of 10,000 entries

	flagEncrypted = 1 << 0
	flagStrong    = 1 << 6
	flagMasked    = 1 << 13

	methodStore   = 0
	methodDeflate = 8

	zip64Extra = 0x0001
	overflow16 = 1<<16 - 1
	overflow32 = 1<<32 - 1
	tooBig     = 1 << 63
)

// entry is one record of the central directory.
type entry struct {
	name         string
	method       uint16
	flags        uint16
	crc          uint32
	packed, size uint64 // compressed and inflated bytes
	offset       uint64 // of the local header
	data         uint64 // of the compressed bytes, set by locate
	mode         uint32 // Unix mode bits, 0 when the writer was of another system
	modified     time.Time
}

// regular tells whether the Unix mode, when there is one, agrees with the name's form.
func (e *entry) regular(isDir bool) bool {
	const format, file, dir = 0o170000, 0o100000, 0o040000
	kind := e.mode & format
	return kind == 0 || kind == dir && isDir || kind == file && !isDir
}

// end is what the end record says about the central directory.
type end struct{ offset, size, count uint64 }

// findEnd reads the end record, which must close the file, and its Zip64 form. The directory must lie directly before
// it: bytes between or before the parts are where readers begin to disagree.
func findEnd(r io.ReaderAt, size int64, l Limits) (end, error) {
	tail := make([]byte, min(size, endLen+maxComment))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return end{}, err
	}
	at := endRecord(tail)
	if at < 0 {
		return end{}, formatError("no end record")
	}
	b := tail[at:]
	le := binary.LittleEndian
	disk, dirDisk, here := le.Uint16(b[4:]), le.Uint16(b[6:]), le.Uint16(b[8:])
	e := end{offset: uint64(le.Uint32(b[16:])), size: uint64(le.Uint32(b[12:])), count: uint64(le.Uint16(b[10:]))}
	position := uint64(size) - uint64(len(b))
	if e.count == overflow16 || e.size == overflow32 || e.offset == overflow32 {
		var err error
		if e, position, err = findEnd64(r, e, position); err != nil {
			return end{}, err
		}
	} else if disk != 0 || dirDisk != 0 || uint64(here) != e.count {
		return end{}, formatError("split archive")
	}
	if e.count > uint64(l.Entries) {
		return end{}, errLimit.Because(errors.New("it has too many entries"))
	}
	if e.size > maxDirectory {
		return end{}, errLimit.Because(errors.New("its directory is too large"))
	}
	if e.offset > position || e.offset+e.size != position {
		return end{}, formatError("the directory does not lie directly before the end record")
	}
	return e, nil
}

// endRecord finds the only end record whose comment closes the file, or -1.
func endRecord(tail []byte) int {
	for at := len(tail) - endLen; at >= 0; at-- {
		if binary.LittleEndian.Uint32(tail[at:]) == endSignature &&
			at+endLen+int(binary.LittleEndian.Uint16(tail[at+20:])) == len(tail) {
			return at
		}
	}
	return -1
}

func findEnd64(r io.ReaderAt, short end, position uint64) (end, uint64, error) {
	le := binary.LittleEndian
	var loc [locator64Len]byte
	if position < locator64Len+end64Len {
		return short, 0, formatError("no Zip64 end record")
	}
	if err := readAt(r, loc[:], int64(position-locator64Len)); err != nil {
		return short, 0, err
	}
	at := le.Uint64(loc[8:])
	if le.Uint32(loc[:]) != locator64Signature || at != position-locator64Len-end64Len {
		return short, 0, formatError("no Zip64 end record")
	}
	var b [end64Len]byte
	if err := readAt(r, b[:], int64(at)); err != nil {
		return short, 0, err
	}
	if le.Uint32(b[:]) != end64Signature || le.Uint32(b[16:]) != 0 || le.Uint32(b[20:]) != 0 {
		return short, 0, formatError("split archive")
	}
	e := end{offset: le.Uint64(b[48:]), size: le.Uint64(b[40:]), count: le.Uint64(b[32:])}
	if e.offset >= tooBig || e.size >= tooBig || e.count >= tooBig {
		return short, 0, errLimit.Because(errors.New("a Zip64 number is beyond 63 bits"))
	}
	return e, at, nil
}

func readDirectory(r io.ReaderAt, e end) ([]*entry, error) {
	raw := make([]byte, e.size)
	if err := readAt(r, raw, int64(e.offset)); err != nil {
		return nil, err
	}
	entries := make([]*entry, 0, e.count)
	for len(raw) > 0 {
		if uint64(len(entries)) == e.count {
			return nil, formatError("more entries than declared")
		}
		next, n, err := readCentral(raw)
		if err != nil {
			return nil, err
		}
		entries, raw = append(entries, next), raw[n:]
	}
	if uint64(len(entries)) != e.count {
		return nil, formatError("fewer entries than declared")
	}
	return entries, nil
}

// readCentral reads one record and gives its length.
func readCentral(b []byte) (*entry, int, error) {
	le := binary.LittleEndian
	if len(b) < centralLen || le.Uint32(b) != centralSignature {
		return nil, 0, formatError("a directory record is damaged")
	}
	name, extra, comment := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	n := centralLen + name + extra + comment
	if len(b) < n {
		return nil, 0, formatError("a directory record is cut")
	}
	e := &entry{
		name: string(b[centralLen : centralLen+name]), flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]),
		modified: dosTime(le.Uint16(b[14:]), le.Uint16(b[12:])), crc: le.Uint32(b[16:]),
		packed: uint64(le.Uint32(b[20:])), size: uint64(le.Uint32(b[24:])), offset: uint64(le.Uint32(b[42:])),
	}
	const unix, darwin = 3, 19
	if system := b[5]; system == unix || system == darwin {
		e.mode = le.Uint32(b[38:]) >> 16
	}
	if err := e.widen(b[centralLen+name:centralLen+name+extra], le.Uint16(b[34:])); err != nil {
		return nil, 0, err
	}
	if e.flags&(flagEncrypted|flagStrong|flagMasked) != 0 {
		return nil, 0, formatError("an entry is encrypted")
	}
	if e.method != methodStore && e.method != methodDeflate || e.method == methodStore && e.packed != e.size {
		return nil, 0, formatError("an entry's method is not known")
	}
	return e, n, nil
}

// widen takes the 64-bit sizes from the Zip64 field for those that do not fit 32 bits.
func (e *entry) widen(extra []byte, disk uint16) error {
	le := binary.LittleEndian
	wide := []*uint64{}
	for _, v := range []*uint64{&e.size, &e.packed, &e.offset} {
		if *v == overflow32 {
			wide = append(wide, v)
		}
	}
	found := false
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return formatError("an extra field is cut")
		}
		field := extra[:n]
		extra = extra[n:]
		if id != zip64Extra || found {
			continue
		}
		found = true
		for _, v := range wide {
			if len(field) < 8 {
				return formatError("a Zip64 field is cut")
			}
			*v, field = le.Uint64(field), field[8:]
			if *v >= tooBig {
				return errLimit.Because(errors.New("a Zip64 size is beyond 63 bits"))
			}
		}
	}
	if len(wide) > 0 && !found || disk != 0 && disk != overflow16 {
		return formatError("a Zip64 field is missing or the archive is split")
	}
	return nil
}

// locate finds each entry's data through its local header, which must tell the same name and method, and refuses
// entries that share bytes with another or with the directory.
func locate(r io.ReaderAt, entries []*entry, limit uint64) error {
	ordered := slices.Clone(entries)
	slices.SortStableFunc(ordered, func(a, b *entry) int { return cmp.Compare(a.offset, b.offset) })
	free := uint64(0)
	for _, e := range ordered {
		if e.offset < free {
			return formatError("two entries overlap")
		}
		if e.offset > limit || limit-e.offset < localLen {
			return formatError("an entry lies outside the archive")
		}
		if err := e.readLocal(r); err != nil {
			return err
		}
		if e.data > limit || e.packed > limit-e.data {
			return formatError("an entry lies outside the archive")
		}
		free = e.data + e.packed
	}
	return nil
}

func (e *entry) readLocal(r io.ReaderAt) error {
	le := binary.LittleEndian
	var b [localLen]byte
	if err := readAt(r, b[:], int64(e.offset)); err != nil {
		return err
	}
	name := make([]byte, le.Uint16(b[26:]))
	if le.Uint32(b[:]) != localSignature || len(name) != len(e.name) || le.Uint16(b[8:]) != e.method {
		return formatError("an entry's header differs from the directory")
	}
	if err := readAt(r, name, int64(e.offset)+localLen); err != nil {
		return err
	}
	if string(name) != e.name {
		return formatError("an entry's header differs from the directory")
	}
	e.data = e.offset + localLen + uint64(len(name)) + uint64(le.Uint16(b[28:]))
	return nil
}

// readAt fills p or fails; a file that ends too early is a damaged archive.
func readAt(r io.ReaderAt, p []byte, off int64) error {
	if off < 0 {
		return formatError("it is too short")
	}
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return formatError("it is too short")
	}
	return err
}

func formatError(why string) error { return errFormat.Because(errors.New(why)) }

// dosTime reads the two-second time stamps of MS-DOS, which have no zone; they are taken as UTC.
func dosTime(date, clock uint16) time.Time {
	return time.Date(int(date>>9)+1980, time.Month(date>>5&0xf), int(date&0x1f),
		int(clock>>11), int(clock>>5&0x3f), int(clock&0x1f)*2, 0, time.UTC)
}
