package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// devstack is a node on which the plugin's phases run, in the cloud of a stack:
// devstack/test/run says what of DevStack is replaced there.
type devstack struct {
	*stack
	t    *testing.T
	work string
	node string // its address
	host string // among Picasso's hosts
}

// controller is the address of the node with the API.
const controller = "127.0.0.1"

// newDevStack is a node of a DevStack in the cloud of a stack.
func newDevStack(t *testing.T, s *stack, node, host string) *devstack {
	d := &devstack{stack: s, t: t, work: filepath.Join(s.dir, host), node: node, host: host}
	t.Cleanup(func() { d.run("unstack") })
	return d
}

// tryDevStack has the plugin set up a Picasso of its own in the cloud that the stack has
// for itself: functions are called and Swift triggers them, by what the plugin configured.
// Then it is gone.
func tryDevStack(t *testing.T, s *stack) {
	functest.Image(t, "hello")
	functest.Image(t, "echo")
	d := newDevStack(t, s, controller, "devstack-"+s.host)
	d.sh(t, "admin", "openstack service delete functions") // it is the plugin that puts it into the catalog
	d.configuredByOthers()
	d.run("stack")
	d.toldByOthers()
	d.called()
	d.oneMoreNode()
	d.triggered()
	d.leaves()
	require.NotContains(t, d.shell(`ss -ltnH; "$CLOUD_DIR/rabbitmqctl" -q list_queues name`), "devstack")
	require.Empty(t, d.shell(`ss -ltnH '( sport = 10001 or sport = 10002 or sport = 10003 or sport = 10004 )'`))
}

// leaves takes the plugin off the node, with all it made there.
func (d *devstack) leaves() {
	d.t.Helper()
	d.run("unstack", "clean")
	require.NoFileExists(d.t, d.work+"/etc/picasso")
	require.NoFileExists(d.t, d.work+"/bin/picasso")
	require.Empty(d.t, d.labelled("picasso.host="+d.host), "containers")
}

// run runs phases of the plugin.
func (d *devstack) run(modes ...string) {
	d.t.Helper()
	cmd := d.command("../../devstack/test/run", modes...)
	cmd.Env = append(cmd.Environ(), "CLOUD_DIR="+d.env.Dir, "WORK="+d.work, "BIN="+binDir,
		"NODE="+d.node, "CONTROLLER="+controller, "PICASSO_QUEUE=devstack")
	if out, err := cmd.CombinedOutput(); err != nil {
		logs, _ := exec.Command("tail", "-n", "20", d.work+"/picasso-api.log", d.work+"/picasso-engine.log", d.work+"/picasso-trigger.log").CombinedOutput()
		d.t.Fatalf("%v: %v\n%s\n%s", modes, err, out, logs)
	}
}

// shell is what alice does on a node of this DevStack.
func (d *devstack) shell(script string) string {
	d.t.Helper()
	return d.as("alpha", script)
}

func (d *devstack) as(account, script string) string {
	d.t.Helper()
	return d.sh(d.t, account, `export WORK='`+d.work+`' PATH='`+d.work+`/bin':$PATH PYTHONPATH='`+d.work+`/python'; `+script)
}

// configuredByOthers leaves the files of other services as DevStack has them before post-config;
// those of Swift and Ceilometer are the real ones, Swift's without Ceilometer's middleware.
func (d *devstack) configuredByOthers() {
	etc := d.work + "/etc/"
	for _, name := range []string{"keystone.conf", "aodh.conf", "nova/nova.conf", "nova/nova_cell1.conf", "swift/proxy-server.conf", "ceilometer/event_pipeline.yaml"} {
		require.NoError(d.t, os.MkdirAll(filepath.Dir(etc+name), 0o755))
		writeFile(d.t, etc, name, "[DEFAULT]\ndebug = True\n")
	}
	d.shell(`cd "$WORK/etc"
cp /usr/lib/python3/dist-packages/ceilometer/pipeline/data/event_*.yaml ceilometer
sed '/^\[filter:ceilometer\]/,/^\[filter:catch/{/^\[filter:catch/!d}; s/ ceilometer / /' "$CLOUD_DIR/etc/swift/proxy-server.conf" >swift/proxy-server.conf`)
}

// toldByOthers checks what the plugin wrote into those files.
func (d *devstack) toldByOthers() {
	t := d.t
	for _, name := range []string{"keystone.conf", "aodh.conf", "nova/nova.conf", "nova/nova_cell1.conf"} {
		require.Contains(t, d.file("etc/"+name), "[oslo_messaging_notifications]\ndriver = messagingv2\ntransport_url = "+d.env.TransportURL+"\n", name)
	}
	require.Contains(t, d.file("etc/nova/nova_cell1.conf"), "[notifications]\nnotify_on_state_change = vm_and_task_state\n")

	swift := d.file("etc/swift/proxy-server.conf")
	real, err := os.ReadFile(d.env.Dir + "/etc/swift/proxy-server.conf")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(section(string(real), "[filter:ceilometer]"), "log_level = WARNING\n", "", 1), section(swift, "[filter:ceilometer]"),
		"the middleware is as that of the cloud, by which Swift triggers functions")
	require.Equal(t, strings.Fields(section(string(real), "[pipeline:main]")), strings.Fields(section(swift, "[pipeline:main]")))

	require.Contains(t, d.file("etc/ceilometer/event_pipeline.yaml"), "          - notifier://?topic=alarm.all\n          - notifier://\n")
	message, err := filepath.Abs("../../triggers/oslomsg/testdata/swift-object-put.json")
	require.NoError(t, err)
	traits := d.shell("/usr/bin/python3 - ceilometer/event_definitions.yaml " + message + " <<'E' | tail -n 1\n" + readTraits + "E")
	require.Equal(t, "container project_id", traits, "what alarms of Aodh need, by Ceilometer's own code")
}

// readTraits prints those traits of a notification that alarms are found and matched by.
const readTraits = `
import json, os, sys
from ceilometer import service
from ceilometer.event import converter
conf = service.prepare_service(argv=[], config_files=[])
conf.set_override('definitions_cfg_file', os.environ['WORK'] + '/etc/' + sys.argv[1], group='event')
body = json.loads(json.load(open(sys.argv[2]))['oslo.message'])
body['metadata'] = {key: body[key] for key in ('message_id', 'timestamp')}  # as Ceilometer's listener does
traits = {t.name: t.value for t in converter.setup_events(conf, None).to_event('info', body).traits}
assert traits['project_id'] == body['payload']['initiator']['project_id']
assert traits['target_metadata_container'] == body['payload']['target']['metadata']['container']
print('container', 'project_id')
`

func (d *devstack) file(name string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.work, name))
	require.NoError(d.t, err)
	return string(text)
}

// section is one of an INI file, without its header.
func section(text, header string) string {
	_, after, _ := strings.Cut(text, header+"\n")
	body, _, _ := strings.Cut(after, "\n[")
	return strings.TrimSpace(body) + "\n"
}

// called calls a function that is found by the catalog, with both clients.
func (d *devstack) called() {
	require.Equal(d.t, "hello", d.shell("picasso function create hello --image picasso/hello -f value -c name"))
	require.Equal(d.t, "Hello, Ada!", d.shell("picasso function invoke hello -d Ada"))
	require.Equal(d.t, "Hello, Grace!", d.shell("openstack function invoke hello -d Grace"))
}

// oneMoreNode adds a node with an engine alone, which takes the calls when the first one must not.
func (d *devstack) oneMoreNode() {
	second := newDevStack(d.t, d.stack, "127.0.0.2", d.host+"-2")
	second.run("stack")
	for _, option := range []string{"connection", "transport_url", "region"} {
		require.NotContains(d.t, second.file("etc/picasso/picasso.conf"), "\n"+option+" = ")
	}
	require.NoFileExists(d.t, second.work+"/picasso-api.pid")
	require.NoFileExists(d.t, second.work+"/picasso-trigger.pid")
	d.as("admin", `until [ "$(picasso host show `+second.host+` -f value -c state)" = up ]; do sleep 0.2; done
picasso host set `+d.host+` --disable`)
	require.Eventually(d.t, func() bool {
		return d.shell("picasso function invoke hello -d Ada") == "Hello, Ada!" &&
			d.shell("picasso execution list --long -f value -c Host --limit 1") == second.host
	}, waitLong, waitStep)
	d.as("admin", "picasso host set "+d.host+" --enable")
	second.leaves()
	d.as("admin", `until [ "$(picasso host show `+second.host+` -f value -c state)" = down ]; do sleep 0.2; done`)
}

// triggered uploads until a trigger fires on it: Swift's notifications reach the queue of the plugin.
func (d *devstack) triggered() {
	d.shell(`swift post devstack
picasso function create echo --image picasso/echo --contract web -f value -c name
picasso trigger create uploads --type swift --container devstack --function echo -f value -c name`)
	d.stack.file(d.t, "probe", 1)
	require.Eventually(d.t, func() bool {
		return d.shell(`swift -q upload devstack probe; picasso execution list --function echo -f value -c Status`) != ""
	}, waitLong, time.Second)
	d.shell(`swift -q delete devstack; picasso function delete hello echo`)
}
