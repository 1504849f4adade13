#include "format/index_json.hpp"
#include "format/json_string.hpp"

namespace hoist::format {

std::string shard_index_text(std::uint64_t total_bytes, const WeightMap& files) {
  std::string json = "{\n  \"metadata\": {\n    \"total_size\": " + std::to_string(total_bytes) + "\n  },\n";
  json += "  \"weight_map\": {";
  const char* separator = "\n    ";
  for (const auto& [tensor, file] : files) {
    json += separator;
    separator = ",\n    ";
    append_json_string(json, tensor);
    json += ": ";
    append_json_string(json, file);
  }
  json += files.empty() ? "}\n}\n" : "\n  }\n}\n";
  return json;
}

}  // namespace hoist::format
