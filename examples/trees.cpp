// Writes a file as a whole, copies a tree, removes both, and says what could not be done.
#include <aio/aio.hpp>

#include <cstdio>
#include <string>

void report(const char* what, const aio::tree_result& outcome) {
    std::printf("%s: %llu entries, %s\n", what,
                static_cast<unsigned long long>(outcome.directories + outcome.others),
                outcome ? "ok" : outcome.error().message().c_str());
    for (const aio::tree_failure& each : outcome.failures)
        std::printf("  %s %s: %s\n", each.operation, each.path.c_str(), each.reason.message().c_str());
}

int main() {
    aio::context io;
    auto place = io.run(aio::mkdtemp("/tmp/aiopp-example-"));
    if (!place) return 1;
    const std::string album = place->path + "/album";
    const std::string backup = place->path + "/backup";

    if (!io.run(aio::make_directories(album + "/2026"))) return 1;
    auto stored = io.run(aio::store(album + "/2026/note", "old content or new, never half"));
    auto loaded = io.run(aio::load(album + "/2026/note"));
    std::printf("store: %s\n", stored && loaded ? loaded->c_str() : "failed");

    report("copy_tree", io.run(aio::copy_tree(album, backup, {.durable = true})));
    report("copy_tree", io.run(aio::copy_tree(album, backup + "/no/such/place")));
    report("rmtree", io.run(aio::rmtree(place->path)));
}
