package policy

import (
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"
)

// override is one rule of a policy file.
type override struct {
	name  string
	check string
	line  int
}

// parseFile reads a policy file: a YAML mapping of rule names to rules. Errors
// begin with the line.
func parseFile(data []byte) ([]override, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf(" %w", err) // names the line itself
	}
	if len(document.Content) == 0 {
		return nil, nil // only comments, as in the sample
	}
	top := document.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%d: expected a mapping of rule names to rules", top.Line)
	}
	var overrides []override
	lines := make(map[string]int)
	for i := 0; i+1 < len(top.Content); i += 2 {
		name, rule := top.Content[i], top.Content[i+1]
		if name.Kind != yaml.ScalarNode || rule.Kind != yaml.ScalarNode || rule.Tag != "!!str" {
			return nil, fmt.Errorf("%d: rule %q: expected a text; write \"\" or \"@\" for always, \"!\" for never", name.Line, name.Value)
		}
		if first := lines[name.Value]; first != 0 {
			return nil, fmt.Errorf("%d: rule %q is already on line %d", name.Line, name.Value, first)
		}
		lines[name.Value] = name.Line
		overrides = append(overrides, override{name: name.Value, check: rule.Value, line: name.Line})
	}
	return overrides, nil
}

// maxFileBytes bounds a policy file.
const maxFileBytes = 1 << 20

// pollEvery is how often, at most, a file is looked at.
const pollEvery = time.Second

// watcher tells when a file has changed, by looking at it while somebody asks.
type watcher struct {
	dir     fs.FS
	name    string // empty: there is no file
	now     func() time.Time
	started time.Time    // due times count from here, so that setting the clock does not stop them
	next    atomic.Int64 // nanoseconds after started

	mu   sync.Mutex
	seen fs.FileInfo // nil: was missing
}

// due reports whether the caller should poll now. It tells one caller only.
func (w *watcher) due() bool {
	if w.name == "" {
		return false
	}
	elapsed, next := int64(w.now().Sub(w.started)), w.next.Load()
	return elapsed >= next && w.next.CompareAndSwap(next, elapsed+int64(pollEvery))
}

// poll returns the content of the file and whether it is another one than the
// last time.
func (w *watcher) poll() (data []byte, changed bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.name == "" {
		return nil, false, fs.ErrNotExist
	}
	info, err := fs.Stat(w.dir, w.name)
	if sameFile(info, w.seen) {
		return nil, false, err
	}
	w.seen = info // before reading: what is written meanwhile is a change at the next poll
	if err != nil {
		return nil, true, err
	}
	if info.Size() > maxFileBytes {
		return nil, true, fmt.Errorf("%s: larger than %d bytes", w.name, maxFileBytes)
	}
	data, err = fs.ReadFile(w.dir, w.name)
	return data, true, err
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
