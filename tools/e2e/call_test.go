package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// topologies runs a test, beside others, all in one and as two processes.
func topologies(t *testing.T, test func(t *testing.T, s *stack)) {
	t.Parallel()
	for name, split := range map[string]bool{"all in one": false, "two processes": true} {
		t.Run(name, func(t *testing.T) { test(t, newStack(t, options{split: split})) })
	}
}

// testfn is the spec of a function that does what calls ask it to.
func testfn(t testing.TB, name string, more map[string]any) map[string]any {
	spec := map[string]any{"name": name, "image": functest.Image(t, "testfn")}
	maps.Copy(spec, more)
	return spec
}

func TestLifeOfAFunction(t *testing.T) {
	topologies(t, func(t *testing.T, s *stack) {
		c := s.project("alpha")
		fn := c.json(http.MethodPost, "/v2/functions", testfn(t, "life", nil), http.StatusCreated)
		id := fn["id"].(string)
		require.Contains(t, fn["image_digest"], "sha256:")

		c.create(testfn(t, "talker", nil))
		logged := c.invoke("talker", "log 3\n")
		require.Equal(t, 3, strings.Count(c.log(logged.Header.Get("Picasso-Execution-Id")), "\n"))

		cold := c.invoke(id, "count\n")
		require.Equal(t, http.StatusOK, cold.Status, "%s", cold.Body)
		instance, n, _ := strings.Cut(string(cold.Body), " ")
		require.Equal(t, "1", n)
		hot := c.invoke("default:life", "count\n")
		require.Equal(t, instance+" 2", string(hot.Body), "the same sandbox")
		require.NotZero(t, c.execution(cold)["cold_start_ms"])
		require.Zero(t, c.execution(hot)["cold_start_ms"])
		require.Equal(t, "succeeded", c.execution(hot)["status"])

		c.json(http.MethodPatch, "/v2/functions/life", map[string]any{"config": map[string]string{"COLOUR": "blue"}}, http.StatusOK)
		changed := c.invoke("life", "env\n")
		require.Contains(t, string(changed.Body), "COLOUR=blue\n")

		c.json(http.MethodDelete, "/v2/functions/life", nil, http.StatusNoContent)
		wantProblem(t, c.invoke("life", "count\n"), http.StatusNotFound, "not_found", "life")
		require.Equal(t, http.StatusOK, c.do(http.MethodGet, "/v2/executions/"+hot.Header.Get("Picasso-Execution-Id"), nil).Status,
			"executions outlive their function")
	})
}

func TestBodiesGoThroughByteForByte(t *testing.T) {
	const limit = 6 << 20
	topologies(t, func(t *testing.T, s *stack) {
		c := s.project("alpha")
		fn := c.create(testfn(t, "echo", map[string]any{"command": []string{"echo"}}))
		web := c.create(testfn(t, "web", map[string]any{"command": []string{"echo"}, "contract": "web"}))
		cat := c.create(testfn(t, "cat", map[string]any{"command": []string{"echo"}, "contract": "stdio"}))
		for _, size := range []int{0, 1, 4096, 64 << 10, 64<<10 + 1, limit} {
			body := make([]byte, size)
			_, _ = rand.Read(body)
			for name, id := range map[string]string{"fn": fn, "web": web, "stdio": cat} {
				a := c.do(http.MethodPost, "/v2/functions/"+id+"/invoke", bytes.NewReader(body))
				require.Equal(t, http.StatusOK, a.Status, "%s, %d bytes: %.300s", name, size, a.Body)
				require.True(t, bytes.Equal(body, a.Body), "%s, %d bytes", name, size)
				chunked := c.do(http.MethodPost, "/v2/functions/"+id+"/invoke", io.MultiReader(bytes.NewReader(body)))
				require.True(t, bytes.Equal(body, chunked.Body), "%s, %d bytes, chunked: %d %.300s", name, size, chunked.Status, chunked.Body)
			}
		}
		over := make([]byte, limit+1)
		for _, id := range []string{fn, web, cat} {
			wantProblem(t, c.do(http.MethodPost, "/v2/functions/"+id+"/invoke", bytes.NewReader(over)), http.StatusRequestEntityTooLarge, "too_large")
			a, err := c.try(http.MethodPost, "/v2/functions/"+id+"/invoke", io.MultiReader(bytes.NewReader(over)))
			if err == nil { // an echo has begun to answer before the limit is reached: then the answer is cut
				require.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
			}
			require.Equal(t, "ok", string(c.do(http.MethodPost, "/v2/functions/"+id+"/invoke", strings.NewReader("ok")).Body), "the next call")
		}
	})
}

func TestFunctionURL(t *testing.T) {
	topologies(t, func(t *testing.T, s *stack) {
		c := s.project("alpha")
		for _, contract := range []string{"fn", "web"} {
			id := c.create(testfn(t, contract, map[string]any{"contract": contract, "public": true}))
			a := c.do(http.MethodDelete, "/f/"+id+"/x/y?do=status&arg=409", nil)
			require.Equal(t, http.StatusConflict, a.Status)
			require.Equal(t, "status", a.Header.Get("X-Testfn"))
			require.Equal(t, "status 409", string(a.Body))

			a = c.do(http.MethodPut, "/f/"+id+"/a%2Fb//c?do=request&q=%20x", strings.NewReader("body"), func(r *http.Request) {
				r.Header.Set("X-Custom", "yes")
				r.Header.Set("X-Auth-Token", "secret-of-the-caller")
			})
			require.NotContains(t, string(a.Body), "secret-of-the-caller")
			long := c.do(http.MethodGet, "/f/"+id+"/"+strings.Repeat("x", 50_000)+"?do=count", nil)
			require.Equal(t, http.StatusOK, long.Status, "%.300s", long.Body)
			var seen struct {
				Method, URL, Body string
				Headers           http.Header
			}
			require.NoError(t, json.Unmarshal(a.Body, &seen), "%s", a.Body)
			require.Equal(t, "PUT", seen.Method)
			require.Contains(t, seen.URL, "/a%2Fb//c?do=request&q=%20x")
			require.Equal(t, "body", seen.Body)
			require.Equal(t, "yes", seen.Headers.Get("X-Custom"))
		}
	})
}

func TestThirdPartyFunctions(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{})
	c := s.project("alpha")
	t.Run("published FDK for Node", func(t *testing.T) {
		c.create(map[string]any{"name": "node", "image": functest.Image(t, "node"), "memory_mb": 256})
		a := c.invoke("node", `{"name":"Ada"}`)
		require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		require.Contains(t, string(a.Body), "Ada")
		failed := c.invoke("node", `{"fail":true}`)
		wantProblem(t, failed, http.StatusBadGateway, "function_failed")
		require.Contains(t, string(c.invoke("node", `{"name":"Bob"}`).Body), "Bob", "a failed call does no harm")
	})
	t.Run("busybox httpd", func(t *testing.T) {
		id := c.create(map[string]any{"name": "httpd", "image": functest.Image(t, "busybox"), "contract": "web", "public": true})
		require.Equal(t, http.StatusOK, c.do(http.MethodGet, "/f/"+id+"/", nil).Status)
		a := c.do(http.MethodPost, "/f/"+id+"/cgi-bin/echo", strings.NewReader("through cgi"))
		require.Equal(t, "through cgi", string(a.Body))
		require.Equal(t, "POST", a.Header.Get("X-Method"))
		require.Equal(t, http.StatusNotFound, c.do(http.MethodGet, "/f/"+id+"/nothing", nil).Status)
	})
	t.Run("sha256sum and jq", func(t *testing.T) {
		image := functest.Image(t, "debian")
		c.create(map[string]any{"name": "sum", "image": image, "contract": "stdio"})
		require.Equal(t, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824  -\n", string(c.invoke("sum", "hello").Body))
		c.create(map[string]any{"name": "jq", "image": image, "contract": "stdio", "command": []string{"jq", "-c", ".a"}})
		require.Equal(t, "[1,2]\n", string(c.invoke("jq", `{"a":[1,2]}`).Body))
		wantProblem(t, c.invoke("jq", "not json"), http.StatusBadGateway, "function_failed", "exit", "parse error")
	})
}
