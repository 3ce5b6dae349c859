#!/usr/bin/env bash
# Checks the agent's Debian packages as Debian would: lintian, an installation by dpkg into a root of its own,
# the units as systemd reads them and how closed they are, the program's own word for its version, what it needs
# against what the package says that it needs, and a purge that leaves nothing. A program for arm64 runs under qemu
# against the sysroot of `make cross`.
#
#   check.sh PACKAGE...
set -euo pipefail

fail() {
  printf 'error: %s: %s\nhint: %s\n' "$name" "$1" "$2" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=version.sh
. "$here/version.sh"
sysroot=${COLDSHELF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coldshelf}/sysroot-arm64-bookworm
# The worst exposure that `systemd-analyze security` may tell, in tenths of its points of 0 to 10: the agent needs the
# network, its devices, for 1-Wire one capability, and to ask whether the clock is synchronised (0.3 of the 2.3).
exposure=23

# dpkg's own files of an empty system; maintainer scripts run here and are told the root by DPKG_ROOT.
in_root() { dpkg --root="$root" --force-not-root,script-chrootless,depends,architecture --log="$root/dpkg.log" "$@"; }

installed() {
  mkdir -p "$root"/var/lib/dpkg/{info,updates} "$root/etc"
  touch "$root/var/lib/dpkg/status"
  in_root --install "$deb" >/dev/null 2>"$root/dpkg.err" || fail "dpkg does not install it: $(cat "$root/dpkg.err")" "see the maintainer scripts"
  for f in usr/bin/cooler-agent usr/lib/systemd/system/cooler-agent.service usr/lib/systemd/system/cooler-agent-provision.service \
    usr/lib/udev/rules.d/60-coldshelf.rules usr/share/doc/cooler-agent/boards/raspberry-pi-5/agent.yml etc/coldshelf; do
    [ -e "$root/$f" ] || fail "the package does not install /$f" "see agent.yaml"
  done
  grep -q '^cooler-agent:' "$root/etc/passwd" || fail "the agent has no user" "see systemd/cooler-agent.sysusers"
}

units() {
  local unit said
  for unit in cooler-agent cooler-agent-provision; do
    said=$(systemd-analyze verify --man=no --recursive-errors=no --root="$root" "$unit.service" 2>&1 || true)
    if grep -E "$unit\.service" <<<"$said" | grep -vE 'is not executable|Failed to (create|prepare)'; then
      fail "systemd does not understand $unit.service" "systemd-analyze verify tells the line"
    fi
    # adjtimex is how a program asks whether the clock is synchronised; systemd has it among what sets the clock.
    if [ "$unit" = cooler-agent ] && { grep -q '^ProtectClock=yes' "$root/usr/lib/systemd/system/$unit.service" ||
      ! grep -q '^SystemCallFilter=.*\badjtimex\b' "$root/usr/lib/systemd/system/$unit.service"; }; then
      fail "$unit.service forbids to ask whether the clock is synchronised" "leave ProtectClock out and allow adjtimex"
    fi
    said=$(systemd-analyze security --no-pager --offline=true --threshold="$exposure" --root="$root" "$unit.service" 2>&1) ||
      fail "$unit.service is open: $(tail -1 <<<"$said")" "systemd-analyze security --offline=true tells each point"
  done
}

# program runs what was installed.
program() {
  local lib=/usr/lib/aarch64-linux-gnu
  if [ "$arch" = "$(dpkg --print-architecture)" ]; then
    "$root/usr/bin/cooler-agent" "$@"
    return
  fi
  [ -e "$sysroot/.ready" ] || fail "there is no sysroot for $arch to run the program in" "make cross makes it"
  qemu-aarch64-static -L "$sysroot" -E "LD_LIBRARY_PATH=$lib/blas:$lib/lapack:$lib/pulseaudio:$lib" "$root/usr/bin/cooler-agent" "$@"
}

says_its_version() {
  local said package
  package=$(dpkg-deb -f "$deb" Version)
  said=$(program --version | sed -n '1s/^cooler-agent //p')
  [ "$(deb_version "$said")" = "$package" ] || fail "the program says that it is ${said:-nothing}, the package $package" "build the program anew"
  said=$(program version --json)
  grep -q "\"arch\":\"$arch\"" <<<"$said" && grep -q '"opencv":"4' <<<"$said" ||
    fail "the program is not of $arch with OpenCV: $said" "make agent cross"
}

# Every library that the program is linked against must come with a package that is depended on. Debian's packages of
# libraries have the same names on both architectures.
needs() {
  local depends lib owner
  depends=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/ //g')
  for lib in $(readelf -d "$root/usr/bin/cooler-agent" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'); do
    case $lib in ld-linux-*) continue ;; esac # libc6's, under a name of each architecture
    owner=$(dpkg-query -S "*/lib/$(uname -m)-linux-gnu/$lib" 2>/dev/null | sed -n '1s/:.*//p')
    grep -qx "$owner" <<<"$depends" || fail "the program needs $lib of ${owner:-no package}" "add it to depends in agent.yaml"
  done
}

purged() {
  local left
  mkdir -p "$root/var/lib/cooler-agent" && touch "$root/var/lib/cooler-agent/outbox.db"
  in_root --remove cooler-agent >/dev/null 2>&1
  [ -e "$root/var/lib/cooler-agent/outbox.db" ] || fail "removing the package removes what was not delivered" "see agent-postrm.sh"
  [ ! -e "$root/usr/bin/cooler-agent" ] || fail "removing the package leaves the program" "see dpkg -L"
  in_root --purge cooler-agent >/dev/null 2>&1
  left=$(find "$root" \( -name '*cooler-agent*' -o -name '*coldshelf*' \) -not -path "$root/var/lib/dpkg/*")
  [ -z "$left" ] || fail "a purge leaves $left" "see agent-postrm.sh"
}

[ $# -gt 0 ] || { name=check.sh; fail "no package is given" "check.sh PACKAGE..."; }
root=
trap 'rm -rf "$root"' EXIT
for deb in "$@"; do
  name=$(basename "$deb")
  deb=$(realpath -e "$deb")
  arch=$(dpkg-deb -f "$deb" Architecture)
  root=$(mktemp -d)
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb" ||
    fail "lintian complains" "lintian-explain-tags TAG tells what is meant"
  installed
  units
  says_its_version
  needs
  purged
  rm -rf "$root"
  echo "deb: $name is in order"
done
