package e2e

import (
	"crypto/md5"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// object is the data of a Swift event.
func object(t *testing.T, event map[string]any) map[string]any {
	t.Helper()
	data, ok := event["data"].(map[string]any)
	require.True(t, ok, "%v", event)
	return data
}

// TestSwift is every operation on objects with the real middleware where its
// documentation puts it: last in the pipeline.
func TestSwift(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	alice.echo("echo", nil)
	box, swift := "box-"+s.host, s.swift(t, "alpha")
	swift.container(box)
	all := alice.trigger("all", "echo", "swift", map[string]any{"container": box, "events": []string{"created", "copied", "deleted", "metadata"}})
	jpg := alice.trigger("jpg", "echo", "swift", map[string]any{"container": box, "prefix": "in/", "suffix": ".jpg"})
	alice.inEffect(swift)
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
		swift := swift.in(t)
		names := []string{"naïve/ü+ñ%20.txt", "ü+ñ%20.txt", "a b.txt", "100%.txt", "日本.txt", "a//b", "q?x=1#y.txt"}
		s.sh(t, "alpha", "swift upload "+box+" file --object-name '"+names[0]+"'") // as the client writes it in the URL
		for _, name := range names[1:] {
			swift.upload(box+"/"+name, "text")
		}
		for _, name := range names {
			require.Equal(t, name, object(t, alice.in(t).event(all, box+"/"+name, 1))["object"])
		}
	})
	t.Run("overwrite, metadata, delete", func(t *testing.T) {
		for n := range 2 {
			swift.in(t).upload(box+"/twice", "text")
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
		swift.in(t).upload(box+"/empty", "")
		require.EqualValues(t, 0, object(t, alice.in(t).event(all, box+"/empty", 1))["size"])
	})
	t.Run("temporary URL", func(t *testing.T) {
		account := swift.path()
		s.sh(t, "alpha", `swift post -m Temp-URL-Key:secret
			curl -fsS -T file "`+strings.TrimSuffix(swift.url, account)+`$(swift tempurl PUT 600 "`+account+`/`+box+`/tempurl" secret)"`)
		data := object(t, alice.in(t).event(all, box+"/tempurl", 1))
		require.Nil(t, data["initiator"], "nobody's token: %v", data)
	})
	t.Run("prefix and suffix", func(t *testing.T) {
		for _, name := range []string{"in/1.png", "out/1.jpg", "in/1.jpg"} {
			swift.in(t).upload(box+"/"+name, "text")
		}
		alice.in(t).event(all, box+"/out/1.jpg", 1)
		alice.in(t).event(jpg, box+"/in/1.jpg", 1)
		alice.in(t).event(all, box+"/in/1.png", 1)
		require.Len(t, alice.in(t).fired(jpg), 1)
	})
	t.Run("what fails invokes nothing", func(t *testing.T) { swiftRefusals(t, s, alice.in(t), all, swift.in(t), box) })
	t.Run("another project with a container of that name", func(t *testing.T) {
		bob := s.withToken(keystonetest.Token(t, "beta")).in(t)
		bob.echo("echo", nil)
		swift, theirs := swift.in(t), s.swift(t, "beta")
		theirs.container(box)
		bobs := bob.trigger("all", "echo", "swift", map[string]any{"container": box})
		bob.inEffect(theirs)
		before := len(alice.in(t).fired(all))
		theirs.upload(box+"/bobs", "text")
		bob.event(bobs, box+"/bobs", 1)
		swift.upload(box+"/alices", "text")
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
	box, swift := "first-"+s.host, s.swift(t, "alpha")
	swift.container(box)
	trigger := alice.trigger("first", "echo", "swift", map[string]any{"container": box, "events": []string{"created", "copied", "deleted"}})
	alice.inEffect(swift)
	s.file(t, "file", 11)
	s.file(t, "large", 3<<20)
	first := "first=http://198.51.100.1:8081; export OS_STORAGE_URL=$first" + swift.path() + " OS_AUTH_TOKEN=" + swift.token() + "; "

	t.Run("copies", func(t *testing.T) {
		s.sh(t, "alpha", first+"swift upload "+box+" file --object-name source; swift copy -d /"+box+"/copy "+box+" source")
		require.Equal(t, "created", object(t, alice.in(t).event(trigger, box+"/source", 1))["operation"])
		data := object(t, alice.in(t).event(trigger, box+"/copy", 1))
		require.Equal(t, "copied", data["operation"])
		require.EqualValues(t, 11, data["size"])
	})
	t.Run("S3", func(t *testing.T) {
		keys := s.sh(t, "alpha", `keys=$(openstack ec2 credentials create -f shell -c access -c secret); eval "$keys"; echo "$access:$secret"`)
		s3 := func(method string) {
			s.sh(t, "alpha", first+"curl -fsS --aws-sigv4 aws:amz:RegionOne:s3 -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -u "+keys+" "+method+" $first/"+box+"/s3")
		}
		s3("-T file")
		require.Equal(t, "created", object(t, alice.in(t).event(trigger, box+"/s3", 1))["operation"])
		s3("-X DELETE") // not before: what is gone has not been created
		require.Equal(t, "deleted", object(t, alice.in(t).event(trigger, box+"/s3", 2))["operation"])
	})
	t.Run("large objects", func(t *testing.T) {
		s.sh(t, "alpha", first+"swift upload "+box+" large --object-name slo -S 1048576 --use-slo")
		require.EqualValues(t, 3<<20, object(t, alice.in(t).event(trigger, box+"/slo", 1))["size"])
		s.sh(t, "alpha", first+"swift delete "+box+" slo")
		require.Equal(t, "deleted", object(t, alice.in(t).event(trigger, box+"/slo", 2))["operation"])
	})
}

// swiftRefusals sends what Swift refuses, about an object that is there and one
// that is not. Probes that come after it show when all of it has been judged.
func swiftRefusals(t *testing.T, s *stack, c *caller, trigger string, swift swift, box string) {
	quota := func(bytes string) {
		a := swift.do(http.MethodPost, "/"+box, nil, func(r *http.Request) { r.Header.Set("X-Container-Meta-Quota-Bytes", bytes) })
		require.Equal(t, http.StatusNoContent, a.Status, "%s", a.Body)
	}
	swift.upload(box+"/there", "text")
	c.event(trigger, box+"/there", 1)
	quota("1")
	s.sh(t, "alpha", `url='`+swift.url+`' token=`+swift.token()+` stranger=`+s.swift(t, "beta").token()+`
		for object in there nowhere; do
			for who in "$token" "$stranger" none ""; do
				curl -sS -o answer -T large -H "X-Auth-Token: $who" "$url/`+box+`/$object"
				[ "$who" = "$token" ] || curl -sS -o answer -X DELETE -H "X-Auth-Token: $who" "$url/`+box+`/$object"
				[ "$who" = "$token" ] || curl -sS -o answer -X POST -H "X-Object-Meta-A: b" -H "X-Auth-Token: $who" "$url/`+box+`/$object"
			done
			curl -sS -o answer -T file -H "X-Auth-Token: $token" -H "ETag: 00000000000000000000000000000000" "$url/`+box+`/$object"
		done
		curl -sS -o answer -X DELETE -H "X-Auth-Token: $token" "$url/`+box+`/nowhere"`)
	quota("")
	c.inEffect(swift)
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
	alice, swift := s.withToken(keystonetest.Token(t, "alpha")), s.swift(t, "alpha")
	alice.echo("echo", nil)
	for name, args := range map[string][]string{"derived": {"loop"}, "marked": {"loop", "marked report"}, "unmarked": {"loop", "report"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alice, swift := alice.in(t), swift.in(t)
			box := "loop-" + name + "-" + s.host
			swift.container(box)
			alice.create(testfn(t, name, map[string]any{"command": args, "delegate_roles": []string{"member"}}))
			trigger := alice.trigger(name, name, "swift", map[string]any{"container": box})
			alice.inEffect(swift)
			swift.upload(box+"/first", "text")
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
