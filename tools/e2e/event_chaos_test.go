package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// uploads is how many objects are put while the broker is killed.
func uploads() int {
	if os.Getenv("PICASSO_SOAK") != "" {
		return 5_000
	}
	return 300
}

// TestBrokerKilled puts objects while RabbitMQ is killed and started again. Every
// object that Swift took has one execution, and one copy in the queue that
// Ceilometer would read. Exchanges are durable, as they have to be for that: see
// etc/events.md.
func TestBrokerKilled(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.PrivateCloud(t, []string{"CLOUD_TRANSPORT_QUERY=?amqp_durable_queues=true"}, "swift")
	s := cloudStack(t, options{split: true, triggers: 2, cloud: cloud,
		sections: notifications(t, cloud.Env, "") + "[oslo_messaging_rabbit]\namqp_durable_queues = true\n"})
	access := strings.Fields(s.sh(t, "alpha", `swift auth | sed -n 's/^export OS_[A-Z_]*=//p'`))
	require.Len(t, access, 2, "URL and token")
	alice := s.withToken(access[1])
	swift := swift{alice.in(t)}
	swift.url = access[0]
	alice.echo("echo", nil)
	require.Equal(t, http.StatusCreated, swift.do(http.MethodPut, "/storm", nil).Status) // it goes with the cloud
	trigger := alice.trigger("storm", "echo", "swift", map[string]any{"container": "storm", "prefix": "n/"})
	alice.inEffect(swift)

	names := make(chan int)
	var putting sync.WaitGroup
	for range 4 {
		putting.Go(func() {
			for n := range names {
				swift.upload(fmt.Sprintf("storm/n/%d", n), "text")
			}
		})
	}
	kills := max(1, uploads()/1000)
	for n := range uploads() {
		names <- n
		if n%(uploads()/(kills+1)) == uploads()/(kills+1)/2 {
			s.cloud.Kill(t, "rabbitmq")
			s.cloud.Start(t, "rabbitmq")
		}
	}
	close(names)
	putting.Wait()

	seen := map[string]int{}
	require.Eventually(t, func() bool {
		seen = map[string]int{}
		for _, e := range alice.all("trigger=" + trigger) {
			seen[e["subject"].(string)]++
		}
		return len(seen) == uploads()
	}, 3*time.Minute, time.Second, "executions are missing")
	for subject, n := range seen {
		require.Equal(t, 1, n, subject)
	}
	broker := func(what, columns string) string {
		out, err := cloud.Command(filepath.Join(cloud.Dir, "rabbitmqctl"), "-q", "list_"+what, "name", columns).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	require.Contains(t, broker("exchanges", "durable"), "swift\ttrue\n")
	copies := 0
	for line := range strings.Lines(broker("queues", "messages")) {
		_, _ = fmt.Sscanf(line, "notifications.info\t%d", &copies)
	}
	require.GreaterOrEqual(t, copies, uploads(), "Ceilometer's copies")
	t.Logf("%d uploads, the broker was killed %d times: none lost, none twice", uploads(), kills)

	// starting such a cloud costs half a minute: the plugin of DevStack is tried in the same one
	t.Run("devstack", func(t *testing.T) { tryDevStack(t, s) })
}

// all lists every execution that matches, page by page.
func (c *caller) all(query string) (found []map[string]any) {
	c.t.Helper()
	for marker := ""; ; {
		page := c.list("limit=1000&marker=" + marker + "&" + query)
		found = append(found, page...)
		if len(page) < 1000 {
			return found
		}
		marker = page[len(page)-1]["id"].(string)
	}
}
