package jsonfile

// scan finds where a value ends, without looking whether it is JSON: it knows strings and brackets.
type scan struct {
	depth   int
	begun   bool
	plain   bool // a number or word, which the end of the stream ends too
	quoted  bool // inside a string
	escaped bool // behind a backslash
}

// feed goes on in further bytes, and tells how many of them belong to the value and whether it has ended.
func (s *scan) feed(b []byte) (n int, done bool) {
	for i := 0; i < len(b); {
		if s.quoted {
			i += s.string(b[i:])
			if !s.quoted && s.depth == 0 {
				return i, true
			}
			continue
		}
		c := b[i]
		if s.plain && (blank(c) || c == ',' || c == ']' || c == '}' || c == ':') {
			return i, true
		}
		i++
		switch c {
		case '"':
			s.quoted = !s.plain
		case '{', '[':
			if !s.plain {
				s.depth++
			}
		case '}', ']':
			if s.depth--; s.depth <= 0 {
				return i, true
			}
		default:
			s.plain = s.plain || !s.begun
		}
		s.begun = true
	}
	return len(b), false
}

// string goes on in a string, and gives how many bytes belong to it.
func (s *scan) string(b []byte) int {
	i := 0
	for i < len(b) {
		if s.escaped {
			s.escaped = false
			i++
			continue
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' {
			i++
		}
		if i == len(b) {
			break
		}
		s.escaped = b[i] == '\\'
		if i++; !s.escaped {
			s.quoted = false
			break
		}
	}
	return i
}
