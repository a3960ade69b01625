# Sourced before lib.bash: runs the script once more, in a namespace where it may mount, and what it mounts vanishes with it.
if [[ -z ${AIO_OWN_MOUNTS:-} ]]; then
    how=-rm
    ((EUID)) || how=-m
    unshare $how true 2>/dev/null || { echo "skipped: no mount namespace"; exit 77; }
    AIO_OWN_MOUNTS=1 exec unshare $how bash "$0"
fi
