// The subject of the benchmarks that have a Python peer and write: a checkpoint that lies in memory, made into a file's
// bytes or saved. bench/peers/ asks. PATH is the checkpoint; it is read by the first request that names it.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hoist/serialize.hpp"
#include "hoist/writer.hpp"
#include "support/memory.hpp"
#include "support/requests.hpp"

namespace bench {
namespace {

// A checkpoint's tensors, as a program has them that trained it, and memory to make a file in.
class Model {
 public:
  explicit Model(const std::string& path) : archive_(hoist::Archive::open(path).value()), bytes_(total()) {
    std::size_t at = 0;
    for (const hoist::TensorInfo& info : archive_.tensors()) {
      const hoist::TensorView view = archive_.at(info.name).value();
      const auto mine = bytes_.bytes().subspan(at, view.byte_count());
      view.copy_to(mine).value();
      tensors_.push_back({info.name, info.dtype, info.shape, mine});
      at += mine.size();
    }
  }

  hoist::SerializedFile fresh(unsigned threads) const { return hoist::serialize(tensors_, options(threads)).value(); }

  std::span<const std::byte> touched(unsigned threads) {
    if (!into_) into_ = std::make_unique<Buffer>(hoist::serialized_size(tensors_, options(threads)).value());
    return into_->bytes().first(hoist::serialize(tensors_, into_->bytes(), options(threads)).value());
  }

  // Whether every way gives what the reference's writer gave, which is in the file `expected`.
  bool is_serialized_as(const std::string& expected) {
    const MappedFile file(expected);
    const auto same = [&](std::span<const std::byte> bytes) { return std::ranges::equal(bytes, file.bytes()); };
    for (const unsigned threads : {0U, 1U}) {
      if (into_) std::ranges::fill(into_->bytes(), std::byte{0x5a});
      if (!same(fresh(threads).bytes()) || !same(touched(threads))) return false;
    }
    return true;
  }

  hoist::SaveReport save(const std::string& target, bool durable) const {
    auto writer = hoist::Writer::create(target, {.durable = durable}).value();
    for (const hoist::HostTensor& tensor : tensors_)
      writer.declare(tensor.name, tensor.dtype, tensor.shape).value();
    writer.begin().value();
    for (const hoist::HostTensor& tensor : tensors_)
      writer.write(tensor.name, tensor.bytes).value();
    return std::move(writer).commit().value();
  }

 private:
  // The reference's layout: the same bytes as the peers' are compared and timed.
  static hoist::SerializeOptions options(unsigned threads) {
    return {.layout = hoist::Layout::reference, .metadata = {}, .threads = threads};
  }

  std::size_t total() const {
    std::size_t bytes = 0;
    for (const hoist::TensorInfo& info : archive_.tensors())
      bytes += archive_.at(info.name).value().byte_count();
    return bytes;
  }

  hoist::Archive archive_;
  Buffer bytes_;
  std::vector<hoist::HostTensor> tensors_{};
  std::unique_ptr<Buffer> into_{};
};

class Subject {
 public:
  std::string answer(const std::string& verb, const std::string& path, const std::string& name) {
    if (path != path_) {
      model_ = std::make_unique<Model>(path);
      path_ = path;
    }
    if (verb == "check-serialize") return model_->is_serialized_as(name) ? "right" : "wrong";
    if (verb == "serialize-fresh") return nanoseconds(name, [&] { return model_->fresh(0); });
    if (verb == "serialize-fresh-1-thread") return nanoseconds(name, [&] { return model_->fresh(1); });
    if (verb == "serialize-touched") return nanoseconds(name, [&] { return model_->touched(0); });
    if (verb == "serialize-touched-1-thread") return nanoseconds(name, [&] { return model_->touched(1); });
    if (verb == "save") return nanoseconds("1", [&] { return model_->save(name, false); });
    if (verb == "save-durable") return nanoseconds("1", [&] { return model_->save(name, true); });
    return "what?";
  }

 private:
  std::string path_{};
  std::unique_ptr<Model> model_{};
};

}  // namespace
}  // namespace bench

int main() {
  bench::Subject subject;
  bench::answer_requests([&](const auto&... request) { return subject.answer(request...); });
}
