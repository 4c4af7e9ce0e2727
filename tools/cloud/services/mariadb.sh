# shellcheck shell=bash
# MariaDB with the user "cloud", who may create databases.

service mariadb packages "mariadb-server" daemons "mariadb"

mariadb_socket() { printf %s "$DATA/mysql/mysqld.sock"; }

# Durable against the death of the server but not of the machine: each commit
# reaches the kernel (flush 2), nothing is synced. Character set and SQL mode
# stay as Debian ships them.
mariadb_configure() {
  mkdir -p "$ETC/mysql"
  put "$ETC/mysql/my.cnf" <<E
[mariadbd]
datadir = $DATA/mysql
socket = $(mariadb_socket)
pid-file = $DATA/mysql/mysqld.pid
bind-address = 127.0.0.1
port = $PORT_MARIADB
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
skip-name-resolve
skip-log-bin
performance_schema = off
max_connections = 400
innodb_buffer_pool_size = 64M
innodb_log_file_size = 32M
innodb_flush_log_at_trx_commit = 2
innodb_doublewrite = 0
sync_frm = 0
E
}

mariadb_create() {
  local new="$DATA/mysql.new" # not half of it in its place when this is interrupted
  [ ! -d "$DATA/mysql/mysql" ] || return 0
  rm -rf "$new"
  mariadb-install-db --defaults-file="$ETC/mysql/my.cnf" --datadir="$new" --user=mysql --skip-test-db \
    --auth-root-authentication-method=socket >"$LOG/mariadb-install.log" 2>&1 || {
    sed -i '/^Installation of system tables failed/,$d' "$LOG/mariadb-install.log" # advice, longer than what went wrong
    fail "mariadb-install-db failed" mariadb-install.log
  }
  rm -rf "$DATA/mysql"
  mv "$new" "$DATA/mysql"
}

mariadb_sql() { mariadb --no-defaults --socket="$(mariadb_socket)" --batch; } # reads SQL from stdin

mariadb_user() {
  mariadb_sql <<E
CREATE USER IF NOT EXISTS 'cloud'@'127.0.0.1' IDENTIFIED BY '$DB_SECRET';
GRANT ALL ON *.* TO 'cloud'@'127.0.0.1';
E
}

# mariadb_database NAME: for OpenStack's services, whose indexes are made for three-byte characters
mariadb_database() { mariadb_sql <<<"CREATE DATABASE IF NOT EXISTS $1 CHARACTER SET utf8mb3;"; }

mariadb_up() {
  mariadb_configure
  mariadb_create
  free_port mariadb "$PORT_MARIADB"
  start mariadb mysql mariadbd --defaults-file="$ETC/mysql/my.cnf"
  wait_until 180 mariadb listening "$PORT_MARIADB"
  once mariadb-user mariadb_user
}
