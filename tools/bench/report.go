package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// report is everything measured, as it is written to the JSON file.
type report struct {
	Machine  machine                    `json:"machine"`
	Hot      []hotFigure                `json:"hot"`
	Times    map[string][]time.Duration `json:"times_ns"`     // samples by row
	Rates    map[string][]float64       `json:"per_second"`   // by row
	Memory   map[string]int64           `json:"memory_bytes"` // highest seen by row
	Verdicts []verdict                  `json:"verdicts"`
	Notes    []string                   `json:"notes"`
}

// machine says where and how the figures were measured.
type machine struct {
	Date       time.Time `json:"date"`
	Processors int       `json:"processors"`
	Kernel     string    `json:"kernel"`
	Go         string    `json:"go"`
	Auth       string    `json:"auth"`
	Rounds     int       `json:"rounds"`
}

// hotFigure is the rounds of one subject in one case.
type hotFigure struct {
	Row     string        `json:"row"`
	Case    string        `json:"case"`
	Subject string        `json:"subject"`
	Median  load.Result   `json:"median"`
	Rounds  []load.Result `json:"rounds"`
	// Processor is what the subject's processes spent on a call, by round; not the function's.
	Processor []time.Duration `json:"processor_ns"`
}

// verdict compares a figure with its target.
type verdict struct {
	What     string `json:"what"`
	Measured string `json:"measured"`
	Target   string `json:"target"`
	Met      bool   `json:"met"`
}

func newReport(o options) report {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return report{
		Machine: machine{
			Date: time.Now().UTC(), Processors: runtime.NumCPU(), Kernel: strings.TrimSpace(string(kernel)),
			Go: runtime.Version(), Auth: o.auth, Rounds: o.rounds,
		},
		Times: map[string][]time.Duration{}, Rates: map[string][]float64{}, Memory: map[string]int64{},
	}
}

func (r *report) addTime(row string, took time.Duration) { r.Times[row] = append(r.Times[row], took) }

func (r *report) addRate(row string, perSecond float64) {
	r.Rates[row] = append(r.Rates[row], perSecond)
}

func (r *report) addMemory(row string, bytes int64) { r.Memory[row] = max(r.Memory[row], bytes) }

func (r *report) addNote(note string) { r.Notes = append(r.Notes, note) }

// median is the median of a row of times, 0 when it was not measured.
func (r *report) median(row string) time.Duration {
	return median(r.Times[row])
}

func median(samples []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// limit is a bound of a ratio.
type limit struct {
	bound  float64
	isMost bool
}

func atLeast(bound float64) limit { return limit{bound: bound} }
func atMost(bound float64) limit  { return limit{bound: bound, isMost: true} }

func (l limit) holds(v float64) bool {
	if l.isMost {
		return v <= l.bound
	}
	return v >= l.bound
}

func (l limit) String() string {
	if l.isMost {
		return fmt.Sprintf("≤ %g", l.bound)
	}
	return fmt.Sprintf("≥ %g", l.bound)
}

func (r *report) addVerdict(what, measured, target string, met bool) {
	r.Verdicts = append(r.Verdicts, verdict{what, measured, target, met})
}

func (r *report) addRatio(what string, measured float64, l limit) {
	r.addVerdict(what, fmt.Sprintf("%.2f", measured), l.String(), l.holds(measured))
}

func (r *report) addCount(what string, measured, most int) {
	r.addVerdict(what, fmt.Sprint(measured), fmt.Sprintf("≤ %d", most), measured <= most)
}

// addRateTarget judges the median of a row of rates.
func (r *report) addRateTarget(row string, least float64) {
	rates := slices.Sorted(slices.Values(r.Rates[row]))
	median := rates[len(rates)/2]
	r.addVerdict(row, fmt.Sprintf("%.0f/s", median), fmt.Sprintf("≥ %.0f/s", least), median >= least)
}

// addExtra judges time on top of something else.
func (r *report) addExtra(what string, measured, most time.Duration) {
	r.addVerdict(what, fmt.Sprintf("%+.2f ms", milliseconds(measured)), fmt.Sprintf("≤ +%.0f ms", milliseconds(most)), measured <= most)
}

// addMemoryTarget judges a row of memory; most is in MiB.
func (r *report) addMemoryTarget(what, row string, most int64) {
	r.addVerdict(what, mib(r.Memory[row]), fmt.Sprintf("≤ %d MiB", most), r.Memory[row] <= most<<20)
}

// addHotCold judges hot throughput (0: not measured) against a container per
// call, Picasso's own and that of Docker without a prepared network.
func (r *report) addHotCold(hot float64) {
	if hot == 0 {
		return
	}
	docker := hot * r.median(coldRun).Seconds()
	r.addVerdict("hot : a container per call (docker), c=1", fmt.Sprintf("%.0f×", docker), "≥ 2000×", docker >= 2000)
	r.addNote(fmt.Sprintf("Hot : Picasso's own sandbox per call (stdio): %.0f×; hot : one cold start: %.0f×.",
		hot*r.median(coldStdio).Seconds(), hot*r.median(coldOurs).Seconds()))
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// write writes the JSON file.
func (r *report) write(name string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, append(content, '\n'), 0o644) // figures are no secret
}

// rows are the names of a map in order.
func rows[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
