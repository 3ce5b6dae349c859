#!/usr/bin/env bash
# Builds cooler-agent for arm64 (Raspberry Pi 4 and 5, Jetson) on an amd64 Debian, with OpenCV, against
# a sysroot of Debian's own arm64 packages, and runs it under qemu. With NATIVE, the same program built for this
# machine, both look at one picture and must see the same boxes.
#
#   arm64.sh OUT [NATIVE]
#
# The program says that it is $VERSION, by default what git describes. The sysroot (about 760 MB) is made once, under
# $COLDSHELF_CACHE (default ~/.cache/coldshelf).
set -euo pipefail

out=$(realpath -m "${1:?usage: arm64.sh OUT [NATIVE]}")
native=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${COLDSHELF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coldshelf}
sysroot=$cache/sysroot-arm64-bookworm

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
for p in mmdebstrap gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static debian-archive-keyring; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "cross: installing with apt: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -e "$sysroot/.ready" ]; then
  echo "cross: making the arm64 sysroot, once"
  rm -rf "$sysroot"
  mkdir -p "$(dirname "$sysroot")"
  # The packages of debian-build.txt less the compiler, which is the host's.
  packages=$(grep -hvE '^(#|$|g\+\+)' "$root/firmware-config/setup/debian-build.txt" | paste -sd,)
  mmdebstrap --quiet --architectures=arm64 --variant=extract \
    --include="$packages,libc6-dev,libstdc++-12-dev" bookworm "$sysroot"
  # Absolute links would leave the sysroot.
  find "$sysroot" -xtype l -lname '/*' | while read -r link; do
    ln -sfn --relative "$sysroot$(readlink "$link")" "$link"
  done
  touch "$sysroot/.ready"
fi

lib=usr/lib/aarch64-linux-gnu
export CGO_ENABLED=1 GOOS=linux GOARCH=arm64
export CC="aarch64-linux-gnu-gcc --sysroot=$sysroot" CXX="aarch64-linux-gnu-g++ --sysroot=$sysroot"
export CGO_CPPFLAGS="-I$sysroot/usr/include/opencv4 -isystem $sysroot/usr/include/aarch64-linux-gnu"
# OpenCV's own dependencies (blas, lapack, …) are the board's: the linker need not find them here.
export CGO_LDFLAGS="${CGO_LDFLAGS:-} -L$sysroot/$lib -Wl,-rpath-link,$sysroot/$lib -Wl,--unresolved-symbols=ignore-in-shared-libs"
mkdir -p "$(dirname "$out")"
version=${VERSION:-$(git -C "$root" describe --tags --always --dirty 2>/dev/null || echo unversioned)}
(cd "$root" && go build -tags customenv -ldflags "-s -w -X main.version=$version -extldflags=-L$root/firmware-config/link" -o "$out" ./agent/cmd/cooler-agent)

echo "cross: $(file -b "$out" | cut -d, -f1-2)"
arm64() { qemu-aarch64-static -L "$sysroot" -E "LD_LIBRARY_PATH=/$lib/blas:/$lib/lapack:/$lib/pulseaudio:/$lib" "$out" "$@"; }
said=$(arm64 version)
echo "$said"
if [ "${said%%$'\n'*}" != "cooler-agent $version" ]; then
  printf 'error: the arm64 program does not say that it is %s\nhint: see the -ldflags above\n' "$version" >&2
  exit 1
fi
[ -n "$native" ] || exit 0

# The native program goes first: it tries each network in a child process, which qemu cannot start where the
# kernel does not know arm64 programs, and the verdict is kept for both.
picture=$root/models/weights/facings/good.jpg
seen=$(mktemp -d)
trap 'rm -rf "$seen"' EXIT
export COLDSHELF_CACHE=$cache
"$native" detect --json --runtime opencv "$picture" >"$seen/native.json"
arm64 detect --json --runtime opencv "$picture" >"$seen/arm64.json"
python3 - "$seen/native.json" "$seen/arm64.json" <<'PY'
import json, sys
here, there = (json.load(open(p))["facings"] for p in sys.argv[1:])
if not here:
    sys.exit("error: nothing is seen in the picture, so nothing is compared\nhint: see vision/detect")
if [f["box"] for f in here] != [f["box"] for f in there] or any(abs(a["score"] - b["score"]) > 0.002 for a, b in zip(here, there)):
    sys.exit(f"error: arm64 sees {len(there)} facings, this machine {len(here)}, and not the same\nhint: compare the two with detect --json")
print(f"cross: arm64 sees the same {len(here)} boxes as this machine")
PY
