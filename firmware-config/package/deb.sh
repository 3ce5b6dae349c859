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
DEB_BINARY=$(realpath "$1")
out=$(realpath -m "${3:-dist}")

# Bytes 18 and 19 of an ELF file name the machine: 62 is x86-64, 183 is AArch64.
case $(od -An -tu2 -j18 -N2 "$DEB_BINARY" | tr -d ' ') in
  62) DEB_ARCH=amd64 ;;
  183) DEB_ARCH=arm64 ;;
  *) fail "$1 is no program for amd64 or arm64" "give the built agent" ;;
esac

# A Debian version begins with a digit: v1.2.3-4-gabc becomes 1.2.3+4.gabc, a bare hash 0~hash.
version=${2:-$(git -C "$here" describe --tags --always --dirty)}
version=${version#v}
case $version in
  [0-9]*.*) DEB_VERSION=$(echo "$version" | sed 's/-/+/; s/-/./g') ;;
  *) DEB_VERSION="0~$(echo "$version" | tr - .)" ;;
esac

mkdir -p "$out"
nfpm=$(cd "$here/../.." && go tool -modfile=firmware-config/package/tools.mod -n nfpm)
cd "$here"
# nfpm expands variables in few places only, so they are put in before. Paths in the file are from here.
config=$(mktemp ./agent.XXXXXX.yaml)
trap 'rm -f "$config"' EXIT
sed "s|\${DEB_BINARY}|$DEB_BINARY|; s|\${DEB_ARCH}|$DEB_ARCH|; s|\${DEB_VERSION}|$DEB_VERSION|" agent.yaml >"$config"
"$nfpm" package --config "$config" --packager deb --target "$out/cooler-agent_${DEB_VERSION}_${DEB_ARCH}.deb"
