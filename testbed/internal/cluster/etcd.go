package cluster

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

const (
	etcdName       = "etcd"
	etcdClientName = "etcd-client"

	// A member without peers has nobody to wait for. Short ticks make it its own leader at once, where the
	// defaults take a second.
	etcdTickMs     = 20
	etcdElectionMs = 200

	etcdStopTimeout = 5 * time.Second
)

// etcd is an etcd server of one member in this process.
type etcd struct {
	server   *embed.Etcd
	endpoint string
}

// startEtcd serves on free ports of the loopback interface, over TLS and for its own client certificate
// only: who can write to etcd is above every rule of the API server, on a shared machine too.
func startEtcd(ctx context.Context, dir *Dir, ca *authority) (*etcd, error) {
	serverIdentity := identity{
		name: etcdName, user: "testbed-etcd", ips: []net.IP{loopback},
		// A member is also a client, of its peers.
		usages: []x509.ExtKeyUsage{serverAuth, clientAuth},
	}
	if _, _, err := ca.issue(dir, serverIdentity); err != nil {
		return nil, err
	}
	clientIdentity := identity{
		name: etcdClientName, user: "testbed-etcd-client", usages: []x509.ExtKeyUsage{clientAuth},
	}
	if _, _, err := ca.issue(dir, clientIdentity); err != nil {
		return nil, err
	}

	server, err := await(ctx, func() (*embed.Etcd, error) { return embed.StartEtcd(etcdConfig(dir)) })
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	e := &etcd{server: server, endpoint: "https://" + server.Clients[0].Addr().String()}
	select {
	case <-server.Server.ReadyNotify():
		return e, nil
	case err := <-server.Err():
		e.stop()
		return nil, fmt.Errorf("start etcd: %w", err)
	case <-ctx.Done():
		e.stop()
		return nil, fmt.Errorf("start etcd: %w", context.Cause(ctx))
	}
}

func etcdConfig(dir *Dir) *embed.Config {
	// The system chooses the ports when the sockets are bound, so that two testbeds can't race for one.
	anyPort := []url.URL{{Scheme: "https", Host: "127.0.0.1:0"}}
	tls := transport.TLSInfo{
		CertFile:       dir.certFile(etcdName),
		KeyFile:        dir.keyFile(etcdName),
		TrustedCAFile:  dir.certFile(caName),
		ClientCertAuth: true,
	}

	config := embed.NewConfig()
	config.Name = etcdName
	config.Dir = dir.etcdData()
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.ClientTLSInfo, config.PeerTLSInfo = tls, tls
	config.InitialCluster = config.InitialClusterFromName(etcdName)
	config.TickMs, config.ElectionMs = etcdTickMs, etcdElectionMs
	config.EnableGRPCGateway = false
	// Test data outlives the process, and need not outlive the machine.
	config.UnsafeNoFsync = true
	config.LogOutputs = []string{"stderr"}
	return config
}

// failed reports an etcd that stopped by itself.
func (e *etcd) failed() <-chan error {
	return e.server.Err()
}

func (e *etcd) stop() {
	bounded(etcdStopTimeout, e.server.Close)
}
