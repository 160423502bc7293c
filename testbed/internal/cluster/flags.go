package cluster

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"
)

// flagDefault is an API server flag that a testbed sets unless it was given by hand.
type flagDefault struct {
	name  string
	value string
	// unless names flags that can't stand beside this one: when one is given, this default is left out.
	unless []string
}

// apiserverDefaults are the flags of a testbed's API server, near to what kubeadm and EKS set.
func apiserverDefaults(dir *Dir, etcdEndpoint string) []flagDefault {
	return []flagDefault{
		{name: "authorization-mode", value: "Node,RBAC", unless: []string{"authorization-config"}},
		{name: "enable-admission-plugins", value: "NodeRestriction"},
		{name: "allow-privileged", value: "true"},
		{name: "client-ca-file", value: dir.certFile(caName)},
		{name: "tls-cert-file", value: dir.certFile(apiserverName)},
		{name: "tls-private-key-file", value: dir.keyFile(apiserverName)},
		{name: "service-account-issuer", value: "https://kubernetes.default.svc.cluster.local"},
		{name: "service-account-key-file", value: dir.keyFile(serviceAccountName)},
		{
			name: "service-account-signing-key-file", value: dir.keyFile(serviceAccountName),
			unless: []string{"service-account-signing-endpoint"},
		},
		{name: "service-cluster-ip-range", value: serviceRange},
		{name: "bind-address", value: loopback.String()},
		// No node is there to reach the API server by its service, and an endpoint may not be a loopback
		// address.
		{name: "endpoint-reconciler-type", value: "none", unless: []string{"advertise-address"}},
		{name: "etcd-servers", value: etcdEndpoint},
		{name: "etcd-cafile", value: dir.certFile(caName)},
		{name: "etcd-certfile", value: dir.certFile(etcdClientName)},
		{name: "etcd-keyfile", value: dir.keyFile(etcdClientName)},
	}
}

// parseFlags reads flags given by hand and then fills in the defaults that they leave open.
//
// Defaults can't simply be put in front: a flag that holds a list appends when it is given twice.
func parseFlags(set *pflag.FlagSet, given []string, defaults []flagDefault) error {
	if err := set.Parse(given); err != nil {
		return fmt.Errorf("read the API server's flags: %w", err)
	}
	if set.NArg() > 0 {
		return fmt.Errorf("`%s` is not a flag of the API server", set.Arg(0))
	}
	for _, d := range defaults {
		if set.Changed(d.name) || slices.ContainsFunc(d.unless, set.Changed) {
			continue
		}
		if err := set.Set(d.name, d.value); err != nil {
			return fmt.Errorf("set the API server's flag `%s`: %w", d.name, err)
		}
	}
	return nil
}
