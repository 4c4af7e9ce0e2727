# shellcheck shell=bash
# A second proxy of the same Swift with ceilometermiddleware before authtoken, where
# it also reports copies, S3 and bulk requests. Not in the catalogue: clients name its URL.

service swift_first needs "swift" daemons "swift-proxy-first"

swift_first_up() {
  swift_configure_proxy proxy-first 8081 first
  swift_start proxy-first 8081
  wait_until 180 swift-proxy-first answers "http://$(public_host):8081/healthcheck"
}
