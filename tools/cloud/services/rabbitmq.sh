# shellcheck shell=bash
# RabbitMQ with the administrator "openstack", and $CLOUD_DIR/rabbitmqctl to look inside.

service rabbitmq packages "rabbitmq-server" daemons "epmd rabbitmq"

rabbitmq_configure() {
  mkdir -p "$ETC/rabbitmq" "$DATA/rabbitmq"
  chown rabbitmq: "$DATA/rabbitmq"
  put "$ETC/rabbitmq/rabbitmq.conf" rabbitmq <<E
listeners.tcp.default = 127.0.0.1:5672
default_vhost = /
default_user = openstack
default_pass = $RABBIT_SECRET
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
loopback_users = none
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
E
  echo '[].' | put "$ETC/rabbitmq/enabled_plugins"
  put "$ETC/rabbitmq/rabbitmq-env.conf" </dev/null
  [ -s "$DATA/rabbitmq/.erlang.cookie" ] ||
    (
      umask 077
      printf %s "$COOKIE_SECRET" >"$DATA/rabbitmq/.erlang.cookie"
    )
  chown rabbitmq: "$DATA/rabbitmq/.erlang.cookie"
  chmod 400 "$DATA/rabbitmq/.erlang.cookie"
}

rabbitmq_command() { # what rabbitmqctl needs to find this broker
  put "$CLOUD_DIR/rabbitmqctl" <<E
#!/bin/sh
# rabbitmqctl for this cloud's broker
exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups \\
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \\
  HOME=$DATA/rabbitmq ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=picasso@localhost \\
  RABBITMQ_CONF_ENV_FILE=$ETC/rabbitmq/rabbitmq-env.conf /usr/lib/rabbitmq/bin/rabbitmqctl "\$@"
E
  chmod 755 "$CLOUD_DIR/rabbitmqctl"
}

rabbitmq_up() {
  rabbitmq_configure
  rabbitmq_command
  free_port epmd 4369
  free_port rabbitmq 5672
  start epmd rabbitmq epmd -address 127.0.0.1
  wait_until 10 epmd listening 4369
  ENVIRONMENT=(HOME="$DATA/rabbitmq" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=picasso@localhost
    RABBITMQ_CONF_ENV_FILE="$ETC/rabbitmq/rabbitmq-env.conf"
    RABBITMQ_CONFIG_FILE="$ETC/rabbitmq/rabbitmq.conf"
    RABBITMQ_ENABLED_PLUGINS_FILE="$ETC/rabbitmq/enabled_plugins"
    RABBITMQ_MNESIA_BASE="$DATA/rabbitmq/mnesia" RABBITMQ_LOG_BASE="$DATA/rabbitmq/log"
    RABBITMQ_LOGS=- RABBITMQ_DIST_PORT=25672
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 +A 16 -kernel inet_dist_use_interface {127,0,0,1}")
  start rabbitmq rabbitmq /usr/lib/rabbitmq/bin/rabbitmq-server
  wait_until 180 rabbitmq listening 5672
  # publishers make a queue named like the routing key, and nobody reads this one
  "$CLOUD_DIR/rabbitmqctl" -q set_policy unread '^functions\.sample$' '{"max-length":1000}' --apply-to queues >/dev/null ||
    fail "rabbitmqctl failed" rabbitmq.log
}

# rabbitmq_consumed QUEUE...: somebody consumes from each
rabbitmq_consumed() {
  local queues queue
  queues=$("$CLOUD_DIR/rabbitmqctl" -q list_queues name consumers 2>/dev/null) || return 1
  for queue in "$@"; do grep -qP "^\Q$queue\E\t[1-9]" <<<"$queues" || return 1; done
}
