#!/bin/sh
# Installs the system packages that `make setup` needs and the machine lacks; needs root (or sudo) only then.
#   sh tools/apt.sh PYTHON
# Required: a C compiler, CMake, Python's headers and venv. Optional: mlir-22-tools, for the lit tests that run
# pydex's output through a released MLIR; without it they are skipped, and say so.
set -eu
python=${1:-python3}
missing=""
need() { missing="$missing $1"; }

command -v cc >/dev/null || need gcc
command -v cmake >/dev/null || need cmake
command -v make >/dev/null || need make
header='import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))'
"$python" -c "$header" || need python3-dev
"$python" -c 'import venv, ensurepip' 2>/dev/null || need python3-venv

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if [ -n "$missing" ]; then
  echo "installing with apt:$missing"
  command -v apt-get >/dev/null || { echo "error: please install$missing (there is no apt-get here)" >&2; exit 1; }
  as_root apt-get update -q || { echo "error: please install$missing (apt-get needs root)" >&2; exit 1; }
  as_root apt-get install -q -y --no-install-recommends $missing
fi

if command -v mlir-opt-22 >/dev/null || [ -x /usr/lib/llvm-22/bin/mlir-opt ]; then exit 0; fi
skip() { echo "SKIPPED: mlir-22-tools ($1): lit tests against a released MLIR will be skipped" >&2; exit 0; }
known() { apt-cache show mlir-22-tools >/dev/null 2>&1; }
command -v apt-cache >/dev/null || skip "no apt here"
known || as_root apt-get update -q >/dev/null || skip "apt-get update failed"  # a fresh machine has no package lists
known || skip "apt does not know it"
as_root apt-get install -q -y --no-install-recommends mlir-22-tools >/dev/null || skip "apt could not install it"
