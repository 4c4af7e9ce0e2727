package keystonetest

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"
	"github.com/stretchr/testify/require"
)

// Member is a user with roles in a project, both made for one test, which may
// do with them what it could not do with alice and alpha.
type Member struct {
	UserID, UserName, Password string
	ProjectID, ProjectName     string

	authURL string
	admin   *gophercloud.ServiceClient
}

// NewMember makes a project, and a user who has the roles in it. Both are gone
// when the test ends.
func NewMember(t testing.TB, roleNames ...string) *Member {
	t.Helper()
	account := Account(t, "admin")
	m := &Member{
		UserName: "member-" + rand.Text(), Password: rand.Text(),
		authURL: account.IdentityEndpoint, admin: Login(t, account),
	}
	m.ProjectName = m.UserName
	project, err := projects.Create(t.Context(), m.admin, projects.CreateOpts{Name: m.ProjectName, DomainID: "default"}).Extract()
	require.NoError(t, err)
	m.ProjectID = project.ID
	user, err := users.Create(t.Context(), m.admin, users.CreateOpts{Name: m.UserName, Password: m.Password, DomainID: "default"}).Extract()
	require.NoError(t, err)
	m.UserID = user.ID
	t.Cleanup(func() { // the test may have deleted them
		_ = users.Delete(context.Background(), m.admin, m.UserID)
		_ = projects.Delete(context.Background(), m.admin, m.ProjectID)
	})
	for _, role := range roleNames {
		m.GrantRole(t, role)
	}
	return m
}

// Account returns how the user logs in, for the project.
func (m *Member) Account() gophercloud.AuthOptions {
	return gophercloud.AuthOptions{
		IdentityEndpoint: m.authURL, UserID: m.UserID, Password: m.Password,
		Scope: &gophercloud.AuthScope{ProjectID: m.ProjectID},
	}
}

// Token returns a fresh token of the user. It is good for an hour.
func (m *Member) Token(t testing.TB) string {
	t.Helper()
	return Login(t, m.Account()).Token()
}

// GrantRole gives the user a role in the project.
func (m *Member) GrantRole(t testing.TB, role string) {
	t.Helper()
	options := roles.AssignOpts{UserID: m.UserID, ProjectID: m.ProjectID}
	require.NoError(t, roles.Assign(t.Context(), m.admin, m.roleID(t, role), options).ExtractErr())
}

// TakeRole takes a role away, which ends all tokens of the user.
func (m *Member) TakeRole(t testing.TB, role string) {
	t.Helper()
	options := roles.UnassignOpts{UserID: m.UserID, ProjectID: m.ProjectID}
	require.NoError(t, roles.Unassign(t.Context(), m.admin, m.roleID(t, role), options).ExtractErr())
}

func (m *Member) roleID(t testing.TB, name string) string {
	t.Helper()
	page, err := roles.List(m.admin, roles.ListOpts{Name: name}).AllPages(t.Context())
	require.NoError(t, err)
	found, err := roles.ExtractRoles(page)
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0].ID
}

// EnableUser enables or disables the user.
func (m *Member) EnableUser(t testing.TB, enabled bool) {
	t.Helper()
	require.NoError(t, users.Update(t.Context(), m.admin, m.UserID, users.UpdateOpts{Enabled: &enabled}).Err)
}

// EnableProject enables or disables the project.
func (m *Member) EnableProject(t testing.TB, enabled bool) {
	t.Helper()
	require.NoError(t, projects.Update(t.Context(), m.admin, m.ProjectID, projects.UpdateOpts{Enabled: &enabled}).Err)
}

// DeleteUser deletes the user.
func (m *Member) DeleteUser(t testing.TB) {
	t.Helper()
	require.NoError(t, users.Delete(t.Context(), m.admin, m.UserID).ExtractErr())
}

// DeleteProject deletes the project.
func (m *Member) DeleteProject(t testing.TB) {
	t.Helper()
	require.NoError(t, projects.Delete(t.Context(), m.admin, m.ProjectID).ExtractErr())
}
