package amqp

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	quietFor     = time.Minute
	quietReasons = 20
	quietBytes   = 300 // of a reason
)

// quiet keeps floods out of the log: a reason is logged once a minute, and 20
// different ones a minute at most.
type quiet struct {
	log *logrus.Logger
	now func() time.Time

	mu       sync.Mutex
	since    time.Time
	said     map[string]bool
	unlogged int
}

func newQuiet(log *logrus.Logger) *quiet { return &quiet{log: log, now: time.Now} }

// warn logs a message with its reason, unless that was done just now. The field
// "unlogged" says how many were left out in the minute before.
func (q *quiet) warn(message, reason string, fields logrus.Fields) {
	if len(reason) > quietBytes {
		reason = reason[:quietBytes]
	}
	unlogged, ok := q.may(message + reason)
	if !ok {
		return
	}
	entry := q.log.WithFields(fields).WithField("reason", reason)
	if unlogged > 0 {
		entry = entry.WithField("unlogged", unlogged)
	}
	entry.Warn(message)
}

func (q *quiet) may(what string) (unlogged int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := q.now(); q.said == nil || now.Sub(q.since) >= quietFor {
		q.since, q.said = now, map[string]bool{}
		unlogged, q.unlogged = q.unlogged, 0
	}
	if q.said[what] || len(q.said) >= quietReasons {
		q.unlogged++
		return 0, false
	}
	q.said[what] = true
	return unlogged, true
}
