package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
)

// retrySeconds is what a sender is asked to wait for a receipt that is not there yet.
const retrySeconds = 1

// Handler answers the requests of the protocol. It must be served over TLS with verified client certificates.
func (e *Endpoint) Handler() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, answer func(http.ResponseWriter, *http.Request, string) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			sender, err := e.sender(r)
			if err == nil {
				err = answer(w, r, sender)
			}
			e.fail(w, r, err)
		})
	}
	route("GET /v1/capabilities", e.capabilities)
	route("GET /v1/head", e.head)
	route("GET /v1/keys.json", e.published("keys.json"))
	route("GET /v1/keys.json.sig", e.published("keys.json.sig"))
	route("PUT /v1/deliveries/{id}", e.put)
	route("GET /v1/deliveries/{id}", e.known(e.tell))
	route("HEAD /v1/deliveries/{id}/payload", e.known(e.measure))
	route("PATCH /v1/deliveries/{id}/payload", e.known(e.receive))
	route("GET /v1/deliveries/{id}/receipt.json", e.known(e.giveReceipt("")))
	route("GET /v1/deliveries/{id}/receipt.json.sig", e.known(e.giveReceipt(signatureExt)))
	route("/", func(http.ResponseWriter, *http.Request, string) error {
		return &problem{"unknown-request", http.StatusNotFound, "the protocol has no such request"}
	})
	return mux
}

// sender gives the enrolled sender whom the client certificate names.
func (e *Endpoint) sender(r *http.Request) (string, error) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return "", refuse(carrier.SenderMismatch, "a client certificate is needed")
	}
	for _, uri := range r.TLS.PeerCertificates[0].URIs {
		id, named := strings.CutPrefix(uri.String(), carrier.SenderPrefix)
		if _, enrolled := e.Senders[id]; named && enrolled {
			return id, nil
		}
	}
	return "", refuse(carrier.SenderMismatch, "the client certificate names no enrolled sender")
}

// known looks up the delivery in the address, among the sender's own.
func (e *Endpoint) known(answer func(http.ResponseWriter, *http.Request, *delivery) error) func(http.ResponseWriter, *http.Request, string) error {
	return func(w http.ResponseWriter, r *http.Request, sender string) error {
		d := e.store.find(sender, r.PathValue("id"))
		if d == nil {
			return refuse(carrier.UnknownDelivery, "this sender has no such delivery here")
		}
		return answer(w, r, d)
	}
}

// fail writes a refusal. Anything that is not one is the endpoint's own trouble: logged here, told as 500.
func (e *Endpoint) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	switch {
	case err == nil:
		return
	case errors.As(err, &p):
		e.Log.Info("refused", slog.String("method", r.Method), slog.String("code", p.code))
	default:
		e.Log.Error("failed", slog.String("method", r.Method), slog.String("error", err.Error()))
		p = &problem{"internal", http.StatusInternalServerError, "the endpoint failed; try again later"}
	}
	p.write(w)
}

func (e *Endpoint) put(w http.ResponseWriter, r *http.Request, sender string) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != carrier.ManifestType {
		return refuse(carrier.ContentType, "a manifest is "+carrier.ManifestType)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, carrier.MaxManifestBytes))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return refuse(carrier.TooLarge, "a manifest has at most 64 KiB")
	}
	if err != nil {
		return refuse(carrier.ManifestInvalid, "the manifest ended early")
	}
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get(carrier.SignatureHeader))
	if err != nil {
		signature = nil
	}
	created, err := e.accept(sender, r.PathValue("id"), raw, signature)
	if err != nil {
		return err
	}
	if created {
		e.Log.Info("manifest accepted", slog.String("sender", sender), slog.String("delivery", r.PathValue("id")))
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (e *Endpoint) capabilities(w http.ResponseWriter, _ *http.Request, _ string) error {
	return writeJSON(w, carrier.Capabilities{
		Versions: []int{parcel.Version}, MaxBytes: e.limits.MaxBytes, PatchMax: e.limits.PatchMax,
		Compressions: []string{parcel.Zstd, parcel.Gzip, parcel.None}, Keys: "/v1/keys.json",
	})
}

func (e *Endpoint) head(w http.ResponseWriter, r *http.Request, sender string) error {
	return writeJSON(w, e.store.head(sender, r.URL.Query().Get("dataset")))
}

func (e *Endpoint) tell(w http.ResponseWriter, _ *http.Request, d *delivery) error {
	s, err := e.store.status(d)
	if err != nil {
		return err
	}
	return writeJSON(w, s)
}

func (e *Endpoint) giveReceipt(ext string) func(http.ResponseWriter, *http.Request, *delivery) error {
	return func(w http.ResponseWriter, _ *http.Request, d *delivery) error {
		r := e.store.receipt(d)
		if r == nil {
			w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
			return refuse(carrier.ReceiptPending, "no receipt yet")
		}
		raw, err := os.ReadFile(d.path(receiptName(r) + ext))
		if err != nil {
			return err
		}
		return writeBytes(w, raw)
	}
}

// published gives a file of the state folder as it is.
func (e *Endpoint) published(name string) func(http.ResponseWriter, *http.Request, string) error {
	return func(w http.ResponseWriter, _ *http.Request, _ string) error {
		raw, err := e.readState(name)
		if errors.Is(err, fs.ErrNotExist) {
			return &problem{"unknown-request", http.StatusNotFound, "this endpoint publishes no keys"}
		}
		if err != nil {
			return err
		}
		return writeBytes(w, raw)
	}
}

func writeJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return writeBytes(w, raw)
}

func writeBytes(w http.ResponseWriter, raw []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(raw) // the client may be gone; there is nobody to tell
	return nil
}

// TLS gives the server's settings: TLS 1.3 alone, client certificates of the given authorities required and verified.
func TLS(certificate tls.Certificate, clientCAs *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clientCAs, NextProtos: []string{"http/1.1"},
	}
}

// Serve answers requests on ln and processes deliveries until ctx ends; then requests under way get a few seconds.
func (e *Endpoint) Serve(ctx context.Context, ln net.Listener, config *tls.Config) error {
	srv := &http.Server{
		Handler: e.Handler(), TLSConfig: config,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: noProgress, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(e.Log.Handler(), slog.LevelDebug),
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.Process(gctx) })
	g.Go(func() error {
		if err := srv.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-gctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(gctx), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(stop) // what is still under way is cut; the endpoint keeps what came of it
		return srv.Close()
	})
	return g.Wait()
}
