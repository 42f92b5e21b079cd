// Package amazon is how the connectors to services of AWS find credentials: by the chain of the SDK, whose own questions, to
// a machine's metadata, a container's agent, STS or SSO, go to no other networks than ours do.
package amazon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	transport "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"uoma/connectors/remote"
	"uoma/internal/fault"
)

// Load reads the SDK's configuration, of a profile where one is named. Whatever is asked for credentials is dialled in the
// networks that ctx allows, also when the SDK asks under a context of its own, and through no proxy of the environment.
func Load(ctx context.Context, region, profile string) (aws.Config, error) {
	client := transport.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) {
			d.ControlContext = func(_ context.Context, network, address string, line syscall.RawConn) error {
				return remote.Reachable(ctx, network, address, line)
			}
		}).
		WithTransportOptions(func(t *http.Transport) { t.Proxy = nil })
	options := []func(*config.LoadOptions) error{
		config.WithRegion(region),
		config.WithHTTPClient(client),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = client }), // it takes no other's
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// Refused gives the fault of our own that an error of the SDK leads back to, as of a network that may not be reached, else
// nil.
func Refused(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return nil
}
