// Package dump writes a cluster's objects the way `kubectl get -A -o json|yaml` does.
package dump

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/dynamic"
)

// pageSize is how many objects are asked for at once, as kubectl does.
const pageSize = 500

const rbacGroup = "rbac.authorization.k8s.io"

// resources are what an analysis of identities needs. Secrets are not among them: a dump gets copied around.
var resources = []schema.GroupVersionResource{
	{Group: rbacGroup, Version: "v1", Resource: "clusterroles"},
	{Group: rbacGroup, Version: "v1", Resource: "clusterrolebindings"},
	{Group: rbacGroup, Version: "v1", Resource: "roles"},
	{Group: rbacGroup, Version: "v1", Resource: "rolebindings"},
	{Version: "v1", Resource: "serviceaccounts"},
	{Version: "v1", Resource: "namespaces"},
	{Version: "v1", Resource: "nodes"},
	{Version: "v1", Resource: "pods"},
	{Version: "v1", Resource: "configmaps"},
}

// Format is how objects are written, and the ending of their files' names.
type Format string

// The formats of kubectl that keep all of an object.
const (
	JSON Format = "json"
	YAML Format = "yaml"
)

// ParseFormat reads a format's name.
func ParseFormat(name string) (Format, error) {
	switch format := Format(name); format {
	case JSON, YAML:
		return format, nil
	}
	return "", fmt.Errorf("`%s` is not a format: it is `json` or `yaml`", name)
}

// printer is kubectl's own, so that the text is the same to the byte.
func (f Format) printer() printers.ResourcePrinter {
	var printer printers.ResourcePrinter = &printers.JSONPrinter{}
	if f == YAML {
		printer = &printers.YAMLPrinter{}
	}
	return &printers.OmitManagedFieldsPrinter{Delegate: printer}
}

// Write writes one file for each resource into the folder, which is created.
func Write(ctx context.Context, client dynamic.Interface, folder string, format Format) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("create the folder: %w", err)
	}
	for _, resource := range resources {
		list, err := read(ctx, client, resource)
		if err != nil {
			return fmt.Errorf("list %s: %w", resource.Resource, err)
		}
		path := filepath.Join(folder, resource.Resource+"."+string(format))
		if err := writeFile(path, list, format.printer()); err != nil {
			return fmt.Errorf("write %s: %w", resource.Resource, err)
		}
	}
	return nil
}

// read gets all pages of a resource into a list as kubectl prints it: of kind List, whatever is in it, and
// without the resource version, which would be that of one page only.
func read(
	ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource,
) (*unstructured.UnstructuredList, error) {
	all := &unstructured.UnstructuredList{Object: map[string]any{
		"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": ""},
	}}
	options := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := client.Resource(resource).List(ctx, options)
		if err != nil {
			return nil, err
		}
		all.Items = append(all.Items, page.Items...)
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return all, nil
		}
	}
}

func writeFile(path string, list *unstructured.UnstructuredList, printer printers.ResourcePrinter) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := bufio.NewWriter(file)
	if err := printer.PrintObj(list, buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return file.Close()
}
