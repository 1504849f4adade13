// Two readers of the same JSON fill one IndexBuilder. The grammar reader is the authority: it gives verdicts.
// The canonical scanner stands in front of it for speed and knows only the spelling that writers emit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "format/index_builder.hpp"

namespace hoist::format {

// True: all of the header was the usual spelling, and `builder` has all of it. False: no verdict; `builder` was
// reset, the header is untouched.
bool scan_canonical(const HeaderBytes& header, IndexBuilder& builder);

// Decodes names in place, so that the header no longer holds its JSON afterwards. What is wrong goes to the
// builder. False: the reading ended early, by a syntax error or since the error list is full.
bool read_grammar(HeaderBytes& header, const OpenOptions& options, IndexBuilder& builder);

// The string that a JSON literal stands for, quotes included; nothing where it is none.
std::optional<std::string> decode_json_string(std::string_view literal);

}  // namespace hoist::format
