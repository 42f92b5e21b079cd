package workspace

import (
	"uoma/internal/fault"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

var (
	errScopeUnknown = fault.New("UOMA-CHK-SCOPE", "the feed has objections of a scope that the policy does not know: whoever has one is left out of every use",
		"give the policy an entry under objections for the scope, with the purposes that it is against")
	errWordUnheard = fault.New("UOMA-CHK-UNHEARD", "the feed has consents of a purpose or channel that the policy does not ask consent for: what is refused or taken back there stops nothing",
		"let the layout name the policy's own purpose, or give the policy an entry under consents with the purpose and the channel")
)

// words finds what the feeds' consents and objections are about and the policy does not know, as far as the layouts say it.
func (c *checker) words(pack *policy.Pack, loader *policy.Loader) {
	for f := range c.feeds() {
		for _, w := range f.Words() {
			if !loader.Table(f.FullName(), w.Table).Allow || w.About == "" {
				continue
			}
			if err := unknown(pack, w); err != nil {
				c.add(Warning, err.At(fault.Place{File: f.FullName(), Field: nameOf(w)}))
			}
		}
	}
}

func unknown(pack *policy.Pack, w layout.Word) *fault.Error {
	channel, _ := policy.ParseChannel(w.Channel) // of one that nobody knows it is a word about all
	switch {
	case w.Table == "objection" && !pack.KnowsScope(w.About):
		return errScopeUnknown
	case w.Table == "consent" && !pack.Heeds(w.About, channel):
		return errWordUnheard
	}
	return nil
}

func nameOf(w layout.Word) string {
	name := w.Table + "." + w.About
	if w.Channel != "" {
		name += "." + w.Channel
	}
	return name
}
