// Package subject answers what one person may ask of the controller: who am I here (Find), and what do you hold of me
// (Gather, GDPR 15 and 20).
//
// [ParseWords] reads what the requester says of themselves; [Find] looks through the vault for people of whom all of it is
// true, and gives each a reference, the register's token, by which every other command names the person. [Gather] collects
// everything about one person into a [dossier.Dossier], by the coverage map ([Stores]): a list of every table, column and
// folder of a workspace that says of each whether the dossier holds it or why not. A test holds the map to the stores.
//
// The package reads and writes nothing down. Who looks is noted by the caller, before anything is shown.
package subject
