#!/usr/bin/env bash
# Builds and runs the consumer project in one of several ways; BUILD is a finished build tree of aiopp.
set -euo pipefail

way=${1:?usage: run.sh find_package|components|sources|pkg_config|copy_and_paste}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

configure() {
    cmake -S "$here" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=Debug -DWAY="$way" "$@"
}
build_and_run() {
    configure "$@"
    cmake --build "$scratch/build" --parallel 2
    "$scratch/build/consumer"
}
# fails_with TEXT ARGS: configuring must fail, and say why.
fails_with() {
    if configure "${@:2}" > "$scratch/log" 2>&1; then
        echo "found, which must not be: ${*:2}" >&2
        exit 1
    fi
    tr -s '\n ' ' ' < "$scratch/log" | grep -qF "$1" || { cat "$scratch/log"; exit 1; }
    rm -rf "$scratch/build"
}

case $way in
find_package)
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    for page in "$scratch"/prefix/share/doc/aiopp/docs/*.md; do # what it links to is installed, too
        while read -r target; do
            [[ -e ${page%/*}/$target ]] || { echo "${page##*/}: $target is not installed" >&2; exit 1; }
        done < <(sed '/^```/,/^```$/d' "$page" | grep -oP '\]\(\K[^)#:]+(?=(#[^)]*)?\))')
    done
    build_and_run -DCMAKE_PREFIX_PATH="$scratch/prefix"
    ;;
components)
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    fails_with "aiopp has no component carrier_pigeon" -DCMAKE_PREFIX_PATH="$scratch/prefix" -Dcomponents=carrier_pigeon
    found=
    for module in libuv:libuv glib:glib-2.0; do
        ! pkg-config --exists "${module#*:}" || found+="${module%:*};"
    done
    build_and_run -DCMAKE_PREFIX_PATH="$scratch/prefix" -Dcomponents="$found"
    if [[ $found == *libuv* ]]; then # the project of docs/guide.md
        cmake -S "$here/../../examples/project" -B "$scratch/project" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
            -DCMAKE_CXX_COMPILER="$CXX"
        cmake --build "$scratch/project"
        "$scratch/project/program"
    fi
    ;;
sources)
    # Builds the shared library: fails to link where AIO_EXPORT is missing.
    way=add_subdirectory
    build_and_run -DAIOPP_SOURCE="$here/../.." -DBUILD_SHARED_LIBS=ON
    "$here/symbols.sh" "$scratch"/build/_deps/aiopp-build/libaiopp.so.0
    # Then the other way to have the sources, in the same build tree: the library is compiled once for both.
    way=fetch_content
    rm "$scratch/build/consumer"
    build_and_run
    ;;
pkg_config)
    command -v pkg-config >/dev/null || exit 77
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    pc=$(find "$scratch/prefix" -name aiopp.pc)
    export PKG_CONFIG_PATH=${pc%/*}
    read -ra flags < <(pkg-config --cflags --libs 'aiopp >= 0.1')
    "$CXX" -std=c++23 "$here/main.cpp" "${flags[@]}" -o "$scratch/consumer"
    LD_LIBRARY_PATH=$(dirname "${pc%/*}") "$scratch/consumer"
    ;;
copy_and_paste)
    # Each example of a loop, by the line that its comment tells the reader to paste. What is not installed is left out.
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    pc=$(find "$scratch/prefix" -name aiopp.pc)
    export PKG_CONFIG_PATH=${pc%/*}
    cd "$scratch"
    cp "$here"/../../examples/loops/*.?pp .
    built=0
    for example in *.cpp; do
        line=$(sed -n 's,^// Build: ,,p' "$example")
        [[ -n $line ]] || { echo "$example does not say how to build it" >&2; exit 1; }
        if ! bash -c "$line -E -o /dev/null" 2> log; then
            grep -qE "No package '|No such file" log || { cat log; exit 1; }
            echo "$example: not built: $(grep -m1 -E "No package '|No such file" log)"
            continue
        fi
        echo "$line"
        bash -c "$line"
        built=$((built + 1))
    done
    ((built)) || exit 1
    ;;
*)
    echo "unknown way: $way" >&2
    exit 2
    ;;
esac
