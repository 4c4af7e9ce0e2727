// Package share divides what is scarce in a process among projects, so that one of
// them cannot take all of it.
package share

import "sync"

// Pool is an amount of something, such as bytes. Its methods may be used at
// once from many goroutines.
type Pool struct {
	all, each int64

	mu    sync.Mutex
	taken int64
	by    map[string]int64 // of each project that has taken some
}

// New returns a pool of which all may be taken together, and each by one project.
func New(all, each int64) *Pool {
	return &Pool{all: all, each: each, by: map[string]int64{}}
}

// Take takes n for the project and reports whether that much was left. It never waits.
func (p *Pool) Take(project string, n int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken+n > p.all || p.by[project]+n > p.each {
		return false
	}
	p.taken += n
	p.by[project] += n
	return true
}

// Give gives back n of what the project has taken.
func (p *Pool) Give(project string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken -= n
	if p.by[project] -= n; p.by[project] == 0 {
		delete(p.by, project)
	}
}

// Taken is what is taken now, by all projects.
func (p *Pool) Taken() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}
