# shellcheck shell=bash
# What up, down and the services share: places, secrets, progress, processes, files.
#
# A process is known by its pid AND its start time (field 22 of /proc/PID/stat),
# so a pid that the kernel has given to somebody else is never taken for ours.

CLOUD_DIR=${CLOUD_DIR:-/var/lib/picasso-cloud}
ETC=$CLOUD_DIR/etc
LOG=$CLOUD_DIR/log
RUN=$CLOUD_DIR/run
DATA=$CLOUD_DIR/data
LOCK=$CLOUD_DIR.lock # beside the folder: it must outlive down --wipe

PORT_MARIADB=${CLOUD_PORT_MARIADB:-3306}
PORT_PICASSO=${CLOUD_PORT_PICASSO:-10001}
DOCKER_SOCKET=${CLOUD_DOCKER_SOCKET:-/var/run/docker.sock}
REGION=RegionOne
AUTH_URL=http://127.0.0.1:5000
PUBLIC_ADDRESS=198.51.100.1 # of a range for documentation (RFC 5737), so nobody's

say() { printf '[%3ds] %s\n' "$SECONDS" "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}
# fail NAME LOGFILE: die with the end of a log file of $LOG
fail() {
  tail -n 25 "$LOG/$2" >&2
  die "$1; the log is $LOG/$2"
}

be_root() { # be_root ARGUMENTS: run the script again as root when it is not
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || die "must run as root"
  exec sudo --preserve-env=CLOUD_DIR,CLOUD_PORT_MARIADB,CLOUD_PORT_PICASSO,CLOUD_DOCKER_SOCKET,CLOUD_TRANSPORT_QUERY,CLOUD_NO_APT "$0" "$@"
}

lock() { # one up or down at a time; daemons must not inherit descriptor 9, see start
  mkdir -p "$(dirname "$LOCK")"
  exec 9>"$LOCK"
  flock -n 9 && return 0
  say "waiting for another up or down of $CLOUD_DIR"
  flock 9
}

# ----------------------------------------------------------------- processes
start_time() { # start_time PID: nothing for a process that has ended, waited for or not
  local fields
  fields=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
  read -r -a fields <<<"$fields" # state ppid pgrp session ...
  [ "${fields[0]}" = Z ] || printf '%s\n' "${fields[19]}"
}

is_process() { [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; } # is_process PID START

running() { # running DAEMON: the process that start() began is still there
  local pid began=
  [ -s "$RUN/$1.pid" ] || return 1
  { read -r pid && read -r began; } <"$RUN/$1.pid"
  is_process "$pid" "$began"
}

# what daemons and commands begin with; the caller's folder may be closed to their users
CLEAN=(env -i --chdir="$CLOUD_DIR/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$CLOUD_DIR/home")
ENVIRONMENT=() # KEY=VALUE for the next start()

# start DAEMON USER COMMAND...: in a session of its own, output to $LOG/DAEMON.log
start() {
  local name=$1 user=$2 pid
  shift 2
  if ! running "$name"; then
    setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
      "${CLEAN[@]}" PYTHONUNBUFFERED=1 "${ENVIRONMENT[@]}" "$@" </dev/null >>"$LOG/$name.log" 2>&1 9>&- &
    pid=$!
    printf '%s\n%s\n' "$pid" "$(start_time "$pid")" >"$RUN/$name.pid"
  fi
  ENVIRONMENT=()
}

run_as() { # run_as USER COMMAND...: in the foreground, with a clean environment
  local user=$1
  shift
  setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
    "${CLEAN[@]}" "$@" 9>&-
}

# wait_until SECONDS DAEMON CONDITION...: until CONDITION succeeds; fails when DAEMON ends first
wait_until() {
  local deadline=$((SECONDS + $1)) daemon=$2
  shift 2
  until "$@"; do
    running "$daemon" || fail "$daemon ended" "$daemon.log"
    [ "$SECONDS" -lt "$deadline" ] || fail "$daemon is not ready ($*)" "$daemon.log"
    sleep 0.1
  done
}
listening() { (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; } # listening PORT [HOST]
answers() { curl --noproxy '*' -fs -m 2 -o /dev/null "$1"; }         # answers URL

free_port() { # free_port DAEMON PORT [HOST]: never start beside somebody else's server
  running "$1" || ! listening "$2" "${3:-}" || die "port $2 is in use, and not by our $1"
}

# ------------------------------------------------------------------- network
# Sandboxes of functions have a loopback of their own, so what functions use has one more
# address of this machine: on its loopback interface, where nobody outside it finds it.

add_public_address() { # where that may not be done, the cloud is on 127.0.0.1 alone
  if ip address replace "$PUBLIC_ADDRESS/32" dev lo; then
    touch "$RUN/public-address"
  else
    rm -f "$RUN/public-address"
    say "no address $PUBLIC_ADDRESS: functions cannot reach the services"
  fi
}
remove_public_address() {
  [ -e "$RUN/public-address" ] || return 0
  ip address delete "$PUBLIC_ADDRESS/32" dev lo 2>/dev/null || true
  rm -f "$RUN/public-address"
}
public_host() { if [ -e "$RUN/public-address" ]; then echo "$PUBLIC_ADDRESS"; else echo 127.0.0.1; fi; }

# --------------------------------------------------------------------- files
put() { # put FILE [GROUP]: write stdin to FILE, closed to others when GROUP is given
  cat >"$1.new"
  if [ -n "${2:-}" ]; then
    chgrp "$2" "$1.new"
    chmod 640 "$1.new"
  fi
  mv "$1.new" "$1"
}

once() { # once MARK COMMAND...: unless it has succeeded before
  local mark=$CLOUD_DIR/done/$1
  shift
  [ -e "$mark" ] || { "$@" && touch "$mark"; }
}

folders() {
  mkdir -p "$ETC" "$LOG" "$RUN" "$DATA" "$CLOUD_DIR/home" "$CLOUD_DIR/done"
  chmod 755 "$CLOUD_DIR" "$ETC" "$LOG" "$RUN" "$DATA"
}

secrets() { # random per cloud, made once
  local name
  if [ ! -s "$CLOUD_DIR/secrets" ]; then
    (
      umask 077
      for name in ADMIN DB RABBIT SERVICE USER HASH COOKIE; do
        printf '%s_SECRET=%s\n' "$name" "$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')"
      done >"$CLOUD_DIR/secrets.new"
    )
    mv "$CLOUD_DIR/secrets.new" "$CLOUD_DIR/secrets"
  fi
  # shellcheck source=/dev/null
  . "$CLOUD_DIR/secrets"
  TRANSPORT_URL=rabbit://openstack:$RABBIT_SECRET@127.0.0.1:5672/${CLOUD_TRANSPORT_QUERY:-}
}
database_url() { # database_url NAME [CHARSET]: as oslo.db writes it
  printf 'mysql+pymysql://cloud:%s@127.0.0.1:%s/%s?charset=%s' "$DB_SECRET" "$PORT_MARIADB" "$1" "${2:-utf8}"
}
