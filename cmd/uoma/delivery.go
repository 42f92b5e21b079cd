package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/outbox"
	"uoma/pipelines/workspace"
)

// deliveryLine is what the ledger of deliveries says of one; the nonce stays there.
type deliveryLine struct {
	ID             string    `json:"id"`
	Pipeline       string    `json:"pipeline"`
	Sender         string    `json:"sender"`
	Recipient      string    `json:"recipient"`
	Dataset        string    `json:"dataset"`
	Kind           string    `json:"kind"`
	Supersedes     string    `json:"supersedes,omitempty"`
	From           string    `json:"from"`
	To             string    `json:"to"`
	State          string    `json:"state"`
	Sequence       int64     `json:"sequence,omitempty"`
	Attempts       int64     `json:"attempts"`
	PayloadBytes   int64     `json:"payload_bytes,omitempty"`
	PayloadSHA256  string    `json:"payload_sha256,omitempty"`
	ManifestSHA256 string    `json:"manifest_sha256,omitempty"`
	ReceiptStatus  string    `json:"receipt_status,omitempty"`
	ReceiptLevel   string    `json:"receipt_level,omitempty"`
	ReceiptSHA256  string    `json:"receipt_sha256,omitempty"`
	ConsentCut     time.Time `json:"consent_cut_at,omitzero"`
	NotAfter       time.Time `json:"not_after,omitzero"`
	Created        time.Time `json:"created"`
	Updated        time.Time `json:"updated"`
	Files          []string  `json:"files,omitempty"` // that are there, as paths inside the workspace
}

func deliveryOf(d *outbox.Delivery) deliveryLine {
	return deliveryLine{ID: d.ID, Pipeline: d.Pipeline, Sender: d.Chain.Sender, Recipient: d.Chain.Recipient, Dataset: d.Chain.Dataset,
		Kind: d.Kind, Supersedes: d.Supersedes, From: d.From.String(), To: d.To.String(), State: string(d.State), Sequence: d.Sequence,
		Attempts: d.Attempts, PayloadBytes: d.PayloadBytes, PayloadSHA256: d.PayloadSHA256, ManifestSHA256: d.ManifestSHA256,
		ReceiptStatus: d.ReceiptStatus, ReceiptLevel: d.ReceiptLevel, ReceiptSHA256: d.ReceiptSHA256, ConsentCut: d.ConsentCutAt,
		NotAfter: d.NotAfter, Created: d.CreatedAt, Updated: d.UpdatedAt}
}

func (a *app) deliveryCommand() *cobra.Command {
	list := a.deliveryListCommand()
	c := &cobra.Command{
		Use:   "delivery",
		Short: "List the deliveries to recipients, show one, or withdraw people from them",
		Example: `  uoma delivery list
  uoma delivery show 0192f0c1-5d3e-7c1a-9f00-000000000001`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.deliveryShowCommand(), a.deliveryReconcileCommand(), a.deliveryWithdrawCommand())
	return c
}

func (a *app) deliveryListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the deliveries, oldest first: state, number in its chain, level of the receipt",
		Example: "  uoma delivery list --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				all, err := ws.Outbox.All(c.Context())
				if err != nil {
					return err
				}
				lines := make([]deliveryLine, 0, len(all))
				var rows [][]string
				for i := range all {
					l := deliveryOf(&all[i])
					lines = append(lines, l)
					rows = append(rows, []string{l.ID, l.State, l.Recipient, l.Dataset, l.Kind, l.From, l.To, sequence(l.Sequence), cmp.Or(l.ReceiptLevel, "-"), localTime(l.Updated)})
				}
				if a.json {
					return a.printJSON("delivery list", true, lines)
				}
				return a.table([]string{"DELIVERY", "STATE", "RECIPIENT", "DATASET", "KIND", "FROM", "TO", "NUMBER", "RECEIPT", "UPDATED"}, rows)
			})
		},
	}
}

func sequence(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func (a *app) deliveryShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show a delivery: state, digests, receipt, and the files that prove it",
		Example: "  uoma delivery show 0192f0c1-5d3e-7c1a-9f00-000000000001",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				d, err := ws.Outbox.Get(c.Context(), args[0])
				if errors.Is(err, outbox.ErrNone) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				l := deliveryOf(&d)
				l.Files = deliveryFiles(ws, d.ID)
				if a.json {
					return a.printJSON("delivery show", true, l)
				}
				return a.printDelivery(l)
			})
		},
	}
}

// deliveryFiles lists a delivery's files that are there.
func deliveryFiles(ws *workspace.Workspace, id string) []string {
	var out []string
	for _, p := range []string{
		path.Join(workspace.OutboxDir, id+".age"), path.Join(workspace.OutboxDir, id+".manifest.json"), path.Join(workspace.OutboxDir, id+".manifest.json.sig"),
		path.Join(workspace.ReceiptDir, id+".receipt.json"), path.Join(workspace.ReceiptDir, id+".receipt.json.sig"),
	} {
		if _, err := os.Stat(ws.Path(p)); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (a *app) printDelivery(l deliveryLine) error {
	rows := [][]string{
		{"delivery", l.ID}, {"state", l.State}, {"number", sequence(l.Sequence)}, {"recipient", l.Recipient}, {"dataset", l.Dataset}, {"kind", l.Kind},
		{"period", l.From + " to " + l.To}, {"supersedes", l.Supersedes}, {"consents as of", localTime(l.ConsentCut)}, {"may be sent until", localTime(l.NotAfter)},
		{"payload", thousands(l.PayloadBytes) + " bytes"}, {"payload SHA-256", l.PayloadSHA256}, {"manifest SHA-256", l.ManifestSHA256},
		{"receipt", cmp.Or(l.ReceiptStatus, "none yet")}, {"receipt level", l.ReceiptLevel}, {"receipt SHA-256", l.ReceiptSHA256},
		{"created", localTime(l.Created)}, {"updated", localTime(l.Updated)},
	}
	for _, f := range l.Files {
		rows = append(rows, []string{"file", f})
	}
	for _, r := range rows {
		fmt.Fprintf(a.out, "%-18s %s\n", r[0], cmp.Or(r[1], "-"))
	}
	return nil
}
