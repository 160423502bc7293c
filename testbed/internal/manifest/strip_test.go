package manifest

import (
	"reflect"
	"strings"
	"testing"
)

func TestStripLeavesWhatAPersonWrote(t *testing.T) {
	exported, err := decode(strings.NewReader(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: web
  labels: {app: shop}
  annotations: {note: kept}
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: o, uid: "1"}]
  creationTimestamp: "2026-01-01T00:00:00Z"
  generation: 3
  managedFields: [{manager: kubectl}]
  resourceVersion: "12"
  selfLink: /x
  uid: "2"
  deletionTimestamp: "2026-01-01T00:00:00Z"
  deletionGracePeriodSeconds: 30
spec:
  template: {metadata: {creationTimestamp: null, uid: inner}, status: inner}
status: {replicas: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := decode(strings.NewReader(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: web
  labels: {app: shop}
  annotations: {note: kept}
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: o, uid: "1"}]
spec:
  template: {metadata: {creationTimestamp: null, uid: inner}, status: inner}
`))
	if err != nil {
		t.Fatal(err)
	}
	Strip(exported[0])
	if !reflect.DeepEqual(exported[0].Object, wanted[0].Object) {
		t.Errorf("stripped to\n%v, want\n%v", exported[0].Object, wanted[0].Object)
	}
}
