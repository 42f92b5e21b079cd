package record

// Renamed tells that a document without records of the plan has others where they should be: parts that come several times, or
// hold some that do, and are not those that others read. What comes once may be a head.
func (o *Outline) Renamed(p *Plan) bool { return o.search(p).strange }

// OfOthers tells that a document without records of the plan has what would hold them, and records that others read, and
// nothing else that could be some.
func (o *Outline) OfOthers(p *Plan) bool {
	s := o.search(p)
	return s.whole && s.theirs && !s.strange && !s.keyed
}

// search is what a document without records of ours has.
type search struct {
	whole   bool // what would hold them
	theirs  bool // records that others read
	strange bool // something else that could be records, where ours should be; or more than is known
	keyed   bool // an object there that could hold records by their keys
}

func (o *Outline) search(p *Plan) (s search) {
	s.strange = o.full
	s.walk(&o.root, p.Rows, p.Count, p.others, false)
	return s
}

// walk goes through the parts below one, with what is left there of the routes; beside says that it is where our records should be.
func (s *search) walk(p *Part, rows, count Route, others []Route, beside bool) {
	beside = beside || len(rows) == 1
	s.whole = s.whole || len(rows) == 1
	for _, c := range p.Parts {
		if c.Name == "" { // a document of JSON, or an object in its lists
			s.walk(c, rows, count, others, beside)
			continue
		}
		var on []Route
		theirs := false
		for _, o := range others {
			if below := o.below(c); below != nil {
				on = append(on, below)
				theirs = theirs || len(below) == 0
			}
		}
		ours, counted := rows.below(c), count.below(c)
		switch {
		case len(ours) > 0:
			s.walk(c, ours, counted, on, false)
		case theirs:
			s.theirs = true
		case counted != nil && len(rows) == 1: // the head that has the count
		default:
			often := c.Listed || c.Times > 1 && len(c.Parts) > 0
			s.strange = s.strange || beside && often && len(on) == 0
			s.keyed = s.keyed || beside && len(on) == 0 && c.holders() > 1
			s.walk(c, nil, nil, on, beside)
		}
	}
}

// below is what is left of a route that leads to a part, nil of another.
func (r Route) below(c *Part) Route {
	if !r.Matches(0, []byte(c.Name), c.space) {
		return nil
	}
	return r[1:]
}

// holders counts the parts of a part that have parts themselves.
func (p *Part) holders() (n int) {
	for _, c := range p.Parts {
		if len(c.Parts) > 0 {
			n++
		}
	}
	return n
}
