package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

// How long a call may take, on a machine that has other work.
const callTimeout = 30 * time.Second

func providerCommand() *cobra.Command {
	var socket, authority string
	var calls int
	cmd := &cobra.Command{
		Use:   "provider --socket PATH [--authority TEXT]",
		Short: "Ask a provider of the Secrets Store CSI driver for its version, by gRPC's own client",
		Long: `Asks a provider of the Secrets Store CSI driver for its version, by the gRPC client that the
driver has, over one connection. Prints what the provider runs, a JSON object a call.

Drivers up to v1.5.6 send the socket's path as the authority.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := []grpc.DialOption{
				grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})),
			}
			if cmd.Flags().Changed("authority") {
				options = append(options, grpc.WithAuthority(authority))
			}
			connection, err := grpc.NewClient("unix:"+socket, options...)
			if err != nil {
				return err
			}
			defer connection.Close()
			for range calls {
				if err := askVersion(cmd.Context(), connection); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "", "the provider's socket")
	cmd.Flags().StringVar(&authority, "authority", "", "what is sent as the authority; gRPC's own choice unless given")
	cmd.Flags().IntVar(&calls, "calls", 1, "how often it is asked")
	require(cmd, "socket")
	return cmd
}

func askVersion(ctx context.Context, connection *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "v1alpha1")
	var answer []byte
	if err := connection.Invoke(ctx, "/v1alpha1.CSIDriverProvider/Version", &request, &answer); err != nil {
		return err
	}
	fields := map[protowire.Number]string{}
	for len(answer) > 0 {
		number, kind, n := protowire.ConsumeTag(answer)
		if n < 0 || kind != protowire.BytesType {
			return fmt.Errorf("the answer is no VersionResponse")
		}
		value, m := protowire.ConsumeBytes(answer[n:])
		if m < 0 {
			return protowire.ParseError(m)
		}
		fields[number] = string(value)
		answer = answer[n+m:]
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Version string `json:"version"`
		Runtime string `json:"runtime"`
	}{fields[1], fields[2]})
}

// bytesCodec takes messages as the bytes that they are.
type bytesCodec struct{}

func (bytesCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (bytesCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (bytesCodec) Name() string { return "proto" }
