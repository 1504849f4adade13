// Loads onto a GPU beside the limit, a pinned copy of the same bytes. Needs nothing but itself and a folder with room
// for 3 GB, in which it makes its own files.
//     hoist_bench_gpu FOLDER [DEVICE] [PAIRS]      DEVICE: cuda:0 by default, or host, to see that it runs
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

#include "device/device_access.hpp"
#include "hoist/cuda.hpp"
#include "support/figure.hpp"
#include "support/landing.hpp"
#include "support/text.hpp"

namespace bench {
namespace {

namespace device = hoist::device;
using Clock = std::chrono::steady_clock;

// `count` tensors of `bytes` each, of random bytes.
std::filesystem::path make_file(const std::filesystem::path& folder, std::size_t count, std::size_t bytes) {
  std::filesystem::path path = folder / text("hoist-bench-", count, "x", bytes, ".safetensors");
  if (std::filesystem::exists(path)) return path;
  std::string header = "{";
  for (std::size_t i = 0; i < count; ++i)
    header += text(i == 0 ? "" : ",", "\"layers.", i, ".weight\":{\"dtype\":\"U8\",\"shape\":[", bytes,
                   "],\"data_offsets\":[", i * bytes, ",", (i + 1) * bytes, "]}");
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  std::ofstream file(path, std::ios::binary);
  for (std::size_t byte = 0, size = header.size(); byte < 8; ++byte, size >>= 8)
    file.put(static_cast<char>(size & 0xFF));
  file << header;
  std::mt19937_64 random(count);
  std::vector<std::uint64_t> data(bytes / 8);
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::generate(data, random);
    file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(bytes));
  }
  if (!file.flush()) throw std::runtime_error("could not write " + path.string());
  return path;
}

hoist::Device open_device(const std::string& name) {
  return name == "host" ? hoist::Device::host().value() : hoist::make_cuda_device(std::stoi(name.substr(5))).value();
}

// One file, and device memory that it is loaded into again and again.
class Job {
 public:
  Job(hoist::Device device, const std::filesystem::path& path)
      : device_(std::move(device)),
        backend_(hoist::DeviceAccess::backend(device_)),
        file_(path),
        checkpoint_(hoist::Checkpoint::open(path).value()) {
    for (const hoist::TensorView& view : checkpoint_.tensors())
      bytes_ += view.byte_count();
    memory_ = backend_->allocate(device::Memory::device, bytes_).value();
    pinned_ = backend_->allocate(device::Memory::staging, chunk).value();
    queue_ = backend_->make_queue().value();
  }

  std::uint64_t bytes() const { return bytes_; }
  const hoist::Checkpoint& checkpoint() const { return checkpoint_; }
  hoist::Loader loader(std::uint64_t staging_bytes) const {
    return hoist::Loader::create(device_, {.staging_bytes = staging_bytes}).value();
  }

  // The first `first` tensors, then the others.
  hoist::Plan plan(std::size_t first) const {
    hoist::Plan plan(checkpoint_);
    std::vector<hoist::Placed> group;
    std::uint64_t at = 0;
    for (const hoist::TensorView& view : checkpoint_.tensors()) {
      if (group.size() == first && plan.group_count() == 0) plan.add(std::exchange(group, {})).value();
      group.push_back({.view = view,
                       .destination = static_cast<std::byte*>(memory_.address()) + at,
                       .destination_bytes = view.byte_count()});
      at += view.byte_count();
    }
    plan.add(std::move(group)).value();
    return plan;
  }

  // As many bytes as the file has, from pinned memory, one copy behind the other.
  void pinned_copy() const {
    for (std::uint64_t at = 0; at < bytes_; at += chunk)
      queue_
          ->upload(static_cast<const std::byte*>(pinned_.address()), static_cast<std::byte*>(memory_.address()) + at,
                   std::min(chunk, bytes_ - at))
          .value();
    queue_->wait(queue_->mark().value()).value();
  }

  void check(std::span<const hoist::DeviceTensor> tensors) const {
    std::vector<std::byte> loaded;
    for (const hoist::DeviceTensor& tensor : tensors) {
      loaded.resize(tensor.byte_count);
      device_.read(tensor.data, loaded).value();
      const auto& info = checkpoint_.at(tensor.name)->info();
      require(std::memcmp(loaded.data(), file_.bytes().data() + info.offset, loaded.size()) == 0,
              std::string(tensor.name));
    }
  }

 private:
  static constexpr std::uint64_t chunk = 64 * MiB;

  hoist::Device device_;
  std::shared_ptr<device::Backend> backend_;
  MappedFile file_;  // populated: the file is in the page cache
  hoist::Checkpoint checkpoint_;
  std::uint64_t bytes_ = 0;
  device::Buffer memory_;
  device::Buffer pinned_;
  std::unique_ptr<device::Queue> queue_;
};

void against_pinned_copy(const Job& job, std::size_t pairs) {
  const hoist::Plan plan = job.plan(1);
  for (const std::uint64_t ring : {64 * MiB, 128 * MiB, 256 * MiB}) {
    hoist::Loader loader = job.loader(ring);
    {
      const hoist::Transfer transfer = loader.start(plan).value();
      transfer.wait().value();
      job.check(transfer.tensors());
    }
    const Comparison comparison =
        compare([&] { loader.start(plan).value().wait().value(); }, [&] { job.pinned_copy(); }, pairs);
    const auto goal = ring == 256 * MiB ? std::optional(0.9) : std::nullopt;
    print(rate_figure(text("2 GB in the page cache, a ring of ", ring / MiB, " MiB, against a pinned copy"), comparison,
                      static_cast<double>(job.bytes()), goal));
  }
}

void first_tensor(const Job& job, std::size_t rounds) {
  const hoist::Plan plan = job.plan(3);  // 1 % of the bytes
  hoist::Loader loader = job.loader(256 * MiB);
  std::vector<double> shares;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    const hoist::Transfer transfer = loader.start(plan).value();
    transfer.wait(hoist::Plan::Group{0}).value();
    const auto first = Clock::now() - begin;
    transfer.wait().value();
    shares.push_back(std::chrono::duration<double>(first) / (Clock::now() - begin));
  }
  print({.name = "time to the first group, 1 % of 2 GB",
         .value = median(shares),
         .unit = "of the time to the last",
         .at_most = 0.05,
         .pairs = rounds});
}

void small_tensors(const Job& job, std::size_t rounds) {
  hoist::Plan plan(job.checkpoint());
  plan.select("**").value();
  hoist::Loader loader = job.loader(256 * MiB);
  const auto count = static_cast<double>(job.checkpoint().tensor_count());
  std::vector<double> times;
  std::uint64_t copies = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    const hoist::Transfer transfer = loader.start(plan).value();
    transfer.wait().value();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / count);
    copies = transfer.report().copies;
    if (round == 0) job.check(transfer.tensors().first(1000));
  }
  print({.name = text(count, " tensors of 4 KiB"),
         .value = median(times),
         .unit = "us each",
         .at_most = 2,
         .pairs = rounds,
         .detail = {{"copies", static_cast<double>(copies)}}});
}

void run(const std::filesystem::path& folder, const std::string& name, std::size_t pairs) {
  const hoist::Device device = open_device(name);
  {
    const Job large(device, make_file(folder, 300, 6'666'240));
    against_pinned_copy(large, pairs);
    first_tensor(large, pairs);
  }
  small_tensors(Job(device, make_file(folder, 69'000, 4096)), pairs);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) return 2;
  try {
    bench::run(argv[1], argc > 2 ? argv[2] : "cuda:0", argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 31);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 3;
  }
}
