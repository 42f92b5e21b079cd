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
	errCredentials = fault.New("UOMA-SRC-CREDENTIALS", "no credentials were found",
		"set AWS_PROFILE or the other variables of the SDK's chain for the run user, or profile: in the settings of the system or target").For(fault.Source)
	errBucket = fault.New("UOMA-SRC-BUCKET", "there is no such bucket",
		"compare its name with its owner").For(fault.Source)
)

var errUnmarked = fault.New("UOMA-DRP-UNMARKED", "an upload of that name in the bucket is not completed, and has no mark by which it is known as ours",
	"ask the bucket's owner: if its parts are what the outbox holds, complete it; else give it up; then run the same date again")

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
	case errors.As(err, &api) && (api.ErrorCode() == "ExpiredToken" || api.ErrorCode() == "InvalidToken"): // with a status of bad requests
		return remote.Login(err)
	case errors.As(err, &answer):
		return ofStatus(answer, key)
	}
	return remote.Peer(err)
}

func ofStatus(r *transport.ResponseError, key string) error {
	switch status := r.HTTPStatusCode(); {
	case status == http.StatusPreconditionFailed:
		return remote.Changed(key)
	case status == http.StatusConflict: // with what somebody else does at the moment
		return r
	case status < 300:
		return r // the answer was cut or garbled on its way
	default:
		return remote.Status(status, r.Response.Header)
	}
}
