// Package transporttest is what every transport must hold to, as tests: whatever the protocol, a transport is an [fs.FS]
// of which a file gives exactly the bytes that it had when it was opened, or an error that names the source as failed.
//
// A transport's test makes a [Subject], a real server with a way to put files there, and calls [Run]. Transports over a
// network are also read over a bad line, which package faultproxy makes: slow, sliced, stalled, and cut every 64 KiB.
package transporttest
