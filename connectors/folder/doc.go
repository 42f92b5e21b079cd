// Package folder is the transport of a local inbox: a directory tree as an [fs.FS] that trusts nothing in it.
//
// [Open] gives a [Folder] over an [os.Root]. It serves regular files and directories only: no symbolic link is followed,
// no pipe or device is opened, no name leads outside, and two names that differ only in case or in Unicode form are both
// refused, because another system could not tell them apart. [Folder.List] names what it refused and why.
//
// A file that is being written while it is read gives a mixture of two states. [NewStable] wraps an opened file of any
// transport: it notes size and modification time on the handle, serves exactly that many bytes, and fails with
// UOMA-LND-CHANGED when the handle says something else afterwards.
//
// The package knows bytes and names. It must not know formats, layouts or rows.
package folder
