#!/usr/bin/env bash
# The driver's own manners: what it writes, and what it refuses.
set -euo pipefail
driver=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

fail() { echo "FAIL: $*"; exit 1; }

printf '<!-- results: written by ./dev bench --write -->\nold\n<!-- end of results -->\n' > "$here/page.md"
"$driver" --smoke --only stat,nop --contenders limit,aiopp --directory "$here/files" \
    --json "$here/out.json" --svg "$here/out.svg" --markdown "$here/page.md" > "$here/text"
grep -q '^stat, 1 in flight' "$here/text" || fail "no heading"
grep -q '"workload": "stat", "in_flight": 1, "contender": "limit", "operations_per_second": [1-9]' "$here/out.json" || fail "JSON"
grep -q '"contender": "limit", "operations_per_second": null, "not_available"' "$here/out.json" || fail "JSON of n/a"
[[ $(head -c1 "$here/out.json") == '[' && $(tail -c2 "$here/out.json") == ']' ]] || fail "JSON is no list"
grep -q '</svg>' "$here/out.svg" || fail "SVG"
grep -q '| stat | 1 |' "$here/page.md" || fail "Markdown"
! grep -q old "$here/page.md" || fail "the old results are still there"
[[ -z $(ls "$here/files") ]] || fail "files are left"
! grep -q "$here" "$here/out.json" "$here/out.svg" "$here/page.md" || fail "a path of this machine is in the results"

"$driver" --list | grep -q '^  read_4k_direct ' || fail "list"
"$driver" --help | grep -q -- --contenders || fail "help"
for wrong in '--only nonsense' '--contenders nonsense' '--samples 0' '--nonsense'; do
    status=0
    # shellcheck disable=SC2086
    "$driver" $wrong > /dev/null 2>&1 || status=$?
    [[ $status == 2 ]] || fail "$wrong ended with $status"
done
