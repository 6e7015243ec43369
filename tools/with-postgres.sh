#!/usr/bin/env bash
# Usage: tools/with-postgres.sh COMMAND [ARGUMENT…]
#
# Runs the command with a throwaway PostgreSQL and its URL in SMSFLOW_TEST_POSTGRES; the exit code is the command's. The
# cluster lives in a new temporary folder, listens on a loopback port that was free, is as durable as a real one (fsync
# stays on), and is stopped and removed when the command ends, also when this script is killed. A server that
# SMSFLOW_TEST_POSTGRES names already is used as it is.
set -euo pipefail
if [ $# -eq 0 ]; then
  echo "usage: $0 COMMAND [ARGUMENT…]" >&2
  exit 2
fi
if [ -n "${SMSFLOW_TEST_POSTGRES:-}" ]; then
  exec "$@"
fi

readonly port_attempts=20
readonly max_connections=300
bin=$("$(dirname "$0")/postgres-bin.sh")
readonly bin

# PostgreSQL refuses to run as root, so root runs it as the user that Debian's package makes. `cd /`: that user may not
# be able to enter the present folder. The umask keeps the cluster closed to others.
as_owner() (
  cd /
  umask 077
  if [ "$(id -u)" -eq 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
  fi
  exec "$@"
)

# The folder has to be one that the owner can reach: root's TMPDIR may not be.
base=${TMPDIR:-/tmp}
if ! as_owner test -w "$base" -a -x "$base"; then
  base=/tmp
fi
dir=$(mktemp -d "$base/smsflow-postgres.XXXXXX")
readonly dir
data=$dir/data
log=$dir/log

stop() {
  # Immediate: nobody needs the data, and a client that still holds a connection must not hold us.
  if [ -f "$data/postmaster.pid" ]; then
    as_owner "$bin/pg_ctl" stop --silent --mode=immediate --pgdata="$data" >/dev/null 2>&1 || true
  fi
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The watchdog does the same after a kill -9 of this script: it reads a pipe that this process alone holds open, so it
# wakes when we are gone, however that happened. Its own session keeps it out of a kill of our process group.
export -f as_owner stop
export bin data dir
exec {alive}> >(exec setsid bash -c 'trap "" HUP INT TERM; read -r -d "" _; stop' >/dev/null 2>&1)

# A password, because the loopback port is open to every user of this machine.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "$password" >"$dir/password"
if [ "$(id -u)" -eq 0 ]; then
  chown -R postgres:postgres "$dir"
fi
as_owner "$bin/initdb" --pgdata="$data" --username=smsflow --pwfile="$dir/password" --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 {alive}>&- || {
  cat "$dir/initdb.log" >&2
  echo "with-postgres: initdb failed" >&2
  exit 1
}

# The server's own bind decides whether a port is free, so no other process can take it in between. The ports tried are
# below the range that the kernel gives to outgoing connections.
port=
for ((attempt = 1; attempt <= port_attempts; attempt++)); do
  try=$((20000 + RANDOM % 10000))
  if as_owner "$bin/pg_ctl" start --silent --wait --timeout=60 --pgdata="$data" --log="$log" \
    --options="-c listen_addresses=127.0.0.1 -c port=$try -c unix_socket_directories='' \
      -c max_connections=$max_connections -c timezone=UTC -c lc_messages=C" >/dev/null 2>&1 {alive}>&-; then
    port=$try
    break
  fi
  if ! grep -q "Address already in use" "$log"; then
    break
  fi
  rm -f "$log"
done
if [ -z "$port" ]; then
  cat "$log" >&2
  echo "with-postgres: PostgreSQL did not start" >&2
  exit 1
fi

# Said here, where a failing test may be the consequence.
report_crash() {
  grep -E 'PANIC|terminated by signal|No space left' "$log" >&2 || true
}

export SMSFLOW_TEST_POSTGRES="postgres://smsflow:$password@127.0.0.1:$port/postgres?sslmode=disable"
"$@" {alive}>&- || {
  code=$?
  report_crash
  exit "$code"
}
