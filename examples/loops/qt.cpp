// A window whose animation goes on while a directory tree is counted.
// Build: g++ -std=c++23 qt.cpp $(pkg-config --cflags --libs aiopp Qt6Widgets) -fPIC
//
// qt [TREE [SCREENSHOT.png]]: closes when it is done; else stays open.
#include "tree_count.hpp"

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
    explicit window(const tree_count& counted) : count(counted) {
        resize(360, 200);
        setWindowTitle("aiopp and Qt");
        QObject::connect(&clock, &QTimer::timeout, this, [this] { update(); });
        clock.start(16);
    }

    int frames = 0;
    qint64 longest_pause = 0;  // milliseconds between two frames

  protected:
    void paintEvent(QPaintEvent*) override {
        if (frames++) longest_pause = std::max(longest_pause, since_last.elapsed());
        since_last.start();
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.fillRect(rect(), QColor(250, 250, 245));
        painter.setPen(QPen(QColor(40, 90, 160), 12, Qt::SolidLine, Qt::RoundCap));
        painter.drawArc(40, 50, 100, 100, -frames * 6 * 16, 100 * 16);  // turns as long as frames come
        painter.setPen(Qt::black);
        painter.drawText(170, 80, QString("%1 entries").arg(count.entries));
        painter.drawText(170, 105, QString("%1 directories").arg(count.directories));
        painter.drawText(170, 130, count.done() ? "done" : QString("%1 being read").arg(count.open));
    }

  private:
    const tree_count& count;
    QTimer clock;
    QElapsedTimer since_last;
};

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    aio::context io;
    aio::loop::qt files(io);
    tree_count count(io, argc > 1 ? argv[1] : "/usr");
    window shown(count);
    shown.show();

    QTimer end;
    QObject::connect(&end, &QTimer::timeout, [&] {
        if (argc < 3 || !count.done() || shown.frames < 30) return;
        shown.grab().save(argv[2]);
        application.quit();
    });
    end.start(50);
    int status = application.exec();
    std::printf("%zu entries in %zu directories, %d frames, %d ms at most between two\n", count.entries,
                count.directories, shown.frames, static_cast<int>(shown.longest_pause));
    return status;
}
