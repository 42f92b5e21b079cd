package access

import (
	_ "embed"
	"slices"

	"uoma/internal/document"
)

// Permission is one thing that an operator may do.
type Permission string

// The permissions that the program itself asks for beside those of its commands.
const (
	Scheduled          Permission = "pipeline.scheduled"
	ScheduledRetention Permission = "retention.scheduled"
	ScheduledBackup    Permission = "backup.scheduled"
	Send               Permission = "delivery.send"
	Reveal             Permission = "reveal.request"
	ApproveReveal      Permission = "reveal.approve"
	ApproveReveals     Permission = "reveal.approve_many"
	ApproveRetention   Permission = "retention.approve"
	ApproveDisclosure  Permission = "disclosure.approve"
	AskRecording       Permission = "recording.request"
	ApproveRecording   Permission = "recording.approve"
)

// Service is the role of accounts of no person, and of no others.
const Service = "scheduler"

// Role is what an operator is to do, and what that needs.
type Role struct {
	Role        string       `yaml:"role" json:"role"`
	Title       string       `yaml:"title" json:"title"`
	Permissions []Permission `yaml:"permissions" json:"permissions"`
}

// Titled is a permission in words.
type Titled struct {
	ID    Permission `yaml:"id" json:"permission"`
	Title string     `yaml:"title" json:"title"`
}

// Table is which role may do what.
type Table struct {
	Permissions []Titled `yaml:"permissions" json:"permissions"`
	Roles       []Role   `yaml:"roles" json:"roles"`
}

//go:embed roles.yaml
var rolesSource []byte

// Roles gives the program's table. A broken one is a mistake in the program, so it panics.
func Roles() *Table {
	t := &Table{}
	if err := document.Decode("roles.yaml", rolesSource, nil, t); err != nil {
		panic("access: " + err.Error())
	}
	return t
}

// Gives tells whether a role gives a permission.
func (t *Table) Gives(role string, p Permission) bool {
	i := slices.IndexFunc(t.Roles, func(r Role) bool { return r.Role == role })
	return i >= 0 && slices.Contains(t.Roles[i].Permissions, p)
}
