package api

import (
	"context"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/quota"
)

// limitsView is what bounds a project, and what of that it uses.
type limitsView struct {
	ProjectID       string `json:"project_id"`
	MaxRequestBytes int64  `json:"max_request_bytes"`
	MaxPageSize     int    `json:"max_page_size"`
	Concurrency     int    `json:"project_concurrency"` // 0: any number
	CallsRunning    *int   `json:"calls_running"`       // nil: they are not counted
	MaxQueued       int    `json:"max_queued"`          // 0: any number
	Queued          *int   `json:"queued"`              // nil: they are not counted
}

func (s *Server) showLimits(req *request, a guard.Access) error {
	view := limitsView{
		ProjectID: a.Project(), MaxRequestBytes: s.MaxRequestBytes, MaxPageSize: s.MaxLimit, Concurrency: s.ProjectConcurrency,
	}
	if s.quota != nil {
		running := s.quota.Running(a.Project())
		view.CallsRunning = &running
	}
	queued, limit, err := s.Usage.Queued(req.Context(), a.Project())
	if err != nil {
		return err
	}
	if limit > 0 {
		view.MaxQueued, view.Queued = limit, &queued
	}
	return req.reply(http.StatusOK, view)
}

// countCalls begins to count calls where they are bounded.
func (s *Server) countCalls() {
	if s.ProjectConcurrency == 0 {
		return
	}
	s.quota = quota.New(s.ProjectConcurrency, s.Usage, s.Log)
	ctx, cancel := context.WithCancel(context.Background())
	s.counted.Go(func() { s.quota.Run(ctx) })
	s.endCount = cancel
}

// enterQuota takes a place for a call, and returns what gives it back. Errors: rate_limited.
func (s *Server) enterQuota(project string) (leave func(), err error) {
	if s.quota.Take(project) {
		return func() { s.quota.Give(project) }, nil
	}
	return nil, picasso.Errorf(picasso.CodeRateLimited, "the project runs as many calls at once as it may, %d", s.ProjectConcurrency).WithRetryAfter(time.Second)
}
