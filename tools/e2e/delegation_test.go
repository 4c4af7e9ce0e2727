package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// TestProjectDeleted removes what a project that is gone has left, trusts included.
func TestProjectDeleted(t *testing.T) {
	s := eventStack(t, "")
	member := keystonetest.NewMember(t, "member")
	c := s.withToken(member.Token(t))
	c.echo("acting", map[string]any{"delegate_roles": []string{"member"}})
	c.trigger("photos", "acting", "swift", map[string]any{"container": "photos"})
	admin := s.withToken(keystonetest.Token(t, "admin"))
	keystone := s.service(t, "admin", "identity")
	trusts := func() (count int) {
		for _, trust := range keystone.json(http.MethodGet, "/OS-TRUST/trusts", nil, http.StatusOK)["trusts"].([]any) {
			if trust.(map[string]any)["project_id"] == member.ProjectID {
				count++
			}
		}
		return count
	}
	require.Equal(t, 2, trusts(), "the function's and the trigger's")
	member.DeleteProject(t)
	require.Eventually(t, func() bool {
		out := admin.json(http.MethodGet, "/v2/functions?all_projects=true&project_id="+member.ProjectID, nil, http.StatusOK)
		return len(out["functions"].([]any)) == 0
	}, waitLong, waitStep)
	require.Empty(t, admin.json(http.MethodGet, "/v2/triggers?all_projects=true&project_id="+member.ProjectID, nil, http.StatusOK)["triggers"])
	require.Eventually(t, func() bool { return trusts() == 0 }, waitLong, waitStep)
}

// TestActingAsTheProject gives functions a token by a trust, whatever contract
// they speak and whoever invokes them, and takes it away with the function.
func TestActingAsTheProject(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	box := "acting-" + s.host
	s.swift(t, "alpha").container(box)
	for _, contract := range []string{"fn", "web", "stdio"} {
		t.Run(contract, func(t *testing.T) {
			alice := alice.in(t)
			alice.create(testfn(t, contract, map[string]any{
				"contract": contract, "command": []string{"containers"}, "delegate_roles": []string{"member"},
			}))
			a := alice.invoke(contract, "")
			require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
			done := alice.await(alice.async(contract, "")["id"], "succeeded")
			result := alice.do(http.MethodGet, "/v2/executions/"+done["id"].(string)+"/result", nil)
			for _, body := range [][]byte{a.Body, result.Body} {
				require.Contains(t, strings.Split(string(body), "\n"), box, "what the project has in Swift")
			}
		})
	}
	t.Run("no more than the creator has", func(t *testing.T) {
		spec := testfn(t, "admin", map[string]any{"delegate_roles": []string{"admin"}})
		a := alice.in(t).post("/v2/functions", spec)
		wantProblem(t, a, http.StatusForbidden, "forbidden", "admin")
	})
	t.Run("nothing of it is written down", func(t *testing.T) {
		require.Contains(t, s.dump(t), "containers", "the dump is one of this database")
		for _, p := range append([]*process{s.api, s.engine}, s.triggers...) {
			require.NotContains(t, p.log.String(), "gAAAA", "a token in a log")
		}
		require.NotContains(t, s.dump(t), "gAAAA", "a token in the database")
	})
}
