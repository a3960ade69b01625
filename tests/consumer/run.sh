#!/usr/bin/env bash
# Builds and runs the consumer project in one of three ways; BUILD is a finished build tree of aiopp.
set -euo pipefail

way=${1:?usage: run.sh find_package|add_subdirectory|pkg_config}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build_with_cmake() {
    cmake -S "$here" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=Debug "$@"
    cmake --build "$scratch/build" --parallel 2
    "$scratch/build/consumer"
}

case $way in
find_package)
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    build_with_cmake -DCMAKE_PREFIX_PATH="$scratch/prefix"
    ;;
add_subdirectory)
    # The only build of the shared library in the tests: it fails to link where AIO_EXPORT is missing.
    build_with_cmake -DAIOPP_SOURCE="$here/../.." -DBUILD_SHARED_LIBS=ON
    ;;
pkg_config)
    command -v pkg-config >/dev/null || exit 77
    cmake --install "$BUILD" --prefix "$scratch/prefix"
    pc=$(find "$scratch/prefix" -name aiopp.pc)
    read -ra flags < <(PKG_CONFIG_PATH=${pc%/*} pkg-config --cflags --libs aiopp)
    "$CXX" -std=c++23 "$here/main.cpp" "${flags[@]}" -o "$scratch/consumer"
    LD_LIBRARY_PATH=$(dirname "${pc%/*}") "$scratch/consumer"
    ;;
*)
    echo "unknown way: $way" >&2
    exit 2
    ;;
esac
