package record

import (
	"errors"
	"strings"
)

// name is one step of a path.
type name struct {
	local string
	space string // namespace, "" takes any
	key   string // of a condition on the step: the name of a value below it
	value string // and what it must be
}

const (
	up    = ".."
	here  = "."
	any   = "*"
	slash = "~1"
	tilde = "~0"
)

// parsePath reads "a/b[kind=home]/@c". A prefix before a colon is a namespace only when prefixes are given.
func parsePath(path string, prefixes map[string]string) ([]name, error) {
	if path == "" {
		return nil, nil
	}
	var out []name
	for part := range strings.SplitSeq(path, "/") {
		n := name{local: part}
		if i := strings.IndexByte(part, '['); i > 0 && strings.HasSuffix(part, "]") {
			var ok bool
			if n.key, n.value, ok = strings.Cut(part[i+1:len(part)-1], "="); !ok || n.key == "" {
				return nil, errors.New("a condition is written [name=value]")
			}
			n.local = part[:i]
		}
		bare, attribute := strings.CutPrefix(n.local, "@")
		if prefix, rest, ok := strings.Cut(bare, ":"); ok && len(prefixes) > 0 {
			if n.space, ok = prefixes[prefix]; !ok {
				return nil, errors.New("a prefix has no namespace")
			}
			if n.local = rest; attribute {
				n.local = "@" + rest
			}
		}
		if n.local == "" {
			return nil, errors.New("a step of a path is empty")
		}
		n.local = strings.NewReplacer(slash, "/", tilde, "~").Replace(n.local)
		out = append(out, n)
	}
	return out, nil
}

func (n name) matches(local []byte, space string) bool {
	return (n.local == any || n.local == string(local)) && (n.space == "" || n.space == space)
}
