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
/// A GMainLoop runs until somebody quits it, whatever is outstanding. Callbacks may run another, as modal
/// dialogs do.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; the main context may be destroyed first. Threads: the same.
/// Errors: the same; an exception that leaves a callback ends the program, as it cannot pass through GLib.
class glib final : public attachment {
  public:
    /// `loop`: null means the default main context. `priority`: as GLib's, against its other sources.
    explicit glib(context& io, GMainContext* loop = nullptr, int priority = G_PRIORITY_DEFAULT,
                  const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody) {
        static GSourceFuncs functions = {prepare, check, dispatch, nullptr, nullptr, nullptr};
        source_.reset(g_source_new(&functions, sizeof(source)));
        auto* made = reinterpret_cast<source*>(source_.get());
        made->self = this;
        made->tag = g_source_add_unix_fd(source_.get(), fd(), G_IO_IN);
        g_source_set_can_recurse(source_.get(), TRUE);
        g_source_set_priority(source_.get(), priority);
        g_source_attach(source_.get(), loop);
    }
    ~glib() override { detach(); }

  private:
    /// What GLib allocates.
    struct source {
        GSource base;
        glib* self;
        gpointer tag;
    };
    static gboolean prepare(GSource* polled, gint* timeout) noexcept {
        *timeout = -1;
        reinterpret_cast<source*>(polled)->self->rest();
        return FALSE;
    }
    static gboolean check(GSource* polled) noexcept {
        return g_source_query_unix_fd(polled, reinterpret_cast<source*>(polled)->tag) != 0;
    }
    static gboolean dispatch(GSource* polled, GSourceFunc, gpointer) noexcept {
        reinterpret_cast<source*>(polled)->self->poll();
        return G_SOURCE_CONTINUE;
    }

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
