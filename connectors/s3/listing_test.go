package s3_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"uoma/connectors/s3"
	"uoma/internal/fault"
)

// TestWhatWasListedIsRead replaces objects after they were listed or described.
func TestWhatWasListedIsRead(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		t.Run(fmt.Sprintf("versioned %v", versioned), func(t *testing.T) {
			r := start(t)
			if versioned {
				if _, err := r.api.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{Bucket: aws.String(bucket),
					VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"described.csv", "listed.csv", "listed, näin+ näin.csv", "removed.csv"} {
				r.put(t, name, []byte("old"))
			}
			f := r.open(t)
			if _, err := f.Stat("described.csv"); err != nil {
				t.Fatal(err)
			}
			if list, err := f.ReadDir("."); err != nil || len(list) != 4 {
				t.Fatal(list, err)
			}
			time.Sleep(1100 * time.Millisecond) // the server tells whole seconds, and of a version the one in which it was replaced
			r.put(t, "described.csv", []byte("new"))
			for _, content := range []string{"short", "new"} {
				r.put(t, "listed.csv", []byte(content))
				r.put(t, "listed, näin+ näin.csv", []byte(content))
			}
			if _, err := r.api.DeleteObject(t.Context(), &api.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("removed.csv")}); err != nil {
				t.Fatal(err)
			}
			for _, e := range []string{"described.csv", "listed.csv", "listed, näin+ näin.csv", "removed.csv"} {
				switch got, err := fs.ReadFile(f, e); {
				case versioned && (err != nil || string(got) != "old"):
					t.Errorf("%s is not as it was: %q, %v", e, got, err)
				case !versioned && e == "removed.csv" && !errors.Is(err, fs.ErrNotExist):
					t.Errorf("removed: %q, %v", got, err)
				case !versioned && e != "removed.csv" && fault.Code(err) != "UOMA-LND-CHANGED":
					t.Errorf("%s was replaced: %q, %v", e, got, err)
				}
			}
			if got, err := fs.ReadFile(r.open(t), "listed.csv"); err != nil || string(got) != "new" {
				t.Errorf("another view: %q, %v", got, err)
			}
		})
	}
}

// TestAListedVersionIsFoundByItsKey finds the version that was listed where the service writes keys as a URL does.
func TestAListedVersionIsFoundByItsKey(t *testing.T) {
	r := start(t)
	if _, err := r.api.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{Bucket: aws.String(bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	const name = "listed, näin+ näin.csv"
	old, err := r.api.PutObject(t.Context(), &api.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(name), Body: strings.NewReader("old")})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s3.Open(t.Context(), r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
		if !in.URL.Query().Has("versions") {
			return false
		}
		if in.URL.Query().Get("encoding-type") != "url" {
			t.Error("keys are not asked for as a URL writes them")
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "<ListVersionsResult><EncodingType>url</EncodingType><Version><Key>%s</Key><VersionId>%s</VersionId><ETag>%s</ETag><Size>3</Size></Version></ListVersionsResult>",
			url.QueryEscape(name), aws.ToString(old.VersionId), aws.ToString(old.ETag))
		return true
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // idle connections only
	if _, err := f.ReadDir("."); err != nil {
		t.Fatal(err)
	}
	r.put(t, name, []byte("new"))
	if got, err := fs.ReadFile(f, name); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestManyObjects lists more than a page holds, below a prefix.
func TestManyObjects(t *testing.T) {
	r := start(t)
	dir := filepath.Join(r.Dir, bucket, "deep", "peppi")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const count = 1234
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.csv", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := r.settings()
	s.Prefix = "deep"
	f, err := s3.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if list, err := f.ReadDir("peppi"); err != nil || len(list) != count {
		t.Errorf("%d objects, %v", len(list), err)
	}
	if list, err := f.ReadDir("."); err != nil || len(list) != 1 || !list[0].IsDir() {
		t.Errorf("%v, %v", list, err)
	}
}

// TestAListingThatIsCutIsNotTheWhole lists at services that say that there is more, and lead nowhere: those of the protocol's first
// version say where in another element.
func TestAListingThatIsCutIsNotTheWhole(t *testing.T) {
	r := start(t)
	var asked atomic.Int64
	for name, tt := range map[string]struct {
		page string
		code string
	}{
		"whole":              {"<IsTruncated>false</IsTruncated>", ""},
		"no way on":          {"<IsTruncated>true</IsTruncated>", "UOMA-SRC-ANSWER"},
		"the first version":  {"<IsTruncated>true</IsTruncated><NextMarker>a.csv</NextMarker>", "UOMA-SRC-ANSWER"},
		"in a circle":        {"<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>", "UOMA-SRC-ANSWER"},
		"whole, and a token": {"<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
				if asked.Add(1); !in.URL.Query().Has("list-type") {
					return false
				}
				w.Header().Set("Content-Type", "application/xml")
				fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>%s<Contents><Key>a%d.csv</Key><Size>1</Size></Contents></ListBucketResult>", tt.page, asked.Load())
				return true
			})
			f, err := s3.Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			asked.Store(0)
			list, err := f.ReadDir(".")
			if fault.Code(err) != tt.code || (err == nil) != (tt.code == "") || err == nil && len(list) != 1 || asked.Load() > 3 {
				t.Errorf("%d objects of %d requests, %v; want %q", len(list), asked.Load(), err, tt.code)
			}
		})
	}
}

// TestKeysOfAnyCharacter lists and reads keys that a URL writes otherwise.
func TestKeysOfAnyCharacter(t *testing.T) {
	r := start(t)
	want := []string{"100%.csv", "%2F.csv", "a b.csv", "a%20b.csv", "a&b=c.csv", "a+b.csv", "a;b,c.csv", "a?b#c.csv", "Ääkköset 学生.csv", "~!'()*.csv"}
	for _, name := range want {
		r.put(t, "odd/"+name, []byte(name))
	}
	for name, s := range map[string]s3.Settings{"as it is": r.settings(), "a space as plus": r.instead(t, func(w http.ResponseWriter, in *http.Request) bool {
		if !in.URL.Query().Has("list-type") {
			return false
		}
		if in.URL.Query().Get("encoding-type") != "url" {
			t.Error("keys are not asked for as a URL writes them")
		}
		w.Header().Set("Content-Type", "application/xml") // as Amazon's own service writes keys
		fmt.Fprint(w, "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>")
		for _, name := range want {
			fmt.Fprintf(w, "<Contents><Key>odd/%s</Key><Size>1</Size></Contents>", url.QueryEscape(name))
		}
		fmt.Fprint(w, "</ListBucketResult>")
		return true
	})} {
		t.Run(name, func(t *testing.T) {
			f, err := s3.Open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() // idle connections only
			list, err := f.ReadDir("odd")
			var got []string
			for _, e := range list {
				got = append(got, e.Name())
			}
			sorted := slices.Sorted(slices.Values(want))
			if err != nil || !slices.Equal(got, sorted) {
				t.Fatalf("%q, %v", got, err)
			}
			if name == "as it is" {
				for _, e := range got {
					if text, err := fs.ReadFile(f, "odd/"+e); err != nil || string(text) != e {
						t.Errorf("%s: %q, %v", e, text, err)
					}
				}
			}
		})
	}
}
