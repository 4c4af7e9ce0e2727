# shellcheck shell=bash
# Swift on one device, with the S3 API and ceilometermiddleware just before
# proxy-server, where its documentation wants it. See also swift_first.sh.

service swift needs "keystone memcached rabbitmq" \
  packages "swift swift-proxy swift-account swift-container swift-object python3-ceilometermiddleware python3-swiftclient" \
  daemons "swift-proxy swift-object swift-container swift-account"

declare -A SWIFT_PORTS=([object]=6200 [container]=6201 [account]=6202)

swift_rings() {
  local server port
  cd "$ETC/swift" && rm -f ./*.builder ./*.ring.gz
  for server in "${!SWIFT_PORTS[@]}"; do
    port=${SWIFT_PORTS[$server]}
    swift-ring-builder "$server.builder" create 8 1 1 &&
      swift-ring-builder "$server.builder" add "r1z1-127.0.0.1:$port/d1" 1 || return
    swift-ring-builder "$server.builder" rebalance || [ $? = 1 ] || return # 1: done, with a warning
  done
}

swift_common() { # swift_common HOST PORT: what opens every server's configuration
  cat <<E
[DEFAULT]
bind_ip = $1
bind_port = $2
workers = 0
user = swift
swift_dir = $ETC/swift
E
}

swift_configure_storage() { # swift_configure_storage SERVER
  {
    swift_common 127.0.0.1 "${SWIFT_PORTS[$1]}"
    cat <<E
devices = $DATA/swift
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = WARNING
[pipeline:main]
pipeline = healthcheck $1-server
[app:$1-server]
use = egg:swift#$1
[filter:healthcheck]
use = egg:swift#healthcheck
[$1-updater]
interval = 5
[$1-replicator]
[$1-auditor]
E
  } | put "$ETC/swift/$1-server.conf"
}

swift_stock_filters() { # those of the pipeline that need no options
  local filter
  for filter in catch_errors gatekeeper healthcheck proxy_logging listing_formats bulk tempurl formpost \
    staticweb copy container_quotas account_quotas dlo symlink; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"
  done
}

# swift_pipeline PLACE: with ceilometermiddleware first, before authtoken, or last
swift_pipeline() {
  local first='' last=ceilometer
  [ "$1" = last ] || first=ceilometer last=''
  echo "catch_errors gatekeeper healthcheck proxy_logging $first cache listing_formats bulk tempurl formpost" \
    "authtoken s3api s3token keystoneauth staticweb copy container_quotas account_quotas slo dlo versioned_writes" \
    "symlink proxy_logging $last proxy-server"
}

swift_configure_proxy() { # swift_configure_proxy NAME PORT PLACE
  {
    swift_common "$(public_host)" "$2"
    cat <<E
log_level = INFO
[pipeline:main]
pipeline = $(swift_pipeline "$3")
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:11211
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
$(keystone_options swift)
www_authenticate_uri = $AUTH_URL
delay_auth_decision = true
cache = swift.cache
service_token_roles_required = true
# without it, tokens of application credentials with access rules are refused
service_type = object-store
[filter:keystoneauth]
use = egg:swift#keystoneauth
reseller_prefix = AUTH
operator_roles = admin, member
reseller_admin_role = ResellerAdmin
project_reader_roles = reader
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = $REGION
[filter:s3token]
use = egg:swift#s3token
auth_uri = $AUTH_URL/v3
$(keystone_options swift)
reseller_prefix = AUTH_
delay_auth_decision = true
[filter:slo]
use = egg:swift#slo
rate_limit_after_segment = 100
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:ceilometer]
paste.filter_factory = ceilometermiddleware.swift:filter_factory
url = $TRANSPORT_URL
control_exchange = swift
driver = messagingv2
topic = notifications
reseller_prefix = AUTH_
nonblocking_notify = true
log_level = WARNING
E
    swift_stock_filters
  } | put "$ETC/swift/$1-server.conf" swift
}

swift_configure() {
  local server
  mkdir -p "$ETC/swift" "$DATA/swift/d1"
  chown -R swift: "$DATA/swift/d1"
  put "$ETC/swift/swift.conf" swift <<E
[swift-hash]
swift_hash_path_prefix = $HASH_SECRET
swift_hash_path_suffix = $HASH_SECRET
[storage-policy:0]
name = Policy-0
default = yes
E
  for server in "${!SWIFT_PORTS[@]}"; do swift_configure_storage "$server"; done
  swift_configure_proxy proxy 8080 last
  # Swift reads swift.conf at a built-in path; this launcher points it at ours
  put "$ETC/swift/run.py" <<E
import runpy, sys
from swift.common import utils
utils.SWIFT_CONF_FILE = '$ETC/swift/swift.conf'
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
E
}

swift_start() { # swift_start NAME PORT: NAME is a server, or a proxy of another name
  local server=${1%%-*}
  free_port "swift-$1" "$2" "$(sed -n 's/^bind_ip = //p' "$ETC/swift/$1-server.conf")"
  start "swift-$1" swift /usr/bin/python3 "$ETC/swift/run.py" "/usr/bin/swift-$server-server" "$ETC/swift/$1-server.conf" -v
}

swift_up() {
  local server
  swift_configure
  once swift-rings swift_rings >"$LOG/swift-rings.log" 2>&1 || fail "swift-ring-builder failed" swift-rings.log
  for server in "${!SWIFT_PORTS[@]}"; do swift_start "$server" "${SWIFT_PORTS[$server]}"; done
  swift_start proxy 8080
  for server in "${!SWIFT_PORTS[@]}"; do wait_until 180 "swift-$server" listening "${SWIFT_PORTS[$server]}"; done
  wait_until 180 swift-proxy answers "http://$(public_host):8080/healthcheck"
}
