# shellcheck shell=bash
# The services: what each needs, is installed from and runs.
#
# A new service is a file services/NAME.sh that declares it and defines NAME_up,
# its name in the list at the end of this file, and a row in README.md.

declare -A NEEDS PACKAGES DAEMONS
SERVICES=() # in an order in which each stands after what it needs

# service NAME [needs "..."] [packages "..."] [daemons "..."]
# declares a service; function NAME_up brings it up, and returns when it answers;
# NAME_down, where there is one, clears up after its daemons have been stopped.
service() {
  local name=$1 key
  SERVICES+=("$name")
  NEEDS[$name]='' PACKAGES[$name]='' DAEMONS[$name]=''
  shift
  while [ $# -gt 0 ]; do
    key=$1
    case $key in
      needs) NEEDS[$name]=$2 ;;
      packages) PACKAGES[$name]=$2 ;;
      daemons) DAEMONS[$name]=$2 ;;
      *) die "service $name: unknown key $key" ;;
    esac
    shift 2
  done
}

# is_up NAME: it was brought up completely and all its daemons are still there.
# NAME_answers, where a service has one, replaces the question.
is_up() {
  local daemon
  if declare -F "$1_answers" >/dev/null; then
    "$1_answers"
    return
  fi
  [ -e "$RUN/$1.ready" ] || return 1
  for daemon in ${DAEMONS[$1]}; do running "$daemon" || return 1; done
}

SERVICES_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/services
CLOUD=(docker mariadb memcached rabbitmq keystone swift aodh ceilometer) # what plain "up" brings up
for name in "${CLOUD[@]}" swift_first gcc shellcheck pip picasso; do
  # shellcheck source=/dev/null
  . "$SERVICES_DIR/$name.sh"
done
