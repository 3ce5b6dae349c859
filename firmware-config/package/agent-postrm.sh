#!/bin/sh
# What the agent has not delivered yet stays until the package is purged.
set -e
if [ "$1" = purge ]; then
  rm -rf "${DPKG_ROOT:-}/var/lib/cooler-agent" "${DPKG_ROOT:-}/var/cache/cooler-agent"
fi
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
