package docker

import (
	"testing"

	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

func TestDriver(t *testing.T) {
	enginetest.Driver(t, newDriver(t, testConfig(t)), functest.Image(t, "testfn"), functest.Image(t, "debian"))
}
