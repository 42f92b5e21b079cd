// Package download is the transport of files behind an HTTPS address: an [fs.FS] whose names are put behind a base URL.
//
// [Open] takes the address and, where the server asks for them, a client certificate or other credentials.
// Two hosts may be asked, that of the address and that of the tokens, and only at public addresses unless a network is
// allowed; no redirect is followed. The protocol has no listing, so that a folder cannot be read, and a file must say how
// long it is, as nothing else tells a whole download from a cut one.
//
// A cut download goes on where it was cut, under the condition that the file still has its ETag or, without a strong one,
// its time of change. A server that knows no ranges sends it again from the start, of which what is there already is
// dropped.
package download
