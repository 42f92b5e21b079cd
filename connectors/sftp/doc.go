// Package sftp is the transport of a folder on an SSH server: an [fs.FS] over the SFTP protocol.
//
// [Open] takes who the server is (its host keys, pinned; there is no way to trust whatever answers), who we are (a key, a
// password, or both) and the folder. Nothing is dialled before the first use. One connection serves all files; when it
// breaks the next request dials anew, and files that are being read go on where they were. A file is read by many requests
// at once, so that the way to the server and back is waited for once and not for each packet.
//
// A [Drop] is such a folder into which we lay files: nobody sees one before it is whole, and none is replaced. It needs nothing
// but the protocol's own rename, which every server has.
//
// Links at the server are refused, as in the local inbox: what they lead to is not what the source promised to export.
package sftp
