// What the tests of the CUDA device share.
#pragma once

#include <gtest/gtest.h>

#include "device/device_access.hpp"
#include "hoist/cuda.hpp"
#include "support/fake_cuda/fake_cuda.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {

namespace fake = test::fake_cuda;
using device::Backend;
using device::Buffer;
using device::Mark;
using device::Memory;
using device::Queue;
using test::FailsWith;
using test::Succeeds;

inline std::shared_ptr<Backend> backend(int ordinal, CudaOptions options = {}) {
  return DeviceAccess::backend(make_cuda_device(ordinal, std::move(options)).value());
}

class CudaDevice : public testing::Test {
 protected:
  CudaDevice() { fake::reset(); }
  ~CudaDevice() override { fake::reset(); }

  static cudaStream_t make_stream() {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    return stream;
  }
  static std::byte* host(const Buffer& buffer) { return static_cast<std::byte*>(buffer.address()); }
};

constexpr std::uint64_t MiB = 1 << 20;
constexpr LoaderOptions small_ring{.staging_bytes = 8 * MiB, .threads = 2};

// 14 MiB in two groups, "small" and the rest: more than the ring holds, with a tensor that is larger than a slot.
class CudaLoads : public CudaDevice {
 protected:
  static Checkpoint checkpoint() {
    static const std::string file = test::FileBuilder()
                                        .add("large", DType::U8, {9 * MiB + 5})
                                        .add("small", DType::F32, {100})
                                        .add("matrix", DType::U8, {512, 8192})
                                        .file();
    return Checkpoint::of(test::open_bytes(file).value());
  }
  static Plan plan() { return plan(checkpoint()); }
  static Plan plan(const Checkpoint& checkpoint) {
    Plan plan(checkpoint);
    plan.select("small").value();
    plan.add(checkpoint.at("matrix")->shard(1, 1, 4).value()).value();
    plan.select("large").value();
    return plan;
  }

  static void expect_whole(std::span<const DeviceTensor> tensors) {
    const Checkpoint all = checkpoint();
    for (const DeviceTensor& tensor : tensors) {
      TensorView view = all.at(tensor.name).value();
      if (tensor.name == "matrix") view = view.shard(1, 1, 4).value();
      EXPECT_EQ(fake::contents(tensor.data, tensor.byte_count), test::read(view).value()) << tensor.name;
    }
  }
};

}  // namespace hoist
