#!/usr/bin/env bash
# Generates the Go code of coldshelf.proto: protobuf's own, and vtprotobuf's readers, of which those of
# observations use their columns again. Needs protoc (Debian: protobuf-compiler).
set -euo pipefail
cd "$(dirname "$0")"
package=github.com/coldshelf/coldshelf/models/wire/wirepb
pooled=
for message in Body Observation Slots Facings Quality; do
  pooled+=",pool=$package.$message"
done
protoc --plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" --go_out=. --go_opt=paths=source_relative \
  --plugin=protoc-gen-go-vtproto="$(go tool -n protoc-gen-go-vtproto)" --go-vtproto_out=. \
  --go-vtproto_opt="paths=source_relative,features=unmarshal_unsafe+pool$pooled" coldshelf.proto
