package rig

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// HostMetrics are the names of what a served host tells of itself at /metrics, in the order in which a report shows them.
func HostMetrics() []string {
	return []string{"process_cpu_seconds_total", "tillproof_host_connections", "tillproof_host_unread_bytes", "tillproof_host_unsent_bytes",
		"tillproof_journal_waiting", "tillproof_journal_commits_total"}
}

// counting is a journal that commits in groups.
type counting interface {
	Counts() (waiting int, commits uint64)
}

// metrics tells in Prometheus' text format how the process and its worlds are.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	b := &bytes.Buffer{}
	head := func(name, kind, help string) { fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	if used, known := processCPU(); known {
		head("process_cpu_seconds_total", "counter", "Processor time used, by user and system.")
		fmt.Fprintf(b, "process_cpu_seconds_total %g\n", used.Seconds())
	}
	s.mu.Lock()
	worlds := maps.Clone(s.worlds)
	s.mu.Unlock()
	ids := slices.Sorted(maps.Keys(worlds))
	each := func(name, kind, help string, value func(*servedWorld) (uint64, bool)) {
		head(name, kind, help)
		for _, id := range ids {
			if v, known := value(worlds[id]); known {
				fmt.Fprintf(b, "%s{world=\"%s\"} %d\n", name, id, v)
			}
		}
	}
	each("tillproof_host_connections", "gauge", "Open connections of tills.", func(w *servedWorld) (uint64, bool) { n, _, _ := w.server.load(); return uint64(n), true })
	each("tillproof_host_unread_bytes", "gauge", "Requests that wait for the host.", func(w *servedWorld) (uint64, bool) { _, n, _ := w.server.load(); return uint64(n), true })
	each("tillproof_host_unsent_bytes", "gauge", "Answers that wait to be written.", func(w *servedWorld) (uint64, bool) { _, _, n := w.server.load(); return uint64(n), true })
	each("tillproof_journal_waiting", "gauge", "Batches that wait to be committed.", func(w *servedWorld) (uint64, bool) { n, _, known := w.commits(); return uint64(n), known })
	each("tillproof_journal_commits_total", "counter", "Commits of the journals, each of all batches that waited.", func(w *servedWorld) (uint64, bool) { _, n, known := w.commits(); return n, known })
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the peer has gone: nobody is left to tell
}

// commits adds up what the world's journals have done; not known of journals that do not commit.
func (w *servedWorld) commits() (waiting int, commits uint64, known bool) {
	for _, store := range w.stores {
		if c, ok := store.(counting); ok {
			n, done := c.Counts()
			waiting, commits, known = waiting+n, commits+done, true
		}
	}
	return waiting, commits, known
}

// load tells how many connections are open, and how many bytes wait in them either way.
func (s *server) load() (connections, unread, unsent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.in.mu.Lock()
		unread += len(c.in.queue)
		c.in.mu.Unlock()
		c.out.mu.Lock()
		unsent += len(c.out.queue)
		c.out.mu.Unlock()
	}
	return len(s.conns), unread, unsent
}
