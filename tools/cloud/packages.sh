# shellcheck shell=bash
# Installing Debian packages without letting them start their own daemons.

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# install SERVICE...: what the services need and the machine lacks
install() {
  local name package missing=()
  for name in "$@"; do
    for package in ${PACKAGES[$name]}; do
      installed "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "${CLOUD_NO_APT:-0}" = 0 ] || die "missing packages: ${missing[*]}"
  say "installing ${missing[*]}"
  (install_missing "${missing[@]}") || fail "apt-get install failed" apt.log
  say "packages installed"
}

# install_missing PACKAGE...: in a subshell of its own, for its trap, which needs the
# variables after the function is left. The lock is the machine's, not this cloud's:
# two clouds must not share one apt.
install_missing() {
  exec 8>/run/lock/picasso-cloud-apt.lock
  flock 8
  policy=
  if [ ! -e /usr/sbin/policy-rc.d ]; then # what it answers keeps maintainer scripts from starting daemons
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt_progress &
  progress=$!
  trap 'kill "$progress"; [ -z "$policy" ] || rm -f "$policy"' EXIT
  apt_install "$@" && return
  apt_get update
  apt_install "$@"
}
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" >>"$LOG/apt.log" 2>&1 8>&- 9>&-; }
apt_install() { apt_get install -y --no-install-recommends "$@"; }

apt_progress() {
  exec 8>&- 9>&-
  while sleep 5 >/dev/null 2>&1 && kill -0 $$; do
    say "  apt: $(tail -n 1 "$LOG/apt.log" 2>/dev/null | cut -c1-90)"
  done
}
