package dataverse

import (
	"io"
	"net/textproto"
	"strings"
	"testing"
)

// FuzzBatch reads answers to a batch: what is believed has an answer for each row, or none for a set that failed.
func FuzzBatch(f *testing.F) {
	part := func(id, status string) string {
		return "--s\r\nContent-Type: application/http\r\nContent-Id: " + id + "\r\n\r\nHTTP/1.1 " + status + "\r\nOData-EntityId: https://x/contacts(00000000-0000-4000-9000-000000000001)\r\n\r\n\r\n"
	}
	set := func(inner string) string {
		return "--b\r\nContent-Type: multipart/mixed; boundary=s\r\n\r\n" + inner + "--s--\r\n"
	}
	for _, body := range []string{
		set(part("1", "204 No Content")+part("2", "204 No Content")) + "--b--", set(part("1", "204 No Content")+part("1", "204 No Content")) + "--b--",
		"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n{\"error\":{\"code\":\"0x80044331\"}}\r\n--b--", set(part("3", "204 No Content")) + "--b--", set(part("1", "500 x")) + "--b--",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		const rows = 2
		_ = parts("multipart/mixed; boundary=b", strings.NewReader(body), func(h textproto.MIMEHeader, in io.Reader) error {
			set, err := readSet(h, in, rows)
			if err == nil && set != nil && len(set) != rows {
				t.Errorf("%d answers", len(set))
			}
			for _, a := range set {
				if err == nil && (a.status < 200 || a.status >= 300) {
					t.Errorf("a set that was carried out has %d", a.status)
				}
			}
			return err
		})
	})
}
