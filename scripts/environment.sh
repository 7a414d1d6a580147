#!/bin/sh
# Makes .venv fit for use: `environment.sh runtime` for running the desk, `environment.sh dev` for tests and checks too.
# What is already installed from the same lock is left alone; PYTHON names the interpreter to build with.
set -eu
wanted=${1:-runtime}
cd "$(dirname "$0")/.."
python=.venv/bin/python

stop() {
  for line in "$@"; do printf '%s\n' "$line" >&2; done
  exit 2
}

new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Scripts in .venv/bin and the link to this folder hold its path: a copied or moved folder would run the old one.
usable() {
  [ -x "$python" ] && new_enough "$python" && "$python" -m pip --version >/dev/null 2>&1 &&
    grep -qF " $(pwd -P)/.venv" .venv/pyvenv.cfg
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || stop "PYTHON=$PYTHON 无法运行，或低于 3.11。" \
      "PYTHON=$PYTHON does not run or is older than Python 3.11."
    found=$PYTHON
    return
  fi
  for found in python3.13 python3.12 python3.11 python3; do
    if new_enough "$found"; then return; fi
  done
  stop "没有找到 Python 3.11 或更新的版本：请先安装，或写明位置，例如 make demo PYTHON=/usr/local/bin/python3.12" \
    "No Python 3.11 or newer was found: install one, or name it as above."
}

build() {
  find_python
  "$found" -c 'import ensurepip, venv' 2>/dev/null || stop \
    "$found 缺少 venv 模块；Debian、Ubuntu 上请执行：apt install python3-venv" \
    "$found lacks the venv module; on Debian or Ubuntu run the command above."
  "$found" -m venv --clear .venv || stop "无法建立 .venv，请检查磁盘空间和目录权限。" \
    "Could not make .venv: check free space and permissions of this folder."
}

pip_install() {
  "$python" -m pip install --quiet --disable-pip-version-check --no-input "$@" ||
    stop "依赖没有装完：请看上面的原因（常见的是网络），然后再运行一次同样的命令。" \
      "Installing did not finish: see the reason above (often the network), then run the same command again."
}

install_desk() {
  if "$python" -c 'import hatchling.build, editables' 2>/dev/null; then
    pip_install --no-deps --no-build-isolation --editable .
  else
    pip_install --no-deps --editable .
  fi
}

case $wanted in
  runtime) lock=requirements.lock ;;
  dev) lock=requirements-dev.lock ;;
  *) stop "environment.sh runtime | dev" ;;
esac
usable || build
print=$(cat "$lock" pyproject.toml | cksum)
if [ "$(cat ".venv/.$wanted" 2>/dev/null)" = "$print" ] && [ -x .venv/bin/hotline ]; then exit 0; fi
echo "正在准备运行环境（约一分钟）… / Setting up .venv (about a minute) …" >&2
pip_install --require-hashes --requirement "$lock"
install_desk
echo "$print" >".venv/.$wanted"
# The development lock holds every runtime requirement at the same version: tests/test_house.py checks it.
if [ "$wanted" = dev ]; then cat requirements.lock pyproject.toml | cksum >.venv/.runtime; fi
