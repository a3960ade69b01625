#pragma once

/// Marks what the shared library exports; the library is compiled with everything else hidden.
#if defined(__GNUC__)
#define AIO_EXPORT __attribute__((visibility("default")))
#else
#define AIO_EXPORT
#endif
