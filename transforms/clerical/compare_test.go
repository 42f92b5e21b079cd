package clerical_test

import (
	"testing"

	"uoma/transforms/clerical"
	"uoma/transforms/resolve"
)

func TestCompareSaysHowAlike(t *testing.T) {
	a := []resolve.Member{
		{Family: "esimerkki", Given: "anna", Birth: 11000, Emails: []string{"anna@posti.example"}},
		{Family: "malli", Given: "anna", Birth: 11000},
	}
	b := []resolve.Member{{Family: "malli", Given: "anna", Birth: resolve.NoBirth, Hetu: "010190-999X"}}
	want := map[string]string{"family name": "same", "given names": "same", "birth date": "only a", "e-mail": "only a", "identity code": "only b",
		"telephone": "neither"}
	for _, f := range clerical.Compare(a, b) {
		if w, ok := want[f.Name]; ok && f.Says != w {
			t.Errorf("%s: %q, want %q", f.Name, f.Says, w)
		}
		if f.Name == "family name" && len(f.A) != 2 {
			t.Errorf("%d family names", len(f.A))
		}
	}
}
