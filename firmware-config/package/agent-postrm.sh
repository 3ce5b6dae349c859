#!/bin/sh
# What the agent has not delivered yet stays until the package is purged.
set -e
if [ "$1" = purge ]; then
  rm -rf /var/lib/cooler-agent /var/cache/cooler-agent
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
