package e2e

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

const pluginDir = "../python-picassoclient"

// oscStack runs Picasso, and returns the environment in which the real openstack
// client has the plugin and finds it, as alice.
func oscStack(t *testing.T) (s *stack, vars []string) {
	t.Helper()
	for _, image := range []string{"hello", "echo", "debian", "thumbnail", "iron"} {
		functest.Image(t, image)
	}
	s = eventStack(t, "")
	out, err := exec.Command("/usr/bin/python3", pluginDir+"/install.py", s.dir+"/python").CombinedOutput()
	require.NoError(t, err, "%s", out)
	vars = []string{
		"PYTHONPATH=" + s.dir + "/python", "XDG_CACHE_HOME=" + s.dir + "/cache", "LC_ALL=C.UTF-8", "DIR=" + s.dir,
		"OS_FUNCTIONS_ENDPOINT_OVERRIDE=" + s.url,
	}
	return s, append(vars, environ(openrc(t, s.env, "alpha"))...)
}

// environ writes variables as processes have them.
func environ(values map[string]string) (list []string) {
	for name, value := range values {
		list = append(list, name+"="+value)
	}
	return list
}

// TestOpenStackClient is the plugin in the real openstack client against the real Keystone.
func TestOpenStackClient(t *testing.T) {
	s, environ := oscStack(t)
	t.Run("readme", func(t *testing.T) { oscReadme(t, s, environ) }) // first: it lists all there is
	t.Run("life", func(t *testing.T) { oscLife(t, s, environ) })
	t.Run("debug", func(t *testing.T) { oscDebug(t, s, environ) })
	t.Run("invoke", func(t *testing.T) { oscInvoke(t, s, environ) })
	t.Run("follow", func(t *testing.T) { oscFollow(t, s, environ) })
	t.Run("hosts", func(t *testing.T) { oscHosts(t, s, environ) })
	t.Run("version 1", func(t *testing.T) { oscVersion1(t, s, environ) })
	t.Run("help", func(t *testing.T) { oscHelp(t, s, environ) })
}

// oscReadme runs what the README of the plugin shows, commands and Python.
func oscReadme(t *testing.T, s *stack, environ []string) {
	text, err := os.ReadFile(pluginDir + "/README.md")
	require.NoError(t, err)
	swift := s.swift(t, "alpha")
	empty := func() { swift.remove("pictures", "small") }
	empty()
	t.Cleanup(empty)
	require.Greater(t, s.tour(string(text), environ...), 20)

	code := "import picassoclient.v2.client\npicassoclient.v2.client.PAGE_SIZE = 1\n"
	for _, block := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		code += block[1]
	}
	writeFile(t, s.dir, "example.py", "%s", code)
	require.Equal(t, "Hello, Ada!\nHello, Grace!\nHello, Linus!\nsucceeded\nsucceeded\nSuccessfully listed applications\n",
		s.shell("/usr/bin/python3 $DIR/example.py", environ))
}

// session runs commands of openstack, one a line, in one process: most of a command's time is that of
// starting. It returns what they print. Quotes are taken off twice there (cliff 4.0).
func (s *stack) session(t *testing.T, environ []string, commands string) string {
	t.Helper()
	writeFile(t, s.dir, "commands", "%s", commands)
	return s.shell("openstack < $DIR/commands 2>&1 | sed 's/^(openstack) //'", environ)
}

// oscLife is every other command, on an app, a function, a trigger and an execution from beginning to end.
func oscLife(t *testing.T, s *stack, environ []string) {
	image := functest.Image(t, "testfn")
	writeFile(t, s.dir, "crash", "crash 3")
	out := s.session(t, environ, `function app create life --description old -f value -c name
function app set life --config A=1 --config B=2 --description new
function app show life -f value -c config -c description
function app unset life --config A --description
function limits show -f value -c max_page_size -c project_concurrency
function app list --name life --long -f csv -c Name -c Description -c Config -c Enabled
function create f --app life --image `+image+` --timeout 1m --max-attempts 1 -f yaml -c timeout_s -c max_attempts
function create a --app life --image `+image+` -f value -c name
function unset life:f --timeout
function set life:f --description hello
function list --app life --sort-column Name -f csv -c Name -c Timeout -c Description --long
function invoke life:f -d @`+s.dir+`/crash --async --wait -f value -c status
function trigger create tick --function life:f --every 1d --input x -f value -c type -c every_s
function trigger create bad --function life:f --container c --prefix a
function trigger set tick --every 2d --name tock
function trigger disable tock
function trigger list --function life:f --long -f csv -c Name -c Type -c Enabled -c When -c Runs
function trigger enable tock
function trigger show tock -f json -c enabled -c every_s
function trigger delete tock tick
`)
	for _, want := range []string{
		"\nlife\n", "\n1000\n0\n", "\nnew\n{'A': '1', 'B': '2'}\n", `"Name","Description","Enabled","Config"` + "\n" + `"life","",True,"{'B': '2'}"` + "\n",
		"\ntimeout_s: 60\nmax_attempts: 1\n", `"Name","Description","Timeout"` + "\n" + `"a","",30` + "\n" + `"f","hello",30` + "\n",
		"\nfailed\n", "the execution ended as failed: Function died during the call: ", "\nschedule\n86400\nargument --prefix: is for -f shell; of objects it is --object-prefix\n",
		`"Name","Type","Enabled","When","Runs"` + "\n" + `"tock","schedule",False,"every 172800 s",0` + "\n",
		"\"enabled\": true,\n  \"every_s\": 172800\n",
		"Failed to delete trigger 'tick': trigger \"tick\" not found (HTTP 404)", "1 of 2 triggers failed to delete.",
	} {
		require.Contains(t, "\n"+out, want)
	}
	id := strings.TrimSpace(s.shell("openstack function execution list --function life:f --status failed -f value -c ID", environ))
	out = s.session(t, environ, strings.ReplaceAll(`function execution show ID -f yaml -c status -c attempt -c function
function execution log show ID
function execution result show ID
function execution redrive ID -f csv
function execution redrive ID
function execution redrive --function life:f --since 1h -f value
function execution cancel ID
function execution list --function life:f --long -f value -c Status -c Attempt -c Function
function delete life:f life:a
function app delete life
`, "ID", id))
	for _, want := range []string{
		"\nfunction: f\nstatus: failed\nattempt: 1\n", `"ID"` + "\n\"", "(HTTP 409)", "execution \"" + id + "\"", "\nf failed 1\n",
	} {
		require.Contains(t, "\n"+out, want)
	}
	require.NotContains(t, s.session(t, environ, "function app list -f value -c Name\nfunction list -f value -c Name\n"), "life")
}

// oscDebug shows that --debug tells of every request, and nothing of what is in it, in a
// session of several commands.
func oscDebug(t *testing.T, s *stack, environ []string) {
	for name, content := range map[string]string{"env": "PASSWORD=hush environment\n", "secret": "hush, this is a secret", "input": "hush input"} {
		writeFile(t, s.dir, name, "%s", content)
	}
	writeFile(t, s.dir, "session", "%s", strings.ReplaceAll(`function create quiet --image picasso/echo --contract web --config @DIR/env
function show quiet
function trigger create quiet --function quiet --auth hmac --secret @DIR/secret
function trigger set quiet --secret @DIR/secret
function trigger create made --function quiet --auth token -f value -c secret
function invoke quiet -d @DIR/input
`, "DIR", s.dir))
	shown := s.shell("openstack --debug < $DIR/session 2>&1 >$DIR/output", environ)
	for _, want := range []string{
		"POST /v2/functions", "GET /v2/functions/quiet", "POST /v2/triggers", "PATCH /v2/triggers/quiet", "POST /v2/functions/quiet/invoke",
	} {
		require.Contains(t, shown, "REQ: "+want+"\n")
	}
	require.Len(t, regexp.MustCompile(`RESP: \[20\d\] req-`).FindAllString(shown, -1), 6)
	made := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(s.shell("cat $DIR/output", environ))
	require.NotEmpty(t, made)
	require.NotContains(t, shown, made)
	for _, secret := range []string{"hush", "gAAAAA", openrc(t, s.env, "alpha")["OS_PASSWORD"]} { // Fernet tokens begin so
		require.NotContains(t, shown, secret)
	}
	require.Contains(t, s.shell("cat $DIR/output", environ), "hush input")
}

// oscInvoke is about input, answers and failures, which come and go as they are.
func oscInvoke(t *testing.T, s *stack, environ []string) {
	c := s.withToken(keystonetest.Token(t, "alpha")).in(t)
	c.create(testfn(t, "web", map[string]any{"contract": "web"}))
	require.Equal(t, "0\n", s.shell(`(echo echo; head -c 300000 /dev/urandom) > $DIR/in
openstack function invoke web < $DIR/in > $DIR/out; echo $?; tail -c +6 $DIR/in | cmp - $DIR/out`, environ))
	require.Regexp(t, `the function answered HTTP 418 \(Execution-ID: \S+\)\n1\n$`,
		s.shell("openstack function invoke web -d 'status 418'; echo $?", environ))
	require.Regexp(t, `it ended with exit code 3.*\(HTTP 502\) \(Request-ID: req-\S+\) \(Execution-ID: \S+\)\n1\n$`,
		s.shell("openstack function invoke web -d 'crash 3'; echo $?", environ))
	require.Regexp(t, `failed\nthe execution ended as failed: .*exit code 3.*\(Execution-ID: \S+\)\n1\n$`,
		s.shell("openstack function invoke web -d 'crash 3' --async --wait -f value -c status; echo $?", environ))
}

// oscFollow reads the log of an execution that ends only after its first line was read.
func oscFollow(t *testing.T, s *stack, environ []string) {
	c := s.withToken(keystonetest.Token(t, "alpha")).in(t)
	c.create(testfn(t, "talks", map[string]any{"contract": "stdio", "image": functest.Image(t, "debian"),
		"entrypoint": []string{"sh", "-c", "echo first >&2; sleep 600"}, "timeout_s": 600}))
	id := c.async("talks", "\n")["id"].(string)
	ctx, cancel := context.WithTimeout(t.Context(), waitLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openstack", "function", "execution", "log", "show", "--follow", id)
	cmd.Env = append(os.Environ(), environ...)
	log, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(log)
	require.True(t, lines.Scan())
	require.Equal(t, "first", lines.Text())
	require.Empty(t, s.shell("openstack function execution cancel "+id, environ))
	require.False(t, lines.Scan(), lines.Text())
	require.NoError(t, cmd.Wait())
}

// oscHosts is what operators do with compute hosts.
func oscHosts(t *testing.T, s *stack, vars []string) {
	admin := append(vars, environ(openrc(t, s.env, "admin"))...)
	out := s.session(t, admin, strings.ReplaceAll(`function host list -f value -c Name -c State
function host set HOST --disable --reason '"a fan is broken"'
function host show HOST -f value -c disabled_reason -c state
function host set HOST --enable
function host delete HOST
`, "HOST", s.host))
	require.Regexp(t, `(?s)^`+s.host+` up\ndraining\na fan is broken\nFailed to delete host '`+s.host+`': .*\(HTTP 409\)`, strings.TrimLeft(out, "\n"))
	require.Contains(t, s.shell("OS_FUNCTIONS_API_VERSION=2.0 openstack function host list", vars), "(HTTP 403)")
}

// oscVersion1 is what the functional tests of the first Picasso did, with its commands.
func oscVersion1(t *testing.T, s *stack, environ []string) {
	alice := s.withToken(keystonetest.Token(t, "alpha")).in(t)
	project := alice.json(http.MethodGet, "/v2/limits", nil, http.StatusOK)["project_id"].(string)
	environ = slices.Concat(environ, []string{"OS_FUNCTIONS_API_VERSION=1"})
	app := "first-" + project
	session := func(commands string, wants ...string) {
		t.Helper()
		fill := strings.NewReplacer("APP", app, "IMAGE", functest.Image(t, "iron"), "PROJECT", project, "URL", s.url).Replace
		out := "\n" + s.session(t, environ, fill(commands))
		for _, want := range wants {
			require.Contains(t, out, fill(want))
		}
	}
	session(`fn apps create first --config '"{\"max-size\": 3}"' -f json -c name -c config
fn apps create first
fn apps list -f csv
fn apps update APP '"{\"A\": \"a\"}"' -f value -c config
fn apps show APP -f value -c config -c project_id
fn routes create APP /x sync IMAGE --memory 64 --timeout 20 --max-concurrency 2 --config '"{\"B\": \"b\"}"'
fn routes create APP /x async IMAGE
fn routes create APP open sync IMAGE --is-public -f value -c is_public
fn routes list APP --sort-column path -f csv
fn routes execute APP /x --data '"{\"name\": \"Ada\"}"' -f value
fn routes execute APP /open -f value -c message
fn routes execute APP /x --supply-auth-properties
fn routes expose-url APP /x
fn routes expose-url APP open
fn apps delete APP
`, "\n  \"name\": \"APP\",\n  \"config\": {\n    \"MAX_SIZE\": \"3\"\n  }\n", "App APP already exists (HTTP 409)",
		"\n\"name\",\"config\",\"description\"\n", "\n\"APP\",\"{'MAX_SIZE': '3'}\",\"\"\n", "\n{'A': 'a'}\n{'A': 'a'}\nPROJECT\n",
		"| max_concurrency | 2 ", "App APP route /x already exist (HTTP 409)", "\nTrue\n\"type\",\"path\",\"image\",\"memory\",\"timeout\"",
		"\n\"sync\",\"/open\",\"IMAGE\",128,30,1,True\n\"sync\",\"/x\",\"IMAGE\",64,20,2,False\n",
		"\nApp APP sync route /x execution finished\nHello, Ada!\n", "\nApp APP sync route /open execution finished\n",
		"function set APP:x --delegate-role", "\nURL/v1/r/PROJECT/APP/x\nURL/r/APP/open\n",
		"Unable to delete app APP with routes (HTTP 403)")

	t.Run("public", func(t *testing.T) { oscPublicRoute(t, s, app) })
	t.Run("format http", func(t *testing.T) { oscHTTPRoute(alice.in(t), project, app) })
	t.Run("another project", func(t *testing.T) {
		bob := s.withToken(keystonetest.Token(t, "beta")).in(t)
		require.Contains(t, bob.json(http.MethodGet, "/v1/"+project+"/apps/"+app, nil, http.StatusNotFound), "error")
		require.Contains(t, bob.json(http.MethodPost, "/v1/r/"+project+"/"+app+"/x", nil, http.StatusNotFound), "error")
	})

	session(`fn routes update APP /x --type async --timeout 40 -f value -c type -c timeout -c memory
fn routes update APP /x
fn routes execute APP /x -f json
fn routes delete APP x
fn routes show APP /x
fn routes show APP open -f value -c path
fn routes delete APP /open
fn apps delete APP
fn apps show APP
`, "\nasync\n64\n40\n", "nothing to change", "\n{}\n", "Route /x not found (HTTP 404)", "\n/open\n", "App APP not found (HTTP 404)")
}

// oscPublicRoute calls without a token what is public, and what is not.
func oscPublicRoute(t *testing.T, s *stack, app string) {
	nobody := s.withToken("").in(t)
	greeted := nobody.json(http.MethodPost, "/r/"+app+"/open", map[string]any{"name": "Grace"}, http.StatusOK)
	require.Equal(t, "Hello, Grace!\n", greeted["result"])
	refused := nobody.json(http.MethodPost, "/r/"+app+"/x", nil, http.StatusForbidden)
	require.Equal(t, map[string]any{"error": map[string]any{"message": "Unable to execute private route /x"}}, refused)
}

// oscHTTPRoute calls a route of format http twice, in one sandbox.
func oscHTTPRoute(c *caller, project, app string) {
	c.json(http.MethodPut, "/v1/"+project+"/apps/"+app+"/routes/x", map[string]any{"format": "http"}, http.StatusOK)
	for _, name := range []string{"Ada", "Linus"} {
		a := c.post("/v1/r/"+project+"/"+app+"/x", map[string]any{"name": name})
		require.Equal(c.t, "Hello, "+name+"!\n", a.object(c.t)["result"])
		require.Equal(c.t, name == "Ada", c.execution(a)["cold_start_ms"].(float64) > 0)
	}
}

func oscHelp(t *testing.T, s *stack, environ []string) {
	require.Contains(t, s.shell("openstack help function trigger create", environ), "\nExamples:\n"+
		"  openstack function trigger create thumb --container photos --object-suffix .jpg --function thumbnail\n  openstack")
	require.Contains(t, s.shell("openstack complete", environ), "cmds_function_execution_log='show'")
}

// TestPythonUnits runs the unit tests of the plugin.
func TestPythonUnits(t *testing.T) {
	dir, err := filepath.Abs(pluginDir)
	require.NoError(t, err)
	cmd := exec.Command("/usr/bin/python3", "-m", "unittest")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "\nOK\n")
}
