// Loading a file of one shard into memory that is already there: what the loading tasks share.
#pragma once

#include "hoist/loader.hpp"
#include "memory.hpp"
#include "pairs.hpp"

namespace bench {

constexpr std::size_t KiB = 1024, MiB = 1024 * KiB;

// The tensor's place in memory that is laid out as its file.
hoist::Placed placed(const hoist::TensorView& view, const Buffer& memory);
hoist::Plan plan_into(const hoist::Checkpoint& checkpoint, const Buffer& memory);  // everything, one group

// A file, and memory as large, in which every tensor has the place that it has in the file.
struct Landing {
  std::filesystem::path path;
  Buffer memory;
  hoist::Checkpoint checkpoint;
  std::uint64_t data_start;

  explicit Landing(const char* path_);

  std::span<std::byte> data() const { return memory.bytes().subspan(data_start); }
  hoist::Plan plan() const { return plan_into(checkpoint, memory); }
};

hoist::Loader make_loader(unsigned threads, std::uint64_t staging_bytes = 128 * MiB);

// Starts, and waits until everything is there.
hoist::LoadReport load(hoist::Loader& loader, const hoist::Plan& plan, const hoist::LoadOptions& options);

// What `work` leaves in the landing's memory is what the file has.
void check(const Landing& landing, const MappedFile& file, const Work& work, const std::string& what);

// Every loaded tensor is what the file has under its name.
void check(std::span<const hoist::DeviceTensor> tensors, const hoist::Checkpoint& checkpoint, const MappedFile& file);

}  // namespace bench
