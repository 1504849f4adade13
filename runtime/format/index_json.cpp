#include "format/index_json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace hoist::format {
namespace {

using base::quoted;
using Stream = rapidjson::InsituStringStream;
using Size = rapidjson::SizeType;

// Why a shard's name may not be followed, or nothing. A name is a path relative to the index, by its text alone.
std::string_view unsafe(std::string_view file) {
  if (file.empty()) return "is empty";
  if (file.front() == '/') return "is an absolute path";
  if (file.find('\\') != file.npos) return "holds a backslash";
  if (file.find('\0') != file.npos) return "holds a NUL";
  if (file.size() >= 2 && file[1] == ':') return "begins with a drive letter";
  for (std::size_t begin = 0; begin <= file.size();) {
    const std::size_t end = std::min(file.find('/', begin), file.size());
    const std::string_view part = file.substr(begin, end - begin);
    if (part == "..") return "leads out of the directory by ..";
    // One file, one spelling: else a small index could have one shard opened thousands of times.
    if (part.empty() || part == ".") return "holds an empty part or .";
    begin = end + 1;
  }
  return {};
}

class Handler {
 public:
  Handler(ShardIndex& index, Stream& stream, const OpenOptions& options, ErrorList& errors)
      : index_(index),
        has_escapes_(index.text.view().find('\\') != std::string_view::npos),
        stream_(stream),
        options_(options),
        errors_(errors) {}

  bool StartObject() {
    if (++depth_ > options_.max_nesting) return false;
    if (depth_ == 2 && key_ == "weight_map") {
      if (std::exchange(weight_map_seen_, true)) fail("weight_map stands twice");
      section_ = Section::weight_map;
    } else if (depth_ == 2 && key_ == "metadata") {
      section_ = Section::metadata;
    } else if (depth_ == 3 && section_ == Section::weight_map) {
      return wrong_file("an object");
    }
    return !errors_.full();
  }
  bool EndObject(Size) { return end_container(); }
  bool StartArray() {
    if (++depth_ > options_.max_nesting) return false;
    if (depth_ == 1) return fail("is an array, expected an object");
    if (depth_ == 2 && key_ == "weight_map") return fail("weight_map is an array, expected an object");
    return depth_ == 3 && section_ == Section::weight_map ? wrong_file("an array") : true;
  }
  bool EndArray(Size) { return end_container(); }

  bool Key(const char* data, Size size, bool) {
    const std::string_view key(data, size);
    if (depth_ == 1) key_ = key;
    if (depth_ == 2) entry_ = key;
    return check_text(key);
  }

  bool String(const char* data, Size size, bool) {
    const std::string_view value(data, size);
    if (!check_text(value)) return false;
    if (depth_ == 2 && section_ == Section::weight_map) return add(value);
    return scalar(value, "a string");
  }
  bool Uint(unsigned value) { return scalar(std::to_string(value), "a number"); }
  bool Uint64(std::uint64_t value) { return scalar(std::to_string(value), "a number"); }
  bool Int(int value) { return scalar(std::to_string(value), "a number"); }
  bool Int64(std::int64_t value) { return scalar(std::to_string(value), "a number"); }
  bool Double(double value) {
    char text[32];
    return scalar({text, std::to_chars(text, std::end(text), value).ptr}, "a number");
  }
  bool RawNumber(const char*, Size, bool) { return false; }
  bool Bool(bool value) { return scalar(value ? "true" : "false", "a boolean"); }
  bool Null() { return scalar("null", "null"); }

  bool too_deep() const noexcept { return depth_ > options_.max_nesting; }
  bool weight_map_seen() const noexcept { return weight_map_seen_; }

 private:
  enum class Section { none, metadata, weight_map };

  bool end_container() {
    if (--depth_ == 1) section_ = Section::none;
    return true;
  }

  bool scalar(std::string_view value, std::string_view kind) {
    if (depth_ == 0) return fail("is " + std::string(kind) + ", expected an object");
    if (depth_ == 1 && key_ == "weight_map") return fail("weight_map is " + std::string(kind) + ", expected an object");
    if (depth_ != 2) return true;
    if (section_ == Section::weight_map) return wrong_file(kind);
    if (section_ == Section::metadata) index_.metadata.insert_or_assign(std::string(entry_), std::string(value));
    return true;
  }

  bool add(std::string_view file) {
    // Neighbours mostly share a shard.
    if (index_.files.empty() || index_.files[current_] != file) {
      const auto known = numbers_.find(file);
      if (known != numbers_.end()) {
        current_ = known->second;
      } else {
        if (const std::string_view why = unsafe(file); !why.empty()) {
          return fail("the shard " + quoted(file) + " of " + quoted(entry_) + " " + std::string(why), entry_);
        }
        if (index_.files.size() >= options_.max_shards) {
          fail("names more than " + base::grouped(options_.max_shards) + " shards");
          return false;
        }
        current_ = static_cast<std::uint32_t>(index_.files.size());
        index_.files.push_back(file);
        numbers_.emplace(file, current_);
      }
    }
    index_.entries.push_back({.name = entry_, .file = current_});
    return true;
  }

  bool wrong_file(std::string_view kind) {
    return fail("the shard of " + quoted(entry_) + " is " + std::string(kind) + ", expected a file name", entry_);
  }

  bool check_text(std::string_view text) {
    if (!has_escapes_ || base::is_utf8(text)) return true;
    errors_.add({.code = Errc::invalid_utf8,
                 .message = "an escape stands for half a surrogate pair",
                 .offset = stream_.Tell()});
    return false;
  }

  bool fail(std::string message, std::string_view tensor = {}) {
    errors_.add({.code = Errc::invalid_index,
                 .message = std::move(message),
                 .tensor = std::string(tensor),
                 .offset = stream_.Tell()});
    return !errors_.full();
  }

  ShardIndex& index_;
  bool has_escapes_;  // anywhere in the text
  Stream& stream_;
  const OpenOptions& options_;
  ErrorList& errors_;

  std::uint32_t depth_ = 0;
  Section section_ = Section::none;
  bool weight_map_seen_ = false;
  std::string_view key_;    // at the top
  std::string_view entry_;  // in a section
  std::map<std::string_view, std::uint32_t> numbers_;
  std::uint32_t current_ = 0;
};

// Shards in the order of their names, whatever order the text met them in.
void sort_files(ShardIndex& index) {
  std::vector<std::uint32_t> order(index.files.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return index.files[a] < index.files[b]; });
  std::vector<std::uint32_t> place(order.size());
  std::vector<std::string_view> sorted(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted[i] = index.files[order[i]];
  }
  index.files = std::move(sorted);
  for (WeightEntry& entry : index.entries)
    entry.file = place[entry.file];
}

}  // namespace

ShardIndex read_shard_index(HeaderBytes text, const OpenOptions& options, ErrorList& errors) {
  ShardIndex index;
  index.text = std::move(text);
  const auto fail = [&](Errc code, std::string message, std::size_t offset) {
    errors.add({.code = code, .message = std::move(message), .offset = offset});
  };
  const std::string_view view = index.text.view();
  if (const std::size_t good = base::valid_utf8_prefix(view); good != view.size()) {
    fail(Errc::invalid_utf8, "the index is not UTF-8 here", good);
    return index;
  }
  Stream stream(index.text.data());
  Handler handler(index, stream, options, errors);
  rapidjson::Reader reader;
  constexpr unsigned flags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;
  const auto result = reader.Parse<flags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorTermination) {
    if (handler.too_deep()) fail(Errc::invalid_index, "nested too deep", result.Offset());
  } else if (result.IsError()) {
    fail(Errc::invalid_index, std::string("not JSON: ") + rapidjson::GetParseError_En(result.Code()), result.Offset());
  } else if (view.find_first_not_of(" \t\r\n", stream.Tell()) != view.npos) {
    fail(Errc::invalid_index, "something follows the JSON", stream.Tell());
  } else if (errors.empty() && !handler.weight_map_seen()) {
    fail(Errc::invalid_index, "holds no weight_map", 0);
  }
  if (errors.empty()) sort_files(index);
  return index;
}

}  // namespace hoist::format
