// SPDX-License-Identifier: MIT
// gio: GLib's GFile and GInputStream. A stream has one position, so each lane has a stream of its own and
// seeks, which costs no more than a system call.
#include "../engine.hpp"

#include <fcntl.h>
#include <gio/gio.h>

#include <cerrno>
#include <utility>

namespace bench {

namespace {

/// −errno of a GError, or near it.
long number(GError* error) {
    ::g_error_free(error);
    return -EIO;
}

class gio_engine {
  public:
    explicit gio_engine(const job& what)
        : streams_(what.in_flight + what.what.stuck), context_(::g_main_context_default()) {
        if (what.what.steps->kinds.front() != kind::read) return;
        GFile* file = ::g_file_new_for_path(what.where.big_path().c_str());
        for (GFileInputStream*& each : streams_)
            each = ::g_file_read(file, nullptr, nullptr);
        ::g_object_unref(file);
    }
    gio_engine(const gio_engine&) = delete;
    gio_engine& operator=(const gio_engine&) = delete;
    ~gio_engine() {
        for (GFileInputStream* each : streams_)
            if (each) ::g_object_unref(each);
    }

    void run(relay& lanes) {
        lanes_ = &lanes;
        slots_.clear();
        for (lane& each : lanes.lanes())
            slots_.push_back({this, &each});
        lanes.begin([this](lane& each) { start(each); });
        while (!lanes.done())
            ::g_main_context_iteration(context_, TRUE);
    }

  private:
    struct slot {
        gio_engine* engine;
        lane* of;
    };

    void start(lane& of) {
        slot* here = &slots_[of.index];
        GFileInputStream*& stream = streams_[of.index];
        const call& wanted = of.call;
        switch (wanted.what) {
            case kind::stat: {
                GFile* file = ::g_file_new_for_path(wanted.path);
                ::g_file_query_info_async(file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                                          G_PRIORITY_DEFAULT, nullptr, stat_done, here);
                return ::g_object_unref(file);
            }
            case kind::open: {
                GFile* file = ::g_file_new_for_path(wanted.path);
                ::g_file_read_async(file, G_PRIORITY_DEFAULT, nullptr, open_done, here);
                return ::g_object_unref(file);
            }
            case kind::read:
                ::g_seekable_seek(G_SEEKABLE(stream), wanted.offset, G_SEEK_SET, nullptr, nullptr);
                return ::g_input_stream_read_async(G_INPUT_STREAM(stream), wanted.buffer, wanted.size,
                                                   G_PRIORITY_DEFAULT, nullptr, read_done, here);
            case kind::close:
                return ::g_input_stream_close_async(G_INPUT_STREAM(stream), G_PRIORITY_DEFAULT, nullptr,
                                                    close_done, here);
            default:
                return lanes_->fail(ENOSYS);
        }
    }

    static void done(void* at, long result) {
        const slot& here = *static_cast<slot*>(at);
        if (here.engine->lanes_->advance(*here.of, result)) here.engine->start(*here.of);
    }
    static void stat_done(GObject* source, GAsyncResult* result, void* at) {
        GError* error = nullptr;
        GFileInfo* found = ::g_file_query_info_finish(G_FILE(source), result, &error);
        if (!found) return done(at, number(error));
        const long size = ::g_file_info_get_size(found);
        ::g_object_unref(found);
        done(at, size);
    }
    static void open_done(GObject* source, GAsyncResult* result, void* at) {
        GError* error = nullptr;
        GFileInputStream* opened = ::g_file_read_finish(G_FILE(source), result, &error);
        if (!opened) return done(at, number(error));
        const slot& here = *static_cast<slot*>(at);
        if (here.of->stuck) {
            ::g_object_unref(opened);
            return done(at,
                        ::open("/dev/null", O_RDONLY | O_CLOEXEC));  // a descriptor for the relay to close
        }
        here.engine->streams_[here.of->index] = opened;
        done(at, 0);
    }
    static void read_done(GObject* source, GAsyncResult* result, void* at) {
        GError* error = nullptr;
        const gssize size = ::g_input_stream_read_finish(G_INPUT_STREAM(source), result, &error);
        done(at, size < 0 ? number(error) : size);
    }
    static void close_done(GObject* source, GAsyncResult* result, void* at) {
        GError* error = nullptr;
        const gboolean closed = ::g_input_stream_close_finish(G_INPUT_STREAM(source), result, &error);
        const slot& here = *static_cast<slot*>(at);
        ::g_object_unref(std::exchange(here.engine->streams_[here.of->index], nullptr));
        done(at, closed ? 0 : number(error));
    }

    std::vector<GFileInputStream*> streams_;
    std::vector<slot> slots_;
    GMainContext* context_;
    relay* lanes_ = nullptr;
};

class gio final : public contender {
  public:
    std::string_view name() const override { return "gio"; }
    std::string cannot(const workload& what, std::size_t) const override {
        if (what.style == style::coroutines) return "no coroutines";
        if (what.style == style::group) return "no groups";
        if (what.direct) return "no O_DIRECT";
        if (what.asks == question::hold) return "waits and delivers in one call";
        return missing_call(what, {kind::stat, kind::open, kind::read, kind::close});
    }
    measurement run(const job& what) override { return measure<gio_engine>(what); }
};

}  // namespace

void add_gio(contender_list& to) {
    to.push_back(std::make_unique<gio>());
}

}  // namespace bench
