// Whole loads onto a CUDA device, over the fake runtime: every byte in its place, from every kind of memory.
#include <thread>
#include <vector>

#include "cuda/cuda_test.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

void expect_one_that_works(int ordinal, const CudaOptions& options, const Plan& plan, auto&& check) {
  Loader loader = Loader::create(make_cuda_device(ordinal, options).value(), small_ring).value();
  for (int round = 0; round < 2; ++round) {
    Transfer transfer = loader.start(plan).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    EXPECT_EQ(transfer.report().staging_bytes, 8 * MiB);
    EXPECT_TRUE(transfer.report().warnings.empty());
    check(transfer.tensors());
  }
}

TEST_F(CudaLoads, PutEveryByteInItsPlaceAndLeaveNothing) {
  for (const int ordinal : {0, 1}) {
    expect_one_that_works(ordinal, {}, plan(), [&](std::span<const DeviceTensor> tensors) {
      expect_whole(tensors);
      EXPECT_EQ(fake::device_of(tensors[0].data), ordinal);
    });
    EXPECT_EQ(fake::alive(), fake::Alive());
  }
}

TEST_F(CudaLoads, GoToTwoDevicesFromOneRingThatIsPinnedForBoth) {
  {
    Loader loader =
        Loader::create({Device::host().value(), make_cuda_device(1).value(), make_cuda_device(0).value()}, small_ring)
            .value();
    const std::vector<Plan> plans(3, plan());
    const std::vector<Transfer> transfers = loader.start(plans).value();
    for (const Transfer& transfer : transfers)
      ASSERT_THAT(transfer.wait(), Succeeds());
    const DeviceTensor& on_host = transfers[0].tensors()[0];
    EXPECT_EQ(std::string(static_cast<const char*>(on_host.data), on_host.byte_count),
              test::read(checkpoint().at(on_host.name).value()).value());
    for (const std::size_t i : {1U, 2U}) {
      expect_whole(transfers[i].tensors());
      EXPECT_EQ(fake::device_of(transfers[i].tensors()[0].data), i == 1 ? 1 : 0);
      EXPECT_EQ(transfers[i].report().moved.bytes_read, 400U) << "of small; the rest the first one read for it";
    }
    EXPECT_EQ(fake::alive().registrations, 1);
    EXPECT_EQ(fake::pageable_copies(), 0U);
  }
  EXPECT_EQ(fake::alive(), fake::Alive());
}

TEST_F(CudaLoads, TakeMemoryFromAPool) {
  cudaMemPoolProps properties{};
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaMemPoolCreate(&pool, &properties), cudaSuccess);
  expect_one_that_works(0, {.pool = pool}, plan(), [](auto tensors) { expect_whole(tensors); });
  cudaMemPoolDestroy(pool);
}

TEST_F(CudaLoads, FillMemoryOfTheCallers) {
  void* memory = nullptr;
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  ASSERT_EQ(cudaMalloc(&memory, 400), cudaSuccess);
  Plan what(checkpoint());
  what.add({{.view = checkpoint().at("small").value(), .destination = memory, .destination_bytes = 400}}).value();
  expect_one_that_works(0, {}, what, [&](std::span<const DeviceTensor> tensors) {
    EXPECT_EQ(tensors[0].data, memory);
    expect_whole(tensors);
  });
  EXPECT_EQ(fake::alive().allocations, 1);
}

TEST_F(CudaLoads, NeverGiveAFileMappingToACopy) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("m.safetensors", test::FileBuilder().add("w", DType::U8, {5 * MiB}).file());
  for (const std::uint64_t max_registered : {UINT64_MAX, std::uint64_t{0}}) {
    fake::reset({.max_registered = max_registered});
    Plan what(Checkpoint::open(path, {.access = Access::mmap}).value());
    what.select("w").value();
    Loader loader = Loader::create(make_cuda_device(0).value(), small_ring).value();
    EXPECT_THAT(loader.start(what)->wait(), Succeeds()) << "the fake ends the test of one that does";
  }
}

TEST_F(CudaLoads, GoThroughASmallerRingThenAPageableOneWherePinningIsRefused) {
  struct Case {
    std::uint64_t max_registered;
    std::uint64_t staging_bytes;
    std::size_t warnings;
  };
  for (const Case& each : {Case{32 * MiB, 32 * MiB, 0}, Case{20 * MiB, 16 * MiB, 1}, Case{8 * MiB, 8 * MiB, 2},
                           Case{8 * MiB - 1, 32 * MiB, 3}}) {
    fake::reset({.max_registered = each.max_registered});
    {
      Loader loader = Loader::create(make_cuda_device(0).value(), {.staging_bytes = 32 * MiB, .threads = 2}).value();
      Transfer transfer = loader.start(plan()).value();
      ASSERT_THAT(transfer.wait(), Succeeds());
      expect_whole(transfer.tensors());
      const LoadReport report = transfer.report();
      EXPECT_EQ(report.staging_bytes, each.staging_bytes);
      ASSERT_EQ(report.warnings.size(), each.warnings);
      for (const Error& warning : report.warnings)
        EXPECT_EQ(warning.system_code, cudaErrorMemoryAllocation);
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
      EXPECT_EQ(fake::alive().registrations, each.warnings == 3 ? 0 : 1);
    }
    EXPECT_EQ(fake::alive(), fake::Alive());
  }
}

TEST_F(CudaLoads, RunFromManyThreadsAtOnce) {
  const Loader loader = Loader::create(make_cuda_device(1).value(), small_ring).value();
  const Plan what = plan();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      Loader mine = loader;
      Transfer transfer = mine.start(what).value();
      ASSERT_THAT(transfer.wait("small"), Succeeds());
      ASSERT_THAT(transfer.wait(), Succeeds());
      expect_whole(transfer.tensors());
    });
  }
  threads.clear();
  EXPECT_EQ(fake::contexts(), std::set<int>{1}) << "no thread was left with a device that it had not";
}

}  // namespace
}  // namespace hoist
