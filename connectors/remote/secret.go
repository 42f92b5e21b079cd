package remote

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a password, token or private key. However it is printed, it shows nothing.
type Secret string

const hidden = "[secret]"

// Format hides the secret under every verb.
func (Secret) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, hidden) }

// MarshalText hides the secret, in JSON and YAML too.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
