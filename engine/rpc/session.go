package rpc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/picasso-faas/picasso"
)

// A client begins with a session: it sends a random word, signed, and gets a
// random name for the session, with a proof that who gave it has the key, too.
// Each request then carries that name and a number that only grows. Whatever
// is captured is of no use: a session that is not known any more is gone for
// good, one that is knows the number. No clock is needed, and no other host
// knows the session.

const (
	sessionPath = "/session"
	// statusSession refuses a request because of its session: it is not known, or
	// has gone on too far. Nothing has happened; the same may be sent in another one.
	statusSession = http.StatusPreconditionRequired

	maxSessions = 1024 // kept by a server; those used longest ago are forgotten
	maxUnused   = 256  // of those that nobody has signed a request in yet: they may come from a capture
)

// session is one as the client has it.
type session struct {
	name string
	last atomic.Uint64 // number given
}

func (s *session) next() ticket { return ticket{s.name, strconv.FormatUint(s.last.Add(1), 10)} }

// opened is the answer to a client that opens a session.
type opened struct {
	Session string `json:"session"`
	Proof   string `json:"proof"`
}

// sessions are those of a server.
type sessions struct {
	mu     sync.Mutex // held while one is used for the first time
	used   *lru.Cache[string, *window]
	unused *lru.Cache[string, *window]
}

func newSessions() (*sessions, error) {
	used, err := lru.New[string, *window](maxSessions)
	if err != nil {
		return nil, err
	}
	unused, err := lru.New[string, *window](maxUnused)
	return &sessions{used: used, unused: unused}, err
}

// open begins a session for the client that sent word.
func (s *sessions) open(key []byte, word string) opened {
	name := rand.Text()
	s.unused.Add(name, &window{})
	return opened{Session: name, Proof: proof(key, word, name)}
}

// admit uses up a number of a session. What it says of an unknown session is outdated.
func (s *sessions) admit(name, number string) admission {
	w := s.find(name)
	if w == nil {
		return outdated
	}
	n, _ := strconv.ParseUint(number, 10, 64) // 0 is repeated
	return w.admit(n)
}

func (s *sessions) find(name string) *window {
	if w, ok := s.used.Get(name); ok {
		return w
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.used.Get(name); ok {
		return w
	}
	w, ok := s.unused.Get(name)
	if ok {
		s.used.Add(name, w)
		s.unused.Remove(name)
	}
	return w
}

// session returns the session to send in, another one than stale. Errors: unavailable.
func (c *Client) session(ctx context.Context, stale *session) (*session, error) {
	if s := c.current.Load(); s != nil && s != stale {
		return s, nil
	}
	found := c.opening.DoChan("", func() (any, error) {
		if s := c.current.Load(); s != nil && s != stale {
			return s, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sessionTimeout)
		defer cancel()
		s, err := c.open(ctx)
		if err == nil {
			c.current.Store(s)
		}
		return s, err
	})
	select {
	case result := <-found:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*session), nil
	case <-ctx.Done():
		return nil, c.unavailable(ctx.Err())
	}
}

// sessionTimeout bounds the opening of a session, with the connection for it.
const sessionTimeout = 5 * time.Second

func (c *Client) open(ctx context.Context) (*session, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.address+sessionPath, http.NoBody)
	if err != nil {
		return nil, picasso.AsError(err)
	}
	word := rand.Text()
	sign(c.key, http.MethodPost, sessionPath, req.Header, ticket{session: word})
	resp, err := c.control.Do(req)
	if err != nil {
		return nil, c.unavailable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.unavailable(c.refusal(resp.Body, resp.StatusCode))
	}
	var got opened
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return nil, c.unavailable(err)
	}
	if !hmac.Equal([]byte(got.Proof), []byte(proof(c.key, word, got.Session))) {
		return nil, c.unavailable(picasso.Errorf(picasso.CodeUnauthenticated, "who answers at %s does not have the engine's key", c.address))
	}
	return &session{name: got.Session}, nil
}
