#!/usr/bin/env bash
# Installs the cargo commands that `make lint` calls, at fixed versions, if they are missing.
set -euo pipefail

install() {
  local name=$1 version=$2
  if ! cargo install --list | grep -q "^$name v$version:"; then
    cargo install --quiet --locked "$name@$version"
  fi
}

install cargo-deny 0.20.2
install cargo-machete 0.9.2
