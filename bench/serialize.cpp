// The parameters of ResNet50 (102 MB) made into the bytes of a file, against memcpy of as many bytes: into memory that
// is there, and into fresh memory on large pages.
//     hoist_bench_serialize PAIRS
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>

#include "hoist/serialize.hpp"
#include "support/figure.hpp"
#include "support/memory.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

// As the network has them: convolutions with scale and bias, and the classifier.
std::vector<hoist::Shape> resnet50() {
  std::vector<hoist::Shape> shapes;
  const auto convolution = [&](std::uint64_t size, std::uint64_t from, std::uint64_t to) {
    shapes.push_back({size, size, from, to});
    shapes.insert(shapes.end(), 2, {to});
  };
  convolution(7, 3, 64);
  std::uint64_t channels = 64;
  const std::uint64_t blocks[] = {3, 4, 6, 3};
  for (std::uint64_t stage = 0, width = 64; stage < 4; ++stage, width *= 2) {
    for (std::uint64_t block = 0; block < blocks[stage]; ++block) {
      convolution(1, channels, width);
      convolution(3, width, width);
      convolution(1, width, 4 * width);
      if (block == 0) convolution(1, channels, 4 * width);
      channels = 4 * width;
    }
  }
  shapes.push_back({channels, 1000});
  shapes.push_back({1000});
  return shapes;
}

struct Model {
  std::vector<hoist::Shape> shapes = resnet50();
  std::vector<std::string> names;
  std::vector<hoist::HostTensor> tensors;
  Buffer memory;

  Model() : memory(total(shapes)) {
    std::uint64_t at = 0;
    names.reserve(shapes.size());
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const std::uint64_t bytes = total({shapes[i]});
      names.push_back(text("params.layer_", i, ".kernel"));
      tensors.push_back({names.back(), hoist::DType::F32, shapes[i], memory.bytes().subspan(at, bytes)});
      at += bytes;
    }
    for (std::size_t i = 0; i < memory.bytes().size(); ++i)
      memory.bytes()[i] = static_cast<std::byte>(i * 31 % 251);
  }

  static std::uint64_t total(const std::vector<hoist::Shape>& shapes) {
    std::uint64_t bytes = 0;
    for (const hoist::Shape& shape : shapes) {
      std::uint64_t size = sizeof(float);
      for (const std::uint64_t dim : shape)
        size *= dim;
      bytes += size;
    }
    return bytes;
  }
};

// The same bytes, by as many threads.
void copy(std::span<const std::byte> from, std::byte* into, unsigned threads) {
  const std::size_t part = (from.size() + threads - 1) / threads;
  std::vector<std::jthread> others;
  for (std::size_t begin = part; begin < from.size(); begin += part) {
    const auto mine = from.subspan(begin, std::min(part, from.size() - begin));
    others.emplace_back([=] { std::memcpy(into + begin, mine.data(), mine.size()); });
  }
  std::memcpy(into, from.data(), std::min(part, from.size()));
}

void copy_into_fresh(std::span<const std::byte> from, unsigned threads) {
  void* const memory = ::mmap(nullptr, from.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  (void)::madvise(memory, from.size(), MADV_HUGEPAGE);
  copy(from, static_cast<std::byte*>(memory), threads);
  ::munmap(memory, from.size());
}

void check(const Model& model, std::span<const std::byte> file) {
  const auto archive = hoist::Archive::from_bytes(file, nullptr).value();
  require(archive.tensors().size() == model.tensors.size(), "the count of tensors");
  for (const hoist::HostTensor& tensor : model.tensors) {
    const auto found = archive.at(tensor.name)->bytes().value();
    require(std::ranges::equal(found, tensor.bytes), std::string(tensor.name));
  }
}

void measure(const Model& model, unsigned threads, std::size_t pairs) {
  const hoist::SerializeOptions options{.threads = threads};
  const std::uint64_t size = hoist::serialized_size(model.tensors, options).value();
  const Buffer into(size), limit_into(size), from(size);
  const auto bytes = static_cast<double>(size);
  const std::string many = text(", ", threads, threads == 1 ? " thread" : " threads");
  hoist::serialize(model.tensors, into.bytes(), options).value();
  check(model, into.bytes());
  check(model, hoist::serialize(model.tensors, options)->bytes());
  print(rate_figure(text("ResNet50 into memory that is there", many, ", against memcpy"),
                    compare([&] { hoist::serialize(model.tensors, into.bytes(), options).value(); },
                            [&] { copy(from.bytes(), limit_into.bytes().data(), threads); }, pairs),
                    bytes, 0.9));
  print(rate_figure(text("ResNet50 into fresh memory", many, ", against memcpy into fresh large pages"),
                    compare([&] { hoist::serialize(model.tensors, options).value(); },
                            [&] { copy_into_fresh(from.bytes(), threads); }, pairs),
                    bytes, 0.8));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const bench::Model model;
  for (const unsigned threads : {1U, 2U})
    bench::measure(model, threads, std::strtoul(argv[1], nullptr, 10));
}
