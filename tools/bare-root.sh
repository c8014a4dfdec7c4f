#!/usr/bin/env bash
# Shows on a bare Debian 12 that the two commands set everything up: makes a root by debootstrap (main, updates, security;
# this machine's apt sources and certificates), clones the repository into it twice, runs `./demo --once` (twice: cold, then
# warm) and `./test` in a chroot, and prints what had to be installed and how long each took. Root only.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tools/bare-root.sh [options] DIR
  DIR           where the root is made; must not exist, or be one that this script made (it is made anew)
  --demo-only   only ./demo --once
  --test-only   only ./test
  --build-only  only ./demo --build
  --keep        leave DIR as it is at the end (logs stay in DIR.logs either way)
The bare root is kept as DIR.tar between runs; remove that file to start debootstrap again.
Only what is committed is cloned.
TEXT
}

what=both
keep=no
dir=''
while [ "$#" -gt 0 ]; do
  case $1 in
    --demo-only) what=demo ;;
    --test-only) what='test' ;;
    --build-only) what=build ;;
    --keep) keep=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "unknown option: $1" >&2; usage >&2; exit 2 ;;
    *) [ -z "$dir" ] || { usage >&2; exit 2; }; dir=$1 ;;
  esac
  shift
done
[ -n "$dir" ] || { usage >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "debootstrap and chroot need root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 2; }

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=$(realpath -m "$dir")
mark=.made-by-tieline-bare-root
tarball=$dir.tar
logs=$dir.logs
if [ -e "$dir" ] && [ ! -e "$dir/$mark" ]; then
  echo "$dir exists and was not made by this script" >&2
  exit 2
fi

# A mount namespace of our own: whatever happens, no mount outlives this script. (Were DIR removed under a live mount,
# the machine's own /dev would go with it.)
if [ -z "${TIELINE_BARE_ROOT_NAMESPACE:-}" ]; then
  arguments=("$dir")
  if [ "$what" != both ]; then arguments=("--$what-only" "${arguments[@]}"); fi
  if [ "$keep" = yes ]; then arguments=(--keep "${arguments[@]}"); fi
  TIELINE_BARE_ROOT_NAMESPACE=1 exec unshare --mount --propagation private "$0" "${arguments[@]}"
fi

say() { printf '[%5d s] bare-root: %s\n' "$SECONDS" "$*"; }

unmount_all() {
  local point
  for point in dev/shm dev/pts dev proc; do
    if mountpoint -q "$dir/$point"; then umount -l "$dir/$point"; fi
  done
}
remove_root() {
  if [ -e "$dir/$mark" ]; then rm -rf --one-file-system "$dir"; fi
}
finish() {
  unmount_all
  if [ "$keep" = no ]; then remove_root; fi
}
trap finish EXIT

# Processes that still live in the root (there is no other way to leave one than to forget it).
left_processes() {
  local process
  for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/root" 2>/dev/null || true)" = "$dir" ]; then
      tr '\0' ' ' <"$process/cmdline" || true
      echo
    fi
  done
}

in_root() { # FOLDER COMMAND...
  chroot "$dir" /usr/bin/env -i HOME=/root USER=root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$@"
}

summary=()
worst=0
timed() { # NAME FOLDER COMMAND...
  local name=$1 began=$SECONDS status=0
  shift
  say "$name"
  in_root "$@" </dev/null 2>&1 | tee "$logs/run-${name//[^a-z]/}.log" || status=$?
  summary+=("$(printf '%-32s %6d s   exit status %d' "$name" $((SECONDS - began)) "$status")")
  if [ "$status" -ne 0 ]; then worst=1; fi
}

packages() { in_root / dpkg-query -W -f '${Package} ${Version}\n' | sort; }

# What ./demo --once leaves: no process, and no file outside its folder. /tmp and /var count too.
check_nothing_left() {
  local found
  found=$(
    left_processes | sed 's/^/process: /'
    find "$dir" -xdev -newer "$dir/$mark" -path "$dir/demo" -prune -o -newer "$dir/$mark" ! -type d -print |
      sed "s|^$dir|file: |"
  )
  if [ -n "$found" ]; then
    say "the second ./demo --once left behind:"
    echo "$found"
    worst=1
    summary+=("left behind by ./demo --once       $(wc -l <<<"$found") things (see above)")
  else
    summary+=("left behind by ./demo --once       nothing")
  fi
}

remove_root
mkdir -p "$logs" "$(dirname "$dir")"
rm -f "$logs"/run-*.log
if [ ! -f "$tarball" ]; then
  mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
  mirror=${mirror:-$(sed -n 's/^deb \(\[.*\] \)\{0,1\}\([^ ]*\) bookworm .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1)}
  mirror=${mirror:-http://deb.debian.org/debian}
  say "debootstrap of bookworm (minbase)"
  mkdir -p "$dir"
  touch "$dir/$mark"
  debootstrap --variant=minbase bookworm "$dir" "$mirror" >"$logs/debootstrap.log" 2>&1 ||
    { tail -n 20 "$logs/debootstrap.log" >&2; exit 1; }
  tar -C "$dir" -cf "$tarball.part" .
  mv "$tarball.part" "$tarball"
else
  say "unpacking $tarball"
  mkdir -p "$dir"
  tar -C "$dir" -xf "$tarball"
fi

# This machine's apt sources and certificates. Certificates of its own also go where update-ca-certificates looks: the
# bundle is made anew when the package ca-certificates is installed.
rm -f "$dir/etc/apt/sources.list"
cp /etc/apt/sources.list "$dir/etc/apt/" 2>/dev/null || true
cp /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list "$dir/etc/apt/sources.list.d/" 2>/dev/null || true
mkdir -p "$dir/etc/ssl/certs" "$dir/usr/local/share/ca-certificates"
cp /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/"
cp /usr/local/share/ca-certificates/*.crt "$dir/usr/local/share/ca-certificates/" 2>/dev/null || true
cp /etc/resolv.conf /etc/hosts "$dir/etc/"

for name in demo test; do
  git clone --quiet --no-hardlinks "$repo" "$dir/$name"
done
commit=$(git -C "$dir/demo" rev-parse --short HEAD)

mount -t proc proc "$dir/proc"
mount --bind /dev "$dir/dev"
mkdir -p "$dir/dev/pts" "$dir/dev/shm"
mount --bind /dev/pts "$dir/dev/pts"
mount -t tmpfs tmpfs "$dir/dev/shm"

packages >"$logs/packages-before.txt"
case $what in
  build) timed "./demo --build, bare" /demo ./demo --build ;;
  demo | both)
    timed "./demo --once, bare" /demo ./demo --once
    touch "$dir/$mark"
    sleep 1
    timed "./demo --once, again" /demo ./demo --once
    check_nothing_left
    ;;
esac
case $what in
  test | both) timed "./test, clean clone" /test ./test ;;
esac
packages >"$logs/packages-after.txt"

echo
say "commit $commit on Debian $(cat "$dir/etc/debian_version"), $(nproc) cores"
echo "installed: $(comm -13 "$logs/packages-before.txt" "$logs/packages-after.txt" | wc -l) packages ($logs/packages-after.txt), asked for:"
grep -hs 'missing: ' "$logs"/run-*.log | sed 's/^[^:]*: /    /' | sort -u || true
printf '%s\n' "${summary[@]}"
exit "$worst"
