package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"sigs.k8s.io/secrets-store-csi-driver/pkg/util/fileutil"
	"sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

// How long a call may take, on a machine that has other work.
const callTimeout = 30 * time.Second

// A provider that is away is waited for, and asked again if it went in the middle, as by the driver.
// Source: secrets-store-csi-driver, pkg/secrets-store/provider_client.go.
const patience = `{"methodConfig": [{
	"name": [{"service": "v1alpha1.CSIDriverProvider"}],
	"waitForReady": true,
	"retryPolicy": {
		"MaxAttempts": 3, "InitialBackoff": "1s", "MaxBackoff": "10s", "BackoffMultiplier": 1.1,
		"RetryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`

// providerFlags say which provider is asked, and how.
type providerFlags struct {
	socket, authority string
}

func (flags *providerFlags) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&flags.socket, "socket", "", "the provider's socket")
	cmd.Flags().StringVar(&flags.authority, "authority", "", "what is sent as the authority; gRPC's own choice unless given")
	require(cmd, "socket")
}

func (flags *providerFlags) connect(cmd *cobra.Command) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(patience),
	}
	if cmd.Flags().Changed("authority") {
		options = append(options, grpc.WithAuthority(flags.authority))
	}
	return grpc.NewClient("unix:"+flags.socket, options...)
}

func providerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provider",
		Short: "Ask a provider of the Secrets Store CSI driver, as the driver does",
		Long: `Asks a provider of the Secrets Store CSI driver by the driver's own protocol, in the code that
its project publishes.

Drivers up to v1.5.6 send the socket's path as the authority.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("a command is missing\nhint: see `testbed provider --help`")
		},
	}
	cmd.AddCommand(providerVersionCommand(), providerMountCommand())
	return cmd
}

func providerVersionCommand() *cobra.Command {
	var provider providerFlags
	var calls int
	cmd := &cobra.Command{
		Use:   "version --socket PATH",
		Short: "Ask for its version, over one connection: a JSON object a call",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			connection, err := provider.connect(cmd)
			if err != nil {
				return err
			}
			defer connection.Close()
			client := v1alpha1.NewCSIDriverProviderClient(connection)
			for range calls {
				if err := askVersion(cmd.Context(), client); err != nil {
					return err
				}
			}
			return nil
		},
	}
	provider.addTo(cmd)
	cmd.Flags().IntVar(&calls, "calls", 1, "how often it is asked")
	return cmd
}

func askVersion(ctx context.Context, client v1alpha1.CSIDriverProviderClient) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := client.Version(ctx, &v1alpha1.VersionRequest{Version: "v1alpha1"})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Version string `json:"version"`
		Runtime string `json:"runtime"`
	}{answer.GetVersion(), answer.GetRuntimeName()})
}

// mounted is what came of a Mount.
type mounted struct {
	// A gRPC status by its name, "OK" among them.
	Code    string `json:"code"`
	Message string `json:"message"`
	// Versions by the objects that they are of.
	Versions map[string]string `json:"versions"`
}

func providerMountCommand() *cobra.Command {
	var provider providerFlags
	cmd := &cobra.Command{
		Use:   "mount --socket PATH",
		Short: "Have volumes filled: MountRequests as JSON Lines",
		Long: `Reads MountRequests as JSON Lines from the standard input, in the JSON of Protocol Buffers. What
is answered is written to the request's targetPath, a folder that has to be there, by the
driver's own writer; and one line is printed for each, in the same order:

  {"code":"OK","message":"","versions":{"shop/db":"…"}}

Exit code 1 when a volume was not filled.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			connection, err := provider.connect(cmd)
			if err != nil {
				return err
			}
			defer connection.Close()
			client := v1alpha1.NewCSIDriverProviderClient(connection)
			return answerLines(cmd.Context(), func(ctx context.Context, line []byte) (mounted, bool) {
				versions, err := mount(ctx, client, line)
				if err != nil {
					return mounted{status.Code(err).String(), status.Convert(err).Message(), nil}, false
				}
				return mounted{codes.OK.String(), "", versions}, true
			})
		},
	}
	provider.addTo(cmd)
	return cmd
}

// mount fills a volume, with the driver's demands on the answer; the versions of what is in it.
func mount(ctx context.Context, client v1alpha1.CSIDriverProviderClient, line []byte) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var request v1alpha1.MountRequest
	if err := protojson.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	answer, err := client.Mount(ctx, &request)
	if err != nil {
		return nil, err
	}
	if code := answer.GetError().GetCode(); code != "" {
		return nil, errors.New("the answer has the error " + code)
	}
	if answer.GetObjectVersion() == nil {
		return nil, errors.New("the answer has no versions, which the driver takes for an error")
	}
	if err := fileutil.WritePayloads(request.GetTargetPath(), answer.GetFiles()); err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, object := range answer.GetObjectVersion() {
		versions[object.GetId()] = object.GetVersion()
	}
	return versions, nil
}
