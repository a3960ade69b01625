// SPDX-License-Identifier: MIT
// What is copied and moved.
//
// Compared are all failures, with path and reason, the counts, and what `copied` was told; at once the trees
// themselves, too. Not the names of the operations that failed, which are for people, nor the order of the
// failures, which workers come upon as it happens.
#include "model/opened.hpp"
#include "model/plain_copy.hpp"
#include "model/world.hpp"
#include "support/temporary.hpp"

#include <fcntl.h>

#include <utility>

namespace aio::test {

namespace {

copy_outcome outcome_of(const tree_result& done) {
    copy_outcome outcome{done.directories, done.others, done.bytes, done.failed};
    for (const tree_failure& each : done.failures)
        outcome.failures.emplace_back(each.path, each.reason.value());
    if (done.stopped) outcome.failures.emplace_back("stopped", done.stopped.value());
    return outcome;
}

tree_options draw_tree_options(world& w) {
    tree_options drawn;
    drawn.limit = w.draw({8U, 1U});
    drawn.descriptors = w.draw({16U, 4U});
    return drawn;
}

copy_wishes draw_wishes(world& w) {
    using enum on_existing;
    copy_wishes drawn;
    drawn.existing = w.draw({replace, in_place, as_cp, on_existing::fail});
    drawn.keep = w.draw({preserve::all, preserve::basics, preserve::nothing});
    drawn.follow = w.draw({follow_links::never, follow_links::root, follow_links::always});
    drawn.read_special = w.draw_once_in(4);
    if (w.draw_once_in(4)) drawn.overwrite = w.draw_once_in(2);
    if (w.draw_once_in(16)) drawn.clone = reflink::always;
    w.note("existing " + std::to_string(static_cast<int>(drawn.existing)) + " keep " +
           std::to_string(static_cast<int>(drawn.keep)) + " follow " +
           std::to_string(static_cast<int>(drawn.follow)));
    return drawn;
}

template <bool WholeTrees>
void copy_step(world& w) {
    const path_operand from = w.draw_path();
    const path_operand to = w.draw_path();
    copy_wishes wishes = draw_wishes(w);
    wishes.whole_trees = WholeTrees;
    wishes.durable = w.draw_once_in(4);
    const tree_options tree = draw_tree_options(w);
    if (!is_determined(w.posix(), from, to, wishes)) return;
    w.compare(
        [&](library_side& l) {
            std::vector<std::string> copied;
            copy_options how{.tree = tree,
                             .existing = wishes.existing,
                             .keep = wishes.keep,
                             .follow = wishes.follow,
                             .clone = wishes.clone,
                             .read_special = wishes.read_special,
                             .durable = wishes.durable};
            if (wishes.overwrite) how.overwrite = [&](const copy_entry&) { return *wishes.overwrite; };
            how.copied = [&](const copy_entry& each) {
                copied.push_back(std::string(each.to) + ' ' + std::to_string(static_cast<int>(each.type)));
            };
            copy_outcome done = outcome_of(
                use(l.way_now, l.io(),
                    WholeTrees ? copy_tree(l.at(from), l.at(to), how) : copy(l.at(from), l.at(to), how)));
            done.copied = std::move(copied);
            return done.to_answer(l.root());
        },
        [&](posix_side& p) { return plain_copy(wishes).run(p, from, to).to_answer(p.root()); });
    w.compare_snapshots();
}

void move_step(world& w) {
    const path_operand from = w.draw_path();
    const path_operand to = w.draw_path();
    copy_options how;
    if (w.draw_once_in(4)) how.existing = on_existing::fail;
    how.durable = w.draw_once_in(4);
    const bool replace = how.existing != on_existing::fail;
    how.tree = draw_tree_options(w);
    if (!w.draw_once_in(2)) {
        w.compare(
            [&](library_side& l) {
                return outcome_of(use(l.way_now, l.io(), move(l.at(from), l.at(to), how)))
                    .to_answer(l.root());
            },
            [&](posix_side& p) { return plain_move(p, from, to, replace).to_answer(p.root()); });
        w.compare_snapshots();
        return;
    }
    // To another file system, where there is one, and back to another name.
    static const char* const names[] = {"x", "x", "x", "x/", "gone/x", "."};
    const std::string there = w.draw(names);
    w.note(there + " elsewhere");
    copy_wishes all;
    all.whole_trees = true;
    if (!is_determined(w.posix(), from, {.name = "elsewhere"}, all)) return;
    w.compare(
        [&](library_side& l) {
            const temporary_tree elsewhere;
            const directory other(::open(elsewhere.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            const auto text = [&](const tree_result& done) {
                answer shown = outcome_of(done).to_answer(l.root());
                // Of a failure only the reason: which of both places it names, plain calls cannot tell.
                if (shown.error) shown.value.clear();
                shown.value += joined(snapshot(other.fd()));
                return shown;
            };
            answer done = text(use(l.way_now, l.io(), move(l.at(from), {other, there}, how)));
            const answer back = text(use(l.way_now, l.io(), move({other, there}, l.at(to), how)));
            return answer{done.error ? done.error : back.error, done.value + " and " + back.value};
        },
        [&](posix_side& p) {
            const temporary_tree elsewhere;
            const opened other(::open(elsewhere.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            const auto text = [&](const copy_outcome& done) {
                answer shown = done.to_answer(p.root());
                if (shown.error) shown.value.clear();
                shown.value += joined(snapshot(other.get()));
                return shown;
            };
            const auto check = [&](const path_operand& of) {
                copy_outcome wrong;
                wrong.failed = p.error_of(of) ? 1 : 0;
                if (wrong.failed) wrong.failures.emplace_back("", p.error_of(of));
                return wrong;
            };
            const copy_outcome wrong_from = check(from);
            const copy_outcome wrong_to = check(to);
            const answer done = text(wrong_from.failed ? wrong_from
                                                       : plain_move(p.base_of(from), p.path_of(from),
                                                                    other.get(), there, replace));
            const answer back =
                text(wrong_to.failed ? wrong_to
                                     : plain_move(other.get(), there, p.base_of(to), p.path_of(to), replace));
            return answer{done.error ? done.error : back.error, done.value + " and " + back.value};
        });
    w.compare_snapshots();
}

}  // namespace

std::span<const step> copy_steps() {
    static constexpr step all[] = {
        {"copy", copy_step<false>},
        {"copy_tree", copy_step<true>},
        {"move", move_step},
    };
    return all;
}

}  // namespace aio::test
