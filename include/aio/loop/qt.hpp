// SPDX-License-Identifier: MIT
// qt: a context in a Qt event loop. Needs Qt 6 Core; include it where you link with Qt6::Core.
#pragma once

#include <aio/loop/attachment.hpp>

#include <QtCore/QAbstractEventDispatcher>
#include <QtCore/QObject>
#include <QtCore/QSocketNotifier>

#include <memory>

namespace aio::loop {

/// Delivers a context's results in the event loop of the thread that makes the adapter: `aio::loop::qt
/// files(io);` once there is a QCoreApplication, or in a QThread.
///
/// A Qt event loop runs until somebody quits it, whatever is outstanding. Callbacks may run another, as modal
/// dialogs do.
///
/// Lifetime: as <aio/loop/attachment.hpp> says; the application object may be destroyed first. Threads: the
/// one that made it runs the loop and destroys the adapter. Errors: the same; an exception that leaves a
/// callback ends the program, as it cannot pass through Qt.
class qt final : public attachment {
  public:
    explicit qt(context& io, const poll_budget& budget = default_budget)
        : attachment(io, budget, keeper::nobody),
          notifier_(std::make_unique<QSocketNotifier>(fd(), QSocketNotifier::Read)) {
        QObject::connect(notifier_.get(), &QSocketNotifier::activated, [this]() noexcept { poll(); });
        auto* loop = QAbstractEventDispatcher::instance();
        for (auto comes_round : {&QAbstractEventDispatcher::aboutToBlock, &QAbstractEventDispatcher::awake})
            QObject::connect(loop, comes_round, sleeper_.get(), [this]() noexcept { rest(); });
    }
    ~qt() override {
        ended();
        detach();
    }

  private:
    void ended() noexcept override {
        if (!notifier_) return;
        sleeper_.reset();
        notifier_->setEnabled(false);
        if (polling()) notifier_.release()->deleteLater();  // it is calling this
        notifier_.reset();
    }

    std::unique_ptr<QSocketNotifier> notifier_;
    std::unique_ptr<QObject> sleeper_ = std::make_unique<QObject>();  // calls rest while it lives
};

}  // namespace aio::loop
