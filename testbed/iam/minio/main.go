// Command minio asks the policy engine of MinIO's S3 server: a line of JSON on stdin is a question, a line on stdout its
// answer.
//
// A question has "account", "action", "bucket", "object", "context", and either "identity", a list of policies, or
// "bucketPolicy", one; an answer is {"decision": …}, {"unsupported": …} for a policy that MinIO refuses, or {"error": …}.
//
// The engine is under the AGPL, so the program that this builds is as well. It is run beside Ringwall, and never shipped.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/minio/pkg/v3/policy"
)

// maxLine is far over what a batch line with all its policies takes.
const maxLine = 16 << 20

type question struct {
	Account      string              `json:"account"`
	Action       policy.Action       `json:"action"`
	Bucket       string              `json:"bucket"`
	Object       string              `json:"object"`
	Context      map[string][]string `json:"context"`
	Identity     []json.RawMessage   `json:"identity"`
	BucketPolicy json.RawMessage     `json:"bucketPolicy"`
}

type answer struct {
	Decision    string `json:"decision,omitempty"`
	Unsupported string `json:"unsupported,omitempty"`
	Error       string `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			a.Error = err.Error()
		} else {
			a = decide(q)
		}
		if err := encoder.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decide(q question) answer {
	if len(q.BucketPolicy) > 0 && string(q.BucketPolicy) != "null" {
		return decideBucketPolicy(q)
	}
	var policies []policy.Policy
	for _, document := range q.Identity {
		read, err := policy.ParseConfig(bytes.NewReader(document))
		if err != nil {
			return answer{Unsupported: "the policy is refused: " + err.Error()}
		}
		policies = append(policies, *read)
	}
	merged := policy.MergePolicies(policies...)
	args := policy.Args{
		AccountName:     q.Account,
		Action:          q.Action,
		BucketName:      q.Bucket,
		ObjectName:      q.Object,
		ConditionValues: q.Context,
	}
	if merged.IsAllowed(args) {
		return answer{Decision: "Allowed"}
	}
	args.DenyOnly = true
	return refused(!merged.IsAllowed(args))
}

func decideBucketPolicy(q question) answer {
	read, err := policy.ParseBucketPolicyConfig(bytes.NewReader(q.BucketPolicy), q.Bucket)
	if err != nil {
		return answer{Unsupported: "the policy is refused: " + err.Error()}
	}
	args := policy.BucketPolicyArgs{
		AccountName:     q.Account,
		Action:          q.Action,
		BucketName:      q.Bucket,
		ObjectName:      q.Object,
		ConditionValues: q.Context,
	}
	if read.IsAllowed(args) {
		return answer{Decision: "Allowed"}
	}
	// The owner is allowed all that no statement denies.
	args.IsOwner = true
	return refused(!read.IsAllowed(args))
}

func refused(explicitly bool) answer {
	if explicitly {
		return answer{Decision: "ExplicitlyDenied"}
	}
	return answer{Decision: "ImplicitlyDenied"}
}
