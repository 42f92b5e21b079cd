// Package access decides who may do what: which operator, known by a personal account of the operating system, holds which
// role on a day, and which permissions a role gives.
//
// [Roles] is the table of roles and permissions that comes with the program; a data protection officer can read it.
// [Parse] reads a workspace's operators.yaml: each operator's account, roles with their first and last day, training and
// commitment to secrecy, and the processors' commitments. [Operators.Decide] answers one question and refuses in doubt: an
// account that nobody named, a role that has ended, training that has run out, a missing commitment. An account of no
// person may do what the scheduler may and nothing else: runs, retention and backups that nobody attends.
//
// The package is pure. It knows neither commands nor how an account is found out; the day is passed in.
package access
