package s3

import (
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"uoma/internal/fault"
)

// TestAListingThatLeadsOnForEver ends with a fault, though each page names another one.
func TestAListingThatLeadsOnForEver(t *testing.T) {
	var turn turning
	for page := range maxPages {
		if err := turn.on(aws.Bool(true), aws.String(strconv.Itoa(page))); err != nil {
			t.Fatal(page, err)
		}
	}
	if err := turn.on(aws.Bool(true), aws.String("one more")); fault.Code(err) != "UOMA-SRC-ANSWER" {
		t.Error(err)
	}
	if err := turn.on(aws.Bool(false), nil); err != nil {
		t.Errorf("the last page: %v", err)
	}
}
