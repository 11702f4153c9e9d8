//go:build unix

package steps_test

import (
	"syscall"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// BenchmarkSuiteInMemory tells what a scenario costs in time and in work of all processors, and how many a second. The rig and
// its dialects are made anew for each run, as the command does.
func BenchmarkSuiteInMemory(b *testing.B) {
	scenarios, before := 0, cpu(b)
	for n := 0; b.Loop(); n++ {
		scenarios += suite(b, rig.Options{Line: rig.LineMemory}, sim.Seed(n)).Totals().Scenarios()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(scenarios), "ns/scenario")
	b.ReportMetric(float64(cpu(b)-before)/float64(scenarios), "cpu-ns/scenario")
	b.ReportMetric(float64(scenarios)/b.Elapsed().Seconds(), "scenarios/s")
}

// cpu is what this process has used so far, in nanoseconds, its garbage collection included.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
