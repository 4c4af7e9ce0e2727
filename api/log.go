package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

const (
	followEvery    = 250 * time.Millisecond // a follower asks the store
	followOutage   = time.Minute            // a follower waits for a store that is unavailable
	maxFollowers   = 200                    // of this process: each asks the store eight times a second
	followersShare = 20                     // of one project
)

func (s *Server) showLog(req *request, a guard.Access) error {
	follow, err := flag(req.query, "follow")
	if err != nil {
		return err
	}
	ref := req.ref("execution")
	s.flushRecords(req, ref)
	e, err := s.Executions.Execution(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	log := &logAnswer{req: req, id: e.ID}
	if follow && !e.Status.Ended() {
		return s.follow(req, e, log)
	}
	return s.copyLog(req, log)
}

// copyLog writes what the log has behind what was written before.
func (s *Server) copyLog(req *request, log *logAnswer) error {
	for more := true; more; {
		attempt, offset := log.attempt, log.offset
		parts, err := s.Logs.Log(req.Context(), log.id, log.attempt, log.offset)
		if err != nil {
			return err
		}
		log.begin()
		for i := range parts {
			log.write(&parts[i])
		}
		more = log.err == nil && (log.attempt != attempt || log.offset != offset)
	}
	return nil
}

// follow writes the log until the execution has ended and all of it is out,
// the client is gone, or the server stops. Errors: rate_limited, those of the store.
func (s *Server) follow(req *request, e *picasso.Execution, log *logAnswer) error {
	if !s.followers.Take(req.project, 1) {
		return tooManyFollowers()
	}
	defer s.followers.Give(req.project, 1)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	answered := time.Now()
	for {
		ended := e.Status.Ended() // and then the log is whole, so this is the last time
		err := s.copyLog(req, log)
		if ended && err == nil || log.err != nil {
			return nil
		}
		if err == nil {
			e, err = s.again(req, e)
		}
		switch {
		case err == nil:
			answered = time.Now()
		case picasso.CodeOf(err) != picasso.CodeUnavailable || time.Since(answered) > followOutage:
			return err
		}
		select {
		case <-tick.C:
		case <-req.Context().Done():
			return nil
		case <-s.stopping:
			return nil
		}
	}
}

// again is the execution as it is now, or as it was when the store does not say.
func (s *Server) again(req *request, e *picasso.Execution) (*picasso.Execution, error) {
	now, err := s.Executions.Execution(req.Context(), e.ProjectID, e.ID)
	if err != nil {
		return e, err
	}
	return now, nil
}

func tooManyFollowers() error {
	e := picasso.Errorf(picasso.CodeRateLimited, "follow: too many logs are being followed at once")
	e.RetryAfter = 5 * time.Second
	return e
}

// logAnswer is a log on its way to the client.
type logAnswer struct {
	req     *request
	id      string // of the execution
	attempt int    // the place behind what was written
	offset  int64
	midline bool  // the last line has not ended
	err     error // of a client that does not read
}

// begin begins the answer, unless it has begun.
func (l *logAnswer) begin() {
	if l.req.w.status != 0 {
		return
	}
	h := l.req.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	l.send(nil)
}

// write writes a part, with a line between attempts.
func (l *logAnswer) write(part *picasso.LogPart) {
	if part.Attempt != l.attempt && part.Attempt > 1 {
		line := fmt.Sprintf("--- attempt %d ---\n", part.Attempt)
		if l.midline {
			line = "\n" + line
		}
		l.send([]byte(line))
		l.midline = false
	}
	l.attempt, l.offset = part.Attempt, part.Offset+int64(len(part.Text))
	if n := len(part.Text); n > 0 {
		l.midline = part.Text[n-1] != '\n'
		l.send(part.Text)
	}
}

// send sends bytes at once to a client who has to take them within the patience with clients.
func (l *logAnswer) send(text []byte) {
	if l.err != nil {
		return
	}
	conn := http.NewResponseController(l.req.w.ResponseWriter)
	_ = conn.SetWriteDeadline(time.Now().Add(l.req.patience))
	l.req.w.WriteHeader(http.StatusOK)
	if _, l.err = l.req.w.Write(text); l.err == nil {
		l.err = conn.Flush()
	}
	_ = conn.SetWriteDeadline(time.Time{}) // for the next answer on the connection
}
