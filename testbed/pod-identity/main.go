// Answers the cases of cases/pod-identity with amazon-eks-pod-identity-webhook's own handler, one JSON object a line:
//
//	go run . < ../../cases/pod-identity/injections.jsonl
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http/httptest"
	"os"
	"time"

	"github.com/aws/amazon-eks-pod-identity-webhook/pkg"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/cache"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/containercredentials"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/handler"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

type Case struct {
	Name            string                  `json:"name"`
	Settings        map[string]any          `json:"settings"`
	ServiceAccounts []corev1.ServiceAccount `json:"serviceAccounts"`
	ConfigMap       string                  `json:"configMap"`
	Identities      json.RawMessage         `json:"identities"`
	Review          json.RawMessage         `json:"review"`
}

func str(m map[string]any, k, d string) string {
	if v, ok := m[k].(string); ok {
		return v
	}
	return d
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var c Case
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s := c.Settings
		prefix := str(s, "annotation-prefix", "eks.amazonaws.com")
		expiration := int64(86400)
		if v, ok := s["token-expiration"].(float64); ok {
			expiration = pkg.ValidateMinTokenExpiration(int64(v))
		}
		regional, _ := s["sts-regional-endpoint"].(bool)
		objects := []runtime.Object{}
		for i := range c.ServiceAccounts {
			objects = append(objects, &c.ServiceAccounts[i])
		}
		client := fake.NewSimpleClientset(objects...)
		factory := informers.NewSharedInformerFactory(client, 0)
		if c.ConfigMap != "" {
			_ = client.Tracker().Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "pod-identity-webhook", Namespace: "eks"}, Data: map[string]string{"config": c.ConfigMap}})
		}
		sas := factory.Core().V1().ServiceAccounts()
		cms := factory.Core().V1().ConfigMaps()
		compose := cache.ComposeRoleArn{}
		if v, _ := s["compose-role-arn"].(bool); v {
			compose = cache.ComposeRoleArn{Enabled: true, AccountID: str(s, "compose-role-arn-account-id", ""), Partition: str(s, "compose-role-arn-partition", "aws")}
		}
		saCache := cache.New(str(s, "token-audience", "sts.amazonaws.com"), prefix, regional, expiration, sas, cms, compose, client.CoreV1())
		stop := make(chan struct{})
		factory.Start(stop)
		factory.WaitForCacheSync(stop)
		for i := range c.ServiceAccounts {
			for !saCache.Get(cache.Request{Namespace: c.ServiceAccounts[i].Namespace, Name: c.ServiceAccounts[i].Name}).FoundInCache {
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(5 * time.Millisecond)
		config := containercredentials.NewFileConfig(
			str(s, "container-credentials-audience", "pods.eks.amazonaws.com"),
			str(s, "container-credentials-token-mount-path", "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"),
			str(s, "container-credentials-token-volume-name", "eks-pod-identity-token"),
			str(s, "container-credentials-token-path", "eks-pod-identity-token"),
			str(s, "container-credentials-full-uri", "http://169.254.170.23/v1/credentials"))
		_ = config.Load(c.Identities)
		mod := handler.NewModifier(rand.New(rand.NewSource(1)),
			handler.WithAnnotationDomain(prefix),
			handler.WithMountPath(str(s, "token-mount-path", "/var/run/secrets/eks.amazonaws.com/serviceaccount")),
			handler.WithServiceAccountCache(saCache),
			handler.WithContainerCredentialsConfig(config),
			handler.WithRegion(str(s, "aws-default-region", "")))
		req := httptest.NewRequest("POST", "/mutate?timeout=10s", bytes.NewReader(c.Review))
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		mod.Handle(rec, req)
		close(stop)
		var answer struct {
			APIVersion string `json:"apiVersion"`
			Response   struct {
				Allowed bool            `json:"allowed"`
				UID     string          `json:"uid"`
				Patch   []byte          `json:"patch"`
				Status  json.RawMessage `json:"status"`
			} `json:"response"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			fmt.Fprintln(os.Stderr, err, rec.Body.String())
		}
		patch := json.RawMessage(answer.Response.Patch)
		if len(patch) == 0 {
			patch = json.RawMessage("[]")
		}
		_ = out.Encode(map[string]any{"name": c.Name, "allowed": answer.Response.Allowed, "patch": patch, "status": answer.Response.Status})
	}
}
