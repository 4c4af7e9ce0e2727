# shellcheck shell=bash
# Not daemons but programs that tests need: shellcheck, bashate (style of DevStack), systemd-analyze.

service shellcheck packages "shellcheck python3-bashate systemd"

shellcheck_answers() { command -v shellcheck && command -v bashate && command -v systemd-analyze; } >/dev/null
shellcheck_up() { :; }
