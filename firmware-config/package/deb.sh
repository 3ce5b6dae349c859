#!/usr/bin/env bash
# Makes the agent's Debian package of a binary that was built before.
#
#   deb.sh BINARY [VERSION] [FOLDER]
#
# The architecture is read from the binary, so one that was built for arm64 makes an arm64 package.
set -euo pipefail

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || fail "no binary is given" "deb.sh bin/cooler-agent [VERSION] [FOLDER]"
[ -s "$1" ] || fail "$1 is not there" "run make agent, or make cross for arm64"
binary=$(realpath "$1")
out=$(realpath -m "${3:-dist}")

# Bytes 18 and 19 of an ELF file name the machine: 62 is x86-64, 183 is AArch64.
case $(od -An -tu2 -j18 -N2 "$binary" | tr -d ' ') in
  62) DEB_ARCH=amd64 ;;
  183) DEB_ARCH=arm64 ;;
  *) fail "$1 is no program for amd64 or arm64" "give the built agent" ;;
esac

version=${2:-$(git -C "$here" describe --tags --always --dirty)}
# shellcheck source=version.sh
. "$here/version.sh"
DEB_VERSION=$(deb_version "$version")

scratch=$(mktemp -d)
config=
trap 'rm -rf "$scratch" $config' EXIT
# Debian's tools for the other architecture are not always there: the linker's own -s -w is used for those.
case $DEB_ARCH-$(dpkg --print-architecture) in
  amd64-amd64 | arm64-arm64) strip -o "$scratch/cooler-agent" "$binary" ;;
  arm64-*) aarch64-linux-gnu-strip -o "$scratch/cooler-agent" "$binary" ;;
  *) cp "$binary" "$scratch/cooler-agent" ;;
esac
# Times are the commit's, so that the same commit makes the same package.
when=$(git -C "$here" log -1 --format=%ct)
export SOURCE_DATE_EPOCH=$when
printf 'cooler-agent (%s) stable; urgency=medium\n\n  * See CHANGELOG.md of this version at the homepage.\n\n -- Coldshelf maintainers <maintainers@coldshelf.example>  %s\n' \
  "$DEB_VERSION" "$(LC_ALL=C date -u -d "@$when" -R)" | gzip -9n >"$scratch/changelog.gz"
gzip -9n <"$here/cooler-agent.1" >"$scratch/cooler-agent.1.gz"
# systemctl is called where systemd runs and only there; nfpm has no debhelper to do it. Go's linker makes
# no position-independent program by default, and this one is mostly Go.
printf 'cooler-agent: %s\n' 'maintainer-script-calls-systemctl *' 'hardening-no-pie *' >"$scratch/overrides"

mkdir -p "$out"
nfpm=$(cd "$here/../.." && go tool -modfile=firmware-config/package/tools.mod -n nfpm)
cd "$here"
# nfpm expands variables in few places only, so they are put in before. Paths in the file are from here.
config=$(mktemp ./agent.XXXXXX.yaml)
sed "s|\${DEB_SCRATCH}|$scratch|; s|\${DEB_ARCH}|$DEB_ARCH|; s|\${DEB_VERSION}|$DEB_VERSION|" agent.yaml >"$config"
"$nfpm" package --config "$config" --packager deb --target "$out/cooler-agent_${DEB_VERSION}_${DEB_ARCH}.deb"
