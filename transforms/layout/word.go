package layout

import "slices"

// Word is what a consent or an objection of a feed can be about.
type Word struct {
	Table   string // consent or objection
	About   string // the purpose or scope, "" where each row says it in words that the layout does not list
	Channel string // "" for all
}

// Words gives what the feed's consents and objections can be about, each once: constants, and what codes lead to.
func (f *Feed) Words() (out []Word) {
	for i := range f.fillings {
		fill := &f.fillings[i]
		about := "scope"
		switch fill.Table.Name {
		case "consent":
			about = "purpose"
		case "objection":
		default:
			continue
		}
		for _, a := range f.says(fill, about) {
			for _, channel := range f.says(fill, "channel") {
				if w := (Word{fill.Table.Name, a, channel}); !slices.Contains(out, w) {
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// says gives the texts that a filling can put into a canonical column, in their order; "" alone where it fills it with nothing or
// with whatever a row has.
func (f *Feed) says(fill *Filling, column string) (texts []string) {
	for _, v := range fill.Values {
		switch {
		case fill.Table.Columns[v.Column].Name != column:
		case v.Source < 0:
			texts = append(texts, v.Const)
		default:
			col := &f.Columns[v.Source]
			texts = append(texts, col.Default)
			for _, text := range col.Codes {
				texts = append(texts, text)
			}
			texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" || !fill.lets(v.Source, text) })
		}
	}
	if len(texts) == 0 {
		return []string{""}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// lets tells whether a row whose column has the text can be made by the filling, as far as that column's conditions go.
func (x *Filling) lets(source int, text string) bool {
	for _, w := range x.When {
		if w.Source == source && len(w.Values) > 0 && slices.Contains(w.Values, text) == w.Not {
			return false
		}
	}
	return true
}
