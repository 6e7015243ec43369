#!/usr/bin/env bash
# Prints the machine that figures were measured on: no figure is worth anything without it.
set -euo pipefail

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
if [ -z "$cpu" ]; then
  cpu=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || uname -m)
fi
echo "machine: $cpu, $(getconf _NPROCESSORS_ONLN) cores, $(uname -s) $(uname -r)"
echo "go:      $(go env GOVERSION) $(go env GOOS)/$(go env GOARCH)"
if bin=$("$(dirname "$0")/postgres-bin.sh" 2>/dev/null); then
  echo "sql:     $("$bin/postgres" --version)"
fi
