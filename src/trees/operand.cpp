// SPDX-License-Identifier: MIT
#include "operand.hpp"

#include "operations/arguments.hpp"

#include <fcntl.h>

#include <string_view>

namespace aio::detail {

result<tree_operand> open_operand(const target& path) {
    std::string_view text(path.path, path.size);
    if (path.error) return error(path.error);
    std::string_view stem = text;
    while (stem.size() > 1 && stem.ends_with('/'))
        stem.remove_suffix(1);
    const std::size_t slash = stem.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? stem : stem.substr(slash + 1);
    tree_operand made;
    made.must_be_directory = stem.size() != text.size();
    made.is_nameless = name.empty() || name == "." || name == "..";
    made.name = made.is_nameless ? "." : std::string(name);
    const std::string above(made.is_nameless ? text : stem.substr(0, stem.size() - name.size()));
    auto base = attempt([&] {
        return ::openat(path.fd, above.empty() ? "." : above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    });
    if (!base) return std::unexpected(base.error());
    made.base = unique_fd(*base);
    return made;
}

}  // namespace aio::detail
