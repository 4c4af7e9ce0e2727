# shellcheck shell=bash
# Every service, each after what it needs, and what plain "up" brings up.
# A new service: a file here that declares it (see service in lib.sh) and
# defines NAME_up, a line below, a row in README.md.
services=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=docker.sh
. "$services/docker.sh"
# shellcheck source=mariadb.sh
. "$services/mariadb.sh"
# shellcheck source=memcached.sh
. "$services/memcached.sh"
# shellcheck source=rabbitmq.sh
. "$services/rabbitmq.sh"
# shellcheck source=keystone.sh
. "$services/keystone.sh"
# shellcheck source=swift.sh
. "$services/swift.sh"
# shellcheck source=aodh.sh
. "$services/aodh.sh"
# shellcheck source=ceilometer.sh
. "$services/ceilometer.sh"
CLOUD=(docker mariadb memcached rabbitmq keystone swift aodh ceilometer)
