#!/usr/bin/env bash
# Installs what is missing on a Debian machine, and says what it does. It changes nothing where all
# is there, so every make target can call it.
#
#   install.sh build   compiler and OpenCV, ONNX Runtime
#   install.sh test    the above, the real brokers, database, browser and InfluxDB for the tests
#   install.sh bench   the real broker and InfluxDB, and Telegraf, the peer of the ingest
#
# Downloads that are no Debian packages go to $COLDSHELF_CACHE (default ~/.cache/coldshelf), so that a
# second clone of the project finds them.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${COLDSHELF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coldshelf}
readonly ort_version=1.22.0 influx_version=v1.8.10 nats_version=v2.15.2 telegraf_version=v1.37.2

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "packages are missing and this user is not root" "run as root, or install sudo: $*"
  fi
}

packages() { # files…: names of the packages that dpkg does not know as installed
  local name
  grep -hvE '^(#|$)' "$@" | while read -r name; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

debian() {
  command -v apt-get >/dev/null || fail "no apt-get here" \
    "Coldshelf builds on Debian 12 or Raspberry Pi OS 12; elsewhere install OpenCV 4.6 and what $here/debian-*.txt name"
  local missing
  missing=$(packages "$@")
  [ -z "$missing" ] && return
  echo "setup: installing with apt: $(echo "$missing" | tr '\n' ' ')"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
}

# ONNX Runtime has no Debian 12 package; its Node binding ships the C library for x64 and arm64.
onnxruntime() {
  local arch lib
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "setup: no ONNX Runtime for $(uname -m), the agent will use OpenCV"; return ;;
  esac
  lib=$cache/onnxruntime-$ort_version/libonnxruntime.so.1
  [ -s "$lib" ] && return
  echo "setup: fetching ONNX Runtime $ort_version from npm"
  local tmp
  tmp=$(mktemp -d)
  (cd "$tmp" && npm pack --silent "onnxruntime-node@$ort_version" >/dev/null && tar xzf ./*.tgz) ||
    { rm -rf "$tmp"; fail "ONNX Runtime cannot be fetched" "check that npm reaches its registry: npm ping"; }
  mkdir -p "$(dirname "$lib")"
  find "$tmp" -path "*linux/$arch/libonnxruntime.so*" -exec cp {} "$lib.part" \;
  mv "$lib.part" "$lib"
  rm -rf "$tmp"
}

influxd() {
  [ -x "$cache/bin/influxd" ] && return
  echo "setup: building influxd $influx_version (about a minute, once)"
  (cd / && GOBIN=$cache/bin GOFLAGS= CGO_ENABLED=1 go install "github.com/influxdata/influxdb/cmd/influxd@$influx_version")
}

nats_server() {
  [ -x "$cache/bin/nats-server" ] && return
  echo "setup: building nats-server $nats_version (about a minute, once)"
  (cd / && GOBIN=$cache/bin GOFLAGS= go install "github.com/nats-io/nats-server/v2@$nats_version")
}

# Only what the benchmark uses is built in; the whole of Telegraf takes many minutes.
telegraf() {
  [ -x "$cache/bin/telegraf" ] && return
  echo "setup: building Telegraf $telegraf_version (about a minute, once)"
  (cd / && GOBIN=$cache/bin GOFLAGS= CGO_ENABLED=0 go install \
    -tags custom,inputs.mqtt_consumer,outputs.influxdb_v2,parsers.json_v2,serializers.influx \
    "github.com/influxdata/telegraf/cmd/telegraf@$telegraf_version")
}

need() { command -v "$1" >/dev/null || fail "$1 is not installed" "$2"; }

need go "install Go 1.26 or newer: https://go.dev/dl/"
need npm "install Node.js 20.19 or newer: https://nodejs.org/"

case ${1:-} in
  build)
    debian "$here/debian-build.txt"
    onnxruntime
    ;;
  test)
    debian "$here/debian-build.txt" "$here/debian-test.txt"
    onnxruntime
    influxd
    nats_server
    ;;
  bench)
    debian "$here/debian-build.txt" "$here/debian-test.txt"
    influxd
    telegraf
    ;;
  *) fail "what to install is not said" "install.sh build | install.sh test | install.sh bench" ;;
esac
