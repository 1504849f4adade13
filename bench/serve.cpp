// The subject of the benchmarks that have a Python peer and read: bench/peers/ asks. serve_saving.cpp is that of those
// that write.
#include <malloc.h>

#include <algorithm>
#include <iomanip>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hoist/loader.hpp"
#include "support/landing.hpp"
#include "support/requests.hpp"
#include "support/text.hpp"

namespace {

// dtype, shape, and the first and last bytes.
std::string describe(const hoist::TensorView& view) {
  std::ostringstream out;
  out << hoist::name(view.dtype());
  for (const auto dim : view.shape())
    out << ' ' << dim;
  std::vector<std::byte> bytes(view.byte_count());
  view.copy_to(bytes).value();
  out << " = " << std::hex << std::setfill('0');
  const std::size_t shown = std::min<std::size_t>(bytes.size(), 1024);
  for (const auto part : {std::span(bytes).first(shown), std::span(bytes).last(shown)})
    for (const std::byte byte : part)
      out << std::setw(2) << static_cast<unsigned>(byte);
  return std::move(out).str();
}

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Bytes held, header bytes, tensors, dimensions.
std::string held(const std::string& path) {
  {
    const auto warm = hoist::Archive::open(path).value();
  }
  const auto before = heap_bytes();
  const auto archive = hoist::Archive::open(path).value();
  const auto after = heap_bytes();
  std::size_t dims = 0;
  for (const hoist::TensorInfo& info : archive.tensors())
    dims += info.shape.size();
  return bench::text(after - before, ' ', archive.header_bytes(), ' ', archive.tensors().size(), ' ', dims);
}

// Opens a file and copies every tensor into memory of its own, which is not filled with zeros first.
std::vector<std::unique_ptr<std::byte[]>> load(const std::string& path) {
  std::vector<std::unique_ptr<std::byte[]>> tensors;
  for (const hoist::TensorView& view : hoist::Checkpoint::open(path).value().tensors()) {
    tensors.push_back(std::make_unique_for_overwrite<std::byte[]>(view.byte_count()));
    view.copy_to({tensors.back().get(), view.byte_count()}).value();
  }
  return tensors;
}

// What a server keeps: a loader, and memory for a model. Peers get back what they freed the round before; an arena
// would not, since smaller pieces are cut off it in between, and new memory would be measured instead of loading.
struct Lift {
  hoist::Loader loader = bench::make_loader(0);
  std::unique_ptr<bench::Buffer> memory{};

  hoist::Transfer run(const std::string& path) {
    const auto checkpoint = hoist::Checkpoint::open(path).value();
    auto transfer = loader.start(bench::plan_into(checkpoint, *memory)).value();
    transfer.wait().value();
    return transfer;
  }

  std::string check(const std::string& path) {
    const bench::MappedFile file(path);
    memory = std::make_unique<bench::Buffer>(file.bytes().size());
    bench::check(run(path).tensors(), hoist::Checkpoint::open(path).value(), file);
    return "right";
  }
};

std::string answer(Lift& lift, const std::string& verb, const std::string& path, const std::string& name) {
  if (verb == "open") return bench::nanoseconds(name, [&] { return hoist::Archive::open(path).value(); });
  if (verb == "checkpoint") return bench::nanoseconds(name, [&] { return hoist::Checkpoint::open(path).value(); });
  if (verb == "load") return bench::nanoseconds(name, [&] { return load(path); });
  if (verb == "lift") return bench::nanoseconds(name, [&] { return lift.run(path); });
  if (verb == "check-lift") return lift.check(path);
  if (verb == "held") return held(path);
  const auto checkpoint = hoist::Checkpoint::open(path).value();
  if (verb == "count") return std::to_string(checkpoint.tensor_count());
  if (verb == "describe") return describe(checkpoint.at(name).value());
  return "what?";
}

}  // namespace

int main() {
  Lift lift;
  bench::answer_requests([&](const auto&... request) { return answer(lift, request...); });
}
