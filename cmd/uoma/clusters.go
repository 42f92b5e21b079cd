package main

import (
	"errors"
	"fmt"
	"os"

	"uoma/fixtures/truth"
	"uoma/internal/fault"
)

// clusterScore is what evaluate --clusters prints.
type clusterScore struct {
	Records           int     `json:"records"`
	Missing           int     `json:"missing"`
	People            int     `json:"people"`
	Clusters          int     `json:"clusters"`
	Exact             int     `json:"exactly_right"`
	LargestPerson     int     `json:"largest_person"`
	LargestCluster    int     `json:"largest_cluster"`
	Pairwise          score   `json:"pairwise"`
	BCubedPrecision   float64 `json:"bcubed_precision"`
	BCubedRecall      float64 `json:"bcubed_recall"`
	BCubedF1          float64 `json:"bcubed_f1"`
	ExactlyRightShare float64 `json:"exactly_right_share"`
}

var errClusters = fault.New("UOMA-CLI-CLUSTERS", "the clusters or their truth cannot be read",
	"name CSV files with a header, a record id and a cluster id in every row, and each record once")

// evaluateClusters compares a file of clusters with a file of the truth.
func (a *app) evaluateClusters(truthFile, clustersFile string) error {
	src, err := openCSV(truthFile)
	if err != nil {
		return err
	}
	defer src.Close()
	want, err := truth.LoadTruth(src)
	if err != nil {
		return clustersFault(truthFile, err)
	}
	got, err := openCSV(clustersFile)
	if err != nil {
		return err
	}
	defer got.Close()
	found, err := truth.ScoreClusters(want, got)
	if err != nil {
		return clustersFault(clustersFile, err)
	}
	return a.printClusterScore(found)
}

func openCSV(file string) (*os.File, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usageError{errClusters.At(fault.Place{File: file}).Wrap(err)}
	}
	return f, nil
}

func clustersFault(file string, err error) error {
	place := fault.Place{File: file}
	var at *truth.LineError
	if errors.As(err, &at) {
		place.Line, err = at.Line, at.Cause
	}
	return errClusters.At(place).Because(err)
}

func (a *app) printClusterScore(c truth.Clustering) error {
	s := clusterScore{
		Records: c.Records, Missing: c.Missing, People: c.People, Clusters: c.Clusters, Exact: c.Exact, LargestPerson: c.LargestTruth,
		LargestCluster: c.Largest, Pairwise: scoreOf("", "", c.Counts), BCubedPrecision: c.BPrecision, BCubedRecall: c.BRecall,
		BCubedF1: c.BF1(), ExactlyRightShare: float64(c.Exact) / float64(c.People),
	}
	if a.json {
		return a.printJSON("evaluate", true, s)
	}
	fmt.Fprintf(a.out, "%s records of %s people in %s clusters; %s records in no cluster; the largest person has %s records, the largest cluster %s\n\n",
		thousands(int64(s.Records)), thousands(int64(s.People)), thousands(int64(s.Clusters)), thousands(int64(s.Missing)),
		thousands(int64(s.LargestPerson)), thousands(int64(s.LargestCluster)))
	err := a.table([]string{"SCORE", "PRECISION", "RECALL", "F1", "RIGHT", "WRONG", "MISSED"}, [][]string{
		{"pairs", decimal(s.Pairwise.Precision), decimal(s.Pairwise.Recall), decimal(s.Pairwise.F1),
			thousands(s.Pairwise.TP), thousands(s.Pairwise.FP), thousands(s.Pairwise.FN)},
		{"b-cubed", decimal(s.BCubedPrecision), decimal(s.BCubedRecall), decimal(s.BCubedF1), "", "", ""},
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "\nexactly right: %s of %s people (%.2f %%)\n", thousands(int64(s.Exact)), thousands(int64(s.People)), 100*s.ExactlyRightShare)
	return err
}

func decimal(share float64) string { return fmt.Sprintf("%.4f", share) }
