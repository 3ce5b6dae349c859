#!/bin/sh
# Makes the agent's user and tells the system of the units. The agent is started only once it has a
# configuration.
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers --root="${DPKG_ROOT:-/}" "${DPKG_ROOT:-}/usr/lib/sysusers.d/cooler-agent.conf"
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  udevadm control --reload || true
  udevadm trigger --subsystem-match=video4linux || true
  systemctl enable cooler-agent-provision.service >/dev/null
  if [ -s /etc/coldshelf/agent.yml ]; then
    systemctl enable cooler-agent.service >/dev/null
    systemctl restart cooler-agent.service
  else
    echo "cooler-agent: put a configuration at /etc/coldshelf/agent.yml (see /usr/share/doc/cooler-agent/boards),"
    echo "cooler-agent: then: cooler-agent doctor --config /etc/coldshelf/agent.yml && systemctl enable --now cooler-agent"
  fi
fi
