// Random slices of random tensors against a model that knows nothing but element numbers.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::Succeeds;

// The elements of a slice as their numbers in the whole tensor, row-major.
struct Model {
  Shape shape;
  std::vector<std::uint64_t> elements;

  static Model whole(const Shape& shape) {
    Model model{shape, {}};
    std::uint64_t count = 1;
    for (const auto size : shape)
      count *= size;
    for (std::uint64_t i = 0; i < count; ++i)
      model.elements.push_back(i);
    return model;
  }

  // One dimension at a time: what a reader of the documentation would do by hand.
  Model sliced(std::size_t dim, const Range& range) const {
    std::uint64_t outer = 1, inner = 1;
    for (std::size_t i = 0; i < dim; ++i)
      outer *= shape[i];
    for (std::size_t i = dim + 1; i < shape.size(); ++i)
      inner *= shape[i];
    Model result{shape, {}};
    result.shape[dim] = 0;
    for (std::uint64_t at = range.start; at < range.stop.value_or(shape[dim]); at += range.step)
      ++result.shape[dim];
    for (std::uint64_t o = 0; o < outer; ++o) {
      for (std::uint64_t at = range.start; at < range.stop.value_or(shape[dim]); at += range.step) {
        for (std::uint64_t i = 0; i < inner; ++i)
          result.elements.push_back(elements[(o * shape[dim] + at) * inner + i]);
      }
    }
    return result;
  }

  // The bytes, or nothing where an element that stands alone begins or ends within one.
  std::optional<std::string> bytes(std::string_view data, std::uint32_t bits) const {
    std::string result;
    if (bits % 8 == 0) {
      for (const std::uint64_t element : elements)
        result += data.substr(element * (bits / 8), bits / 8);
      return result;
    }
    // Stretches of neighbours must begin and end on whole bytes.
    for (std::size_t i = 0; i < elements.size();) {
      std::size_t end = i + 1;
      while (end < elements.size() && elements[end] == elements[end - 1] + 1)
        ++end;
      const std::uint64_t first = elements[i] * bits, last = (elements[end - 1] + 1) * bits;
      if (first % 8 != 0 || last % 8 != 0) return std::nullopt;
      result += data.substr(first / 8, (last - first) / 8);
      i = end;
    }
    return result;
  }
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

  Range range(std::uint64_t size) {
    if (below(4) == 0) return {};
    Range range{.start = below(size + 1), .step = 1 + below(below(3) == 0 ? 4 : 1)};
    if (below(3) != 0) range.stop = range.start + below(size - range.start + 1);
    return range;
  }

 private:
  std::mt19937_64 engine_;
};

class Slices : public testing::TestWithParam<unsigned> {};

TEST_P(Slices, HoldTheBytesThatTheModelSaysHoweverTheyAreRead) {
  Random random(GetParam());
  const DType dtypes[] = {DType::F4, DType::F6_E2M3, DType::U8, DType::BF16, DType::F32, DType::C64};
  const DType dtype = dtypes[GetParam() % std::size(dtypes)];
  Shape shape(random.below(5));
  for (auto& size : shape)
    size = random.below(24) == 0 ? 0 : 1 + random.below(9);
  if (bits(dtype) % 8 != 0) shape.push_back(4 * (1 + random.below(3)));
  const test::FileBuilder file =
      test::FileBuilder().add("before", DType::U8, {3}).add("w", dtype, shape).add("after", DType::U8, {5});
  const std::string data = file.data().substr(3, file.data().size() - 8);

  const test::TemporaryDirectory directory;
  const auto path = directory.write("w.safetensors", file.file());
  const Archive archives[] = {Archive::open(path, {.access = Access::mmap}).value(),
                              Archive::open(path, {.access = Access::read}).value(),
                              test::open_bytes(file.file()).value(),
                              Archive::from_source(std::make_shared<test::StringSource>(file.file())).value()};
  for (int round = 0; round < 40; ++round) {
    Model model = Model::whole(shape);
    std::vector<std::vector<Range>> slices;
    bool addressable = true;  // each slice on the way, too, must begin and end its runs on whole bytes
    for (std::uint64_t depth = 0; depth < 1 + random.below(3); ++depth) {
      std::vector<Range> ranges(shape.empty() ? 0 : random.below(shape.size() + 1));
      for (std::size_t dim = 0; dim < ranges.size(); ++dim) {
        ranges[dim] = random.range(model.shape[dim]);
        model = model.sliced(dim, ranges[dim]);
      }
      slices.push_back(std::move(ranges));
      addressable = addressable && model.bytes(data, bits(dtype)).has_value();
    }
    const auto expected = model.bytes(data, bits(dtype));
    for (const Archive& archive : archives) {
      Result<TensorView> view = archive.at("w");
      for (const auto& ranges : slices) {
        if (view) view = view->slice(ranges);
      }
      if (!addressable) {
        ASSERT_THAT(view, FailsWith(Errc::invalid_slice));
        continue;
      }
      ASSERT_THAT(view, Succeeds());
      ASSERT_EQ(Shape(view->shape().begin(), view->shape().end()), model.shape);
      ASSERT_EQ(view->byte_count(), expected->size());
      std::uint64_t bytes_read = 0;
      ASSERT_EQ(
          test::read(*view, {.threads = 1 + static_cast<unsigned>(random.below(3)), .bytes_read = &bytes_read}).value(),
          *expected);
      ASSERT_GE(bytes_read, expected->empty() ? 0 : expected->size());
      ASSERT_LE(bytes_read, expected->empty() ? 0 : data.size()) << "gaps at most, and each of them once";
      if (const auto bytes = view->bytes()) {
        ASSERT_EQ(test::text_of(*bytes), *expected);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfRandomTensors, Slices, testing::Range(0U, 60U));

}  // namespace
}  // namespace hoist
