#!/usr/bin/env bash
# Every sample in the documentation is a file that the tests compile and run: after a line `<!-- FILE -->` in README.md
# or docs/*.md, the code block must be that file. With --update, makes it so.
set -euo pipefail
cd "${SOURCE:-$(dirname "$0")/..}"

# filled DOCUMENT: prints it with the samples filled in.
filled() {
    awk '
        /^<!-- .*\.(cpp|hpp|txt|sh) -->$/ { file = $2; print; next }
        file && /^```/ && !inside { print; inside = 1; while ((getline line < file) > 0) print line; close(file); next }
        inside && /^```$/ { inside = 0; file = "" }
        !inside { print }
    ' "$1"
}

status=0
for document in README.md docs/*.md; do
    [[ -f $document ]] || continue
    if [[ ${1:-} == --update ]]; then
        filled "$document" > "$document.new" && mv "$document.new" "$document"
    elif ! diff -u "$document" <(filled "$document"); then
        echo "$document: a sample differs from its file; tests/samples.sh --update copies the files"
        status=1
    fi
done
exit $status
