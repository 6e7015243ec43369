#!/usr/bin/env bash
# Prints the folder of PostgreSQL's server programs: SMSFLOW_POSTGRES_BIN, else the newest version where Debian puts
# them (they are not in PATH there), else what pg_config says. Fails if there is none.
set -euo pipefail
shopt -s nullglob

candidates=()
if [ -n "${SMSFLOW_POSTGRES_BIN:-}" ]; then
  candidates+=("$SMSFLOW_POSTGRES_BIN")
else
  versions=(/usr/lib/postgresql/*/bin)
  if [ ${#versions[@]} -gt 0 ]; then
    mapfile -t candidates < <(printf '%s\n' "${versions[@]}" | sort --version-sort --reverse)
  fi
  if command -v pg_config >/dev/null; then
    candidates+=("$(pg_config --bindir)")
  fi
fi
for folder in "${candidates[@]}"; do
  if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/pg_ctl" ]; then
    echo "$folder"
    exit 0
  fi
done
echo "postgres: no initdb, postgres and pg_ctl found; run tools/setup.sh, or set SMSFLOW_POSTGRES_BIN to their folder" >&2
exit 1
