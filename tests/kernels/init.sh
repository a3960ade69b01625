#!/bin/busybox sh
# The first and only process of the emulated machine: the unit tests on a disk that works, then the tool on one that does not.
export PATH=/bin:/usr/sbin:/sbin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
ln -s /proc/self/fd /dev/fd
ip link set lo up

failed=0
say() { echo "kernels: $*"; }
wrong() { say "FAILED: $*"; failed=1; }
end() {
    [ $failed = 0 ] && say "all passed on Linux $(uname -r) in $(cut -d. -f1 /proc/uptime) s"
    poweroff -f
}

for module in brd dm-mod dm-flakey; do
    insmod /modules/$module.ko $([ $module != brd ] || echo rd_nr=1 rd_size=262144) || wrong "insmod $module"
done
blocks=$(blockdev --getsz /dev/ram0)
mke2fs -q -t ext4 /dev/ram0 || wrong "mke2fs"

# table LINE: what the disk does from now on.
table() {
    echo "$1" >/tmp/table
    dmsetup suspend --noflush --nolockfs --noudevsync disk && dmsetup load --noudevsync disk /tmp/table &&
        dmsetup resume --noudevsync disk || wrong "dmsetup: $1"
}
works="0 $blocks linear /dev/ram0 0"
fails="0 $blocks error"
fails_to_write="0 $blocks flakey /dev/ram0 0 0 3600 1 error_writes"

dmsetup create --noudevsync disk --table "$works" || wrong "dmsetup create"
dmsetup mknodes --noudevsync 2>/dev/null
mount -t ext4 /dev/mapper/disk /disk || { wrong "mount"; end; }
chmod 1777 /disk

say "Linux $(uname -r), booted in $(cut -d. -f1 /proc/uptime) s"
TMPDIR=/disk aio_tests --gtest_brief=1 --gtest_filter="$(cat /filter)" || wrong "unit tests"
sync

# The tool on failing disks: each failure is named, nothing partial stays, and what was there is whole.
# refuses TEXT COMMAND...: it must fail, and say TEXT.
refuses() {
    text=$1
    shift
    if "$@" >/tmp/out 2>&1; then
        wrong "succeeded: $*"
    elif ! grep -q "$text" /tmp/out; then
        wrong "$* said: $(cat /tmp/out)"
    else
        say "as it should: $(head -n 1 /tmp/out)"
    fi
}
dd if=/dev/urandom of=/tmp/source bs=1M count=4 2>/dev/null
mkdir /disk/tree
cp /tmp/source /disk/tree/old
cp /tmp/source /disk/tree/victim
sync
echo 3 >/proc/sys/vm/drop_caches
table "$fails_to_write"
aio cp /tmp/source /disk/tree/new >/tmp/out 2>&1
refuses "Input/output error" aio sync /disk/tree
table "$works"
umount /disk
mount -t ext4 /dev/mapper/disk /disk || wrong "mount after failed writes"
cmp /tmp/source /disk/tree/old || wrong "a file that nobody wrote has changed"

ls -lR /disk/tree >/dev/null # names and inodes are in memory now, contents are not
table "$fails"
refuses "Input/output error" aio cat /disk/tree/old
refuses "Input/output error" aio cp /disk/tree/old /tmp/copy
[ ! -e /tmp/copy ] || wrong "a copy of what could not be read is there"
refuses "Input/output error" aio mv /disk/tree/victim /tmp/moved
[ ! -e /tmp/moved ] || wrong "what could not be read was moved"
ls -A /tmp | grep -q '^\.aio-' && wrong "temporary files are left"
table "$works"
umount /disk
mount -t ext4 /dev/mapper/disk /disk || wrong "mount after failed reads"
cmp /tmp/source /disk/tree/victim || wrong "the source of a move that failed is gone"
end
