package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// parseQuery returns the query, in which every key is one of allowed and given
// once. Errors: invalid, naming the key.
func parseQuery(u *url.URL, allowed []string) (url.Values, error) {
	if u.RawQuery == "" {
		return nil, nil
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("query: %v", err)
	}
	for key, list := range values {
		if !slices.Contains(allowed, key) {
			return nil, invalid("%.100s: unknown query key", key)
		}
		if len(list) > 1 {
			return nil, invalid("%s: is given more than once", key)
		}
	}
	return values, nil
}

// listing is what every list is asked for.
type listing struct {
	page      picasso.Page
	projectID string // "" is every project
}

// listing reads the keys that all lists have. Errors: invalid, forbidden (other projects).
func (s *Server) listing(req *request, a guard.Access) (l listing, err error) {
	if l.page.Limit, err = s.limit(req.query); err != nil {
		return l, err
	}
	if l.page.Sort, err = sortKeys(req.query); err != nil {
		return l, err
	}
	l.page.Marker = req.query.Get("marker")
	all, err := flag(req.query, "all_projects")
	if err != nil {
		return l, err
	}
	l.projectID, err = a.ListScope(req.query.Get("project_id"), all)
	return l, err
}

// limit is the size of the page. As in other services, asking for more than
// the largest page gives the largest page.
func (s *Server) limit(query url.Values) (int, error) {
	if !query.Has("limit") {
		return s.MaxLimit, nil
	}
	n, err := strconv.Atoi(query.Get("limit"))
	if err != nil || n < 1 {
		return 0, invalid("limit: must be a whole number of at least 1")
	}
	return min(n, s.MaxLimit), nil
}

// sortKeys reads "key:asc,key:desc,key" as the API-SIG guideline on sorting has it.
func sortKeys(query url.Values) ([]picasso.SortKey, error) {
	if !query.Has("sort") {
		return nil, nil
	}
	var keys []picasso.SortKey
	for part := range strings.SplitSeq(query.Get("sort"), ",") {
		field, dir, _ := strings.Cut(part, ":")
		if field == "" || (dir != "" && dir != "asc" && dir != "desc") {
			return nil, invalid("sort: must be a list like name:asc,created_at:desc")
		}
		keys = append(keys, picasso.SortKey{Field: field, Desc: dir == "desc"})
	}
	return keys, nil
}

func flag(query url.Values, key string) (bool, error) {
	if !query.Has(key) {
		return false, nil
	}
	value, err := strconv.ParseBool(strings.ToLower(query.Get(key)))
	if err != nil {
		return false, invalid("%s: must be true or false", key)
	}
	return value, nil
}

// moment reads a time of RFC 3339; without the key it is zero.
func moment(query url.Values, key string) (time.Time, error) {
	if !query.Has(key) {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, query.Get(key))
	if err != nil || !canBeStored(t) {
		return t, notATime(key)
	}
	return t.UTC(), nil
}

// canBeStored reports whether stores and the calendar of schedules know the time.
func canBeStored(t time.Time) bool { return !t.Before(time.Unix(0, 0)) && t.UTC().Year() <= 9999 }

func notATime(field string) error {
	return invalid("%s: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999", field)
}
