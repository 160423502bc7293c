package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func names(objects []*unstructured.Unstructured) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.GetKind()+"/"+object.GetName())
	}
	return names
}

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"documents, some of them empty", `
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# nothing
---
apiVersion: v1
kind: Secret
metadata: {name: b}
`, []string{"ConfigMap/a", "Secret/b"}},
		{"a row of JSON values", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}`, []string{"Pod/a", "Pod/b"}},
		{"List", `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a}}
- {apiVersion: v1, kind: Service, metadata: {name: b}}
`, []string{"Pod/a", "Service/b"}},
		{"typed list whose items name no kind", `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBindingList
items:
- {metadata: {name: a}}
`, []string{"RoleBinding/a"}},
		{"typed list in a List", `
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PodList
  items: [{metadata: {name: a}}]
`, []string{"Pod/a"}},
		{"empty list", `{"apiVersion":"v1","kind":"List","items":[]}`, nil},
		{"null list", `{"apiVersion":"v1","kind":"PodList","items":null}`, nil},
		{"kind that only sounds like a list", `{"apiVersion":"x.io/v1","kind":"AllowList","metadata":{"name":"a"}}`,
			[]string{"AllowList/a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects, err := decode(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := names(objects); !slices.Equal(got, test.want) {
				t.Errorf("read %q, want %q", got, test.want)
			}
		})
	}
}

func TestDecodeKeepsWholeNumbers(t *testing.T) {
	objects, err := decode(strings.NewReader("apiVersion: v1\nkind: Pod\nspec: {priority: 9007199254740993}"))
	if err != nil {
		t.Fatal(err)
	}
	priority, _, err := unstructured.NestedInt64(objects[0].Object, "spec", "priority")
	if err != nil || priority != 9007199254740993 {
		t.Errorf("the number became %d, %v", priority, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no kind":             "apiVersion: v1",
		"item without a kind": "apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]",
		"items of no list":    "apiVersion: v1\nkind: List\nitems: 3",
		"not a mapping":       "- a\n- b",
		"broken text":         "{",
		"endless nesting":     strings.Repeat(`{"apiVersion":"v1","kind":"List","items":[`, 9) + strings.Repeat("]}", 9),
	} {
		if objects, err := decode(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %q", name, names(objects))
		}
	}
}

func TestLoadReadsFoldersRecursively(t *testing.T) {
	root := t.TempDir()
	for path, name := range map[string]string{
		"b.yaml": "b", "a/x.json": "x", "a/deep/y.yml": "y", "notes.txt": "no",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"}}`
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := Load([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(objects), []string{"Pod/y", "Pod/x", "Pod/b"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if objects, err = Load([]string{filepath.Join(root, "notes.txt")}); err != nil || len(objects) != 1 {
		t.Errorf("a named file was not read: %q, %v", names(objects), err)
	}
}
