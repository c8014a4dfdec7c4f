#!/usr/bin/env bash
# Builds the credit model with g++ and clang++, -O0 and -O3, and runs its tests: one of them states the bytes that a small
# training gives, so weights must not depend on the compiler, the optimisation or the machine.
#   tools/credit-builds.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for compiler in g++ clang++; do
  command -v "$compiler" >/dev/null || { echo "$compiler is not installed" >&2; exit 2; }
  for level in -O0 -O3; do
    dir=build/credit-$compiler$level
    cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$compiler" \
      -DCMAKE_CXX_FLAGS="$level" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; exit 2; }
    ninja -C "$dir" training_test credit_network_test >>"$dir.log" 2>&1 || { tail -n 40 "$dir.log" >&2; exit 2; }
    for test in training_test credit_network_test; do
      "$dir/tests/standing/$test" >>"$dir.log" || { echo "$compiler $level: $test fails; see $dir.log" >&2; exit 1; }
    done
    echo "$compiler $level: the stated weights"
  done
done
