// A window whose animation goes on while a directory tree is copied.
// Build: g++ -std=c++23 gtk.cpp $(pkg-config --cflags --libs aiopp gtk4)
//
// gtk FROM TO [SCREENSHOT.png]: with a third argument it closes when it is done.
#include "tree_copy.hpp"

#include <aio/loop/glib.hpp>

#include <gtk/gtk.h>

#include <algorithm>
#include <cstdio>
#include <memory>

struct program {
    std::string from;
    std::string to;
    std::string screenshot;
    aio::context io{};
    aio::loop::glib files{io};
    std::unique_ptr<tree_copy> copy{};
    GtkWidget* drawing = nullptr;
    int frames = 0;
    gint64 last = 0;
    gint64 longest_pause = 0;  // microseconds between two frames
};

void draw(GtkDrawingArea*, cairo_t* to, int, int, gpointer data) {
    auto& self = *static_cast<program*>(data);
    cairo_set_source_rgb(to, 0.98, 0.98, 0.96);
    cairo_paint(to);
    cairo_set_source_rgb(to, 0.16, 0.35, 0.63);
    cairo_set_line_width(to, 12);
    double turned = self.frames * 0.1;  // turns as long as frames come
    cairo_arc(to, 90, 100, 50, turned, turned + 1.7);
    cairo_stroke(to);
    cairo_set_source_rgb(to, 0, 0, 0);
    cairo_set_font_size(to, 15);
    std::string lines[] = {std::to_string(self.copy->entries) + " entries",
                           std::to_string(self.copy->megabytes) + " MiB",
                           self.copy->done ? "copied" : "being copied"};
    for (double y = 80; const std::string& line : lines) {
        cairo_move_to(to, 170, y);
        cairo_show_text(to, line.c_str());
        y += 25;
    }
}

void save(program& self) {
    cairo_surface_t* image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 360, 200);
    cairo_t* to = cairo_create(image);
    draw(nullptr, to, 360, 200, &self);
    cairo_surface_write_to_png(image, self.screenshot.c_str());
    cairo_destroy(to);
    cairo_surface_destroy(image);
}

gboolean frame(GtkWidget* drawing, GdkFrameClock* clock, gpointer data) {
    auto& self = *static_cast<program*>(data);
    gint64 now = gdk_frame_clock_get_frame_time(clock);
    if (self.frames++) self.longest_pause = std::max(self.longest_pause, now - self.last);
    self.last = now;
    gtk_widget_queue_draw(drawing);
    if (self.screenshot.empty() || !self.copy->done || self.frames < 30) return G_SOURCE_CONTINUE;
    save(self);
    gtk_window_close(GTK_WINDOW(gtk_widget_get_root(drawing)));
    return G_SOURCE_REMOVE;
}

void activate(GtkApplication* application, gpointer data) {
    auto& self = *static_cast<program*>(data);
    GtkWidget* window = gtk_application_window_new(application);
    gtk_window_set_title(GTK_WINDOW(window), "aiopp and GTK");
    gtk_window_set_default_size(GTK_WINDOW(window), 360, 200);
    self.drawing = gtk_drawing_area_new();
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(self.drawing), draw, &self, nullptr);
    gtk_window_set_child(GTK_WINDOW(window), self.drawing);
    gtk_widget_add_tick_callback(self.drawing, frame, &self, nullptr);
    self.copy = std::make_unique<tree_copy>(self.io, self.from, self.to);
    gtk_window_present(GTK_WINDOW(window));
}

int main(int argc, char** argv) {
    if (argc < 3) return std::puts("usage: gtk FROM TO [SCREENSHOT.png]"), 2;
    program self{.from = argv[1], .to = argv[2], .screenshot = argc > 3 ? argv[3] : ""};
    GtkApplication* application = gtk_application_new(nullptr, G_APPLICATION_NON_UNIQUE);
    g_signal_connect(application, "activate", G_CALLBACK(activate), &self);
    int status = g_application_run(G_APPLICATION(application), 0, nullptr);
    g_object_unref(application);
    std::printf("%ju entries, %ju MiB, %ju failed, %d frames, %d ms at most between two\n",
                std::uintmax_t(self.copy->entries), std::uintmax_t(self.copy->megabytes),
                std::uintmax_t(self.copy->failed), self.frames, static_cast<int>(self.longest_pause / 1000));
    return status;
}
