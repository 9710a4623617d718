#!/usr/bin/env bash
# Installs the system packages that Hookreel needs and this Debian or Ubuntu machine lacks, and
# those of the programs named as arguments, which are called like their packages.
set -euo pipefail

declare -A package_of=([cc]=gcc [espeak-ng]=espeak-ng [ffmpeg]=ffmpeg)
for program in "$@"; do package_of[$program]=$program; done
missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
# The package of the C library's headers has no program.
if [ ! -e /usr/include/stdlib.h ]; then missing+=(libc6-dev); fi
# Debian's Python cannot create environments without this.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
