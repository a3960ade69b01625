// SPDX-License-Identifier: MIT
// The commands of the tool, one file each. All take the arguments that follow the command's name and give the
// exit status.
#pragma once

#include <span>

namespace tool {

enum exit_status : int {
    success = 0,
    failure = 1,      // something could not be done, and stderr says what
    wrong_usage = 2,  // nothing was done
};

int scan(std::span<char*> arguments);
int cat(std::span<char*> arguments);
int cp(std::span<char*> arguments);
int mv(std::span<char*> arguments);
int rm(std::span<char*> arguments);
int du(std::span<char*> arguments);
int sync(std::span<char*> arguments);
int routes(std::span<char*> arguments);
int bench(std::span<char*> arguments);

}  // namespace tool
