#!/usr/bin/env bash
# Builds build/profiled/tieline for who runs millions of schedules: compiled twice with g++, the second time by what the
# first one was seen to do on some hundred schedules of each engine. Same seeds, same trace hashes, more of them a second
# (docs/simulator.md, "Where the time goes"). Takes some minutes. Every other build is the plain one.
#   tools/profiled-build.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/setup.sh
source tools/setup.sh
set_up build
dir=build/profiled
build() {
  cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -g1" -DCMAKE_CXX_COMPILER=g++ \
    -DTIELINE_TESTS=OFF -DTIELINE_PROFILE="$1" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; exit 2; }
  echo "profiled-build: compiling ($1)" >&2
  ninja -C "$dir" tieline >>"$dir.log" 2>&1 || { tail -n 40 "$dir.log" >&2; exit 2; }
}
find build -path "$dir/*.gcda" -delete 2>/dev/null || true  # what an older build counted
build generate
# Seeds far from those that anybody runs by default.
for run in "cbft 4 300" "cbft 6 60" "cbft 7 60" "trust_raft 4 100" "trust_raft 7 40" "pbft 4 60" "raft 5 60"; do
  read -r engine validators count <<<"$run"
  echo "profiled-build: watching $count schedules of $engine with $validators validators" >&2
  "$dir/tieline" sim --engine "$engine" --validators "$validators" --faults all --seeds "900000000..$((900000000 + count - 1))" \
    --workers 1 --no-reduce >/dev/null || [ $? -eq 1 ]
done
build use
echo "$dir/tieline"
