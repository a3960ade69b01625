#!/usr/bin/env bash
# Installs the packages of build/packages/ into a new Debian of their own, and builds and runs a program there.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
say() { printf '==> %s\n' "$*" >&2; }

say "making a clean Debian 12 in $root"
mmdebstrap --quiet --variant=apt --include=g++,pkg-config,cmake,make,liburing-dev bookworm "$root" "$@"

mkdir "$root/packages"
cp build/packages/*.deb "$root/packages"
cp -r tests/consumer examples/callbacks.cpp "$root/packages"

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

say "installing the packages"
inside sh -c 'dpkg -i /packages/libaiopp0_*.deb /packages/libaiopp-dev_*.deb /packages/aiopp-tools_*.deb'

say "the tool"
inside aio --version
inside aio scan /usr/include/aio > "$root/scanned"
grep -q '/usr/include/aio/context.hpp$' "$root/scanned"
inside test -e /usr/share/man/man1/aio.1.gz
inside test -e /usr/share/bash-completion/completions/aio

say "a consumer with pkg-config: shared, then static"
inside sh -c 'cd /tmp && g++ -std=c++23 /packages/callbacks.cpp $(pkg-config --cflags --libs aiopp) -o shared &&
    ldd shared | grep -q libaiopp.so.0 && ./shared'
inside sh -c 'cd /tmp && g++ -std=c++23 /packages/callbacks.cpp -static $(pkg-config --static --cflags --libs aiopp) -o static &&
    ./static'

say "a consumer with CMake"
inside sh -c 'cmake -S /packages/consumer -B /tmp/consumer && cmake --build /tmp/consumer && /tmp/consumer/consumer'

say "removing the packages"
inside dpkg --purge aiopp-tools libaiopp-dev libaiopp0
inside sh -c '! test -e /usr/include/aio && ! ls /usr/lib/*/libaiopp* 2>/dev/null'
say "the packages install, work and go away without a trace"
