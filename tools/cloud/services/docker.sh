# shellcheck shell=bash
# The Docker engine. One that answers already, whoever started it, is left alone.

docker_packages() { # an engine from elsewhere (docker-ce) must not be replaced by Debian's
  printf 'iptables iproute2 curl ca-certificates'
  command -v dockerd >/dev/null || printf ' docker.io'
  # where the kernel has AppArmor the engine needs its parser
  ! grep -qs Y /sys/module/apparmor/parameters/enabled || printf ' apparmor'
}
service docker packages "$(docker_packages)" daemons "dockerd"

docker_answers() { curl -fs -m 5 -o /dev/null --unix-socket "$DOCKER_SOCKET" http://docker/_ping 2>/dev/null; }

# dockerd needs a cgroup hierarchy; a machine without an init system may have none
docker_cgroups() {
  mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

docker_is_private() { [ "$DOCKER_SOCKET" != /var/run/docker.sock ]; }

# A second engine on the machine gets a bridge, an address range (of those for
# benchmarks) and containerd namespaces of its own, the same after a restart, and
# leaves the packet filter alone. Not --bridge=none: that deletes the first one's docker0.
docker_bridge() { printf 'picasso%04x' "$(($(cksum <<<"$CLOUD_DIR" | cut -d' ' -f1) & 0xffff))"; }

docker_add_bridge() {
  local bridge number
  bridge=$(docker_bridge)
  number=$((16#${bridge#picasso}))
  [ -e "/sys/class/net/$bridge" ] || ip link add "$bridge" type bridge
  ip address replace "198.18.$((number >> 8)).$((number & 0xf0 | 1))/28" dev "$bridge"
}

docker_private_flags() {
  printf '%s\n' "--bridge=$(docker_bridge)" --iptables=false --ip6tables=false \
    "--containerd-namespace=$(docker_bridge)" "--containerd-plugins-namespace=$(docker_bridge)-plugins"
}

docker_up() {
  local flags=()
  docker_cgroups
  if docker_is_private; then
    docker_add_bridge
    mapfile -t flags < <(docker_private_flags)
  fi
  # pulls go through the caller's proxy and trust the caller's certificates
  mapfile -t ENVIRONMENT < <(env | grep -iE '^((https?|no)_proxy|SSL_CERT_(FILE|DIR))=' || true)
  # a killed engine's pid files would stop the next one as long as its zombies are there
  running dockerd || rm -f "$RUN/docker.pidfile" "$RUN/docker/containerd/containerd.pid"
  start dockerd root dockerd --host="unix://$DOCKER_SOCKET" --data-root="$DATA/docker" \
    --exec-root="$RUN/docker" --pidfile="$RUN/docker.pidfile" --storage-driver=overlay2 \
    --shutdown-timeout=5 "${flags[@]}"
  wait_until 180 dockerd docker_answers
}

docker_down() { ! docker_is_private || ip link delete "$(docker_bridge)" 2>/dev/null || true; }
