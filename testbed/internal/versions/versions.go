// Package versions tells which Kubernetes and which etcd are built in.
package versions

import (
	"fmt"
	"runtime/debug"

	etcd "go.etcd.io/etcd/api/v3/version"
)

const kubernetesModule = "k8s.io/kubernetes"

// Etcd is etcd's version, without a leading v as etcd writes it.
func Etcd() string {
	return etcd.Version
}

// Kubernetes is the version of the Kubernetes module, such as v1.37.2.
//
// It is read from the build information because Kubernetes' own version package is filled in by its
// release build's linker flags, and says v0.0.0-master in a plain `go build`; and go.mod stays the one
// place that names a version.
func Kubernetes() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", fmt.Errorf("this program carries no build information")
	}
	for _, module := range info.Deps {
		if module.Path == kubernetesModule {
			return module.Version, nil
		}
	}
	return "", fmt.Errorf("this program was built without the module %s", kubernetesModule)
}
