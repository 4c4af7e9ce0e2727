package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// BenchmarkLog measures hot calls in a row on the real Docker: of a function
// that says nothing, and of one that writes a line to stdout and one to stderr
// in each call, whose log is waited for. "wrong" is the share of the calls that
// did not have just these in their logs.
func BenchmarkLog(b *testing.B) {
	image := functest.Image(b, "testfn")
	for _, say := range []string{"", "say it"} {
		b.Run("say="+say, func(b *testing.B) {
			e := newEngine(b)
			digest, err := e.ResolveImage(b.Context(), image)
			require.NoError(b, err)
			fn := localFunction(picasso.ContractFn, digest)
			fn.Network = picasso.NetworkNone
			want, body := 0, "echo\n"
			if say != "" {
				want, body = len("out it\nerr it\n"), say
			}
			wrong := 0
			call := func() {
				c := callOf(fn, body)
				c.ExecutionID = uuid.NewString()
				out := e.Invoke(b.Context(), c, &nowhere{header: http.Header{}})
				require.Nil(b, out.Err, "%v", out.Err)
				if len(out.Log) != want || strings.Count(string(out.Log), "it") != want/len("out it\n") {
					wrong++
				}
			}
			for range 100 {
				call()
			}
			wrong = 0
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(wrong)/float64(b.N), "wrong")
		})
	}
}
