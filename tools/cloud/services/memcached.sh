# shellcheck shell=bash
# memcached, for Keystone's, Swift's and Aodh's token caches.

service memcached packages "memcached" daemons "memcached"

memcached_up() {
  free_port memcached 11211
  start memcached memcache memcached -l 127.0.0.1 -p 11211 -U 0 -m 32 -t 1
  wait_until 10 memcached listening 11211
}
