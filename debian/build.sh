#!/usr/bin/env bash
# Builds the Debian packages from a copy of the source, and leaves them in build/packages/.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=$PWD/build/packages
source=$packages/source/aiopp
rm -rf "$packages"
mkdir -p "$source"

# What belongs to the project, changes that are not committed included.
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$source" 2>/dev/null ||
    cp -r CHANGELOG.md CMakeLists.txt cmake debian docs examples include src tools LICENSE "$source"

# The version is written once; the log of changes is CHANGELOG.md.
version=$(sed -n 's/^#define AIO_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' include/aio/version.hpp | paste -sd.)
cat > "$source/debian/changelog" <<END
aiopp ($version) unstable; urgency=medium

  * See CHANGELOG.md.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -R)
END

cd "$source"
DEB_BUILD_OPTIONS="parallel=$(nproc)" dpkg-buildpackage -us -uc -b
cd "$packages"
mv source/*.deb .
rm -rf source
