package rig_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/rig"
)

func profileSchema(t *testing.T) (*jsonschema.Schema, map[string]any) {
	t.Helper()
	text, err := fs.ReadFile(fixtures.FS, "profiles/schema.json")
	must(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("schema.json", document))
	schema, err := c.Compile("schema.json")
	must(t, err)
	return schema, document.(map[string]any)
}

// asJSON turns YAML into what a JSON schema judges.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	must(t, yaml.Unmarshal(text, &v))
	b, err := json.Marshal(v)
	must(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	must(t, err)
	return document
}

// What an editor says of a profile by the shipped schema, and what we say, is the same of all profiles here.
func TestProfilesFitTheirSchema(t *testing.T) {
	schema, _ := profileSchema(t)
	shipped, err := fs.Glob(fixtures.FS, "profiles/*.yaml")
	must(t, err)
	foreign, err := filepath.Glob("testdata/foreign/*.yaml")
	must(t, err)
	judged := 0
	judge := func(name string, text []byte) {
		if strings.HasPrefix(filepath.Base(name), "host-") {
			return // a dialect
		}
		judged++
		if err := schema.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range shipped {
		text, err := fs.ReadFile(fixtures.FS, name)
		must(t, err)
		judge(name, text)
	}
	for _, name := range foreign {
		text, err := os.ReadFile(name)
		must(t, err)
		judge(name, text)
	}
	if judged < 8 {
		t.Errorf("only %d profiles were judged", judged)
	}
}

// Each mistake that the schema can know is one to both.
func TestSchemaAndReaderRefuseTheSame(t *testing.T) {
	schema, _ := profileSchema(t)
	good, err := fs.ReadFile(fixtures.FS, "profiles/loopback-remote.yaml")
	must(t, err)
	for name, c := range map[string]struct{ old, new string }{
		"nothing":                  {"", ""},
		"a setting nobody knows":   {"seat: remote", "seat: remote\ncolour: red"},
		"no such seat":             {"seat: remote", "seat: table"},
		"no dialect":               {"dialect: unionpay-pos", ""},
		"no address":               {"address: 127.0.0.1:8583", "#"},
		"an address and no remote": {"seat: remote", "seat: embedded"},
		"a short number":           {`number: "10000001"`, `number: "1000001"`},
		"a key from two places":    {"tmk:\n      components", "tmk:\n      env: X\n      components"},
		"a check value of five":    {`kcv: "B06998E8"`, `kcv: "B0699"`},
		"a month 13":               {`expiry: "3012"`, `expiry: "3013"`},
		"a PIN of three":           {`pin: "246813"`, `pin: "246"`},
		"a connection of its own":  {"seat: remote", "seat: remote\nconnection: pigeon"},
	} {
		t.Run(name, func(t *testing.T) {
			text := []byte(strings.Replace(string(good), c.old, c.new, 1))
			file := filepath.Join(t.TempDir(), "profile.yaml")
			must(t, os.WriteFile(file, text, 0o600))
			_, ours := rig.LoadProfile(file)
			theirs := schema.Validate(asJSON(t, text))
			if (ours != nil) != (name != "nothing") || (theirs != nil) != (ours != nil) {
				t.Errorf("the reader says %v, the schema %v", ours, theirs)
			}
		})
	}
}

// Every setting that the reader knows is in the schema, with words about it, and none besides.
func TestSchemaKnowsEverySetting(t *testing.T) {
	_, document := profileSchema(t)
	at := func(m map[string]any, keys ...string) map[string]any {
		for _, k := range keys {
			if next, ok := m[k].(map[string]any); ok {
				m = next
			} else {
				t.Fatalf("the schema has no %s", strings.Join(keys, "."))
			}
		}
		return m
	}
	var compare func(of reflect.Type, in map[string]any, where string)
	compare = func(of reflect.Type, in map[string]any, where string) {
		follow := func() {
			if ref, ok := in["$ref"].(string); ok {
				in = at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
		}
		follow()
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			if of.Kind() == reflect.Slice {
				in = at(in, "items")
				follow()
			}
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		described, known := at(in, "properties"), map[string]bool{}
		for i := range of.NumField() {
			name := of.Field(i).Tag.Get("yaml")
			if name == "" {
				continue
			}
			known[name] = true
			entry, ok := described[name].(map[string]any)
			if !ok {
				t.Errorf("the schema does not know %s%s", where, name)
				continue
			}
			if words, _ := entry["description"].(string); len(words) < 10 {
				t.Errorf("the schema says nothing of %s%s", where, name)
			}
			compare(of.Field(i).Type, entry, where+name+".")
		}
		for _, name := range slices.Sorted(maps.Keys(described)) {
			if !known[name] {
				t.Errorf("the reader does not know %s%s", where, name)
			}
		}
	}
	compare(reflect.TypeFor[rig.Profile](), document, "")
}
