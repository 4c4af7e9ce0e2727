# shellcheck shell=bash
# Aodh. Not as shipped: event alarms are fresh at once (no cache), evaluation every
# 10 s instead of 60, and notifications about alarms are sent at all (no driver, none).

service aodh needs "keystone rabbitmq mariadb memcached" \
  packages "aodh-api aodh-evaluator aodh-notifier aodh-listener python3-aodhclient" \
  daemons "aodh-api aodh-evaluator aodh-listener aodh-notifier"

aodh_configure() {
  mkdir -p "$ETC/aodh"
  put "$ETC/aodh/aodh.conf" aodh <<E
[DEFAULT]
transport_url = $TRANSPORT_URL
auth_mode = keystone
event_alarm_cache_ttl = 0
# 64 threads by default, which look for work all the time
executor_thread_pool_size = 4
[api]
paste_config = $ETC/aodh/api-paste.ini
auth_mode = keystone
[database]
connection = $(database_url aodh)
[evaluator]
evaluation_interval = 10
[oslo_messaging_notifications]
driver = messagingv2
[keystone_authtoken]
$(keystone_options aodh)
www_authenticate_uri = $AUTH_URL
memcached_servers = 127.0.0.1:11211
service_token_roles_required = true
service_type = alarming
[service_credentials]
$(keystone_options aodh)
interface = public
E
  # the filters load a configuration of their own, so each must be told where ours is
  sed "s|^oslo_config_project = aodh|&\noslo_config_file = $ETC/aodh/aodh.conf|" \
    /usr/lib/python3/dist-packages/aodh/api/api-paste.ini | put "$ETC/aodh/api-paste.ini"
  put "$ETC/aodh/aodh_wsgi.py" <<E
from aodh import service
from aodh.api import app
application = app.load_app(service.prepare_service(argv=[], config_files=['$ETC/aodh/aodh.conf']))
E
}

aodh_create() { mariadb_database aodh && run_as aodh aodh-dbsync --config-file "$ETC/aodh/aodh.conf"; }

aodh_up() {
  local daemon
  aodh_configure
  once aodh aodh_create >"$LOG/aodh-create.log" 2>&1 || fail "aodh-dbsync failed" aodh-create.log
  free_port aodh-api 8042
  ENVIRONMENT=(PYTHONPATH="$ETC/aodh")
  start_wsgi aodh-api aodh 8042 --workers 1 aodh_wsgi:application
  for daemon in evaluator listener notifier; do
    start "aodh-$daemon" aodh "aodh-$daemon" --config-file "$ETC/aodh/aodh.conf"
  done
  wait_until 180 aodh-api answers http://127.0.0.1:8042/
  wait_until 180 aodh-listener rabbitmq_consumed alarm.all.sample
  wait_until 180 aodh-notifier rabbitmq_consumed alarming.sample
  for daemon in ${DAEMONS[aodh]}; do running "$daemon" || fail "$daemon ended" "$daemon.log"; done
}
