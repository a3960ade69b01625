#!/usr/bin/env bash
# What including a header costs: seconds of g++ -O0 for a file that does nothing else, medians of five, as a table.
set -euo pipefail
cd "$(dirname "$0")/.."

headers=("$@")
((${#headers[@]})) || headers=(string expected aio/metadata.hpp aio/context.hpp aio/group.hpp aio/aio.hpp aio/loop/epoll.hpp asio.hpp)

file=$(mktemp --suffix .cpp)
trap 'rm -f "$file" "$file.o"' EXIT

echo "| header | seconds | lines |"
echo "| --- | --- | --- |"
for header in "${headers[@]}"; do
    printf '#include <%s>\nint main() {}\n' "$header" > "$file"
    compile=("${CXX:-g++}" -std=c++23 -Iinclude "$file")
    "${compile[@]}" -c -o "$file.o" 2>/dev/null || continue # not installed
    median=$(for _ in 1 2 3 4 5; do
        TIMEFORMAT=%U
        { time "${compile[@]}" -c -o "$file.o"; } 2>&1
    done | sort -n | sed -n 3p)
    echo "| \`<$header>\` | $median | $("${compile[@]}" -E -P | wc -l) |"
done
