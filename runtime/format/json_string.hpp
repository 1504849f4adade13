// Strings as JSON, in the one spelling that the reference's writer has.
#pragma once

#include <string>
#include <string_view>

namespace hoist::format {

void append_json_string(std::string& json, std::string_view text);
void append_escaped(std::string& json, std::string_view text);  // without the quotes

}  // namespace hoist::format
