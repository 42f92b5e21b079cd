package keys

import (
	"io"
	"slices"
	"strconv"
)

// Tokens is the outer key of a kind of tokens. In the first epoch there is none.
type Tokens struct {
	Epoch int64  `json:"epoch"`
	Key   sealed `json:"key,omitempty"`
	Next  sealed `json:"next,omitempty"` // of the epoch that a rotation at work leads to
}

// cell is a sealed key of a kind of tokens with its name.
type cell struct {
	name string
	cell *sealed
}

// cells gives the keys that there are.
func (t *Tokens) cells(name string) (out []cell) {
	for epoch, c := range map[int64]*sealed{t.Epoch: &t.Key, t.Epoch + 1: &t.Next} {
		if len(*c) > 0 {
			out = append(out, cell{tokensName(name, epoch), c})
		}
	}
	return out
}

func tokensName(name string, epoch int64) string {
	return "tokens/" + name + "/" + strconv.FormatInt(epoch, 10)
}

// TokenEpoch gives the epoch in which tokens of a kind stand.
func (r *Ring) TokenEpoch(name string) int64 { return max(1, r.epochs.Tokens[name].Epoch) }

// TokenKey gives the outer key of a kind of tokens, nil in the first epoch.
func (r *Ring) TokenKey(name string) ([]byte, error) {
	t := r.epochs.Tokens[name]
	if len(t.Key) == 0 {
		return nil, nil
	}
	return r.unseal(t.Key, tokensName(name, t.Epoch))
}

// NextTokenKey gives the key that a rotation at work leads to, nil when none is.
func (r *Ring) NextTokenKey(name string) ([]byte, error) {
	t := r.epochs.Tokens[name]
	if len(t.Next) == 0 {
		return nil, nil
	}
	return r.unseal(t.Next, tokensName(name, t.Epoch+1))
}

// Rotating gives the kinds of tokens of which a rotation is at work, in order.
func (r *Ring) Rotating() (out []string) {
	for name, t := range r.epochs.Tokens {
		if len(t.Next) > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// BeginTokens makes the outer key that tokens of a kind come under next. One that is there stays.
func (r *Ring) BeginTokens(name string) error {
	t := r.epochs.Tokens[name]
	if len(t.Next) > 0 {
		return nil
	}
	key := make([]byte, Size)
	if _, err := io.ReadFull(r.random, key); err != nil {
		return err
	}
	t.Epoch = r.TokenEpoch(name)
	var err error
	if t.Next, err = r.seal(key, tokensName(name, t.Epoch+1)); err != nil {
		return err
	}
	return r.changeTokens(name, t)
}

// FinishTokens puts the next outer key in the place of the one in use, which is gone with that. The caller has proved that no
// token stands under it any more.
func (r *Ring) FinishTokens(name string) error {
	t := r.epochs.Tokens[name]
	if len(t.Next) == 0 {
		return nil
	}
	return r.changeTokens(name, Tokens{Epoch: t.Epoch + 1, Key: t.Next})
}

func (r *Ring) changeTokens(name string, t Tokens) error {
	return r.change(func(e *Epochs) {
		if e.Tokens == nil {
			e.Tokens = map[string]Tokens{}
		}
		e.Tokens[name] = t
	})
}
