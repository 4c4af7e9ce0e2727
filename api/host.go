package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// hostView is a host as the API shows it: all that is known of it but the key of its RPC.
type hostView struct {
	ID    string            `json:"id"`
	State picasso.HostState `json:"state"`
	picasso.Host
	Tags           []string `json:"tags"`
	Projects       []string `json:"projects"`
	Disabled       bool     `json:"disabled"`
	DisabledReason string   `json:"disabled_reason"`
	URL            string   `json:"url"`
	MinProtocol    int      `json:"min_protocol"`
	MaxProtocol    int      `json:"max_protocol"`
	HeartbeatAt    stamp    `json:"heartbeat_at"`
	CreatedAt      stamp    `json:"created_at"`
	UpdatedAt      stamp    `json:"updated_at"`
	Functions      []string `json:"functions,omitzero"` // of one host only
}

func (s *Server) viewHost(h *picasso.HostRecord) *hostView {
	return &hostView{
		ID: h.ID, State: h.State(s.GiveUp), Host: h.Host,
		Tags: append([]string{}, h.Tags...), Projects: append([]string{}, h.Projects...),
		Disabled: h.Disabled, DisabledReason: h.DisabledReason,
		URL: h.URL, MinProtocol: h.MinProtocol, MaxProtocol: h.MaxProtocol,
		HeartbeatAt: stamp(h.HeartbeatAt), CreatedAt: stamp(h.CreatedAt), UpdatedAt: stamp(h.UpdatedAt),
	}
}

// viewWhole also has what is warm there.
func (s *Server) viewWhole(h *picasso.HostRecord) *hostView {
	view := s.viewHost(h)
	view.Functions = append([]string{}, h.Functions...)
	return view
}

// listHosts: there are few enough hosts to read them all for a page.
func (s *Server) listHosts(req *request, _ guard.Access) error {
	limit, err := s.limit(req.query)
	if err != nil {
		return err
	}
	state := picasso.HostState(req.query.Get("state"))
	if req.query.Has("state") && !slices.Contains(picasso.HostStates(), state) {
		return invalid("state: must be one of up, draining, down")
	}
	hosts, err := s.Hosts.Hosts(req.Context())
	if err != nil {
		return err
	}
	if marker := req.query.Get("marker"); marker != "" {
		at := slices.IndexFunc(hosts, func(h picasso.HostRecord) bool { return h.ID == marker })
		if at < 0 {
			return invalid("marker: %.100q is not in the list", marker)
		}
		hosts = hosts[at+1:]
	}
	views, last := []*hostView{}, ""
	for i := range hosts {
		view := s.viewHost(&hosts[i])
		if state != "" && view.State != state {
			continue
		}
		if len(views) == limit {
			last = views[limit-1].ID
			break
		}
		views = append(views, view)
	}
	return s.replyList(req, "hosts", views, last)
}

func (s *Server) showHost(req *request, _ guard.Access) error {
	h, err := s.Hosts.HostByRef(req.Context(), req.ref("host"))
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, s.viewWhole(h))
}

// hostSpec is what an operator sets of a host.
type hostSpec struct {
	Disabled       bool   `json:"disabled"`
	DisabledReason string `json:"disabled_reason"`
}

func (s *Server) updateHost(req *request, _ guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	h, err := s.Hosts.HostByRef(req.Context(), req.ref("host"))
	if err != nil {
		return err
	}
	spec := hostSpec{h.Disabled, h.DisabledReason}
	if err := applyPatch[hostView](&spec, hostSpec{}, patch); err != nil {
		return err
	}
	if !spec.Disabled && !names(patch, "disabled_reason") {
		spec.DisabledReason = ""
	}
	if err := spec.validate(); err != nil {
		return err
	}
	if h, err = s.Hosts.DisableHost(req.Context(), h.ID, spec.Disabled, spec.DisabledReason); err != nil {
		return err
	}
	return req.reply(http.StatusOK, s.viewWhole(h))
}

func (spec *hostSpec) validate() error {
	switch {
	case len(spec.DisabledReason) > picasso.MaxDescriptionBytes:
		return invalid("disabled_reason: is longer than %d bytes", picasso.MaxDescriptionBytes)
	case slices.Contains([]byte(spec.DisabledReason), 0):
		return invalid("disabled_reason: must not contain NUL")
	case spec.DisabledReason != "" && !spec.Disabled:
		return invalid("disabled_reason: is only for a host that is disabled")
	}
	return nil
}

func (s *Server) deleteHost(req *request, _ guard.Access) error {
	h, err := s.Hosts.HostByRef(req.Context(), req.ref("host"))
	if err != nil {
		return err
	}
	if err := s.Hosts.DeleteHost(req.Context(), h.ID, s.GiveUp); err != nil {
		return err
	}
	req.w.WriteHeader(http.StatusNoContent)
	return nil
}

// heartbeat takes in what an engine says of itself. Fields that are not known are left
// out: engines may be newer than this.
func (s *Server) heartbeat(req *request, _ guard.Access) error {
	body, err := req.json()
	if err != nil {
		return err
	}
	if _, err := members("body", body); err != nil {
		return err
	}
	var report picasso.HostReport
	if err := json.Unmarshal(body, &report); err != nil {
		return unfit(err)
	}
	if err := report.Validate(); err != nil {
		return err
	}
	if report.Name != req.ref("host") {
		return invalid("name: is not the one in the path")
	}
	h, err := s.Hosts.Heartbeat(req.Context(), &report, s.GiveUp)
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, s.viewHost(h)) // what is warm there it knows
}

// unfit names the field that has a value of the wrong type, and nothing of its value.
func unfit(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return invalid("%s: is of the wrong type", wrong.Field)
	}
	return invalid("body: is not the report of a host")
}
