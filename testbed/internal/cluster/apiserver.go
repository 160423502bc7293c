package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	apimachineryversion "k8s.io/apimachinery/pkg/version"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/tools/cache"
	cliflag "k8s.io/component-base/cli/flag"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"ringwall.dev/testbed/internal/versions"
)

const (
	apiserverName = "apiserver"

	serviceRange = "10.96.0.0/16"

	// How long the API server lets open requests end; by default it is a minute.
	apiserverDrain       = time.Second
	apiserverStopTimeout = 5 * time.Second
)

// serviceAddress is the first of serviceRange, which the API server takes for itself.
var serviceAddress = net.IPv4(10, 96, 0, 1)

// apiserver is a kube-apiserver in this process.
type apiserver struct {
	url    string
	cancel context.CancelFunc
	// ended is closed when the server has stopped, asked to or not; err then says why.
	ended chan struct{}
	err   error
}

// startAPIServer returns as soon as the server runs, which is well before it is ready.
func startAPIServer(
	ctx context.Context, dir *Dir, ca *authority, etcdEndpoint string, extraFlags []string,
) (*apiserver, error) {
	id := identity{
		name: apiserverName, user: "testbed-apiserver", usages: []x509.ExtKeyUsage{serverAuth},
		dnsNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
		ips: []net.IP{loopback, serviceAddress},
	}
	if _, _, err := ca.issue(dir, id); err != nil {
		return nil, err
	}
	opts, err := apiserverOptions(extraFlags, apiserverDefaults(dir, etcdEndpoint))
	if err != nil {
		return nil, err
	}

	serverCtx, cancel := context.WithCancel(context.Background())
	run, err := await(ctx, func() (func(context.Context) error, error) {
		return prepareAPIServer(serverCtx, opts)
	})
	if err != nil {
		cancel()
		if opts.SecureServing.Listener != nil {
			opts.SecureServing.Listener.Close()
		}
		return nil, err
	}
	server := &apiserver{
		url:    "https://" + net.JoinHostPort(loopback.String(), strconv.Itoa(opts.SecureServing.BindPort)),
		cancel: cancel,
		ended:  make(chan struct{}),
	}
	go func() {
		defer close(server.ended)
		server.err = run(serverCtx)
	}()
	return server, nil
}

// apiserverOptions turns flags into options and, unless a port was asked for, binds a free one.
func apiserverOptions(extraFlags []string, defaults []flagDefault) (*options.ServerRunOptions, error) {
	opts := options.NewServerRunOptions()
	set := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	set.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	for _, section := range opts.Flags().FlagSets {
		set.AddFlagSet(section)
	}
	if err := parseFlags(set, extraFlags, defaults); err != nil {
		return nil, err
	}
	if !set.Changed("secure-port") {
		listener, err := net.Listen("tcp", net.JoinHostPort(opts.SecureServing.BindAddress.String(), "0"))
		if err != nil {
			return nil, fmt.Errorf("bind a port for the API server: %w", err)
		}
		address := listener.Addr().(*net.TCPAddr)
		opts.SecureServing.Listener, opts.SecureServing.BindPort = listener, address.Port
		// Otherwise the machine is searched for an address to advertise, and one without a network has none.
		opts.SecureServing.ExternalAddress = address.IP
	}
	return opts, nil
}

// prepareAPIServer does what kube-apiserver's own command does before it serves, and returns what serves.
func prepareAPIServer(ctx context.Context, opts *options.ServerRunOptions) (func(context.Context) error, error) {
	components := opts.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := components.Set(); err != nil {
		return nil, fmt.Errorf("set the API server's features: %w", err)
	}
	var features featuregate.FeatureGate = components.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	if err := logsapi.ValidateAndApply(opts.Logs, features); err != nil {
		return nil, fmt.Errorf("set the API server's log: %w", err)
	}

	completedOpts, err := opts.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("complete the API server's options: %w", err)
	}
	if errs := completedOpts.Validate(); len(errs) != 0 {
		return nil, fmt.Errorf("check the API server's options: %w", utilerrors.NewAggregate(errs))
	}
	if completedOpts.InformerName, err = cache.NewInformerName("kube-apiserver"); err != nil {
		return nil, fmt.Errorf("name the API server's informers: %w", err)
	}

	config, err := app.NewConfig(completedOpts)
	if err != nil {
		return nil, fmt.Errorf("configure the API server: %w", err)
	}
	if err := showVersion(config); err != nil {
		return nil, err
	}
	completed, err := config.Complete()
	if err != nil {
		return nil, fmt.Errorf("complete the API server's configuration: %w", err)
	}
	chain, err := app.CreateServerChain(completed)
	if err != nil {
		return nil, fmt.Errorf("create the API server: %w", err)
	}
	chain.GenericAPIServer.ShutdownTimeout = apiserverDrain
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, fmt.Errorf("prepare the API server: %w", err)
	}
	return prepared.Run, nil
}

// showVersion makes /version name the Kubernetes release that is built in.
func showVersion(config *app.Config) error {
	version, err := versions.Kubernetes()
	if err != nil {
		return err
	}
	for _, server := range []*genericapiserver.Config{
		config.KubeAPIs.ControlPlane.Generic,
		&config.ApiExtensions.GenericConfig.Config,
		&config.Aggregator.GenericConfig.Config,
	} {
		server.EffectiveVersion = releaseVersion{server.EffectiveVersion, version}
	}
	return nil
}

// releaseVersion is an effective version that knows its release, which in a plain `go build` nothing else
// in Kubernetes does.
type releaseVersion struct {
	basecompatibility.EffectiveVersion
	release string
}

func (v releaseVersion) Info() *apimachineryversion.Info {
	info := v.EffectiveVersion.Info()
	if info != nil {
		info.GitVersion = v.release
	}
	return info
}

func (s *apiserver) stop() {
	s.cancel()
	bounded(apiserverStopTimeout, func() { <-s.ended })
}

// failure is for a server that has ended without being asked to.
func (s *apiserver) failure() error {
	if s.err == nil {
		return errors.New("the API server ended by itself")
	}
	return fmt.Errorf("the API server ended by itself: %w", s.err)
}
