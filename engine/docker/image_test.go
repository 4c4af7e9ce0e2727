package docker

import (
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLasting(t *testing.T) {
	const sum = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	found := image.InspectResponse{ID: "sha256:id", RepoDigests: []string{"other@" + sum, "registry:5000/a/b@" + sum}}
	for ref, want := range map[string]string{
		"other":               "other@" + sum,
		"other:tag":           "other@" + sum,
		"registry:5000/a/b:1": "registry:5000/a/b@" + sum,
		"local":               "sha256:id",
	} {
		named, _, err := parseImage(ref)
		require.NoError(t, err)
		assert.Equal(t, want, lasting(found, named), ref)
	}
	assert.Equal(t, "sha256:id", lasting(found, nil))
}

func FuzzParseImage(f *testing.F) {
	f.Add("alpine")
	f.Add("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("registry:5000/a/b:tag@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, ref string) {
		named, id, err := parseImage(ref)
		if err == nil && (named == nil) == (id == "") {
			t.Errorf("%q is neither a name nor an id, or both", ref)
		}
	})
}
