package rig_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is openapi.yaml as a judge of what passes through the control door.
type contract struct {
	doc      map[string]any
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	seen     map[string]bool // "POST /worlds 201"
	breaches []string
}

func readContract(t testing.TB) *contract {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	must(t, err)
	c := &contract{compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	must(t, yaml.Unmarshal(text, &c.doc))
	must(t, c.compiler.AddResource("openapi.json", jsonSchema(c.doc)))
	return c
}

// jsonSchema turns the schemas of OpenAPI 3.0 into JSON Schema: what is nullable may be null, and examples are dropped.
func jsonSchema(node any) any {
	switch n := node.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range n {
			if k != "nullable" && k != "example" {
				out[k] = jsonSchema(v)
			}
		}
		if n["nullable"] == true {
			out["type"] = []any{n["type"], "null"}
		}
		return out
	case []any:
		out := make([]any, len(n))
		for i, v := range n {
			out[i] = jsonSchema(v)
		}
		return out
	case uint64:
		return float64(n)
	}
	return node
}

func (c *contract) paths() map[string]any { return c.doc["paths"].(map[string]any) }

// path finds the contract's path for a URL's.
func (c *contract) path(url string) string {
	for path := range c.paths() {
		if regexp.MustCompile("^" + strings.ReplaceAll(path, "{id}", "[^/]+") + "$").MatchString(url) {
			return path
		}
	}
	return ""
}

// pass notes an exchange and judges it. The body of a request that was refused need not be right.
func (c *contract) pass(method, url string, sent []byte, status int, contentType string, got []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := c.path(url)
	c.seen[fmt.Sprintf("%s %s %d", method, path, status)] = true
	breach := func(what string, err error) {
		c.breaches = append(c.breaches, fmt.Sprintf("%s %s %d: %s: %v", method, url, status, what, err))
	}
	escaped := strings.ReplaceAll(strings.ReplaceAll(path, "~", "~0"), "/", "~1")
	at := fmt.Sprintf("openapi.json#/paths/%s/%s", escaped, strings.ToLower(method))
	operation, ok := c.paths()[path].(map[string]any)[strings.ToLower(method)].(map[string]any)
	if !ok {
		breach("path", fmt.Errorf("openapi.yaml does not have it"))
		return
	}
	if _, ok := operation["responses"].(map[string]any)[fmt.Sprint(status)]; !ok {
		breach("status", fmt.Errorf("openapi.yaml does not have it"))
		return
	}
	if _, asked := operation["requestBody"]; asked && status < 300 {
		if err := c.fits(at+"/requestBody/content/application~1json/schema", sent); err != nil {
			breach("request", err)
		}
	}
	schema := fmt.Sprintf("%s/responses/%d/content/application~1json/schema", at, status)
	if status >= 400 {
		schema = "openapi.json#/components/responses/Refused/content/application~1json/schema"
	}
	text := contentType == "application/yaml" || strings.HasPrefix(contentType, "text/plain;") && path == "/metrics" && status == http.StatusOK
	if status == http.StatusNoContent || text { // no JSON to hold to a schema
		return
	}
	if err := c.fits(schema, got); err != nil {
		breach("answer", err)
	}
}

func (c *contract) fits(schema string, body []byte) error {
	s, err := c.compiler.Compile(schema)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// before puts the contract between clients and a control door; it gives the address to use instead.
func (c *contract) before(t testing.TB, control string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+control+r.URL.Path, bytes.NewReader(sent))
		if err != nil {
			t.Error(err)
			return
		}
		out.Header = r.Header.Clone()
		res, err := client.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		c.pass(r.Method, r.URL.Path, sent, res.StatusCode, res.Header.Get("Content-Type"), got)
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(got)
	}))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://")
}
