package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release; it stands in each run, manifest and report.
const version = "0.1.0"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the Go release and the build's revision",
		Example: "  uoma version --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
				Revision string `json:"revision,omitempty"`
				Tags     string `json:"tags,omitempty"`
			}{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					switch s.Key {
					case "vcs.revision":
						v.Revision = s.Value
					case "-tags":
						v.Tags = s.Value
					}
				}
			}
			if a.json {
				return a.printJSON("version", true, v)
			}
			_, err := fmt.Fprintf(a.out, "uoma %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			return err
		},
	}
}
