#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/readers.hpp"

namespace hoist::format {
namespace {

using base::quoted;
using Stream = rapidjson::InsituStringStream;
using Size = rapidjson::SizeType;

constexpr unsigned flags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;

// RapidJSON's events. A value of the wrong kind marks its tensor as broken and is passed over with all that it
// holds; an event that returns false ends the reading.
class Handler {
 public:
  Handler(const HeaderBytes& header, Stream& stream, const OpenOptions& options, IndexBuilder& builder)
      : json_(header.data()),
        has_escapes_(header.view().find('\\') != std::string_view::npos),
        stream_(stream),
        options_(options),
        builder_(builder) {}

  bool StartObject() {
    if (!deeper()) return false;
    if (passing_over()) return true;
    if (state_ == State::root) {
      state_ = State::entries;
      return true;
    }
    if (state_ != State::entries) return wrong("an object", container);
    if (name_ == "__metadata__") return start_metadata();
    state_ = State::tensor;
    seen_ = {};
    offset_count_ = 0;
    return true;
  }

  bool EndObject(Size) {
    if (end_passing_over()) return true;
    if (state_ == State::tensor && !end_tensor()) return false;
    state_ = State::entries;
    return true;
  }

  bool StartArray() {
    if (!deeper()) return false;
    if (passing_over()) return true;
    if (state_ != State::tensor || (field_ != shape && field_ != data_offsets)) return wrong("an array", container);
    state_ = State::numbers;
    return true;
  }

  bool EndArray(Size) {
    if (end_passing_over()) return true;
    state_ = State::tensor;
    if (field_ == data_offsets && offset_count_ != 2) {
      return refuse(Errc::invalid_field,
                    "data_offsets holds " + base::grouped(offset_count_) + " numbers, expected 2: begin and end");
    }
    return true;
  }

  bool Key(const char* data, Size size, bool) {
    const std::string_view key(data, size);
    if (!check_text(key)) return false;
    if (passing_over()) return true;
    if (state_ == State::tensor) return start_field(key);
    (state_ == State::metadata ? key_ : name_) = key;
    broken_ = false;
    return true;
  }

  bool String(const char* data, Size size, bool) {
    const std::string_view value(data, size);
    if (!check_text(value)) return false;
    if (passing_over()) return true;
    if (state_ == State::metadata) {
      if (!builder_.metadata(key_, value)) {
        builder_.fail(Errc::duplicate_metadata, "the key " + quoted(key_) + " stands twice in __metadata__",
                      key_.data());
      }
      return !builder_.full();
    }
    if (state_ != State::tensor || field_ != dtype) return wrong("a string");
    if (value == hoist::name(dtype_)) return true;  // neighbours mostly share theirs
    if (const auto parsed = parse_dtype(value)) {
      dtype_ = *parsed;
      return true;
    }
    return refuse(Errc::unknown_dtype, "dtype " + quoted(value) + " is none that the format has");
  }

  bool Uint(unsigned value) { return Uint64(value); }
  bool Uint64(std::uint64_t value) {
    if (passing_over()) return true;
    if (state_ != State::numbers) return wrong("a number");
    if (field_ == shape) {
      builder_.dimension(value);
    } else if (offset_count_++ < offsets_.size()) {
      offsets_[offset_count_ - 1] = value;
    }
    return true;
  }

  bool Int(int) { return wrong("a negative number"); }
  bool Int64(std::int64_t) { return wrong("a negative number"); }
  bool Double(double value) {
    // RapidJSON gives infinity for 9223372036854775808e308. Just below the largest double the reference refuses or
    // accepts a number by how it is spelled: refuse all of those.
    if (std::abs(value) < 1.797693134862e308)
      return wrong("a number with a fraction or an exponent, or above 2^64 - 1");
    builder_.fail(Errc::invalid_field, "a number is too big to be stored in double", here(), name_);
    return false;
  }
  bool RawNumber(const char*, Size, bool) { return wrong("a number"); }
  bool Bool(bool) { return wrong("a boolean"); }
  bool Null() {
    if (passing_over() || state_ != State::entries || name_ != "__metadata__") return wrong("null");
    builder_.not_strict(name_.data(), "__metadata__ is null");
    return first_metadata();
  }

  bool too_deep() const noexcept { return depth_ > options_.max_nesting; }

 private:
  enum class State { root, entries, metadata, tensor, numbers };
  enum Field : std::size_t { dtype, shape, data_offsets, unknown };
  static constexpr std::array<std::string_view, unknown> field_names{"dtype", "shape", "data_offsets"};
  static constexpr bool container = true;

  bool deeper() noexcept { return ++depth_ <= options_.max_nesting; }

  bool passing_over() const noexcept { return passed_depth_ != 0; }
  // True while inside of, or just at the end of, a value that is passed over.
  bool end_passing_over() noexcept {
    const bool inside = passing_over();
    if (depth_-- == passed_depth_) passed_depth_ = 0;
    return inside;
  }

  bool start_metadata() {
    if (!metadata_seen_) state_ = State::metadata;
    else passed_depth_ = depth_;
    return first_metadata();
  }

  bool first_metadata() {
    if (std::exchange(metadata_seen_, true)) {
      builder_.fail(Errc::duplicate_metadata, "__metadata__ stands twice", name_.data());
    }
    return !builder_.full();
  }

  bool start_field(std::string_view key) {
    // Spelled out: with the lengths known, each comparison is an instruction or two.
    field_ = key == "dtype" ? dtype : key == "shape" ? shape : key == "data_offsets" ? data_offsets : unknown;
    if (field_ == unknown) {
      if (options_.validation == Validation::compatible) return true;
      return refuse(Errc::invalid_field, "unknown field " + quoted(key));
    }
    if (std::exchange(seen_[field_], true)) {
      return refuse(Errc::invalid_field, "the field " + quoted(key) + " stands twice");
    }
    return true;
  }

  bool end_tensor() {
    for (std::size_t i = 0; i < unknown; ++i) {
      if (!seen_[i] && !refuse(Errc::invalid_field, "the field " + quoted(field_names[i]) + " is missing"))
        return false;
    }
    if (broken_) builder_.drop_tensor();
    else builder_.tensor(name_, dtype_, offsets_[0], offsets_[1]);
    return true;
  }

  // A value that does not belong where it stands.
  bool wrong(std::string_view kind, bool is_container = false) {
    if (passing_over()) return true;
    if (is_container) passed_depth_ = depth_;
    switch (state_) {
      case State::root:
        builder_.fail(Errc::invalid_json, "the header is " + std::string(kind) + ", expected an object", here());
        return false;
      case State::entries:
        if (name_ != "__metadata__") builder_.drop_tensor();
        return refuse(Errc::invalid_field, "is " + std::string(kind) + ", expected an object" +
                                               (name_ == "__metadata__" ? " of strings" : ""));
      case State::metadata:
        builder_.fail(
            Errc::invalid_field,
            "the value of " + quoted(key_) + " in __metadata__ is " + std::string(kind) + ", expected a string",
            key_.data());
        return !builder_.full();
      case State::tensor:
        if (field_ == unknown) return true;
        return refuse(Errc::invalid_field, std::string(field_names[field_]) + " is " + std::string(kind) +
                                               (field_ == dtype ? ", expected a string" : ", expected an array"));
      case State::numbers:
        return refuse(Errc::invalid_field, std::string(field_names[field_]) + " holds " + std::string(kind) +
                                               ", expected unsigned 64-bit integers");
    }
    return false;
  }

  // The first error of the current tensor is kept.
  bool refuse(Errc code, std::string message) {
    if (!std::exchange(broken_, true)) builder_.fail(code, std::move(message), here(), name_);
    return !builder_.full();
  }

  // The bytes were valid before decoding, but RapidJSON lets an escape make half a surrogate pair.
  bool check_text(std::string_view text) {
    if (!has_escapes_ || base::is_utf8(text)) return true;
    builder_.fail(Errc::invalid_utf8, "an escape stands for half a surrogate pair", here());
    return false;
  }

  const char* here() const { return json_ + stream_.Tell(); }

  const char* json_;
  bool has_escapes_;  // anywhere in the header
  Stream& stream_;
  const OpenOptions& options_;
  IndexBuilder& builder_;

  State state_ = State::root;
  std::uint32_t depth_ = 0;
  std::uint32_t passed_depth_ = 0;  // of the outermost value that is passed over; 0: none
  bool metadata_seen_ = false;
  std::string_view key_;  // in __metadata__

  std::string_view name_;  // of the current entry, and its fields
  bool broken_ = false;
  Field field_ = unknown;
  std::array<bool, unknown> seen_{};
  DType dtype_{};
  std::array<std::uint64_t, 2> offsets_{};
  std::uint64_t offset_count_ = 0;
};

std::string syntax_message(const rapidjson::ParseResult& result, const HeaderBytes& header) {
  const char* const where = header.data() + result.Offset();
  if (result.Offset() < header.size() && *where == '\0') {
    return "a NUL byte in the header; if it was padded with NUL: the format pads with spaces";
  }
  if (header.view().starts_with("\xEF\xBB\xBF")) return "the header begins with a byte order mark";
  if (result.Code() == rapidjson::kParseErrorDocumentEmpty) return "the header holds no JSON";
  std::string text = rapidjson::GetParseError_En(result.Code());
  if (text.ends_with('.')) text.pop_back();
  return "not JSON: " + text;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

bool read_grammar(HeaderBytes& header, const OpenOptions& options, IndexBuilder& builder) {
  Stream stream(header.data());
  Handler handler(header, stream, options, builder);
  rapidjson::Reader reader;
  if (header.size() != 0 && is_space(header.data()[0]))
    builder.not_strict(header.data(), "white space before the JSON");
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorTermination) {
    if (handler.too_deep()) {
      builder.fail(Errc::invalid_json, "nested deeper than " + base::grouped(options.max_nesting) + " values",
                   header.data() + result.Offset());
    }
    return false;  // else the handler said why
  }
  if (result.IsError()) {
    const bool number = result.Code() == rapidjson::kParseErrorNumberTooBig;
    builder.fail(number ? Errc::invalid_field : Errc::invalid_json, syntax_message(result, header),
                 header.data() + result.Offset());
    return false;
  }
  for (const char* p = header.data() + stream.Tell(); p != header.data() + header.size(); ++p) {
    if (!is_space(*p)) {
      builder.fail(Errc::invalid_json,
                   *p == '\0' ? "a NUL byte after the JSON; the format pads the header with spaces"
                              : "something other than white space follows the JSON",
                   p);
      return false;
    }
    if (*p != ' ') builder.not_strict(p, "the padding holds white space other than spaces");
  }
  return true;
}

std::optional<std::string> decode_json_string(std::string_view literal) {
  struct : rapidjson::BaseReaderHandler<rapidjson::UTF8<>> {
    bool String(const char* data, Size size, bool) { return decoded.assign(data, size), true; }
    std::string decoded;
  } handler;
  HeaderBytes copy(literal.size());
  std::memcpy(copy.data(), literal.data(), literal.size());
  Stream stream(copy.data());
  rapidjson::Reader reader;
  if (reader.Parse<flags>(stream, handler).IsError() || stream.Tell() != copy.size()) return std::nullopt;
  if (!base::is_utf8(handler.decoded)) return std::nullopt;
  return std::move(handler.decoded);
}

}  // namespace hoist::format
