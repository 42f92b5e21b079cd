// Package backup saves a workspace and puts it back.
//
// [Create] writes register, vault and the workspace's files into one encrypted and signed file while no pipeline is at work.
// Keys are never in it: the escrow has them. [Verify] proves a backup without restoring it. [Restore] puts one into an empty
// place, and heeds the book of erasures, which no backup holds, before the place has its name: nobody who was erased since
// comes back.
//
// Clock and lease are the caller's.
package backup
