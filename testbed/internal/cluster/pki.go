package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	caName             = "ca"
	serviceAccountName = "service-account"

	// Backdating covers a clock that is set back while a testbed lives.
	certBackdate = time.Hour
	// The authority is kept when a folder is used again, its certificates are issued anew at each start.
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 365 * 24 * time.Hour

	// EKS and kubeadm sign service-account tokens with RS256, so what is tested against a testbed meets
	// the algorithm it will meet in the field.
	serviceAccountKeyBits = 2048

	serialBits = 120
)

// identity is what one certificate certifies. Each is for one program and, where it can be, one side.
type identity struct {
	name   string
	user   string
	groups []string
	usages []x509.ExtKeyUsage
	// addresses are for servers.
	dnsNames []string
	ips      []net.IP
}

var (
	serverAuth = x509.ExtKeyUsageServerAuth
	clientAuth = x509.ExtKeyUsageClientAuth
	loopback   = net.IPv4(127, 0, 0, 1)
)

// authority is the certificate authority of one testbed.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// openAuthority makes the folder's authority or, when the folder is used again, reads it.
func openAuthority(dir *Dir) (*authority, error) {
	if err := os.MkdirAll(dir.pki(), 0o700); err != nil {
		return nil, fmt.Errorf("create the certificate folder: %w", err)
	}
	key, err := openKey(dir.keyFile(caName), newECKey)
	if err != nil {
		return nil, fmt.Errorf("open the authority's key: %w", err)
	}
	template, err := template(identity{user: "testbed-ca"}, caLifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign

	// The certificate is issued anew over the same key: what the old one signed stays valid.
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("create the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the authority's certificate: %w", err)
	}
	ca := &authority{cert: cert, key: key, pem: encodeCert(der)}
	if err := os.WriteFile(dir.certFile(caName), ca.pem, 0o600); err != nil {
		return nil, fmt.Errorf("write the authority's certificate: %w", err)
	}
	return ca, nil
}

// issue writes a new key and certificate for id and returns both in PEM form.
func (ca *authority) issue(dir *Dir, id identity) (certPEM, keyPEM []byte, err error) {
	key, err := newECKey()
	if err != nil {
		return nil, nil, fmt.Errorf("create a key for %s: %w", id.name, err)
	}
	template, err := template(id, leafLifetime)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, nil, fmt.Errorf("create the certificate of %s: %w", id.name, err)
	}
	certPEM = encodeCert(der)
	if keyPEM, err = encodeKey(key); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(dir.certFile(id.name), certPEM, 0o600); err != nil {
		return nil, nil, fmt.Errorf("write the certificate of %s: %w", id.name, err)
	}
	if err := os.WriteFile(dir.keyFile(id.name), keyPEM, 0o600); err != nil {
		return nil, nil, fmt.Errorf("write the key of %s: %w", id.name, err)
	}
	return certPEM, keyPEM, nil
}

// openServiceAccountKey makes or reads the key that signs service-account tokens.
func openServiceAccountKey(dir *Dir) (crypto.Signer, error) {
	key, err := openKey(dir.keyFile(serviceAccountName), func() (crypto.Signer, error) {
		return rsa.GenerateKey(rand.Reader, serviceAccountKeyBits)
	})
	if err != nil {
		return nil, fmt.Errorf("open the service-account key: %w", err)
	}
	return key, nil
}

func template(id identity, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: id.user, Organization: id.groups},
		NotBefore:             now.Add(-certBackdate),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           id.usages,
		BasicConstraintsValid: true,
		DNSNames:              id.dnsNames,
		IPAddresses:           id.ips,
	}, nil
}

func newECKey() (crypto.Signer, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// openKey reads the key at path, or makes and keeps one.
func openKey(path string, create func() (crypto.Signer, error)) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path, create)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("`%s` is not a PEM file", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read `%s`: %w", path, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("`%s` holds a key that can't sign", path)
	}
	return key, nil
}

func createKey(path string, create func() (crypto.Signer, error)) (crypto.Signer, error) {
	key, err := create()
	if err != nil {
		return nil, err
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, text, 0o600)
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
