// Package vault is the store of identity: who the persons of the register are. Every subject's facts are sealed with a
// random key of that subject alone, which is wrapped by the workspace's master key ([Keyring]); destroying the wrapped
// key ([Vault.Erase]) makes every copy of the facts unreadable, also in backups.
//
// An [Entry] is what one source row says about identity, in three groups of [Fact]: names, identifiers, contacts. Each
// group is one cell, sealed by AES-256-GCM with a random 96-bit nonce before the ciphertext. The additional data are
// the cell's place: table, column, subject, source key and epoch, so that a cell moved to another place does not open. Of
// the source key it is the part that stays when keys are rotated ([Vault.BindTo]).
// A key seals at most 2^31 cells; the count stands beside it (NIST SP 800-38D, 8.3, allows 2^32 random nonces).
//
// [Vault.Fill] is one transaction, idempotent, and comes before the register's commit in a night: a row that is in the vault
// and not yet in the register is harmless. [Vault.Open] streams entries and decrypts only the groups asked for.
//
// The package knows tokens, cells and keys. It must not know what a fact means, nor print one: no error, no String.
package vault
