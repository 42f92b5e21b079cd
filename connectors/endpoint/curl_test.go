package endpoint_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/carrier"
	"uoma/connectors/endpoint/endpointtest"
)

// The protocol's own commands, with stock tools, against our endpoint.
func TestDeliverWithCurl(t *testing.T) {
	rig := endpointtest.New(t, nil)
	p := pack(t, rig, 1, nil, nil)
	folder := t.TempDir()
	script, err := filepath.Abs("testdata/deliver.sh")
	must(t, err)
	for name, content := range map[string][]byte{
		p.id + ".manifest.json": p.raw, p.id + ".manifest.json.sig": p.sig, p.id + ".age": p.container,
		"allowed": []byte(strings.Join(rig.Pinned().ReceiptKeyLines, "\n") + "\n"),
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	const cut = 100
	run := func(part string) string {
		cmd := exec.Command("sh", script, part)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(),
			"ID="+p.id, "U="+p.url(rig), "ALLOWED=allowed", fmt.Sprint("CUT=", cut),
			fmt.Sprintf("T=--silent --show-error --tlsv1.3 --cacert %s --cert %s --key %s", rig.Bundle("ca.crt"), rig.Bundle("client.crt"), rig.Bundle("client.key")))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", part, err, out)
		}
		return string(out)
	}
	if got := run("begin"); got != fmt.Sprintf("201\n200\n0\n204\n%d\n", cut) {
		t.Errorf("begin: %q", got)
	}
	rig.Stop()
	rig.Start()
	if got := run("finish"); got != "204\nverified\n" {
		t.Errorf("finish: %q", got)
	}
	wait(t, rig, p, carrier.Accepted)
}
