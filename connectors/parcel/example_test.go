package parcel_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"uoma/connectors/parcel"
)

// A sender seals one table to a recipient, who opens it with nothing but its key and the manifest's digests.
func Example() {
	folder, _ := os.MkdirTemp("", "parcel")
	defer os.RemoveAll(folder)
	root, _ := os.OpenRoot(folder)
	defer root.Close()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

	key, _ := parcel.CreateIdentity(root, "endpoint.key", now)
	to, _ := parcel.ParseAgeRecipient(key)

	const id = "019a7c1e-5b00-7000-8000-000000000001"
	contents := &parcel.Contents{
		DeliveryID: id, Dataset: "career-survey", SchemaVersion: "1.0", PseudonymDomain: "national", ConsentCutAt: now,
		Format: parcel.CSV, Quality: []byte(`{"verdict":"pass"}`),
		Tables: []parcel.Table{{Name: "graduates", Schema: []byte(`{}`), Parts: func(yield func(parcel.Part, error) bool) {
			yield(parcel.Part{Data: []byte("pseudonym,field\r\naaaa,061\r\n"), Rows: 1}, nil)
		}}},
	}
	_, _ = rand.Read(contents.Nonce[:])
	sealed, err := parcel.SealFile(root, id, contents, []age.Recipient{to}, parcel.Zstd)
	fmt.Println("sealed:", err)

	manifest := &parcel.Manifest{
		DeliveryID: id, Dataset: parcel.Dataset{ID: "career-survey", SchemaVersion: "1.0", SchemaSHA256: sealed.SchemaSHA256},
		ConsentCutAt: now, Container: parcel.Container{Compression: sealed.Compression},
		Plaintext: parcel.Plaintext{SHA256: sealed.PlainSHA256, Bytes: sealed.PlainBytes, ExpandedBytes: sealed.ExpandedBytes},
	}
	identity, _ := parcel.LoadIdentity(filepath.Join(folder, "endpoint.key"))
	payload, _ := root.ReadFile(parcel.PayloadName(id))
	err = parcel.Open(bytes.NewReader(payload), identity, manifest, func(name string, r io.Reader) error {
		fmt.Println(name)
		return nil
	})
	fmt.Println("opened:", err)
	// Output:
	// sealed: <nil>
	// nonce.bin
	// data/graduates/part-00000.csv
	// schema/graduates.json
	// quality.json
	// inner.json
	// SHA256SUMS
	// opened: <nil>
}
