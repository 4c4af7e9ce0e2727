package match_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// many are 10,000 triggers in 1,000 projects: swift, alarm and notification,
// with filters and patterns of all kinds.
func many(b *testing.B) *match.Index {
	patterns := []string{"compute.instance.*", "volume.*.end", "network.create.end", "image.*", "identity.project.*"}
	var list []picasso.Trigger
	for i := range 10_000 {
		id, project := fmt.Sprint(i), fmt.Sprint("p", i%1000)
		switch i / 1000 {
		case 0, 1, 2, 3, 4:
			list = append(list, swift(id, project))
		case 5:
			list = append(list, alarm(id, project))
		default:
			list = append(list, notification(id, project, patterns[i%len(patterns)], filtered("payload.state", `"active"`)))
		}
	}
	return index(b, list...)
}

// judge is what becomes of each message up to the triggers that it fires.
func judge(b *testing.B, x *match.Index, exchange string, body []byte) (fired int) {
	list, err := oslomsg.Decode(body)
	require.NoError(b, err)
	for _, n := range list {
		if x.Wants(exchange, n.EventType) {
			owner, ok := n.Owner()
			fired += len(x.Match(match.SourceOf(exchange, "notifications.info"), n, owner, ok))
		}
	}
	return fired
}

func sample(b *testing.B, name string) []byte {
	body, err := os.ReadFile("../oslomsg/testdata/" + name + ".json")
	require.NoError(b, err)
	return body
}

// BenchmarkJudge is a message among 10,000 triggers, from its bytes on.
func BenchmarkJudge(b *testing.B) {
	x := many(b)
	for name, exchange := range map[string]string{
		"swift-object-get":     "swift",    // wanted by somebody, not by its project
		"keystone-user-delete": "keystone", // perhaps
		"aodh-alarm-evaluated": "aodh",
	} {
		body := sample(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if judge(b, x, exchange, body) != 0 {
					b.Fatal("fired")
				}
			}
		})
	}
}

// BenchmarkMatch is what matching alone costs.
func BenchmarkMatch(b *testing.B) {
	x := many(b)
	for name, project := range map[string]string{"own": "p7", "foreign": "none"} {
		list, err := oslomsg.Decode(sample(b, "swift-object-get"))
		require.NoError(b, err)
		n, src := list[0], match.SourceOf("swift", "notifications.info")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if x.Wants(src.Exchange, n.EventType) {
					x.Match(src, n, project, true)
				}
			}
		})
	}
	b.Run("unwanted", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if x.Wants("dns", "dns.zone.create") {
				b.Fatal("wanted")
			}
		}
	})
}

// BenchmarkNew is what a change of a trigger costs each process.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		many(b)
	}
}
