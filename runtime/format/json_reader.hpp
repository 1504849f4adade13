// How both JSON readers use RapidJSON: in place, without recursion, with a handler of events.
#pragma once

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace hoist::format {

using Stream = rapidjson::InsituStringStream;
using Size = rapidjson::SizeType;

// What stands behind the value is the caller's to judge.
inline constexpr unsigned parse_flags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;

}  // namespace hoist::format
