// SPDX-License-Identifier: MIT
#include "loop/suite.hpp"

#include <aio/loop/qt.hpp>

#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QThread>
#include <QtCore/QTimer>

namespace aio::test {

class qt_loop {
  public:
    using adapter = loop::qt;
    static constexpr bool ends_by_itself = false;
    static constexpr bool may_be_destroyed_first = true;
    static constexpr bool belongs_to_a_thread = true;

    std::unique_ptr<adapter> attach(context& io, const poll_budget& budget) {
        return std::make_unique<adapter>(io, budget);
    }
    void run() { QCoreApplication::exec(); }
    void stop() { QCoreApplication::quit(); }
    void turn() { QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents); }
    void every(std::chrono::milliseconds period, tick call) {
        auto* timer = new QTimer(&application_);
        timer->setTimerType(Qt::PreciseTimer);
        QObject::connect(timer, &QTimer::timeout, [timer, call = std::move(call)] {
            if (!call()) timer->deleteLater();
        });
        timer->start(period);
    }

  private:
    int arguments_ = 1;
    char name_[8] = "qt_test";
    char* words_[2] = {name_, nullptr};
    QCoreApplication application_{arguments_, words_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Qt, AnyLoop, qt_loop);

TEST(Qt, DeliversInAThreadOfQts) {
    qt_loop application;
    context io;
    std::atomic<int> arrived = 0;
    std::unique_ptr<QThread> thread(QThread::create([&] {
        loop::qt files(io);
        QEventLoop loop;
        std::function<void(result<file_status>)> count = [&](result<file_status>) {
            EXPECT_EQ(QThread::currentThread(), thread.get());
            if (++arrived == 50) loop.quit();
        };
        for (int i = 0; i < 50; ++i)
            io.submit(aio::stat("/"), count);
        loop.exec();
    }));
    thread->start();
    EXPECT_TRUE(thread->wait(10'000));
    EXPECT_EQ(arrived, 50);
}

}  // namespace aio::test
