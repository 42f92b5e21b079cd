// Package parcel makes and checks the artefacts of the delivery protocol: the sealed archive, its signed manifest, the
// signed receipt, and the pinned keys that all of them rest on.
//
// A delivery is three files: <id>.age, <id>.manifest.json and <id>.manifest.json.sig. A sender calls [SealFile], which
// streams the tables of [Contents] through tar, compression and age, so that no plaintext touches a disk; puts the
// digests of [Sealed] into a [Manifest]; and signs its bytes with a [Signer]. A recipient calls [Verify] on the manifest,
// [CheckPayload] on the ciphertext and [Open] on both. A receipt comes back as two files, and [CheckReceipt] holds it
// against everything the sender knows. [LoadRecipient] reads whom a sender may encrypt to.
//
// Everything here can be checked without this program: archives are ustar, containers are age v1 (age-encryption.org/v1),
// signatures are OpenSSH SSHSIG (PROTOCOL.sshsig), digests are SHA-256. Bytes are signed as they were written; nobody
// re-serialises.
//
// The package knows no network, no ledger, no policy and no clock: the moment that decides a validity comes in as a
// parameter. It reads files only where it loads keys and pins, and writes only below a root that it is given.
package parcel
