// SPDX-License-Identifier: MIT
// glib: a context in a GLib main loop, and so in GTK. Needs GLib; include it where you link with glib-2.0.
#pragma once

#include <aio/loop/attachment.hpp>

#include <glib-unix.h>
#include <glib.h>

#include <memory>

namespace aio::loop {

/// Delivers a context's results in a GMainContext: `aio::loop::glib files(io);`.
///
/// A GMainLoop runs until somebody quits it, whatever is outstanding.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; the main context may be destroyed first. Threads: the same.
/// Errors: the same; an exception that leaves a callback ends the program, as it cannot pass through GLib.
class glib final : public attachment {
  public:
    /// `loop`: null means the default main context. `priority`: as GLib's, against its other sources.
    explicit glib(context& io, GMainContext* loop = nullptr, int priority = G_PRIORITY_DEFAULT,
                  const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody), source_(g_unix_fd_source_new(fd(), G_IO_IN)) {
        GUnixFDSourceFunc call = [](gint, GIOCondition, gpointer self) noexcept -> gboolean {
            static_cast<glib*>(self)->poll();
            return G_SOURCE_CONTINUE;
        };
        g_source_set_callback(source_.get(), G_SOURCE_FUNC(call), this, nullptr);
        g_source_set_priority(source_.get(), priority);
        g_source_attach(source_.get(), loop);
    }
    ~glib() override { detach(); }

  private:
    struct destroy {
        void operator()(GSource* source) const noexcept {
            g_source_destroy(source);
            g_source_unref(source);
        }
    };
    void ended() noexcept override { source_.reset(); }

    std::unique_ptr<GSource, destroy> source_;
};

}  // namespace aio::loop
