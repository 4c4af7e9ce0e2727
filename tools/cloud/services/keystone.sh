# shellcheck shell=bash
# Keystone (Fernet tokens of one hour) with the projects, users and catalogue of README.md.

service keystone needs "mariadb memcached rabbitmq" daemons "keystone" \
  packages "keystone gunicorn python3-pymysql python3-pymemcache python3-keystoneclient python3-openstackclient curl iproute2"

keystone_configure() {
  mkdir -p "$ETC/keystone/fernet-keys" "$ETC/keystone/credential-keys"
  chown keystone: "$ETC/keystone/fernet-keys" "$ETC/keystone/credential-keys"
  chmod 700 "$ETC/keystone/fernet-keys" "$ETC/keystone/credential-keys"
  put "$ETC/keystone/keystone.conf" keystone <<E
[DEFAULT]
transport_url = $TRANSPORT_URL
[oslo_messaging_notifications]
driver = messagingv2
[database]
connection = $(database_url keystone)
[token]
provider = fernet
[fernet_tokens]
key_repository = $ETC/keystone/fernet-keys
[credential]
key_repository = $ETC/keystone/credential-keys
[cache]
enabled = true
backend = dogpile.cache.pymemcache
memcache_servers = 127.0.0.1:11211
[identity]
# the cheapest bcrypt: tests ask for many tokens by password
password_hash_rounds = 4
E
  put "$ETC/keystone/keystone_wsgi.py" <<'E'
import sys
sys.argv = sys.argv[:1]  # Keystone would parse gunicorn's arguments as its own
from keystone.server import wsgi
application = wsgi.initialize_public_application()
E
}

keystone_manage() { run_as keystone keystone-manage --config-file "$ETC/keystone/keystone.conf" "$@"; }

keystone_create() {
  mariadb_database keystone &&
    keystone_manage fernet_setup --keystone-user keystone --keystone-group keystone &&
    keystone_manage credential_setup --keystone-user keystone --keystone-group keystone &&
    keystone_manage db_sync &&
    keystone_manage bootstrap --bootstrap-password "$ADMIN_SECRET" --bootstrap-region-id "$REGION" \
      --bootstrap-public-url "http://$(public_host):5000/v3" --bootstrap-internal-url "$AUTH_URL/v3" --bootstrap-admin-url "$AUTH_URL/v3"
}

keystone_populate() {
  run_as nobody AUTH_URL="$AUTH_URL/v3" PUBLIC_HOST="$(public_host)" REGION="$REGION" ADMIN_SECRET="$ADMIN_SECRET" \
    SERVICE_SECRET="$SERVICE_SECRET" USER_SECRET="$USER_SECRET" PICASSO_URL="http://127.0.0.1:$PORT_PICASSO" \
    /usr/bin/python3 - <"$SERVICES_DIR/keystone_populate.py"
}

keystone_up() {
  keystone_configure
  once keystone keystone_create >"$LOG/keystone-create.log" 2>&1 || fail "keystone-manage failed" keystone-create.log
  ENVIRONMENT=(OS_KEYSTONE_CONFIG_FILES="$ETC/keystone/keystone.conf" PYTHONPATH="$ETC/keystone")
  free_port keystone 5000
  start_wsgi keystone keystone 5000 --workers 2 keystone_wsgi:application
  wait_until 180 keystone answers "$AUTH_URL/v3"
  keystone_populate >"$LOG/keystone-populate.log" 2>&1 || fail "populating Keystone failed" keystone-populate.log
}

keystone_down() { remove_public_address; }

# keystone_options USER: how the service user USER authenticates, as keystoneauth names the options
keystone_options() {
  cat <<E
auth_type = password
auth_url = $AUTH_URL
project_name = service
project_domain_name = Default
user_domain_name = Default
username = $1
password = $SERVICE_SECRET
region_name = $REGION
E
}

# start_wsgi DAEMON USER PORT GUNICORN-ARGUMENTS...: an OpenStack API under gunicorn
start_wsgi() {
  local name=$1 user=$2 port=$3 public=()
  shift 3
  [ "$(public_host)" = 127.0.0.1 ] || public=(--bind "$(public_host):$port")
  start "$name" "$user" gunicorn --name "$name" --bind "127.0.0.1:$port" "${public[@]}" \
    --threads 8 --keep-alive 75 --worker-class gthread --worker-tmp-dir /dev/shm --graceful-timeout 2 --timeout 180 \
    --access-logfile - --error-logfile - "$@"
}
