#include "slices.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <stdexcept>

namespace hoist::tool {
namespace {

// Whole or not at all, so "4x" and "" are refused.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::int64_t parse_place(std::string_view text, std::string_view whole) {
  const auto place = parse_number<std::int64_t>(text);
  if (!place) throw std::invalid_argument(fmt::format("'{}' in the slice '{}' is not an integer", text, whole));
  return *place;
}

SliceRange parse_range(std::string_view text, std::string_view whole) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() > 3) throw std::invalid_argument(fmt::format("'{}' has more than START:STOP:STEP", text));
  SliceRange range;
  if (parts.size() == 1) {  // an index; -1 has no end that could be written as a place, hence the open stop
    range.start = parse_place(text, whole);
    if (*range.start != -1 && *range.start != std::numeric_limits<std::int64_t>::max()) range.stop = *range.start + 1;
    return range;
  }
  if (!parts[0].empty()) range.start = parse_place(parts[0], whole);
  if (!parts[1].empty()) range.stop = parse_place(parts[1], whole);
  if (parts.size() == 3 && !parts[2].empty()) {
    const auto step = parse_number<std::uint64_t>(parts[2]);
    if (!step || *step == 0) throw std::invalid_argument(fmt::format("the step in '{}' must be 1 or more", text));
    range.step = *step;
  }
  return range;
}

std::optional<std::uint64_t> from_the_end(std::int64_t place, std::uint64_t size) {
  if (place >= 0) return static_cast<std::uint64_t>(place);
  const std::uint64_t back = 0 - static_cast<std::uint64_t>(place);
  if (back > size) return std::nullopt;
  return size - back;
}

}  // namespace

Slice parse_slice(std::string_view text) {
  Slice slice;
  if (text.empty()) throw std::invalid_argument("an empty slice; write one like 0:4,:8");
  for (const std::string_view part : split(text, ','))
    slice.push_back(parse_range(part, text));
  return slice;
}

Shard parse_shard(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.find('/', colon == std::string_view::npos ? 0 : colon);
  if (colon != std::string_view::npos && slash != std::string_view::npos) {
    const auto dim = parse_number<std::size_t>(text.substr(0, colon));
    const auto index = parse_number<std::uint64_t>(text.substr(colon + 1, slash - colon - 1));
    const auto count = parse_number<std::uint64_t>(text.substr(slash + 1));
    if (dim && index && count && *index < *count) return {.dim = *dim, .index = *index, .count = *count};
  }
  throw std::invalid_argument(
      fmt::format("'{}' is not a shard; write DIM:INDEX/COUNT with INDEX below COUNT, like 0:2/8", text));
}

Result<std::vector<Range>> resolve(const Slice& slice, std::span<const std::uint64_t> shape) {
  if (slice.size() > shape.size())
    return Error{.code = Errc::invalid_slice,
                 .message = fmt::format("the slice has {} dimensions, the tensor {}", slice.size(), shape.size())};
  std::vector<Range> ranges;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    const SliceRange asked = dim < slice.size() ? slice[dim] : SliceRange{};
    const auto start = from_the_end(asked.start.value_or(0), shape[dim]);
    const auto stop = asked.stop ? from_the_end(*asked.stop, shape[dim]) : shape[dim];
    if (!start || !stop || *start > *stop || *stop > shape[dim])
      return Error{
          .code = Errc::invalid_slice,
          .message = fmt::format("the slice {}:{} does not fit dimension {}, which has {}", asked.start.value_or(0),
                                 asked.stop ? std::to_string(*asked.stop) : "", dim, shape[dim])};
    ranges.push_back({.start = *start, .stop = *stop, .step = asked.step});
  }
  return ranges;
}

Result<TensorView> sliced(const TensorView& view, const Slice& slice) {
  if (slice.empty()) return view;
  Result<std::vector<Range>> ranges = resolve(slice, view.shape());
  if (!ranges) {
    Error error = std::move(ranges).error();
    error.file = view.file();
    error.tensor = view.name();
    return error;
  }
  return view.slice(*std::move(ranges));
}

}  // namespace hoist::tool
