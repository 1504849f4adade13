// What a file that is being written is called until it is whole, and what becomes of those that nobody finished.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "hoist/result.hpp"

namespace hoist::io {

Result<std::string> random_digits();  // 16, hexadecimal

// Of a file that is to be called `target`, in the same directory.
std::string temporary_name(std::string_view target, std::string_view digits);

// Whether the name is still that of the open file.
bool has_name(int directory, const char* name, int file);

bool try_lock(int file);  // without waiting; errno says why not

// Removes the temporaries of a target that are a minute old and that nobody has locked. Best effort: what can't be
// removed is left to the next. Each is open, and locked, while `keep` is asked about it.
void remove_left_behind(int directory, std::string_view target, const std::function<bool(int file)>& keep = {});

}  // namespace hoist::io
