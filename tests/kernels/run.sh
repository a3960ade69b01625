#!/usr/bin/env bash
# Runs tests under Debian's own kernel, in an emulated machine with a disk that fails when told to. Needs no root and no
# support of the hardware; the kernel is unpacked, not installed.
#
# usage: run.sh BUILD [FILTER]    BUILD: a build tree with aio_tests_static and aio_static; FILTER: which unit tests
set -euo pipefail

build=$(cd "${1:?usage: run.sh BUILD [FILTER]}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# What the kernel has no say in, what measures time, and what takes too long in an emulated machine.
left_out=('*/simulated*' '*Simulation*' 'Row*' 'Table.*' On/{Group,Feeder,Task,Priority,When}.'*'
    '*Deadline*.*' 'Memory*' 'PollOfThreads.WaitSleeps'
    'Model*' '*DataModel*' '*Stress*' '*Storm*' '*AMillion*' '*AllocationFailure*' '*FaultMatrix*' '*FaultComposites*' 'On/Hostile.ATree*'
    'On/Hostile.ADirectoryThatBegins*' Table/EveryOperation.{WithoutCallback,CancelledWhile,Forgotten,After,Whose}'*')
filter=${2:-*:-$(IFS=: && echo "${left_out[*]}")}
work=$build/kernels
log=$work/log
seconds=1800

say() { printf 'kernels: %s\n' "$*" >&2; }
die() { say "FAIL: $*"; exit 1; }

# The newest kernel that Debian has for machines of software: $work/linux, and its $version.
unpack_kernel() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1) || true
    [[ $package ]] || die "no linux-image-cloud-amd64 is known; as root: apt-get update"
    version=${package#linux-image-}
    [[ ! -e $work/linux/lib/modules/$version/modules.dep ]] || return 0
    say "unpacking $package"
    rm -rf "$work"/{linux,download}
    mkdir -p "$work"/{linux,download}
    (cd "$work/download" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2) || die "$package cannot be downloaded; as root: apt-get update"
    dpkg-deb -x "$work"/download/*.deb "$work/linux"
    busybox depmod -b "$work/linux" "$version"
    rm -r "$work/download"
}

# add_program ROOT NAME: and the libraries that it needs.
add_program() {
    local file program
    program=$(PATH=$PATH:/usr/sbin:/sbin type -P "$2") || die "no $2"
    for file in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
        install -D "$file" "$1$file"
    done
}

# What the machine begins with, in its memory.
make_initramfs() {
    local root=$work/root modules=lib/modules/$version
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,usr/sbin,disk,failing,"$modules"}
    ln -s usr/sbin "$root/sbin"
    install "$here/init.sh" "$root/init"
    install "$(type -P busybox)" "$root/bin/busybox"
    install -s "$build/tests/aio_static" "$root/bin/aio"
    install -s "$build/tests/aio_tests_static" "$root/bin/aio_tests"
    install -s -D "$build/tests/hostile_fs_static" "$root$build/tests/hostile_fs" # where the tests look for it
    add_program "$root" dmsetup
    add_program "$root" mkfs.ext4
    printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
    printf '%s\n' "$filter" >"$root/filter"
    (
        cd "$work/linux/$modules"
        cp --parents -r modules.{dep,builtin} kernel/{lib,drivers/{virtio,block,dax,md},fs/{fuse,overlayfs}} "$root/$modules"
    )
    (cd "$root" && find . | cpio --quiet --create --format=newc | gzip -1) >"$work/initramfs"
}

# Prints what failed, and keeps all that the machine said in $log.
boot() {
    local disk=if=virtio,format=raw,cache=unsafe,file=$work/disk
    rm -f "$work"/disk.*
    truncate -s 1G "$work/disk.sound"
    truncate -s 64M "$work/disk.failing"
    timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg -smp 2 -m 2048 -nodefaults -no-user-config -display none -no-reboot \
        -serial stdio -drive "$disk.sound" -drive "$disk.failing" \
        -kernel "$work/linux/boot/vmlinuz-$version" -initrd "$work/initramfs" \
        -append "console=ttyS0 quiet panic=-1" </dev/null | sed -u 's,\r$,,' | tee "$log" |
        grep --line-buffered -aE '^(kernels:|\[  FAILED)|: Failure$' >&2 || true
    rm -f "$work"/disk.*
}

# The last line says it all.
judge() {
    local passed skipped
    passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log")
    skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$log")
    if ! grep -q '^kernels: status 0 ' "$log"; then
        tail -n 30 "$log" >&2
        grep -q '^kernels: status' "$log" || say "it did not come to an end"
        die "$version: $log"
    fi
    ((${passed:-0} > 0)) || die "$version: no tests: $filter"
    say "PASS: $version: $passed tests passed, ${skipped:-0} skipped, in $SECONDS s"
}

mkdir -p "$work"
unpack_kernel
make_initramfs
boot
judge
