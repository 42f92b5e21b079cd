package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/record"
)

var errRecord = fault.New("UOMA-CLI-RECORD", "the record cannot be written", "look at the folder, and the space on its disk")

func (a *app) recordCommand() *cobra.Command {
	var out, institution, on string
	c := &cobra.Command{
		Use:   "record",
		Short: "Write the record of processing activities (GDPR 30) and a draft of the privacy notice",
		Long: `Record writes what the workspace does with personal data, out of its policy pack, its layouts and its settings:
controller, purposes, categories of data and of people, legal bases with their clauses, recipients, transfers, retention,
security measures, rights. With --out it writes record.md, record.html, notice.md and notice.html into a folder; without,
it prints the record. The same settings and date give the same bytes, so that two records can be compared.`,
		Example: `  uoma record > record.md
  uoma record --out record --institution metropolia_exam`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			date := canon.DateOf(a.now())
			if on != "" {
				var err error
				if date, err = canon.ParseDate(on); err != nil {
					return usageError{fmt.Errorf("--date: %w", err)}
				}
			}
			in, err := workspace.RecordInput(a.workspace, institution, date)
			if err != nil {
				return err
			}
			if out == "" {
				_, err := a.out.Write(record.Processing(in).Markdown())
				return err
			}
			return a.writeRecord(out, in)
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "folder to write to; it is made when it is not there")
	f.StringVar(&institution, "institution", "", "policy pack of the institution; the workspace's own when absent")
	f.StringVar(&on, "date", "", "the day that the record is of, today when absent")
	return c
}

// writeRecord writes both documents in both forms. They hold nobody's data, and may be read by whom the folder lets.
func (a *app) writeRecord(folder string, in record.Input) error {
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return errRecord.Because(err)
	}
	for name, d := range map[string]*record.Document{"record": record.Processing(in), "notice": record.PrivacyNotice(in)} {
		page, err := d.HTML()
		if err != nil {
			return err
		}
		for ext, text := range map[string][]byte{".md": d.Markdown(), ".html": page} {
			if err := os.WriteFile(filepath.Join(folder, name+ext), text, 0o644); err != nil {
				return errRecord.Because(err)
			}
		}
	}
	return nil
}
