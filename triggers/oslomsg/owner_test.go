package oslomsg

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOwnerOfCaptured is whose the messages of real services are.
func TestOwnerOfCaptured(t *testing.T) {
	const (
		alpha = "831c19eab1cb46c9b4bac4568430f510"
		other = "2c312496187e445c9c711523a3452cb3" // of a second run
	)
	for name, want := range map[string]string{
		"swift-object-put":         alpha,
		"swift-object-put-unicode": alpha,
		"swift-object-get":         alpha,
		"swift-object-put-notoken": alpha, // the initiator is nobody
		"swift-tempurl-put":        alpha,

		"aodh-alarm-creation":  alpha,
		"aodh-alarm-state-set": alpha,
		"aodh-alarm-evaluated": alpha, // project_id is null
		"aodh-alarm-update":    "",    // between Aodh's own parts, with the ids of trusts

		"ceilometer-event-object-put":          other,
		"ceilometer-event-container-put-stock": alpha,
		"ceilometer-event-alarm":               alpha,
		"ceilometer-event-trust":               "",

		"keystone-project-delete":         "f0eed33ec3524be697e515b8b78c99d8",
		"keystone-project-update":         "f0eed33ec3524be697e515b8b78c99d8",
		"keystone-role-assignment-create": "",
		"keystone-user-delete":            "",
		"keystone-trust-create":           "",
		"keystone-authenticate-failed":    "",

		"messaging-v1":             "p",
		"messagingv2-with-context": "p",
	} {
		body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(t, err)
		list, err := Decode(body)
		require.NoError(t, err)
		owner, ok := list[0].Owner()
		assert.Equal(t, want, owner, name)
		assert.Equal(t, want != "", ok, name)
	}
}

// TestOwner has a case for every row of the table. Shapes are those of the
// services' code and samples. The request was one of project "asked".
func TestOwner(t *testing.T) {
	tests := []struct{ eventType, payload, want string }{
		{"objectstore.http.request", `{"target": {"id": "p"}, "initiator": {"project_id": "other"}}`, "p"},
		{"objectstore.http.request", `{"target": {"id": null}, "initiator": {"project_id": "other"}}`, ""},
		{"alarm.state_transition", `{"on_behalf_of": "p", "project_id": "other"}`, "p"},
		{"alarm.state_transition", `{"on_behalf_of": null, "project_id": "p"}`, "p"},
		{"alarm.state_transition", `{"on_behalf_of": null, "project_id": null}`, ""},
		{"identity.project.deleted", `{"resource_info": "p", "target": {"id": "p"}, "initiator": {"project_id": "other"}}`, "p"},
		{"identity.project.deleted", `{"target": {"id": "p"}}`, "p"},
		{"identity.user.created", `{"resource_info": "u", "initiator": {"project_id": "other"}}`, ""},
		{"identity.role_assignment.created", `{"project": "other", "user": "u"}`, ""},
		{"audit.http.request", `{"initiator": {"project_id": "other"}}`, ""},

		{"compute.instance.create.end", `{"tenant_id": "p", "user_id": "u"}`, "p"},
		{"compute.instance.update", `{}`, ""},
		{"instance.create.end", `{"nova_object.name": "InstanceCreatePayload", "nova_object.data": {"tenant_id": "p", "action_initiator_project": "other"}}`, "p"},
		{"server_group.create", `{"nova_object.data": {"project_id": "p"}}`, "p"},
		{"servergroup.create", `{"server_group_id": "g", "name": "n"}`, "asked"},
		{"scheduler.select_destinations.start", `{"nova_object.data": {"project_id": "p"}}`, "p"},
		{"keypair.create.start", `{"nova_object.data": {"user_id": "u"}}`, ""},
		{"aggregate.create.end", `{"nova_object.data": {"name": "a"}}`, ""},
		{"service.update", `{"nova_object.data": {"host": "h"}}`, ""},
		{"flavor.create", `{"nova_object.data": {"projects": ["other"]}}`, ""},

		{"volume.create.end", `{"tenant_id": "p", "volume_id": "v"}`, "p"},
		{"volume.usage", `{"nova_object.data": {"project_id": "p"}}`, "p"},
		{"snapshot.create.end", `{"tenant_id": "p"}`, "p"},
		{"backup.delete.end", `{"tenant_id": "p"}`, "p"},
		{"volume_type.create", `{"volume_types": {"name": "t"}}`, ""},
		{"capacity.backend.h@b", `{"total": 1}`, ""},

		{"network.create.end", `{"network": {"id": "n", "tenant_id": "p"}}`, "p"},
		{"port.update.end", `{"port": {"tenant_id": "", "project_id": "p"}}`, "p"},
		{"security_group_rule.create.end", `{"security_group_rule": {"project_id": "p"}}`, "p"},
		{"firewall_policy.create.end", `{"firewall_policy": {"tenant_id": "p"}}`, "p"},
		{"subnet.delete.end", `{"subnet_id": "s"}`, "asked"},
		{"port.create.end", `{"ports": [{"project_id": "p"}]}`, "asked"},
		{"router.interface.create", `{"router_interface": {"port_id": "x", "tenant_id": "p"}}`, "p"},
		{"network.floating_ip.allocate", `{"project_id": "p", "floating_ip": "10.0.0.1"}`, "p"},
		{"rbac_policy.create.end", `{"rbac_policy": {"target_tenant": "other", "project_id": "p"}}`, "p"},

		{"image.update", `{"id": "i", "owner": "p"}`, "p"},
		{"image.send", `{"owner_id": "p", "receiver_tenant_id": "other"}`, "p"},
		{"image.upload", `"Image storage media is full"`, "asked"},
		{"image.create", `{"owner": null}`, "asked"},
		{"task.create", `{"owner": "p"}`, "p"},

		{"orchestration.stack.create.end", `{"tenant_id": "p", "stack_name": "s"}`, "p"},
		{"share.create.end", `{"share_id": "s", "project_id": "p"}`, "p"},
		{"octavia.loadbalancer.create.end", `{"id": "l", "project_id": "p"}`, "p"},
		{"dns.zone.create", `{"id": "z", "tenant_id": "p"}`, "p"},
		{"dns.zone.delete", `{"id": "z"}`, "asked"},
		{"sahara.cluster.create", `{"project_id": "p"}`, "p"},
		{"trove.instance.create", `{"tenant_id": "p"}`, "p"},
		{"magnum.cluster.create", `{"typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event", "initiator": {"project_id": "p"}}`, "p"},
		{"baremetal.node.power_set.end", `{"ironic_object.data": {"owner": "p", "traits": ["CUSTOM_X"]}}`, "p"},
		{"baremetal.node.power_set.end", `{"ironic_object.data": {"owner": null}}`, ""},

		{"metering", `[{"counter_name": "cpu", "project_id": "p"}]`, "p"},
		{"event", `[{"event_type": "objectstore.http.request", "traits": [["project_id", 1, "other"], ["target_id", 1, "p"]]}]`, "p"},
		{"event", `[{"event_type": "compute.instance.create.end", "traits": [["tenant_id", 1, "p"]]}]`, "p"},
		{"event", `[{"event_type": "identity.user.created", "traits": [["project_id", 1, "other"]]}]`, ""},
		{"event", `[{"event_type": "port.create.end", "traits": [["project_id", 1, "p"]]}]`, "p"},
		{"event", `[{"event_type": 7, "traits": [["project_id", 1, "p"]]}]`, "p"},

		{"thing.create", `{"project_id": "p"}`, "p"},
		{"thing.create", `{"thing": {"tenant_id": "p"}}`, "p"},
		{"thing.create", `{"project_id": 7}`, "asked"},
		{"thing.create", `[1]`, "asked"},
		{"thing", `null`, "asked"},
	}
	seen := map[*kind]bool{}
	for _, test := range tests {
		name := test.eventType + " " + test.payload
		list, err := Decode(fmt.Appendf(nil, `{"event_type": %q, "_context_project_id": "asked", "payload": %s}`, test.eventType, test.payload))
		require.NoError(t, err, name)
		owner, ok := list[0].Owner()
		assert.Equal(t, test.want, owner, name)
		assert.Equal(t, test.want != "", ok, name)
		seen[kindOf(test.eventType)] = true
	}
	for i := range kinds {
		assert.True(t, seen[&kinds[i]], "no test for %q", kinds[i].events)
	}
}

// TestOwnerWithoutActor: who asked is not told, so nobody owns it.
func TestOwnerWithoutActor(t *testing.T) {
	list, err := Decode([]byte(`{"event_type": "subnet.delete.end", "payload": {"subnet_id": "s"}}`))
	require.NoError(t, err)
	_, ok := list[0].Owner()
	assert.False(t, ok)
}
