#!/usr/bin/env bash
# Installs what the tests need and this machine lacks, by apt-get: git, make, gcc (for the race detector), strace,
# PostgreSQL (server and pgbench), Node.js and npm (for a model server that nobody here wrote) and, once the page has
# browser tests, Chromium. Safe to run again: with nothing missing it does nothing.
#
# Tests never skip for want of PostgreSQL, so without apt-get (or the right to use it) this says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v git >/dev/null || missing+=(git)
command -v make >/dev/null || missing+=(make)
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v strace >/dev/null || missing+=(strace)
tools/postgres-bin.sh >/dev/null 2>&1 || missing+=(postgresql)
if [ -f web/playwright.config.ts ]; then
  command -v chromium >/dev/null || missing+=(chromium)
fi
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo)
fi
if ! command -v apt-get >/dev/null || ! command -v "${as_root[0]:-apt-get}" >/dev/null; then
  echo "setup: missing: ${missing[*]}. Install them with your system's package manager, then run this again." >&2
  echo "setup: PostgreSQL elsewhere than /usr/lib/postgresql: set SMSFLOW_POSTGRES_BIN to the folder of initdb." >&2
  exit 1
fi

echo "setup: installing ${missing[*]}"
apt() { # DEBIAN_FRONTEND is handed through sudo, which would drop it from the environment.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 "$@" </dev/null
}

# Debian starts a server of its own when PostgreSQL is installed; the tests start theirs, so it would only be in the way.
if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
apt update
apt install --yes --no-install-recommends "${missing[@]}"
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
  tools/postgres-bin.sh >/dev/null
fi
