# shellcheck shell=bash
# Every service, each after what it needs, and what plain "up" brings up.
services=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=docker.sh
. "$services/docker.sh"
