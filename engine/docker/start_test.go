package docker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

func TestStdio(t *testing.T) {
	d := newDriver(t, testConfig(t))
	image := resolve(t, d, functest.Image(t, "debian"))
	for _, network := range []picasso.Network{picasso.NetworkNone, picasso.NetworkEgress} {
		var out buffer
		spec := testSpec(image)
		spec.Network = network
		spec.Stdin, spec.Stdout = strings.NewReader("hi"), &out
		exit := waitDone(t, start(t, d, spec))
		assert.Equal(t, sandbox.Exit{}, exit)
		assert.Equal(t, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4  -\n", out.String())
	}
}
