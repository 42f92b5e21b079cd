package s3

import (
	"context"
	"errors"
	"net/http"

	transport "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

var (
	errSettings = fault.New("UOMA-SRC-SETTINGS", "the settings of the source cannot be used",
		"correct the system's entry under inboxes: in uoma.yaml").For(fault.Source)
	errCredentials = fault.New("UOMA-SRC-CREDENTIALS", "no credentials were found",
		"set AWS_PROFILE or the other variables of the SDK's chain for the run user, or profile: in the system's entry").For(fault.Source)
	errBucket = fault.New("UOMA-SRC-BUCKET", "there is no such bucket",
		"compare its name with its owner").For(fault.Source)
	errExists = fault.New("UOMA-SRC-EXISTS", "a file of this name is there already, and nothing is replaced",
		"find out who put it there").For(fault.Source)
)

// judged gives what an error of the SDK means for a key.
func judged(ctx context.Context, key string, err error) error {
	var api smithy.APIError
	var answer *transport.ResponseError
	switch {
	case err == nil || fault.Code(err) != "":
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket":
		return errBucket
	case errors.As(err, &answer):
		return ofStatus(answer, key)
	}
	return remote.Peer(err)
}

func ofStatus(r *transport.ResponseError, key string) error {
	switch status := r.HTTPStatusCode(); {
	case status == http.StatusPreconditionFailed:
		return remote.Changed(key)
	case status < 300:
		return r // the answer was cut or garbled on its way
	default:
		return remote.Status(status, r.Response.Header)
	}
}
