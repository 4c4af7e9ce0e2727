package docker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFreezerIn(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"freezer/docker/id1/freezer.state", "system.slice/docker-id2.scope/cgroup.freeze"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte("old"), 0o644))
	}
	for groups, want := range map[string]string{
		"12:memory:/docker/id1\n3:freezer:/docker/id1\n1:name=systemd:/docker/id1\n0::/\n": "freezer/docker/id1/freezer.state",
		"0::/system.slice/docker-id2.scope\n":                                              "system.slice/docker-id2.scope/cgroup.freeze",
		"0::/elsewhere\n":                                                                  "",
		"":                                                                                 "",
		"nonsense\n":                                                                       "",
	} {
		if want != "" {
			want = filepath.Join(root, want)
		}
		assert.Equal(t, freezer(want), freezerIn(root, groups), groups)
	}
	for f, words := range map[freezer][2]string{
		freezer(root + "/freezer/docker/id1/freezer.state"):            {"FROZEN", "THAWED"},
		freezer(root + "/system.slice/docker-id0.scope/cgroup.freeze"): {"1ld", "0ld"},
	} {
		f = f.of("id0", "id2")
		require.True(t, f.freeze())
		content, err := os.ReadFile(string(f))
		require.NoError(t, err)
		assert.Equal(t, words[0], string(content))
		require.True(t, f.thaw())
		content, err = os.ReadFile(string(f))
		require.NoError(t, err)
		assert.Equal(t, words[1], string(content))
	}
	assert.False(t, freezer("").freeze())
	assert.False(t, freezer(root+"/missing/cgroup.freeze").freeze())
	assert.NoDirExists(t, root+"/missing")
}

func FuzzFreezerIn(f *testing.F) {
	f.Add("3:freezer:/docker/id1\n0::/x\n")
	f.Fuzz(func(t *testing.T, groups string) { freezerIn("/nonexistent", groups) })
}
