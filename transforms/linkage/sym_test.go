package linkage

import "testing"

func TestComparingIsSymmetric(t *testing.T) {
	p := campusRecords(t, campusOf{several(20_000), 5, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	c := newComparer(table)
	var v, w vector
	d := dice(1)
	for range 200_000 {
		a, b := int32(d.below(2000)), int32(d.below(int64(table.n)))
		c.compare(a, b, &v)
		c.compare(b, a, &w)
		if v != w {
			for f := range table.features {
				if v.level[f] != w.level[f] || v.rare[f] != w.rare[f] {
					t.Fatalf("%s: level %d of rarity %d one way, %d of %d the other", table.features[f].name, v.level[f], v.rare[f], w.level[f], w.rare[f])
				}
			}
		}
	}
}
