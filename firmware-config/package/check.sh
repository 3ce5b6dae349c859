#!/usr/bin/env bash
# Checks the agent's Debian package as Debian would: lintian, an installation by dpkg into a root of its own,
# the units as systemd reads them, what the program needs against what the package says that it needs, and
# a purge that leaves nothing.
#
#   check.sh PACKAGE
set -euo pipefail

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

deb=$(realpath "${1:?usage: check.sh PACKAGE}")
arch=$(dpkg-deb -f "$deb" Architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb" ||
  fail "lintian complains" "lintian-explain-tags TAG tells what is meant"

# dpkg's own files of an empty system; maintainer scripts run here and are told the root by DPKG_ROOT.
mkdir -p "$root"/var/lib/dpkg/{info,updates} "$root/etc"
touch "$root/var/lib/dpkg/status"
in_root() { dpkg --root="$root" --force-not-root,script-chrootless,depends,architecture --log="$root/dpkg.log" "$@"; }
in_root --install "$deb" >/dev/null 2>"$root/dpkg.err" || fail "dpkg does not install it: $(cat "$root/dpkg.err")" "see the maintainer scripts"
for f in usr/bin/cooler-agent usr/lib/systemd/system/cooler-agent.service usr/lib/systemd/system/cooler-agent-provision.service \
  usr/lib/udev/rules.d/60-coldshelf.rules usr/share/doc/cooler-agent/boards/raspberry-pi-5/agent.yml etc/coldshelf; do
  [ -e "$root/$f" ] || fail "the package does not install /$f" "see agent.yaml"
done
grep -q '^cooler-agent:' "$root/etc/passwd" || fail "the agent has no user" "see systemd/cooler-agent.sysusers"

for unit in cooler-agent cooler-agent-provision; do
  said=$(systemd-analyze verify --man=no --recursive-errors=no --root="$root" "$unit.service" 2>&1 || true)
  if grep -E "$unit\.service" <<<"$said" | grep -vE 'is not executable|Failed to (create|prepare)'; then
    fail "systemd does not understand $unit.service" "systemd-analyze verify tells the line"
  fi
done

# Every library that the program is linked against must come with a package that is depended on.
depends=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/ //g')
if [ "$arch" = "$(dpkg --print-architecture)" ]; then
  for lib in $(readelf -d "$root/usr/bin/cooler-agent" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'); do
    owner=$(dpkg-query -S "*/lib/$(uname -m)-linux-gnu/$lib" 2>/dev/null | sed -n '1s/:.*//p')
    grep -qx "$owner" <<<"$depends" || fail "the program needs $lib of ${owner:-no package}" "add it to depends in agent.yaml"
  done
  "$root/usr/bin/cooler-agent" version >/dev/null
fi

mkdir -p "$root/var/lib/cooler-agent" && touch "$root/var/lib/cooler-agent/outbox.db"
in_root --remove cooler-agent >/dev/null
[ -e "$root/var/lib/cooler-agent/outbox.db" ] || fail "removing the package removes what was not delivered" "see agent-postrm.sh"
in_root --purge cooler-agent >/dev/null
left=$(find "$root" \( -name '*cooler-agent*' -o -name '*coldshelf*' \) -not -path "$root/var/lib/dpkg/*")
[ -z "$left" ] || fail "a purge leaves $left" "see agent-postrm.sh"
echo "deb: $(basename "$deb") is in order"
