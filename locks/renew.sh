#!/usr/bin/env bash
# Renews the lock files: versions and hashes of everything that zemsim, its tests and its checks need, one file per
# supported Python, for Linux, without addresses. Needs uv (python -m pip install uv).
# Releases younger than a week are left out, so that a bad release has time to be found and withdrawn.
set -euo pipefail
cd "$(dirname "$0")/.."

cooling_days=7
newest=$(date -u -d "-${cooling_days} days" +%Y-%m-%dT00:00:00Z)
for minor in 11 12 13; do
  uv pip compile pyproject.toml --extra test --extra dev --upgrade --quiet \
    --python-version "3.${minor}" --python-platform linux --exclude-newer "${newest}" \
    --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file "locks/py3${minor}.txt"
done
