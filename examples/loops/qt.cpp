// A window whose animation goes on while a directory tree is copied.
// Build: g++ -std=c++23 qt.cpp $(pkg-config --cflags --libs aiopp Qt6Widgets) -fPIC
//
// qt FROM TO [SCREENSHOT.png]: with a third argument it closes when it is done.
#include "tree_copy.hpp"

#include <aio/loop/qt.hpp>

#include <QtCore/QElapsedTimer>
#include <QtCore/QTimer>
#include <QtGui/QPainter>
#include <QtWidgets/QApplication>
#include <QtWidgets/QWidget>

#include <algorithm>
#include <cstdio>

class window : public QWidget {
  public:
    explicit window(const tree_copy& shown) : copy_(shown) {
        resize(360, 200);
        setWindowTitle("aiopp and Qt");
        QObject::connect(&clock_, &QTimer::timeout, this, [this] { update(); });
        clock_.start(16);
    }

    int frames = 0;
    qint64 longest_pause = 0;  // milliseconds between two frames

  protected:
    void paintEvent(QPaintEvent*) override {
        if (frames++) longest_pause = std::max(longest_pause, since_last_.elapsed());
        since_last_.start();
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.fillRect(rect(), QColor(250, 250, 245));
        painter.setPen(QPen(QColor(40, 90, 160), 12, Qt::SolidLine, Qt::RoundCap));
        painter.drawArc(40, 50, 100, 100, -frames * 6 * 16, 100 * 16);  // turns as long as frames come
        painter.setPen(Qt::black);
        painter.drawText(170, 80, QString("%1 entries").arg(copy_.entries));
        painter.drawText(170, 105, QString("%1 MiB").arg(copy_.megabytes));
        painter.drawText(170, 130, copy_.done ? "copied" : "being copied");
    }

  private:
    const tree_copy& copy_;
    QTimer clock_;
    QElapsedTimer since_last_;
};

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    aio::context io;
    aio::loop::qt files(io);
    if (argc < 3) return std::puts("usage: qt FROM TO [SCREENSHOT.png]"), 2;
    tree_copy copy(io, argv[1], argv[2]);
    window shown(copy);
    shown.show();

    QTimer end;
    QObject::connect(&end, &QTimer::timeout, [&] {
        if (argc < 4 || !copy.done || shown.frames < 30) return;
        shown.grab().save(argv[3]);
        application.quit();
    });
    end.start(50);
    int status = application.exec();
    std::printf("%ju entries, %ju MiB, %ju failed, %d frames, %d ms at most between two\n",
                std::uintmax_t(copy.entries), std::uintmax_t(copy.megabytes), std::uintmax_t(copy.failed),
                shown.frames, static_cast<int>(shown.longest_pause));
    return status;
}
