#!/bin/busybox sh
# The first process of the emulated machine: prepares it, runs the tests, and ends it.
export PATH=/bin:/usr/sbin:/sbin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
ln -s /proc/self/fd /dev/fd
ip link set lo up
dmesg -n 1 # what disks that fail have to say

begin() {
    modprobe -a virtio_pci virtio_blk dm-flakey loop fuse overlay &&
        mkfs.ext4 -q /dev/vda && mount /dev/vda /disk && chmod 1777 /disk &&
        dmsetup create --noudevsync failing --table "0 $(cat /sys/block/vdb/size) linear /dev/vdb 0"
}
status='not begun'
if begin; then
    echo "kernels: Linux $(uname -r), began after $(cut -d. -f1 /proc/uptime) s"
    export TMPDIR=/disk AIO_PATIENCE=5
    aio_tests --gtest_color=no --gtest_filter="$(cat /filter)"
    status=$?
fi
echo "kernels: status $status after $(cut -d. -f1 /proc/uptime) s"
poweroff -f
