#pragma once

/// Marks what the shared library exports; the library is compiled with everything else hidden.
#if defined(__GNUC__)
#define AIO_EXPORT __attribute__((visibility("default")))
#else
#define AIO_EXPORT
#endif

/// Lets clang warn when what borrows would outlive the temporary it borrows from.
#if defined(__clang__)
#define AIO_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define AIO_LIFETIMEBOUND
#endif
