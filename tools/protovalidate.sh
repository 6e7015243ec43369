#!/usr/bin/env bash
# Copies the proto file of protovalidate's rules out of the Go module cache into .cache/protovalidate, which buf.yaml
# lists as its second module. The version and its checksum stand in tools/protovalidate/go.mod and go.sum.
set -euo pipefail
cd "$(dirname "$0")/.."

# GOFLAGS and GOWORK of the caller would decide which go.mod is read.
source=$(cd tools/protovalidate && export GOFLAGS=-mod=readonly GOWORK=off &&
  go mod download github.com/bufbuild/protovalidate &&
  go list -m -f '{{.Dir}}' github.com/bufbuild/protovalidate)
target=.cache/protovalidate/buf/validate
mkdir -p "$target"
# The cache is read-only, which would make the next copy fail: install sets the mode.
install -m 0644 "$source/proto/protovalidate/buf/validate/validate.proto" "$target/validate.proto"
