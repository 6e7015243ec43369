#!/usr/bin/env bash
# Usage: tools/breaking.sh REF
#
# Says which changes of proto/ since the commit or tag REF would break its clients. buf can read a git ref by itself,
# but then it misses the second module of the workspace, which is not committed.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -ne 1 ]; then
  echo "usage: $0 REF" >&2
  exit 2
fi
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$1" buf.yaml proto | tar -x -C "$before"
mkdir -p "$before/.cache"
cp -R .cache/protovalidate "$before/.cache/protovalidate"
.cache/tools/buf breaking --against "$before"
