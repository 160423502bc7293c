package cluster

import (
	"crypto/x509"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const contextName = "testbed"

var (
	// The controllers have a name of their own so that a test can tell them from itself in an audit log.
	// They are in system:masters because Kubernetes gives each of its controllers its own service account
	// and rights, some of them more than any other role has.
	controllersIdentity = identity{
		name: "controllers", user: "testbed:controllers", groups: []string{user.SystemPrivilegedGroup},
		usages: []x509.ExtKeyUsage{clientAuth},
	}
	adminIdentity = identity{
		name: "admin", user: "testbed:admin", groups: []string{user.SystemPrivilegedGroup},
		usages: []x509.ExtKeyUsage{clientAuth},
	}
)

// clientConfig issues a certificate for id and returns a configuration that uses it without a rate limit.
func clientConfig(dir *Dir, ca *authority, server string, id identity) (*rest.Config, error) {
	cert, key, err := ca.issue(dir, id)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            server,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca.pem, CertData: cert, KeyData: key},
		UserAgent:       "testbed-" + id.name,
		QPS:             -1,
	}, nil
}

// writeKubeconfig writes one that needs no other file, so that a test can hand it around.
func writeKubeconfig(path string, config *rest.Config) error {
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[contextName] = &clientcmdapi.Cluster{
		Server: config.Host, CertificateAuthorityData: config.CAData,
	}
	kubeconfig.AuthInfos[contextName] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData,
	}
	kubeconfig.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: contextName}
	kubeconfig.CurrentContext = contextName
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
