# shellcheck shell=bash
# Not a daemon but a program that tests need.

service shellcheck packages "shellcheck"

shellcheck_answers() { command -v shellcheck >/dev/null; }
shellcheck_up() { :; }
