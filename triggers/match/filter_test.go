package match_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// fires reports whether a trigger with this filter alone fires on the event.
func fires(t testing.TB, path, value, payload string) bool {
	x := index(t, notification("n", "p", "*", filtered(path, value)))
	return len(x.Match(match.Source{Exchange: "nova", Topic: "notifications"}, event(t, "compute.x", payload), "p", true)) > 0
}

func TestFilter(t *testing.T) {
	const payload = `{
		"state": "active", "none": null, "yes": true, "no": false, "size": 10, "half": 0.5, "text": "10", "big": 9223372036854775807, "huge": 1e999,
		"list": [1, {"name": "x"}], "object": {}, "nova_object.data": {"tenant_id": "t"}, "traits": [["project_id", 1, "tr"]]
	}`
	tests := []struct {
		path, value string
		want        bool
	}{
		{"payload.state", `"active"`, true},
		{"payload.state", `"Active"`, false},
		{"payload.state", `"act\u0069ve"`, true},
		{"payload.state", `["error", "active"]`, true},
		{"payload.state", `["error", 1, null]`, false},
		{"payload.state", `{"prefix": "act"}`, true},
		{"payload.state", `{"prefix": "ive"}`, false},
		{"payload.state", `{"suffix": "ive"}`, true},
		{"payload.state", `{"prefix": "act", "suffix": "x"}`, false},
		{"payload.state", `{"prefix": "act", "suffix": "ive", "exists": true}`, true},
		{"payload.state", `{"gt": 1}`, false},
		{"payload.missing", `null`, false},
		{"payload.missing", `[null]`, false},
		{"payload.missing", `{"exists": false}`, true},
		{"payload.missing", `{"exists": true}`, false},
		{"payload.missing", `{"exists": false, "prefix": ""}`, false},
		{"payload.missing", `{"lt": 0}`, false},
		{"payload.none", `null`, true},
		{"payload.none", `{"exists": true}`, true},
		{"payload.none", `""`, false},
		{"payload.yes", `true`, true},
		{"payload.yes", `"true"`, false},
		{"payload.no", `[true, false]`, true},
		{"payload.size", `10`, true},
		{"payload.size", `10.0`, true},
		{"payload.size", `1e1`, true},
		{"payload.size", `"10"`, false},
		{"payload.size", `{"gt": 9, "lt": 11}`, true},
		{"payload.size", `{"gt": 10}`, false},
		{"payload.size", `{"gte": 10, "lte": 10}`, true},
		{"payload.size", `{"lt": 10.5}`, true},
		{"payload.size", `{"prefix": "1"}`, false},
		{"payload.text", `10`, false}, // numbers only: text is no number
		{"payload.text", `{"gt": 1}`, false},
		{"payload.text", `"10"`, true},
		{"payload.half", `0.50`, true},
		{"payload.half", `{"gt": 0, "lt": 1}`, true},
		{"payload.big", `9223372036854775807`, true},
		{"payload.big", `9223372036854775806`, false}, // as float64 they are the same
		{"payload.big", `{"gt": 9223372036854775806}`, true},
		{"payload.huge", `{"gt": 9223372036854775807}`, true},
		{"payload.huge", `{"lt": 1e300}`, false},
		{"payload.list.0", `1`, true},
		{"payload.list.1.name", `"x"`, true},
		{"payload.list.2", `{"exists": false}`, true},
		{"payload.list", `1`, false},
		{"payload.list", `{"exists": true}`, true},
		{"payload.object", `{"exists": true}`, true},
		{"payload.object", `""`, false},
		{"payload.nova_object.data.tenant_id", `"t"`, true},
		{"payload.traits.project_id", `"tr"`, true},
		{"payload", `{"exists": true}`, true},
		{"event_type", `{"prefix": "compute."}`, true},
		{"publisher_id", `"p.host"`, true},
		{"priority", `["INFO", "ERROR"]`, true},
		{"exchange", `["nova", "cinder"]`, true},
		{"topic", `"other"`, false},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, fires(t, test.path, test.value, payload), "%s: %s", test.path, test.value)
	}
}

// TestFilterNeedsAll: every field must hold.
func TestFilterNeedsAll(t *testing.T) {
	x := index(t, notification("n", "p", "*", func(n *picasso.Notification) {
		n.Filter = map[string]json.RawMessage{"payload.a": json.RawMessage(`1`), "payload.b": json.RawMessage(`2`)}
	}))
	for payload, want := range map[string]int{`{"a": 1, "b": 2}`: 1, `{"a": 1, "b": 3}`: 0, `{"a": 1}`: 0, `{"b": 2}`: 0, `null`: 0} {
		assert.Len(t, x.Match(match.Source{}, event(t, "x", payload), "p", true), want, payload)
	}
}

func TestCheck(t *testing.T) {
	require.NoError(t, match.Check(&picasso.Notification{EventType: "*"}))
	require.NoError(t, match.Check(&picasso.Notification{EventType: "*", Filter: map[string]json.RawMessage{
		"payload.a.b.0": json.RawMessage(`[1, "x", true, null]`), "payload.c": json.RawMessage(`{"gt": 1, "exists": true}`),
	}}))
	many := strings.TrimSuffix(strings.Repeat("1,", 101), ",")
	tests := []struct{ path, value, want string }{
		{"state", `1`, "notification.filter[state]: is neither"},
		{"payloads.a", `1`, "notification.filter[payloads.a]: is neither"},
		{"event_type.a", `1`, "notification.filter[event_type.a]: is neither"},
		{"", `1`, "notification.filter[]: is neither"},
		{"payload.", `1`, "notification.filter[payload.]: has an empty step"},
		{"payload.a..b", `1`, "notification.filter[payload.a..b]: has an empty step"},
		{"payload" + strings.Repeat(".a", 32), `1`, "notification.filter: a path has more than"},
		{"payload." + strings.Repeat("a", 1024), `1`, "notification.filter: a path has more than"},
		{"payload.a", ``, "notification.filter[payload.a]: is not JSON"},
		{"payload.a", `{`, "notification.filter[payload.a]: is not JSON"},
		{"payload.a", `1 2`, "notification.filter[payload.a]: is not JSON"},
		{"payload.a", `[]`, "notification.filter[payload.a]: must be a list of 1 to 100"},
		{"payload.a", `[` + many + `]`, "notification.filter[payload.a]: must be a list of 1 to 100"},
		{"payload.a", `[1, [2]]`, "notification.filter[payload.a][1]: must be a string"},
		{"payload.a", `[{"gt": 1}]`, "notification.filter[payload.a][0]: must be a string"},
		{"payload.a", `{}`, "notification.filter[payload.a]: has no operator"},
		{"payload.a", `{"like": "x"}`, "notification.filter[payload.a].like: is not one of"},
		{"payload.a", `{"gt": "1"}`, "notification.filter[payload.a].gt: must be a number"},
		{"payload.a", `{"lte": null}`, "notification.filter[payload.a].lte: must be a number"},
		{"payload.a", `{"prefix": 1}`, "notification.filter[payload.a].prefix: must be a string"},
		{"payload.a", `{"suffix": ["a"]}`, "notification.filter[payload.a].suffix: must be a string"},
		{"payload.a", `{"exists": "yes"}`, "notification.filter[payload.a].exists: must be true or false"},
	}
	for _, test := range tests {
		err := match.Check(&picasso.Notification{Filter: map[string]json.RawMessage{test.path: json.RawMessage(test.value)}})
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), test.want)
		assert.Contains(t, picasso.AsError(err).Detail, test.want)
	}
}

// TestFilterLikeOracle compares values in another way, with exact numbers.
func TestFilterLikeOracle(t *testing.T) {
	values := []string{
		`"a"`, `"ab"`, `""`, `"1"`, `true`, `false`, `null`, `0`, `-0`, `1`, `1.0`, `10e-1`, `-1`, `2.5`, `9007199254740993`, `9007199254740992`,
		`-9223372036854775808`, `1e19`, `[]`, `["a"]`, `{}`,
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 2_000 {
		value, want := values[random.IntN(len(values))], values[random.IntN(len(values)-3)]
		payload := fmt.Sprintf(`{"f": %s}`, value)
		x, y, numbers := rationals(value, want)
		same := numbers && x.Cmp(y) == 0 || !numbers && value == want
		require.Equal(t, same, fires(t, "payload.f", want, payload), "%s = %s", value, want)
		require.Equal(t, same, fires(t, "payload.f", "["+want+"]", payload), "%s in [%s]", value, want)
		if _, isNumber := new(big.Rat).SetString(want); isNumber {
			require.Equal(t, numbers && x.Cmp(y) > 0, fires(t, "payload.f", `{"gt": `+want+`}`, payload), "%s > %s", value, want)
			require.Equal(t, numbers && x.Cmp(y) <= 0, fires(t, "payload.f", `{"lte": `+want+`}`, payload), "%s <= %s", value, want)
		}
	}
}

func rationals(a, b string) (x, y *big.Rat, both bool) {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return x, y, okX && okY
}

// FuzzFilter: what Check accepts matches without harm, and what it refuses is
// refused by New.
func FuzzFilter(f *testing.F) {
	f.Add("payload.a", `{"gt": 1}`, `{"a": 2}`)
	f.Add("payload.a.0.b", `["x", null]`, `{"a": [{"b": null}]}`)
	f.Add("exchange", `{"prefix": "n", "exists": true}`, `[]`)
	f.Add("payload.traits.x", `1e400`, `{"traits": [["x", 1, 1e400]]}`)
	f.Fuzz(func(t *testing.T, path, value, payload string) {
		trigger := notification("n", "p", "*", filtered(path, value))
		err := match.Check(trigger.Notification)
		x, broken := match.New([]picasso.Trigger{trigger})
		assert.Equal(t, err != nil, len(broken) == 1)
		if err != nil {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		}
		list, err := oslomsg.Decode([]byte(`{"event_type": "x", "payload": ` + payload + `}`))
		if err != nil {
			return
		}
		for _, n := range list {
			first := x.Match(match.Source{}, n, "p", true)
			assert.Equal(t, first, x.Match(match.Source{}, n, "p", true))
		}
	})
}
