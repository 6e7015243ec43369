#!/usr/bin/env bash
# Fails if `make generate` changes anything in gen/ (or web/src/gen/). It compares with the files as they were, not with
# the last commit, so it also works with changes in hand; with CI set, the whole tree has to be clean as well.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
changed=0
for folder in gen web/src/gen; do
  mkdir -p "$before/$folder"
  if [ -d "$folder" ]; then
    cp -R "$folder/." "$before/$folder/"
  fi
done
make --no-print-directory generate
for folder in gen web/src/gen; do
  if [ -d "$folder" ] || [ -n "$(ls -A "$before/$folder")" ]; then
    diff --recursive --brief "$before/$folder" "$folder" || changed=1
  fi
done
if [ "$changed" -ne 0 ]; then
  echo "check-generated: generated files were out of date; they are up to date now, commit them" >&2
  exit 1
fi
if [ -n "${CI:-}" ] && [ -n "$(git status --porcelain)" ]; then
  git status --short
  echo "check-generated: the tree is not clean after make generate" >&2
  exit 1
fi
