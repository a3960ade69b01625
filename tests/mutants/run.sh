#!/usr/bin/env bash
# Do the tests bite? Each patch here breaks the library in one line. It is applied to a copy of the sources in build/mutants;
# then the tests that should notice are run, and all unit tests if they do not.
#
# usage: run.sh [--check | MUTANT...]    --check: only whether each patch applies
#
# A patch begins with what it breaks and with who should notice, as a filter of GoogleTest or as the name of a CTest test:
#     Breaks: a link below the root is followed
#     Test: Trees.*
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/build/mutants
source=$work/source
jobs=${JOBS:-$(nproc)}

die() { printf 'mutants: %s\n' "$*" >&2; exit 1; }
says() { sed -n "s/^$2: //p;/^---/q" "$1"; }
apply() { patch --strip=1 --fuzz=0 --no-backup-if-mismatch --silent --force "$@"; }

check() {
    command -v patch >/dev/null || exit 77
    local each stale=0
    for each in "$here"/*.patch; do
        if [[ -z $(says "$each" Breaks) || -z $(says "$each" Test) ]]; then
            echo "incomplete: ${each##*/} says not what it breaks, or who should notice"
        elif ! (cd "$root" && apply --dry-run <"$each" >/dev/null); then
            echo "stale: ${each##*/} does not apply"
        else
            continue
        fi
        stale=1
    done
    return $stale
}

# Copies what differs, so that only that is built again.
refresh_copy() {
    local file
    mkdir -p "$source"
    (cd "$source" && find . -type f -printf '%P\n') | while IFS= read -r file; do
        [[ -e $root/$file ]] || rm "$source/$file"
    done
    (cd "$root" && find CMakeLists.txt cmake include src tests tools docs/man -type f) | while IFS= read -r file; do
        cmp -s "$root/$file" "$source/$file" || install -D "$root/$file" "$source/$file"
    done
}

configure() {
    cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
        -DAIO_BUILD_BENCH=OFF -DAIO_BUILD_EXAMPLES=OFF >/dev/null
}

build() { cmake --build "$work/build" --parallel "$jobs" --target "$@" >"$work/build.log" 2>&1; }

# A removal that is broken may remove what is not its own. So, as root, nothing is writable but $work, which has a /tmp of
# its own, and /dev/shm.
confined=()
if ((EUID == 0)); then
    confined=(unshare --mount bash -c '
        mount --bind "$0" "$0" && mount --bind "$0/tmp" /tmp || exit
        while IFS= read -r each; do
            case $each in "$0" | /tmp | /tmp/* | /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) continue ;; esac
            mount -o remount,bind,ro "$each" || exit
        done < <(findmnt --raw --noheadings --output TARGET)
        exec "$@"' "$work")
fi

# unit FILTER: runs unit tests. Prints the first that failed, crashed or hung; false if one did.
unit() {
    local log=$work/test.log status=0 name
    GTEST_FAIL_FAST=1 "${confined[@]}" timeout --kill-after=5 "${LIMIT:-300}" "$work/build/tests/aio_tests" --gtest_color=no \
        --gtest_filter="$1" >"$log" 2>&1 || status=$?
    ((status)) || return 0
    name=$(sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$log" | head -n 1)
    [[ $name ]] || name="$(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1) ($( ((status == 124 || status == 137)) &&
        echo hangs || echo crashes))"
    echo "$name"
    return 1
}

# script NAME: the same with a test of CTest's.
script() {
    build aio race_explorer || { echo "the build"; return 1; }
    (cd "$work/build" && "${confined[@]}" ctest --tests-regex "^$1\$" --no-tests=error >"$work/test.log" 2>&1) && return 0
    echo "$1"
    return 1
}

noticed() {
    case $1 in
    tool.* | race.*) script "$1" ;;
    *) unit "$1" ;;
    esac
}

if [[ ${1:-} == --check ]]; then
    check
    exit
fi
check || die "patches are stale"

mutants=()
for name; do
    [[ -e $here/$name.patch ]] || die "$name: no such mutant"
    mutants+=("$here/$name.patch")
done
((${#mutants[@]})) || mutants=("$here"/*.patch)

mkdir -p "$work/tmp"
"${confined[@]}" true || die "as root they need a mount namespace: run as somebody else where there is none"
refresh_copy
configure
build aio_tests || { tail -n 30 "$work/build.log" >&2; die "the copy does not build"; }
# Whoever fails without a mutant kills none.
mapfile -t filters < <(for each in "${mutants[@]}"; do says "$each" Test; done | sort -u)
for filter in "${filters[@]}"; do
    culprit=$(noticed "$filter") || die "$culprit fails without any mutant"
done

killed=0 survived=0
for each in "${mutants[@]}"; do
    name=${each##*/}
    name=${name%.patch}
    mapfile -t files < <(sed -n 's/^+++ b\///p' "$each")
    (cd "$source" && apply <"$each")
    if ! build aio_tests; then
        tail -n 30 "$work/build.log" >&2
        die "$name does not compile"
    fi
    # Without what fails by itself where nothing is optimised. A test that hangs ends by itself (leaks.cpp); all of
    # them may take long.
    if culprit=$(noticed "$(says "$each" Test)") && culprit=$(LIMIT=3600 unit '-Memory.*IsQuick'); then
        survived=$((survived + 1))
        printf 'SURVIVED  %-34s %s\n' "$name" "$(says "$each" Breaks)"
    else
        killed=$((killed + 1))
        printf 'killed    %-34s by %s\n' "$name" "$culprit"
    fi
    for file in "${files[@]}"; do
        install "$root/$file" "$source/$file" # with a new time: it is to be built again
    done
done
echo "mutants: $killed killed, $survived survived"
((survived == 0))
