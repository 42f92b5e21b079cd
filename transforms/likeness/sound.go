package likeness

// Sound appends the phonetic key of a folded name to dst: names that are said alike, or that are spelt by ear, have one
// key. It follows Metaphone (Philips 1990) in kind, with rules for what Finnish, Swedish, Norwegian and English spellings
// have in common instead of English alone. Left to right, words written together:
//
//   - of the vowels only a first one stays, as "a"; y and j within a name are vowels;
//   - c, k, ck, q, kh, ch and gh before a vowel: k, but c before e, i, y, ch at the start before a vowel, and tch: s;
//   - qu, qv, kv: kv; x: ks;
//   - s, z, ts, tz, cz, sh, sch, sj, skj, stj: s;
//   - w, v: v, and so are f and ph after the first letter, which are f at the start;
//   - t, th, dt: t;
//   - hj, lj, gj, dj at the start: j; kj, tj at the start: k;
//   - h elsewhere than at the start is mute, and so is gh before no vowel;
//   - what stands twice counts once; digits stay; other bytes stay as they are.
//
// A key has at most 64 bytes.
func Sound(dst []byte, folded string) []byte {
	var p speaker
	p.speak(folded)
	return append(dst, p.out[:p.n]...)
}

// speaker writes a spoken form, at most as long as it has room.
type speaker struct {
	out    [word]byte
	n      int  // bytes of out
	vowels bool // keep them, by their class
	last   byte // what was said last, vowels included
}

// write appends to the form.
func (p *speaker) write(c byte) {
	if p.n < len(p.out) {
		p.out[p.n] = c
		p.n++
	}
}

// say writes one sound, unless it is that said before.
func (p *speaker) say(c byte) {
	if p.last != c {
		p.write(c)
	}
	p.last = c
}

// vowel says a vowel. A run of vowels is its first one.
func (p *speaker) vowel(c byte) {
	open := p.last >= 'A' && p.last <= 'Z'
	switch {
	case p.vowels && !open:
		p.write(vowelClass(c))
	case !p.vowels && p.n == 0:
		p.write('a')
	}
	p.last = vowelClass(c)
}

// vowelClass gives the class of a vowel, in capitals so that no consonant is one.
func vowelClass(c byte) byte {
	switch c {
	case 'a':
		return 'A'
	case 'o':
		return 'O'
	case 'u':
		return 'U'
	}
	return 'I'
}

func isVowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}

// at gives the byte at place i of s, 0 beyond its end.
func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// speak says a name.
func (p *speaker) speak(s string) {
	i := p.opening(s)
	for i < len(s) {
		i += p.sound(s, i)
	}
}

// opening says what is special at the start of a name and gives how many bytes that took.
func (p *speaker) opening(s string) int {
	c, d := at(s, 0), at(s, 1)
	switch {
	case d == 'j' && (c == 'h' || c == 'l' || c == 'g' || c == 'd'):
		p.say('j')
		return 2
	case d == 'j' && (c == 'k' || c == 't'):
		p.say('k')
		return 2
	case c == 'c' && d == 'h' && isVowel(at(s, 2)):
		p.say('s')
		return 2
	case c == 'j', c == 'y' && isVowel(d):
		p.say('j')
		return 1
	case c == 'p' && d == 'h':
		p.say('f')
		return 2
	case c == 'h', c == 'f':
		p.say(c)
		return 1
	}
	return 0
}

// sound says what stands at place i and gives how many bytes that took.
func (p *speaker) sound(s string, i int) int {
	c, d := s[i], at(s, i+1)
	if isVowel(c) || c == 'j' {
		p.vowel(c)
		return 1
	}
	switch c {
	case ' ', 'h':
		return 1
	case 'c', 'k', 'q', 'g':
		return p.throat(s, i)
	case 's', 'z':
		return p.hiss(s, i)
	case 'x':
		p.say('k')
		p.say('s')
	case 'w', 'v', 'f':
		p.say('v')
	case 'p':
		if d == 'h' {
			p.say('v')
			return 2
		}
		p.say('p')
	case 't':
		if d == 's' || d == 'z' {
			return 1
		}
		if d == 'c' && at(s, i+2) == 'h' {
			p.say('s')
			return 3
		}
		p.say('t')
	case 'd':
		if d != 't' {
			p.say('d')
		}
	default:
		p.say(c)
	}
	return 1
}

// throat says c, k, q and g.
func (p *speaker) throat(s string, i int) int {
	c, d := s[i], at(s, i+1)
	switch {
	case c == 'g' && d == 'h' && !isVowel(at(s, i+2)):
		return 2
	case c == 'g':
		p.say('g')
		return 1
	case c == 'c' && (d == 'e' || d == 'i' || d == 'y'), c == 'c' && d == 'z':
		p.say('s')
		return 1
	case c == 'q' && (d == 'u' || d == 'w' || d == 'v'):
		p.say('k')
		p.say('v')
		return 2
	}
	p.say('k')
	return 1
}

// hiss says s and z with what belongs to them.
func (p *speaker) hiss(s string, i int) int {
	p.say('s')
	rest := s[i+1:]
	for _, with := range [...]string{"ch", "kj", "tj", "j"} {
		if len(rest) > len(with) && rest[:len(with)] == with && isVowel(rest[len(with)]) {
			return 1 + len(with)
		}
	}
	return 1
}
