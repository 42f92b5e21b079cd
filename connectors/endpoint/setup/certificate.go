package setup

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"time"

	"uoma/connectors/carrier"
)

// Lives of certificates. A sender's certificate is renewed with its keys, yearly and with an overlap of 30 days.
const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 395 * 24 * time.Hour
	backdate        = time.Hour // for clocks that are a little behind
)

// Certificates and their keys are P-256: every TLS 1.3 peer has it.

// makeAuthority writes <name>.crt and <name>.key of a new authority. The key's randomness is the operating system's, as
// crypto/ecdsa takes no other.
func makeAuthority(root *os.Root, name, title string, now time.Time) error {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: title}, NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return certify(root, name, template, nil)
}

// makeServer writes a server certificate for names and addresses.
func makeServer(root *os.Root, name string, hosts []string, authority *tls.Certificate, now time.Time) error {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: now.Add(-backdate), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, h)
	}
	return certify(root, name, template, authority)
}

// makeClient writes a sender's certificate, whose URI SAN is the sender's id.
func makeClient(root *os.Root, name, sender string, authority *tls.Certificate, now time.Time) error {
	id, err := url.Parse(carrier.SenderPrefix + sender)
	if err != nil {
		return errName
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: sender}, NotBefore: now.Add(-backdate), NotAfter: now.Add(certificateLife), URIs: []*url.URL{id},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	return certify(root, name, template, authority)
}

// certify makes a key, has the certificate signed by the authority (by itself when nil) and writes both.
func certify(root *os.Root, name string, template *x509.Certificate, authority *tls.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return errTLS.Because(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126)); err != nil {
		return errTLS.Because(err)
	}
	parent, signer := template, any(key)
	if authority != nil {
		if parent, err = x509.ParseCertificate(authority.Certificate[0]); err != nil {
			return errTLS.Because(err)
		}
		signer = authority.PrivateKey
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return errTLS.Because(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return errTLS.Because(err)
	}
	if err := create(root, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		return err
	}
	return create(root, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}
