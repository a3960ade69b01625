#!/usr/bin/env bash
# Trees side by side with the tools that people have: bench/trees.sh [AIO] [DIRECTORY...]
#
# Copies and removes 50,000 files in memory, lists /usr, and compares copies of the DIRECTORIES (by default parts of /usr)
# with those that cp -a makes. Prints the median of five interleaved runs, in seconds, and its ratio to the first tool's.
set -euo pipefail

source_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
aio=${1:-$source_directory/build/release/aio}
shift || true
(($#)) || set -- /usr/include /usr/share/doc /usr/bin
[[ -x $aio ]] || { echo "no $aio: ./dev build makes it" >&2; exit 2; }
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT
runs=5

# seconds COMMAND: how long it takes.
seconds() {
    local begin=$EPOCHREALTIME
    eval "$1" >/dev/null 2>&1 || true
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}
# race TITLE PREPARATION COMMAND...: one after the other, again and again.
race() {
    local title=$1 preparation=$2 command i
    local -A times=()
    shift 2
    for ((i = 0; i < runs; ++i)); do
        for command; do
            eval "$preparation"
            times[$command]+="$(seconds "$command")"$'\n'
        done
    done
    echo "$title"
    local first='' median
    for command; do
        median=$(sort -n <<<"${times[$command]%$'\n'}" | sed -n "$((runs / 2 + 1))p")
        first=${first:-$median}
        awk -v m="$median" -v f="$first" -v c="${command//$aio/aio}" 'BEGIN { printf "  %6.3f  %4.2f  %s\n", m, m / f, c }'
    done
}

cd "$work"
mkdir -p files/1
for i in {1..100}; do head -c $((1024 * (1 + i % 16))) /dev/zero >"files/1/$i"; done
for i in {2..500}; do cp -r files/1 "files/$i"; done
race "copy 50,000 files" "rm -rf copy" "cp -a files copy" "$aio cp -a files copy"
race "remove 50,000 files" "rm -rf copy; cp -a files copy" "rm -rf copy" "$aio rm -r copy"
race "measure 50,000 files" : "du -s files" "$aio du -s files"
listers=("find /usr" "$aio scan /usr")
for other in bfs fd fdfind; do
    command -v "$other" >/dev/null || continue
    case $other in bfs) listers+=("bfs /usr") ;; *) listers+=("$other -uu . /usr") ;; esac
done
race "list /usr" : "${listers[@]}"

echo "copies equal to those of cp -a"
source "$source_directory/tests/tool/facts.bash"
for directory; do
    rm -rf ours theirs
    cp -a "$directory" theirs && "$aio" cp -a "$directory" ours
    if diff <(facts ours) <(facts theirs) >/dev/null && [[ $("$aio" du -s ours | cut -f1) == $(du -s ours | cut -f1) ]]; then
        echo "  equal: $directory, $("$aio" scan ours | wc -l) entries"
    else
        echo "  NOT equal: $directory"
        exit 1
    fi
done
