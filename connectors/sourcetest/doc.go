// Package sourcetest is what every source without files must hold to, as tests: whatever the protocol, a source gives every
// row of a set once, as it was at one moment of the reading, or an error that names the source as failed. A short read is
// never the end.
//
// A source's test makes a [Subject], a real server with a way to put rows there, and calls [Run]. Each set of rows has the
// columns id, name and note, all of them text. Sources are also read over a bad line, which package faultproxy makes: slow,
// sliced, stalled, and cut every 64 KiB.
package sourcetest
