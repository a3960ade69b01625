#!/usr/bin/env bash
# Runs tests under Debian's own kernel, in an emulated machine with a disk that fails when told to. Needs no root and no
# hardware support; the kernel is unpacked, not installed.
#
# usage: run.sh BUILD [FILTER]    BUILD: a build tree with aio_tests_static and aio_static; FILTER: which unit tests
set -euo pipefail

build=$(cd "${1:?usage: run.sh BUILD [FILTER]}" && pwd)
# What the kernel has a say in: calls, routes, files, trees, faults. Not what measures time, which emulation stretches.
filter=${2:-'*Open*:*Close*:*Names*:*Read*:*Write*:*Sendfile*:*Size*:*Stat*:*Utime*:*Owner*:*Sync*:*Directories*:*Temporary*:*Operands*:*Load*:*Scandir*:*Pathsync*:*Inline*:*Ring*:*Trees*:*Copying*:*Fault*:*EveryOperation*:*Fork*:-*Kilohertz*:*FromMany*'}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$build/kernels
seconds=${KERNELS_TIMEOUT:-600}

die() { printf 'kernels: %s\n' "$*" >&2; exit 1; }

# Unpacks the newest kernel for machines that exist in software only: $work/linux.
unpack_kernel() {
    [[ ! -e $work/linux ]] || return 0
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
    [[ $package ]] || die "apt knows no linux-image-cloud-amd64; apt-get update?"
    (cd "$work" && apt-get -q download "$package" >&2 && dpkg-deb -x "$package"_*.deb linux.new && rm "$package"_*.deb)
    mv "$work/linux.new" "$work/linux"
}

# A program, with the libraries that it needs.
add_program() {
    local file
    for file in $(command -v "$1" || ls "/usr/sbin/$1") $(ldd "$(command -v "$1" || ls "/usr/sbin/$1")" | grep -o '/[^ ]*'); do
        install -D "$file" "$work/root$file"
    done
}

make_initramfs() {
    local module modules=$work/root/modules
    rm -rf "$work/root"
    mkdir -p "$work/root"/{bin,dev,proc,sys,tmp,etc,disk} "$modules"
    install "$(command -v busybox)" "$work/root/bin/busybox"
    install "$build/aio_static" "$work/root/bin/aio"
    install "$build/tests/aio_tests_static" "$work/root/bin/aio_tests"
    strip "$work/root/bin/aio" "$work/root/bin/aio_tests"
    install "$here/init.sh" "$work/root/init"
    add_program dmsetup
    add_program mke2fs
    printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$work/root/etc/passwd"
    printf '%s\n' "$filter" >"$work/root/filter"
    for module in brd dm-mod dm-flakey; do
        find "$work/linux/lib/modules" -name "$module.ko" -exec install {} "$modules" \;
        [[ -e $modules/$module.ko ]] || die "the kernel has no $module"
    done
    (cd "$work/root" && find . | cpio --quiet --create --format=newc | gzip -1) >"$work/initramfs"
}

boot() {
    local log=$work/log
    timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 2048 -no-reboot -nodefaults -display none \
        -serial stdio -kernel "$work"/linux/boot/vmlinuz-* -initrd "$work/initramfs" \
        -append "console=ttyS0 quiet panic=-1" </dev/null | tr -d '\r' | tee "$log" |
        grep --line-buffered -E '^(kernels:|\[  FAILED|.*Failure$|\[  SKIPPED)' || true
    grep -q '^kernels: all passed' "$log" || { tail -n 40 "$log" >&2; die "not all passed: $log"; }
}

mkdir -p "$work"
unpack_kernel
make_initramfs
boot
