package tabular_test

import (
	"strings"
	"testing"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// TestHeaderOfTwoRows has rows of cells that bars part, each line of a table a row of a sheet.
func TestHeaderOfTwoRows(t *testing.T) {
	o := tabular.Options{HeaderRows: 2, Titles: 3, Columns: []tabular.Column{{Name: "Name", Required: true}, {Name: "Degree / Date"}, {Name: "Right / Date"}, {Name: "Grade"}}}
	for name, c := range map[string]struct {
		sheet, want, code string
	}{
		"groups":                        {"|Degree||Right|\nName|Date|Grade|Date|Note\nAino|1|2|3|4", "Aino|1|3|2", ""},
		"the name over both rows":       {"Name|Degree||Right|\n|Date|Grade|Date\nAino|1|2|3", "Aino|1|3|2", ""},
		"titles":                        {"Report\nRun|today\n|Degree|\nName|Date|Grade\nAino|1|2", "Aino|1||2", ""},
		"no groups in this one":         {"Report\nName|Grade\nAino|1\nOlli|2", "Aino|||1\nOlli|||2", ""},
		"the first row":                 {"Name|Grade\nAino|1", "Aino|||1", ""},
		"the header alone":              {"|Degree\nName|Date", "", ""},
		"the header once more":          {"|Degree|\nName|Date|Grade\nAino|1|2\n|Degree|\nName|Date|Grade\nOlli|3|4", "Aino|1||2\nOlli|3||4", ""},
		"a name below a merged one":     {"Name|\n|Grade\nAino|1", "Aino|||1", ""},
		"a name that two groups have":   {"|Degree|Right\nName|Grade|Grade\nAino|1|2", "Aino|||", ""},
		"a group ends where it is seen": {"|Degree|Remark|\nName|Date||Grade\nAino|1|2|3", "Aino|1||3", ""},
		"a first row without a name":    {"|Degree|\nName|Date|Grade\n|1|2\nAino|3|4", "|1||2\nAino|3||4", ""},
		"twice the same":                {"|Degree|Degree\nName|Date|Date\nAino|1|2", "", "UOMA-LND-HEADER-DUPLICATE"},
		"none":                          {"1|2\n3|4\n5|6\n7|8\n9|10", "", "UOMA-LND-HEADER"},
		"titles and no more":            {"Report|x\nRun|today", "", "UOMA-LND-HEADER"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAssembler(t, o, true)
			lines := strings.Split(c.sheet, "\n")
			if err := add(a, lines...); fault.Code(err) != c.code {
				t.Fatal(err)
			}
			if c.code != "" {
				return
			}
			var got []string
			b := a.Flush()
			for i := range b.Len() {
				var row []string
				for column := range o.Columns {
					row = append(row, b.Col(canon.RawFirst+column).Text(i))
				}
				got = append(got, strings.Join(row, "|"))
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			all := a.Summary().Read() + 1
			for _, n := range a.Summary().Skipped {
				all += n
			}
			if all != int64(len(lines)) {
				t.Errorf("%d rows, %+v", len(lines), a.Summary())
			}
		})
	}
}
