#!/usr/bin/env bash
# Installs the official libraries of Standard Webhooks and the official client of Replicate into the
# folder given, once: from PyPI, and from npm where that is on the machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=$1
stamp=$(cat "$here/requirements.txt" "$here/package-lock.json" | sha256sum | cut -d' ' -f1)
mkdir -p "$target"
# Tests of several packages may come here at the same time.
exec 9> "$target/.lock"
flock 9
[[ -e $target/$stamp ]] && exit 0

python3 -m venv "$target/python"
"$target/python/bin/pip" install --quiet --disable-pip-version-check \
  --requirement "$here/requirements.txt"
if command -v npm > /dev/null; then
  cp "$here/package.json" "$here/package-lock.json" "$target/"
  (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
fi
touch "$target/$stamp"
