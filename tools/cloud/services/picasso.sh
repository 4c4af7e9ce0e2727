# shellcheck shell=bash
# Picasso itself, all in one process, against the real services. Built by "make build";
# a new build is taken by "down picasso" and "up picasso".

service picasso needs "docker mariadb keystone" daemons "picasso"

PICASSO_BIN=$(readlink -m "$SERVICES_DIR/../../../bin")
PICASSO_CONF=$ETC/picasso/picasso.conf

picasso_configure() {
  mkdir -p "$ETC/picasso" "$DATA/picasso"
  (
    umask 077
    put "$PICASSO_CONF" <<E
[DEFAULT]
auth_strategy = keystone
# the engine's name on its Docker, apart from those of tests and of "make run"
host = picasso-cloud
state_path = $DATA/picasso
[api]
bind_host = 127.0.0.1
bind_port = $PORT_PICASSO
metrics_bind_port = $((PORT_PICASSO + 2))
[database]
connection = $(database_url picasso utf8mb4)
[keystone_authtoken]
$(keystone_options functions)
www_authenticate_uri = http://$(public_host):5000
[oslo_messaging_notifications]
transport_url = $TRANSPORT_URL
# of the second topic Ceilometer is the publisher
topics = notifications,functions
[notifications]
# while it is down, tests go on publishing
queue_max_bytes = 16777216
[docker]
docker_host = unix://$DOCKER_SOCKET
# images built on this machine need no registry
pull_policy = if-not-present
E
  )
}

picasso_create() {
  mariadb_sql <<<"CREATE DATABASE IF NOT EXISTS picasso CHARACTER SET utf8mb4;" &&
    "$PICASSO_BIN/picasso-manage" --config-file "$PICASSO_CONF" db sync
}

picasso_up() {
  [ -x "$PICASSO_BIN/picasso-allinone" ] || die "$PICASSO_BIN/picasso-allinone is not built: make build"
  picasso_configure
  free_port picasso "$PORT_PICASSO"
  picasso_create >"$LOG/picasso-db-sync.log" 2>&1 || fail "picasso-manage db sync failed" picasso-db-sync.log
  start picasso root "$PICASSO_BIN/picasso-allinone" --config-file "$PICASSO_CONF"
  wait_until 180 picasso answers "http://127.0.0.1:$PORT_PICASSO/healthcheck"
}
