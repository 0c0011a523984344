#!/usr/bin/env bash
# Installs what the tests need and runs them all. Needs Debian (or a sister of it) and Rust.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# A C compiler for SQLite, Python for the recomputations, PostgreSQL for sources and the warehouse, MariaDB for
# sources, OpenSSL for certificates of the servers that connectors are tried on.
missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
command -v openssl >/dev/null || missing+=(openssl)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
if [ "${#missing[@]}" -gt 0 ]; then
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
fi

# Independent hands: DuckDB recomputes, frictionless, check-jsonschema and taplo validate.
if ! cmp -s tests/recompute/requirements.txt .venv/installed.txt; then
    python3 -m venv --clear .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r tests/recompute/requirements.txt
    cp tests/recompute/requirements.txt .venv/installed.txt
fi
export SHUPING_PYTHON="$PWD/.venv/bin/python"

# Singer taps as they are: an environment for each, for they want different versions of the same things.
taps=.venv/taps
if ! cmp -s tests/recompute/taps.txt "$taps/installed.txt"; then
    rm -rf "$taps"
    installing=()
    while IFS= read -r tap; do
        own="$taps/${tap%%==*}"
        { python3 -m venv "$own" && "$own/bin/pip" install --no-compile --quiet --disable-pip-version-check "$tap"; } &
        installing+=("$!")
    done <tests/recompute/taps.txt
    for one in "${installing[@]}"; do wait "$one"; done
    cp tests/recompute/taps.txt "$taps/installed.txt"
fi
export SHUPING_TAPS="$PWD/$taps"

# A night whose disk is full has a small file system of its own.
export SHUPING_REQUIRE_MOUNT=1
export SHUPING_REQUIRE_POSTGRES=1
export SHUPING_REQUIRE_MARIADB=1

cargo test --quiet "$@"
