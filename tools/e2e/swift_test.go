package e2e

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// container makes a container of the account that goes with the test.
func (s *stack) container(t *testing.T, account, name string) {
	t.Helper()
	s.sh(t, account, "swift post "+name)
	t.Cleanup(func() { _, _ = s.try(account, "swift delete "+name+" "+name+"_segments") })
}

// heard uploads probes until the trigger has fired on one: it is in effect now.
func (s *stack) heard(t *testing.T, c *caller, account, trigger, container string) {
	t.Helper()
	s.file(t, "probe", 1)
	require.Eventually(t, func() bool {
		s.sh(t, account, "swift -q upload "+container+" probe")
		return len(c.fired(trigger)) > 0
	}, waitLong, waitStep)
}

// object is the data of a Swift event.
func object(t *testing.T, event map[string]any) map[string]any {
	t.Helper()
	data, ok := event["data"].(map[string]any)
	require.True(t, ok, "%v", event)
	return data
}

// TestSwift is every operation on objects with the real client and the real
// middleware where its documentation puts it: last in the pipeline.
func TestSwift(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	alice.echo("echo", nil)
	box := "box-" + s.host
	s.container(t, "alpha", box)
	all := alice.trigger("all", "echo", "swift", map[string]any{"container": box, "events": []string{"created", "copied", "deleted", "metadata"}})
	jpg := alice.trigger("jpg", "echo", "swift", map[string]any{"container": box, "prefix": "in/", "suffix": ".jpg"})
	s.heard(t, alice, "alpha", all, box)
	s.file(t, "file", 11)
	s.file(t, "large", 3<<20)

	t.Run("upload", func(t *testing.T) {
		s.sh(t, "alpha", "swift upload "+box+" file --object-name dir/plain.txt -H 'Content-Type: text/x-mine'")
		event := alice.in(t).event(all, box+"/dir/plain.txt", 1)
		require.Equal(t, "org.openstack.objectstore.object.created", event["type"])
		data := object(t, event)
		require.Equal(t, box, data["container"])
		require.Equal(t, "dir/plain.txt", data["object"])
		require.EqualValues(t, 11, data["size"])
		require.Equal(t, "text/x-mine", data["content_type"])
		require.Equal(t, fmt.Sprintf("%x", md5.Sum([]byte(strings.Repeat("x", 11)))), data["etag"])
		require.NotEmpty(t, data["time"])
		require.NotEmpty(t, data["initiator"])
	})
	t.Run("names", func(t *testing.T) {
		for _, name := range []string{"a b.txt", "100%.txt", "naïve/ü+ñ%20.txt", "日本.txt", "a//b", "q?x=1#y.txt"} {
			s.sh(t, "alpha", "swift upload "+box+" file --object-name '"+name+"'")
			require.Equal(t, name, object(t, alice.in(t).event(all, box+"/"+name, 1))["object"])
		}
	})
	t.Run("overwrite, metadata, delete", func(t *testing.T) {
		for n := range 2 {
			s.sh(t, "alpha", "swift upload "+box+" file --object-name twice")
			require.Equal(t, "created", object(t, alice.in(t).event(all, box+"/twice", n+1))["operation"])
		}
		s.sh(t, "alpha", "swift post "+box+" twice -m colour:blue")
		require.Equal(t, "metadata", object(t, alice.in(t).event(all, box+"/twice", 3))["operation"])
		s.sh(t, "alpha", "swift delete "+box+" twice")
		require.Equal(t, "deleted", object(t, alice.in(t).event(all, box+"/twice", 4))["operation"])
	})
	t.Run("large objects", func(t *testing.T) {
		for kind, flag := range map[string]string{"slo": "--use-slo", "dlo": ""} {
			s.sh(t, "alpha", "swift upload "+box+" large --object-name "+kind+" -S 1048576 "+flag)
			require.EqualValues(t, 3<<20, object(t, alice.in(t).event(all, box+"/"+kind, 1))["size"], kind)
		}
		s.file(t, "nothing", 0)
		s.sh(t, "alpha", "swift upload "+box+" nothing --object-name empty")
		require.EqualValues(t, 0, object(t, alice.in(t).event(all, box+"/empty", 1))["size"])
	})
	t.Run("temporary URL", func(t *testing.T) {
		s.sh(t, "alpha", `swift post -m Temp-URL-Key:secret
			url=$(swift stat -v | sed -n 's/^ *StorageURL: //p'); at=/v1/${url##*/}/`+box+`/tempurl
			curl -fsS -T file "${url%/v1/*}$(swift tempurl PUT 600 "$at" secret)"`)
		data := object(t, alice.in(t).event(all, box+"/tempurl", 1))
		require.Nil(t, data["initiator"], "nobody's token: %v", data)
	})
	t.Run("prefix and suffix", func(t *testing.T) {
		for _, name := range []string{"in/1.png", "out/1.jpg", "in/1.jpg"} {
			s.sh(t, "alpha", "swift upload "+box+" file --object-name "+name)
		}
		alice.in(t).event(jpg, box+"/in/1.jpg", 1)
		alice.in(t).event(all, box+"/in/1.png", 1)
		require.Len(t, alice.in(t).fired(jpg), 1)
	})
	t.Run("what fails invokes nothing", func(t *testing.T) { swiftRefusals(t, s, alice, all, box) })
	t.Run("another project with a container of that name", func(t *testing.T) {
		bob := s.withToken(keystonetest.Token(t, "beta")).in(t)
		bob.echo("echo", nil)
		s.container(t, "beta", box)
		bobs := bob.trigger("all", "echo", "swift", map[string]any{"container": box})
		s.heard(t, bob, "beta", bobs, box)
		before := len(alice.in(t).fired(all))
		s.sh(t, "beta", "swift upload "+box+" file --object-name bobs")
		bob.event(bobs, box+"/bobs", 1)
		s.sh(t, "alpha", "swift upload "+box+" file --object-name alices")
		alice.in(t).event(all, box+"/alices", 1)
		require.Len(t, alice.in(t).fired(all), before+1)
		for _, e := range bob.fired(bobs) {
			require.NotEqual(t, box+"/alices", e["subject"])
		}
	})
}

// TestSwiftFilterFirst is what the middleware reports only where it stands before
// authtoken: copies, and what comes by the S3 API.
func TestSwiftFilterFirst(t *testing.T) {
	cloudtest.Need(t, "swift_first")
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	alice.echo("echo", nil)
	box := "first-" + s.host
	s.container(t, "alpha", box)
	trigger := alice.trigger("first", "echo", "swift", map[string]any{"container": box, "events": []string{"created", "copied", "deleted"}})
	s.heard(t, alice, "alpha", trigger, box)
	s.file(t, "file", 11)
	s.file(t, "large", 3<<20)
	const first = `url=$(swift stat -v | sed -n 's/^ *StorageURL: //p'); first=http://198.51.100.1:8081; export OS_STORAGE_URL=$first/v1/${url##*/}
		export OS_AUTH_TOKEN=$(swift auth | sed -n 's/^export OS_AUTH_TOKEN=//p'); `

	t.Run("copies", func(t *testing.T) {
		s.sh(t, "alpha", first+"swift upload "+box+" file --object-name source; swift copy -d /"+box+"/copy "+box+" source")
		require.Equal(t, "created", object(t, alice.in(t).event(trigger, box+"/source", 1))["operation"])
		data := object(t, alice.in(t).event(trigger, box+"/copy", 1))
		require.Equal(t, "copied", data["operation"])
		require.EqualValues(t, 11, data["size"])
	})
	t.Run("S3", func(t *testing.T) {
		s.sh(t, "alpha", `keys=$(openstack ec2 credentials create -f shell -c access -c secret); eval "$keys"; keys=$access:$secret; `+first+`
			for method in "-T file" "-X DELETE"; do
				curl -fsS --aws-sigv4 aws:amz:RegionOne:s3 -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" -u "$keys" $method "$first/`+box+`/s3"
			done`)
		require.Equal(t, "created", object(t, alice.in(t).event(trigger, box+"/s3", 1))["operation"])
		require.Equal(t, "deleted", object(t, alice.in(t).event(trigger, box+"/s3", 2))["operation"])
	})
	t.Run("large objects", func(t *testing.T) {
		s.sh(t, "alpha", first+"swift upload "+box+" large --object-name slo -S 1048576 --use-slo; swift delete "+box+" slo")
		require.EqualValues(t, 3<<20, object(t, alice.in(t).event(trigger, box+"/slo", 1))["size"])
		require.Equal(t, "deleted", object(t, alice.in(t).event(trigger, box+"/slo", 2))["operation"])
	})
}

// swiftRefusals sends what Swift refuses, about an object that is there and one
// that is not. A last upload shows when all of it has been judged.
func swiftRefusals(t *testing.T, s *stack, c *caller, trigger, box string) {
	c = c.in(t)
	s.sh(t, "alpha", "swift upload "+box+" file --object-name there")
	c.event(trigger, box+"/there", 1)
	s.sh(t, "alpha", "swift post "+box+" -H 'X-Container-Meta-Quota-Bytes: 1'")
	s.sh(t, "alpha", `url=$(swift stat -v | sed -n 's/^ *StorageURL: //p'); token=$(swift auth | sed -n 's/^export OS_AUTH_TOKEN=//p')
		. "$CLOUD_DIR/openrc.beta"; stranger=$(swift auth | sed -n 's/^export OS_AUTH_TOKEN=//p')
		for object in there nowhere; do
			for who in "$token" "$stranger" none ""; do
				curl -sS -o answer -T large -H "X-Auth-Token: $who" "$url/`+box+`/$object"
				[ "$who" = "$token" ] || curl -sS -o answer -X DELETE -H "X-Auth-Token: $who" "$url/`+box+`/$object"
				[ "$who" = "$token" ] || curl -sS -o answer -X POST -H "X-Object-Meta-A: b" -H "X-Auth-Token: $who" "$url/`+box+`/$object"
			done
			curl -sS -o answer -T file -H "X-Auth-Token: $token" -H "ETag: 00000000000000000000000000000000" "$url/`+box+`/$object"
		done
		curl -sS -o answer -X DELETE -H "X-Auth-Token: $token" "$url/`+box+`/nowhere"`)
	s.sh(t, "alpha", "swift post "+box+" -H 'X-Container-Meta-Quota-Bytes:'")
	for n := range 3 { // the queue keeps an order, those who work it off nearly do
		s.sh(t, "alpha", "swift upload "+box+" file --object-name last")
		c.event(trigger, box+"/last", n+1)
	}
	for _, e := range c.fired(trigger) {
		require.NotEqual(t, box+"/nowhere", e["subject"])
	}
	c.event(trigger, box+"/there", 1)
	there := 0
	for _, e := range c.fired(trigger) {
		if e["subject"] == box+"/there" {
			there++
		}
	}
	require.Equal(t, 1, there, "of all that happened to it, one thing worked")
}

// TestFunctionThatWritesWhereItListens is stopped by the limit of hops, whether
// it names what it writes after what it got, says how deep it is, or neither.
// Each trigger has one loop: without a mark, two look like a user's uploads.
func TestFunctionThatWritesWhereItListens(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	for name, args := range map[string][]string{"derived": {"loop"}, "marked": {"loop", "marked report"}, "unmarked": {"loop", "report"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alice := alice.in(t)
			box := "loop-" + name + "-" + s.host
			s.container(t, "alpha", box)
			alice.create(testfn(t, name, map[string]any{"command": args, "delegate_roles": []string{"member"}}))
			trigger := alice.trigger(name, name, "swift", map[string]any{"container": box})
			s.heard(t, alice, "alpha", trigger, box)
			s.sh(t, "alpha", "swift -q upload "+box+" probe --object-name first")
			var stopped map[string]any
			require.Eventually(t, func() bool {
				for _, e := range alice.fired(trigger) {
					if e["status"] == "failed" {
						stopped = e
						return true
					}
				}
				return false
			}, waitLong, waitStep)
			require.Contains(t, stopped["reason"], "more than 8 executions would cause each other in a row")
			deepest := 0.0
			for _, e := range alice.fired(trigger) {
				depth, _ := e["depth"].(float64)
				deepest = max(deepest, depth)
			}
			require.GreaterOrEqual(t, deepest, 8.0)
			require.LessOrEqual(t, deepest, 9.0)
		})
	}
}
