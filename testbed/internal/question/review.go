// Package question asks an API server what it allows.
package question

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Verdict is the answer to one SubjectAccessReview. All fields are always there, so that a reader needs no
// rule for those that aren't.
type Verdict struct {
	Allowed         bool   `json:"allowed"`
	Reason          string `json:"reason"`
	EvaluationError string `json:"evaluationError"`
	// Error is set when there is no verdict: the question can't be read, or the server didn't answer it.
	Error string `json:"error"`
}

// Review asks one SubjectAccessReview, given as the JSON text of its spec.
func Review(ctx context.Context, client kubernetes.Interface, text []byte) Verdict {
	review := &authorizationv1.SubjectAccessReview{}
	if err := decodeStrictly(text, &review.Spec); err != nil {
		return Verdict{Error: err.Error()}
	}
	answer, err := client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return Verdict{Error: err.Error()}
	}
	return Verdict{
		Allowed:         answer.Status.Allowed,
		Reason:          answer.Status.Reason,
		EvaluationError: answer.Status.EvaluationError,
	}
}

// decodeStrictly refuses fields that aren't known. A misspelt one would be left out in silence, and the
// answer would be to another question.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read the question: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read the question: more than one value on the line")
	}
	return nil
}
