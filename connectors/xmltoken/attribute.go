package xmltoken

// Attr gives the value of the start tag's attribute by its local name, with its entities unresolved, or nil.
func (x *Scanner) Attr(name string) []byte {
	for local, value, rest := NextAttr(x.attributes); value != nil; local, value, rest = NextAttr(rest) {
		if string(local) == name {
			return value
		}
	}
	return nil
}

// Attrs gives the start tag's attributes as they are written, for [NextAttr].
func (x *Scanner) Attrs() []byte { return x.attributes }

// NextAttr gives the local name and the value of the first attribute, with its entities unresolved, and what is behind
// it. The value is nil when there is none.
func NextAttr(attributes []byte) (local, value, rest []byte) {
	eq := 0
	for eq < len(attributes) && attributes[eq] != '=' {
		eq++
	}
	if eq == len(attributes) {
		return nil, nil, nil
	}
	rest = TrimSpace(attributes[eq+1:])
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return nil, nil, nil
	}
	for end := 1; end < len(rest); end++ {
		if rest[end] == rest[0] {
			return localName(TrimSpace(attributes[:eq])), rest[1:end], rest[end+1:]
		}
	}
	return nil, nil, nil
}

// AttrText gives an attribute with its entities resolved.
func (x *Scanner) AttrText(name string) (string, error) {
	b, err := unescape(nil, x.Attr(name))
	return string(b), err
}
