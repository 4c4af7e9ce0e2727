package oslomsg

import "strings"

// kind says whose notifications of some types are.
type kind struct {
	events []string // what their types begin with
	// owner are paths in the payload of which the first that leads to text is
	// the project. {} stands for the first part of the type, as "port". Ceilometer's
	// events have traits instead, some of other names.
	owner []string
	// actor makes what has no owner belong to the project of the request that led
	// to it. That one has done it, so it learns nothing new.
	actor bool
}

// kinds are looked through in their order, the first that fits counts. Sources:
// the services' code and samples, ceilometer's event_definitions.yaml, and what
// was captured (testdata).
var kinds = [...]kind{
	// Swift, by ceilometermiddleware: whose account it is. Whoever asks, and be
	// it without a token, is the initiator.
	{events: []string{"objectstore."}, owner: []string{"target.id", "traits.target_id"}},
	// Aodh: project_id is who called its API, and null when it evaluated an alarm.
	{events: []string{"alarm."}, owner: []string{"on_behalf_of", "project_id", "traits.on_behalf_of", "traits.project_id"}},
	// Keystone: a project learns what becomes of itself. Users, groups, roles,
	// trusts and credentials are no project's, and who has which role is no
	// business of its members.
	{events: []string{"identity.project."}, owner: []string{"resource_info", "target.id", "traits.resource_id"}},
	{events: []string{"identity."}},
	// Requests to any API, by keystonemiddleware's audit filter: for operators.
	{events: []string{"audit."}},

	// Nova, unversioned and versioned. Key pairs are a user's, hosts the operator's.
	{events: []string{"compute.instance."}, owner: []string{"tenant_id", "traits.tenant_id"}},
	{events: []string{"instance."}, owner: []string{"nova_object.data.tenant_id"}},
	{events: []string{"server_group.", "servergroup."}, owner: []string{"nova_object.data.project_id", "project_id"}, actor: true},
	{events: []string{"scheduler.select_destinations."}, owner: []string{"nova_object.data.project_id"}},
	{events: []string{"keypair.", "aggregate.", "flavor.", "service.", "metrics.", "compute.metrics.", "libvirt.", "compute.libvirt."}},

	// Cinder, and Nova's versioned volume.usage. Types and back ends are the operator's.
	{
		events: []string{"volume.", "snapshot.", "backup.", "group.", "group_snapshot.", "consistencygroup.", "cgsnapshot."},
		owner:  []string{"tenant_id", "nova_object.data.project_id", "traits.project_id"},
	},
	{events: []string{"volume_type", "capacity.", "image_volume_cache."}},

	// Neutron: who asks may be an administrator; but a deletion tells the id only.
	{events: []string{"router.interface."}, owner: []string{"router_interface.project_id", "router_interface.tenant_id", "traits.project_id"}, actor: true},
	{
		events: []string{
			"network.", "subnet.", "subnetpool.", "address_scope.", "address_group.", "port.", "router.", "floatingip.",
			"security_group.", "security_group_rule.", "trunk.", "firewall", "vpnservice.", "ipsecpolicy.", "ikepolicy.",
			"ipsec_site_connection.", "endpoint_group.",
		},
		owner: []string{"{}.project_id", "{}.tenant_id", "project_id", "tenant_id", "traits.project_id"},
		actor: true,
	},

	// Glance: of image.send the image's owner, not the receiver. What fails has
	// text for a payload, and members of an image no owner.
	{events: []string{"image.", "task.", "metadef_"}, owner: []string{"owner", "owner_id", "traits.project_id", "traits.owner_id"}, actor: true},

	{events: []string{"orchestration."}, owner: []string{"tenant_id", "traits.project_id"}},           // Heat
	{events: []string{"share."}, owner: []string{"project_id", "tenant_id", "traits.project_id"}},     // Manila
	{events: []string{"octavia."}, owner: []string{"project_id"}},                                     // Octavia
	{events: []string{"dns."}, owner: []string{"tenant_id", "project_id"}, actor: true},               // Designate
	{events: []string{"sahara."}, owner: []string{"project_id", "traits.project_id"}},                 // Sahara
	{events: []string{"trove."}, owner: []string{"tenant_id", "traits.project_id"}},                   // Trove
	{events: []string{"magnum."}, owner: []string{"project_id", "initiator.project_id"}, actor: true}, // Magnum: CADF names nobody else
	{events: []string{"baremetal."}, owner: []string{"ironic_object.data.owner"}},                     // Ironic: most nodes are nobody's

	// Ceilometer's samples, and whatever else there is.
	{events: []string{""}, owner: []string{"project_id", "tenant_id", "{}.project_id", "{}.tenant_id", "traits.project_id", "traits.tenant_id"}, actor: true},
}

// Owner returns the project a notification belongs to. What cannot be
// attributed, or is for operators only, is nobody's. One of Ceilometer's events
// belongs to whom the notification belonged that it was made of, as far as
// its traits still tell.
func (n *Notification) Owner() (projectID string, ok bool) {
	eventType := n.EventType
	if n.telemetry {
		eventType = n.text("event_type")
	}
	first, _, _ := strings.Cut(eventType, ".")
	kind := kindOf(eventType)
	for _, path := range kind.owner {
		if projectID = n.text(strings.Replace(path, "{}", first, 1)); projectID != "" {
			return projectID, true
		}
	}
	if kind.actor && n.ProjectID != "" {
		return n.ProjectID, true
	}
	return "", false
}

func kindOf(eventType string) *kind {
	for i := range kinds {
		for _, prefix := range kinds[i].events {
			if strings.HasPrefix(eventType, prefix) {
				return &kinds[i]
			}
		}
	}
	return &kind{}
}

// text returns what is at a path in the payload, if it is text of a length that
// ids have.
func (n *Notification) text(path string) string {
	text, ok := "", false
	if !n.parsed {
		text, ok = textAt(n.Payload, path)
	}
	if !ok {
		value, _ := find(n.payload(), path)
		text, _ = value.(string)
	}
	if len(text) > maxTextBytes {
		return ""
	}
	return text
}
