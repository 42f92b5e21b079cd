package nightly

import (
	"context"

	"uoma/pipelines"
)

type report struct{ n *Night }

func (report) Name() string { return "report" }

func (s report) Run(ctx context.Context, r *pipelines.Run) (any, error) { return nil, nil }
