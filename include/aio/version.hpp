#pragma once

// The one place where the version is written: CMake, pkg-config, the tool and the packages read it here.
#define AIO_VERSION_MAJOR 0
#define AIO_VERSION_MINOR 1
#define AIO_VERSION_PATCH 0

/// The version as one number that grows: 1.2.3 is 10203.
#define AIO_VERSION (AIO_VERSION_MAJOR * 10000 + AIO_VERSION_MINOR * 100 + AIO_VERSION_PATCH)

/// The version as text: "1.2.3".
#define AIO_VERSION_STRING             \
    AIO_DETAIL_TEXT(AIO_VERSION_MAJOR) \
    "." AIO_DETAIL_TEXT(AIO_VERSION_MINOR) "." AIO_DETAIL_TEXT(AIO_VERSION_PATCH)
#define AIO_DETAIL_TEXT(number) AIO_DETAIL_QUOTE(number)
#define AIO_DETAIL_QUOTE(number) #number
