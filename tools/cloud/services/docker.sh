# shellcheck shell=bash
# The Docker engine. One that answers already, whoever started it, is left alone.

docker_packages() { # an engine from elsewhere (docker-ce) must not be replaced by Debian's
  printf 'iptables curl ca-certificates'
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

# A second engine on the machine must not touch the first one's bridge and packet
# filter: it gets neither, and containerd namespaces of its own that outlive a restart.
docker_private() {
  local id
  [ "$DOCKER_SOCKET" != /var/run/docker.sock ] || return 0
  id=$(cksum <<<"$CLOUD_DIR" | cut -d' ' -f1)
  printf '%s\n' --bridge=none --iptables=false --ip6tables=false \
    "--containerd-namespace=picasso-$id" "--containerd-plugins-namespace=picasso-plugins-$id"
}

docker_up() {
  local flags
  docker_cgroups
  mapfile -t flags < <(docker_private)
  # pulls go through the caller's proxy and trust the caller's certificates
  mapfile -t ENVIRONMENT < <(env | grep -iE '^((https?|no)_proxy|SSL_CERT_(FILE|DIR))=' || true)
  # a killed engine's pid files would stop the next one as long as its zombies are there
  running dockerd || rm -f "$RUN/docker.pidfile" "$RUN/docker/containerd/containerd.pid"
  start dockerd root dockerd --host="unix://$DOCKER_SOCKET" --data-root="$DATA/docker" \
    --exec-root="$RUN/docker" --pidfile="$RUN/docker.pidfile" --storage-driver=overlay2 \
    --shutdown-timeout=5 "${flags[@]}"
  wait_until 60 dockerd docker_answers
}
