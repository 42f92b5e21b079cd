package parcel_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/connectors/parcel"
)

func TestWithdrawalsComeBackAsTheyWent(t *testing.T) {
	at := time.Date(2026, 11, 22, 4, 5, 6, 7000, time.UTC)
	rows := []parcel.Withdrawn{
		{"0192f0c1-5d3e-7c1a-9f00-000000000001", 1, "abc", 1, parcel.Stop, "objection", at},
		{"0192f0c1-5d3e-7c1a-9f00-000000000002", 77, "0z", 2, parcel.Erase, "erased", at},
	}
	part, err := parcel.EncodeWithdrawals(rows)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parcel.DecodeWithdrawals(bytes.NewReader(part))
	if err != nil || !slices.Equal(got, rows) {
		t.Errorf("%+v, %v", got, err)
	}
	good := string(part)
	for name, bad := range map[string]string{
		"nothing": "", "another header": strings.Replace(good, "row", "line", 1), "another action": strings.Replace(good, "stop", "sell", 1),
		"row 0": strings.Replace(good, ",77,", ",0,", 1), "a column more": strings.Replace(good, ",77,", ",77,1,", 1),
		"no id": strings.Replace(good, "0192f0c1", "0192f0c", 1), "local time": strings.Replace(good, "Z\r", "+02:00\r", 1), "a sentence": strings.Replace(good, "objection", "she called", 1),
	} {
		if _, err := parcel.DecodeWithdrawals(strings.NewReader(bad)); !errors.Is(err, parcel.ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parcel.EncodeWithdrawals([]parcel.Withdrawn{{}}); err == nil {
		t.Error("an empty row was written")
	}
}
