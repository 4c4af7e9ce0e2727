package launch

import "slices"

// Ignored lists sections that other OpenStack services and coming versions of
// Picasso have in the same files, and options that deployment tools write for
// keystonemiddleware and oslo.messaging. They mean nothing here.
func Ignored() []string {
	return slices.Concat([]string{
		"barbican", "cors", "key_manager", "oslo_concurrency", "oslo_limit", "oslo_middleware", "oslo_reports", "service_user", "swift",
	}, ofKeystone(), ofMessaging())
}

// ofKeystone: tokens are cached in the process and the catalog is not needed.
func ofKeystone() []string {
	return in("keystone_authtoken",
		"memcached_servers", "memcache_security_strategy", "memcache_secret_key", "memcache_use_advanced_pool",
		"include_service_catalog", "delay_auth_decision", "auth_version", "signing_dir", "cache")
}

// ofMessaging: nothing is published, no RPC of oslo.messaging is spoken, and
// exchanges are taken as they are.
func ofMessaging() []string {
	return append(in("oslo_messaging_notifications", "driver", "retry"), in("oslo_messaging_rabbit",
		"amqp_auto_delete", "amqp_durable_queues", "conn_pool_min_size", "conn_pool_ttl", "direct_mandatory_flag",
		"enable_cancel_on_failover", "heartbeat_in_pthread", "heartbeat_rate", "hostname", "kombu_compression", "kombu_failover_strategy",
		"kombu_missing_consumer_retry_timeout", "kombu_reconnect_delay", "kombu_reconnect_splay", "processname", "rabbit_ha_queues",
		"rabbit_interval_max", "rabbit_login_method", "rabbit_qos_prefetch_count", "rabbit_quorum_delivery_limit",
		"rabbit_quorum_max_memory_bytes", "rabbit_quorum_max_memory_length", "rabbit_quroum_max_memory_bytes",
		"rabbit_quroum_max_memory_length", "rabbit_retry_backoff", "rabbit_retry_interval", "rabbit_stream_fanout",
		"rabbit_transient_queues_ttl", "rabbit_transient_quorum_queue", "rpc_conn_pool_size", "ssl_enforce_fips_mode",
		"ssl_enforce_hostname_verification", "ssl_version", "use_queue_manager",
	)...)
}

func in(section string, options ...string) []string {
	for i, option := range options {
		options[i] = section + "/" + option
	}
	return options
}
