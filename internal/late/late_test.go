package late_test

import (
	"testing"

	"uoma/internal/late"
)

func TestAPatternIsCompiledWhenItIsAskedFor(t *testing.T) {
	p, wrong := late.Compile(`^[a-c]{2}$`), late.Compile(`(`)
	if !p.MatchString("ab") || p.MatchString("abc") {
		t.Error("ab is two of a to c, abc is not")
	}
	defer func() {
		if recover() == nil {
			t.Error("a wrong expression was compiled")
		}
	}()
	wrong.MatchString("")
}
