# shellcheck shell=bash
# Sets up a Debian 12 machine for ./demo and ./test: `source tools/setup.sh; set_up build [tests]`.
# Asks dpkg what is there (milliseconds) and calls apt only for what is missing, saying what and why.
# Also what both scripts share: progress lines, logs under build/log, and the build itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LOG_DIR=$ROOT/build/log
CARGO_MIN=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' "$ROOT/crypto-rs/Cargo.toml" 2>/dev/null || true)
CARGO_MIN=${CARGO_MIN:-1.85}
APT_TRIES=3

# One line a group: who needs it, why, the packages; and a command, if it will do wherever it came from.
PACKAGE_GROUPS=(
  "build|the compiler and the build: C++20|g++ cmake ninja-build pkg-config"
  "build|shorter rebuilds and links|ccache mold"
  "build|network, TLS and coroutines|libboost1.81-dev libssl-dev"
  "build|a faster allocator for the simulator|libgoogle-perftools-dev"
  "build|the store of every validator|librocksdb-dev zlib1g-dev"
  "build|command line, log, configuration, JSON, metrics|libcli11-dev libspdlog-dev libtomlplusplus-dev nlohmann-json3-dev prometheus-cpp-dev"
  "build|meter readings in XML|libpugixml-dev"
  "build|the baseline that tables 3 to 5 compare with|libsqlite3-dev"
  "build|certificates, for cargo to reach crates.io|ca-certificates"
  "build|the demo's story and the lints|python3"
  "tests|unit and property tests|libgtest-dev libgmock-dev librapidcheck-dev"
  "tests|the model checker of spec/|default-jre-headless|java"
  "tests|to fetch the model checker|curl|curl"
  "tests|to see that every mutant still applies|patch|patch"
  "hashes|the second compiler of tools/trace-hash-builds.sh|clang|clang++"
)

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
die() {
  printf '[%4d s] %s\n' "$SECONDS" "$*" >&2
  exit 1
}

# A command in the background does not hear Ctrl-C: it is ended here, so that nothing builds on behind a closed prompt.
RUNNING=''
interrupted() {
  if [ -n "$RUNNING" ]; then kill "$RUNNING" 2>/dev/null || true; fi
  die "interrupted"
}
trap interrupted INT TERM

missing_of() {
  local have
  # dpkg-query exits 1 when one of the packages is unknown; what it lists is what counts.
  have=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i *|//p' || true)
  comm -13 <(sort -u <<<"$have") <(printf '%s\n' "$@" | sort -u) | tr '\n' ' '
}

at_least() { # VERSION MINIMUM
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

cargo_version() { "$1" --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p'; }

# run_logged NAME COMMAND...: quiet, with a sign of life every ten seconds; the log's end is shown on failure.
run_logged() {
  local name=$1 log status=0 began=$SECONDS pid last
  shift
  mkdir -p "$LOG_DIR"
  log=$LOG_DIR/$name.log
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  RUNNING=$pid
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ -t 1 ]; then
      last=$(tail -c 4000 "$log" 2>/dev/null | tr '\r' '\n' | sed '/^ *$/d' | tail -n 1 | cut -c 1-90)
      printf '\r\033[K[%4d s]   %s' "$SECONDS" "$last"
    elif [ $((SECONDS - began)) -ge 10 ]; then
      began=$SECONDS
      say "  $(tail -c 4000 "$log" | tr '\r' '\n' | sed '/^ *$/d' | tail -n 1 | cut -c 1-110)"
    fi
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
  wait "$pid" || status=$?
  RUNNING=''
  if [ "$status" -ne 0 ]; then
    {
      say "$name failed (exit status $status); from $log:"
      if grep -q '^FAILED: ' "$log"; then
        grep -m 1 -A 60 '^FAILED: ' "$log"
      else
        tail -n 40 "$log"
      fi
    } | sed '2,$s/^/    /' >&2
  fi
  return "$status"
}

apt_get() {
  local try sudo=() log_name=$1
  shift
  if [ "$(id -u)" -ne 0 ]; then sudo=(sudo); fi
  for try in $(seq 1 "$APT_TRIES"); do
    if run_logged "$log_name" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get \
      -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"; then
      return 0
    fi
    if [ "$try" -lt "$APT_TRIES" ]; then
      say "apt-get $1 failed; trying again in $((try * 5)) s ($((try + 1)) of $APT_TRIES)"
      sleep $((try * 5))
    fi
  done
  return 1
}

install_packages() {
  local id=unknown version=''
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    id=$(. /etc/os-release && echo "${ID:-}")
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  if [ "$id" != debian ] || [ "$version" != 12 ]; then
    die "This is $id $version, and the packages are named for Debian 12. Install what stands for: $*"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "Missing: $*. Installing them needs root: run this as root, or install sudo."
    sudo -n true 2>/dev/null || say "apt needs root; sudo may ask for your password"
    sudo -v || die "Missing: $*. Installing them needs root, and sudo refused."
  fi
  apt_get apt-update update || die "apt could not fetch its package lists. Check the network and /etc/apt/sources.list."
  apt_get apt-install install -y --no-install-recommends "$@" ||
    die "apt could not install the packages. The log is $LOG_DIR/apt-install.log"
}

# warn_disk GB: a full disk shows as a strange compiler error an hour later; said at the start it costs nothing.
warn_disk() {
  local free
  free=$(($(df --output=avail -k "$ROOT" | tail -n 1) / 1024 / 1024))
  if [ "$free" -lt "$1" ]; then
    say "only $free GB are free under $ROOT; a first build with its tests needs about $1 GB"
  fi
}

# Own caches stay inside the repository unless the user already keeps some: a run leaves nothing behind elsewhere.
choose_caches() {
  if [ -z "${CCACHE_DIR:-}" ] && { [ ! -w "${HOME:-/nowhere}/.cache/ccache" ]; }; then
    export CCACHE_DIR=$ROOT/build/ccache
  fi
  if [ -z "${CARGO_HOME:-}" ] && { [ ! -w "${HOME:-/nowhere}/.cargo" ]; }; then
    export CARGO_HOME=$ROOT/build/cargo-home
  fi
  # The same source gives the same object whatever the checkout or preset folder is called.
  export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
}

set_up() { # build [tests]
  local group who why packages instead lacking all=() cargo=''
  mkdir -p "$LOG_DIR"
  if ! command -v dpkg-query >/dev/null; then
    local tool
    say "This is not a Debian machine: nothing is installed, what is here is used"
    for tool in g++ cmake ninja python3 cargo; do
      command -v "$tool" >/dev/null || die "$tool is missing. Install it, or use Debian 12, where this script does."
    done
    choose_caches
    return 0
  fi
  for group in "${PACKAGE_GROUPS[@]}"; do
    IFS='|' read -r who why packages instead <<<"$group"
    case " $* " in *" $who "*) ;; *) continue ;; esac
    if [ -n "$instead" ] && command -v "$instead" >/dev/null; then continue; fi
    read -ra packages <<<"$packages"
    lacking=$(missing_of "${packages[@]}")
    if [ -n "$lacking" ]; then
      say "missing: $lacking($why)"
      read -ra packages <<<"$lacking"
      all+=("${packages[@]}")
    fi
  done
  for cargo in "$(command -v cargo || true)" "${HOME:-}/.cargo/bin/cargo" /usr/bin/cargo; do
    if [ -x "$cargo" ] && at_least "$(cargo_version "$cargo")" "$CARGO_MIN"; then break; fi
    cargo=''
  done
  if [ -z "$cargo" ]; then
    say "missing: cargo $CARGO_MIN or newer (the audited Rust crates for signatures; Debian's cargo-web and rustc-web)"
    all+=(cargo-web rustc-web)
  fi
  if [ "${#all[@]}" -gt 0 ]; then
    install_packages "${all[@]}"
    say "installed ${#all[@]} packages and what they depend on"
    if [ -z "$cargo" ]; then
      cargo=/usr/bin/cargo
      at_least "$(cargo_version "$cargo")" "$CARGO_MIN" ||
        die "$cargo is '$("$cargo" --version 2>&1 | head -n 1)', and $CARGO_MIN or newer is needed. Is bookworm-security among the apt sources?"
    fi
  fi
  if [ "$(command -v cargo || true)" != "$cargo" ]; then
    PATH=$(dirname "$cargo"):$PATH
    export PATH
  fi
  choose_caches
}

# build_preset PRESET [TARGET...]: configures if needed, builds, shows ninja's count; half the work is reused by ccache.
build_preset() {
  local preset=$1 dir=$ROOT/build/$1 targets=()
  shift
  if [ "$#" -gt 0 ]; then targets=(--target "$@"); fi
  if [ ! -f "$dir/build.ninja" ] || [ "$ROOT/CMakePresets.json" -nt "$dir/build.ninja" ]; then
    say "configuring $preset"
    (cd "$ROOT" && run_logged "configure-$preset" cmake --preset "$preset") || return 1
  fi
  say "building $preset"
  (cd "$ROOT" && NINJA_STATUS='[%f/%t] ' run_logged "build-$preset" cmake --build "build/$preset" "${targets[@]}") || return 1
  say "built $preset"
}
