package formattest

import (
	"bytes"
	"encoding/csv"
)

// CSV writes rows with their header, separated by semicolons.
func CSV(rows [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = ';'
	if err := w.WriteAll(append([][]string{Columns}, rows...)); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
