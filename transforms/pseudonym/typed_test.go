package pseudonym

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/fault"
)

// TestCheckCharacters compares with numbers of which the check character is published: those of the Global Release
// Identifier, which is made by the same rule.
func TestCheckCharacters(t *testing.T) {
	for number, want := range map[string]byte{"a12425gabc1234002": 'm'} {
		if got := digits[check(number)]; got != want {
			t.Errorf("%s: %c, not %c", number, got, want)
		}
	}
}

func TestMistypedPseudonymsAreRefused(t *testing.T) {
	d := NewDomain(make([]byte, 32))
	rapid.Check(t, func(t *rapid.T) {
		token := d.Token("x", rapid.String().Draw(t, "what"))
		shown := Shown(token)
		for _, text := range []string{shown, strings.ToUpper(shown), " " + shown + "\n", token} {
			if got, err := Typed(text); err != nil || got != token {
				t.Fatalf("%q: %q %v", text, got, err)
			}
		}
		at := rapid.IntRange(0, Length-1).Draw(t, "at")
		other := rapid.SampledFrom(strings.Split("0123456789abcdefghjkmnpqrstvwxyz", "")).Draw(t, "other")
		changed := shown[:at] + other + shown[at+1:]
		if _, err := Typed(changed); changed != shown && fault.Code(err) != "UOMA-PSN-TYPED" {
			t.Fatalf("%q for %q: %v", changed, shown, err)
		}
		for _, text := range []string{shown[:at] + shown[at+1:], shown[:at] + other + shown[at:], shown[:Length+1], token[:Length-1], token + other, ""} {
			if _, err := Typed(text); fault.Code(err) != "UOMA-PSN-TYPED" {
				t.Fatalf("%q for %q: %v", text, shown, err)
			}
		}
	})
}

func TestOuterKeysTurnAndTurnBack(t *testing.T) {
	one, two := make([]byte, 32), make([]byte, 32)
	two[0] = 1
	a, b := NewOuter(one), NewOuter(two)
	rapid.Check(t, func(t *rapid.T) {
		d := NewDomain(one)
		text := rapid.String().Draw(t, "what")
		token := d.Token(text)
		covered := a.Cover(token)
		if covered == token || !Valid(covered) || a.Uncover(covered) != token || b.Cover(token) == covered || b.Uncover(covered) == token {
			t.Fatalf("%s and %s", token, covered)
		}
		if got := NewDomain(one).Under(a).Token(text); got != covered {
			t.Fatalf("the domain says %s, the key %s", got, covered)
		}
		for _, other := range []string{"", token[1:], token[:25] + "z", strings.ToUpper(token) + "A"} {
			if Valid(other) || a.Cover(other) != other {
				t.Fatalf("%q is taken for a token", other)
			}
		}
	})
	if NewOuter(nil).Cover("x") != "x" || NewOuter(nil).Uncover("x") != "x" {
		t.Error("no key changes something")
	}
}
