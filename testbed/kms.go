package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2"
	"k8s.io/kms/pkg/service"
)

// sealed is what a KMS plugin is asked about and answers. What has a ciphertext is unsealed, anything else sealed.
type sealed struct {
	Plaintext   []byte            `json:"plaintext,omitempty"`
	Ciphertext  []byte            `json:"ciphertext,omitempty"`
	KeyID       string            `json:"keyID,omitempty"`
	Annotations map[string][]byte `json:"annotations,omitempty"`
	Error       string            `json:"error,omitempty"`
}

func kmsCommand() *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:   "kms --socket PATH",
		Short: "Seal and unseal by a KMS plugin, as kube-apiserver does: JSON Lines",
		Long: `Has a KMS v2 plugin seal and unseal, by kube-apiserver's own client. Reads JSON Lines from the
standard input and prints one answer for each, in the same order. Bytes are in base64. What is
answered for the one is the question for the other:

  {"plaintext":"aHVudGVyMg=="}
  {"ciphertext":"…","keyID":"…","annotations":{"…":"…"}}

Exit code 1 when a line has an error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plugin, err := kmsv2.NewGRPCService(cmd.Context(), "unix://"+socket, "testbed", callTimeout)
			if err != nil {
				return err
			}
			return answerLines(cmd.Context(), func(ctx context.Context, line []byte) (sealed, bool) {
				answer, err := seal(ctx, plugin, line)
				if err != nil {
					return sealed{Error: err.Error()}, false
				}
				return answer, true
			})
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "", "the plugin's socket")
	require(cmd, "socket")
	return cmd
}

func seal(ctx context.Context, plugin service.Service, line []byte) (sealed, error) {
	var question sealed
	if err := json.Unmarshal(line, &question); err != nil {
		return sealed{}, fmt.Errorf("read the question: %w", err)
	}
	uid := string(uuid.NewUUID())
	if question.Ciphertext == nil {
		answer, err := plugin.Encrypt(ctx, uid, question.Plaintext)
		if err != nil {
			return sealed{}, err
		}
		return sealed{Ciphertext: answer.Ciphertext, KeyID: answer.KeyID, Annotations: answer.Annotations}, nil
	}
	request := service.DecryptRequest{
		Ciphertext: question.Ciphertext, KeyID: question.KeyID, Annotations: question.Annotations,
	}
	plaintext, err := plugin.Decrypt(ctx, uid, &request)
	return sealed{Plaintext: plaintext}, err
}
