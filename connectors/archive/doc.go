// Package archive reads a ZIP as an [fs.FS] after it has checked the archive's directory itself.
//
// [Open] reads the end record and the central directory, compares every entry with its local header and with [Limits],
// and refuses the archive as a whole when anything is off: too many or too large entries, a ratio no honest export has,
// sizes beyond 63 bits, overlapping entries, encryption, unknown methods, links, names that lead outside or clash.
// Only then can an entry be opened; its reader gives exactly the declared number of bytes with the declared checksum, or
// an error. Nothing is extracted to disk, and no other ZIP reader sees the file, so that no two readers can disagree
// about what is in it.
//
// The package knows bytes and names. It must not know what an entry holds.
package archive
