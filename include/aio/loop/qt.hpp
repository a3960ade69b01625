// SPDX-License-Identifier: MIT
// qt: a context in a Qt event loop. Needs Qt 6 Core; include it where you link with Qt6::Core.
#pragma once

#include <aio/loop/attachment.hpp>

#include <QtCore/QObject>
#include <QtCore/QSocketNotifier>

#include <memory>

namespace aio::loop {

/// Delivers a context's results in the event loop of the thread that makes the adapter: `aio::loop::qt
/// files(io);` once there is a QCoreApplication, or in a QThread.
///
/// A Qt event loop runs until somebody quits it, whatever is outstanding.
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
    }
    ~qt() override {
        ended();
        detach();
    }

  private:
    void ended() noexcept override {
        if (!notifier_) return;
        notifier_->setEnabled(false);
        if (polling()) notifier_.release()->deleteLater();  // it is calling this
        notifier_.reset();
    }

    std::unique_ptr<QSocketNotifier> notifier_;
};

}  // namespace aio::loop
