#!/usr/bin/env bash
# Builds the simulator's core with g++ and clang++, -O0 and -O3, and compares the trace hashes of the same seeds with
# all faults: a schedule must not depend on the compiler, the optimisation or the machine.
#   tools/trace-hash-builds.sh [SCHEDULES]     default 200; about two minutes a build on two cores
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
count=${1:-200}
# shellcheck source=tools/setup.sh
source tools/setup.sh
set_up build tests hashes
declare -A lines
for compiler in g++ clang++; do
  command -v "$compiler" >/dev/null || { echo "$compiler is not installed" >&2; exit 2; }
  for level in -O0 -O3; do
    dir=build/hash-$compiler$level
    cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$compiler" \
      -DCMAKE_CXX_FLAGS="$level" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; exit 2; }
    ninja -C "$dir" sim_batch >>"$dir.log" 2>&1 || { tail -n 40 "$dir.log" >&2; exit 2; }
    line=
    for batch in "cbft 4 0 $count" "cbft 7 0 $((count / 10 + 1))" "pbft 4 0 $count" "raft 5 0 $count"; do
      read -ra words <<<"$batch"
      status=0
      out=$("$dir/tests/sim/sim_batch" "${words[@]}") || status=$?
      [ "$status" -eq 77 ] && continue
      [ "$status" -le 1 ] || { echo "$compiler $level: sim_batch $batch: exit status $status" >&2; exit 2; }
      line+=" ${words[0]}-${words[1]}:${out##*trace_hash }"
    done
    echo "$compiler $level$line"
    lines[$line]=1
  done
done
[ "${#lines[@]}" -eq 1 ] || { echo "the trace hashes differ" >&2; exit 1; }
echo "equal"
