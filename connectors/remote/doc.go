// Package remote is what transports over a network share: it makes an [fs.FS] of a [Store], which only knows how to
// describe, list and read from an offset, and keeps the promises that a file of a network must keep.
//
//   - A file gives exactly the bytes that it had when it was opened, or an error. The end of the connection is not the end
//     of the file: a cut download goes on where it was cut, after it proved to be still the same file.
//   - Patience has an end: after [Retry.Attempts] failures in a row that brought not one byte, the source has failed.
//   - Names are held to the rules of package folder, whoever made them.
//
// [Ahead] reads several pieces of a file at once and gives them in order, [Watch] cuts a connection on which nothing moves,
// and [Retry] waits between attempts. A file system lives as long as its context, which is that of the run: [fs.FS] has
// no other place for one.
//
// [HTTP] and [Credentials] are what the protocols over HTTPS share: whom they talk to, and how they are known there.
// [Pace] and [Whole] keep a service that is asked to a rate, and its answers to a length.
//
// The package knows no protocol of files and no format.
package remote
