# What copies are compared by.

# facts DIRECTORY: everything that cp -a keeps, a line for each name. Names that are links of each other have the same
# number; sizes of directories and times of reading are the file system's own business.
facts() {
    (cd "$1" && python3 - <<'END'
import os, stat, sys
first = {}
def line(path):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    facts = [oct(s.st_mode), s.st_uid, s.st_gid, s.st_rdev, s.st_mtime_ns]
    if kind != stat.S_IFDIR:
        facts += [s.st_size, s.st_nlink, s.st_blocks]
        if s.st_nlink > 1: facts.append(first.setdefault(s.st_ino, path))
    if kind == stat.S_IFLNK: facts.append(os.readlink(path))
    if kind == stat.S_IFREG: facts.append(hash(open(path, 'rb').read()) if s.st_size < 1 << 24 else 'big')
    names = os.listxattr(path, follow_symlinks=False)
    facts.append(sorted((name, os.getxattr(path, name, follow_symlinks=False)) for name in names))
    sys.stdout.buffer.write(repr((path, facts)).encode() + b'\n')
for parent, directories, files in os.walk(b'.'):
    directories.sort()
    line(parent)
    for name in sorted(files + [d for d in directories if os.path.islink(os.path.join(parent, d))]):
        line(os.path.join(parent, name))
END
    )
}
export PYTHONHASHSEED=1
