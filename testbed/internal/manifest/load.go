// Package manifest reads Kubernetes objects from files and brings them into a form and an order in which
// they can be created.
package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// maxFileBytes is far above any export that a test needs, and far below what fills the memory.
	maxFileBytes = 512 << 20
	// maxListDepth allows a List of typed Lists, which no tool writes deeper.
	maxListDepth = 4

	listSuffix     = "List"
	decoderPeek    = 4096
	itemsField     = "items"
	apiVersionName = "apiVersion"
	kindName       = "kind"
)

// Load reads all objects of files and, recursively, of folders, in the order of their paths.
func Load(paths []string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		files, err := manifestFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			loaded, err := loadFile(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, loaded...)
		}
	}
	return objects, nil
}

// manifestFiles takes a named file whatever its name, but of a folder only what looks like manifests.
func manifestFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".yaml", ".yml", ".json":
			if !entry.IsDir() {
				files = append(files, path)
			}
		}
		return nil
	})
	return files, err
}

func loadFile(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("larger than %d bytes", maxFileBytes)
	}
	return decode(bufio.NewReader(io.LimitReader(file, maxFileBytes)))
}

// decode reads YAML documents or a row of JSON values.
func decode(reader io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(reader, decoderPeek)
	for number := 1; ; number++ {
		var document runtime.RawExtension
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		text := bytes.TrimSpace(document.Raw)
		if len(text) == 0 || bytes.Equal(text, []byte("null")) {
			continue
		}
		// This decoder keeps whole numbers whole, as unstructured objects want them.
		var content map[string]any
		if err := json.Unmarshal(text, &content); err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		expanded, err := expand(content, maxListDepth)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		objects = append(objects, expanded...)
	}
}

// expand returns the object or, of a List or a typed list such as RoleBindingList, its items.
func expand(content map[string]any, depth int) ([]*unstructured.Unstructured, error) {
	if depth == 0 {
		return nil, fmt.Errorf("lists are nested deeper than %d", maxListDepth)
	}
	kind, _ := content[kindName].(string)
	apiVersion, _ := content[apiVersionName].(string)
	if kind == "" || apiVersion == "" {
		return nil, errors.New("`apiVersion` or `kind` is missing")
	}
	items, isList := content[itemsField]
	if !isList || !strings.HasSuffix(kind, listSuffix) {
		return []*unstructured.Unstructured{{Object: content}}, nil
	}
	if items == nil {
		return nil, nil
	}
	list, ok := items.([]any)
	if !ok {
		return nil, errors.New("`items` is not a list")
	}

	var objects []*unstructured.Unstructured
	for i, item := range list {
		itemContent, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("item %d is not an object", i)
		}
		inherit(itemContent, apiVersion, strings.TrimSuffix(kind, listSuffix))
		expanded, err := expand(itemContent, depth-1)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		objects = append(objects, expanded...)
	}
	return objects, nil
}

// inherit fills in what the API leaves out of the items of a typed list. Of a plain List nothing follows.
func inherit(item map[string]any, apiVersion, kind string) {
	if kind == "" {
		return
	}
	if _, ok := item[kindName]; !ok {
		item[kindName] = kind
	}
	if _, ok := item[apiVersionName]; !ok {
		item[apiVersionName] = apiVersion
	}
}
