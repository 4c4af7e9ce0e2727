# shellcheck shell=bash
# Not a daemon: what installs a Python project beside Debian's openstack client.

service pip packages "python3-openstackclient python3-pip python3-setuptools python3-venv python3-wheel"

pip_answers() { command -v openstack && /usr/bin/python3 -c "import pip, setuptools, venv, wheel"; } >/dev/null 2>&1
pip_up() { :; }
