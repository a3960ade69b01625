// SPDX-License-Identifier: MIT
// Everything but the adapters, <aio/loop/…>, and <aio/simulation.hpp>, which is for tests. The single headers
// compile faster.
//
// Comments cite rules by their names in docs/behaviour.md (R-OPEN, M-15, T-12, …), which is installed with
// the library.
#pragma once

#include <aio/attributes.hpp>
#include <aio/call.hpp>
#include <aio/composites.hpp>
#include <aio/context.hpp>
#include <aio/copying.hpp>
#include <aio/directories.hpp>
#include <aio/file.hpp>
#include <aio/group.hpp>
#include <aio/in.hpp>
#include <aio/inline_function.hpp>
#include <aio/metadata.hpp>
#include <aio/names.hpp>
#include <aio/open_close.hpp>
#include <aio/operation.hpp>
#include <aio/options.hpp>
#include <aio/path.hpp>
#include <aio/read_write.hpp>
#include <aio/request.hpp>
#include <aio/result.hpp>
#include <aio/routes.hpp>
#include <aio/sync.hpp>
#include <aio/task.hpp>
#include <aio/trees.hpp>
#include <aio/version.hpp>
#include <aio/waiting.hpp>
#include <aio/walk.hpp>
#include <aio/when.hpp>
#include <aio/work.hpp>
