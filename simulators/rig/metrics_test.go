package rig

import (
	"strings"
	"testing"
)

func TestProfileMetrics(t *testing.T) {
	for metrics, want := range map[string]string{
		`{url: "http://127.0.0.1:9100/metrics", show: [up]}`:  "",
		`{url: "http://127.0.0.1:9100/metrics"}`:              "name what a report is to `show`",
		`{url: "127.0.0.1:9100", show: [up]}`:                 "want host and port",
		`{url: "http://me:word@127.0.0.1:9100/", show: [up]}`: "no password",
		`{url: "http://192.0.2.1:9100/metrics", show: [up]}`:  "is not this machine",
	} {
		_, err := parseProfile([]byte("name: own\ndialect: unionpay-pos\nmetrics: "+metrics+"\n"), "own.yaml", noEnvironment)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "own.yaml:3")) {
			t.Errorf("%s: %v, want %q", metrics, err, want)
		}
	}
}
