// Loads: every byte in its place on every kind of device, in order, through a small ring, whatever fails.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "support/failing_calls.hpp"
#include "support/fault_device.hpp"
#include "support/process_state.hpp"
#include "transfer/loads.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FaultDevice;

struct Way {
  const char* name;
  std::shared_ptr<device::Backend> (*device)();
  Staging staging;
  unsigned threads;
};

class LoadsEveryWay : public Loads, public testing::WithParamInterface<Way> {};

TEST_P(LoadsEveryWay, PutEveryByteInItsPlace) {
  const auto device = GetParam().device();
  Loader loader = Loader::create(device_of(device), {.staging_bytes = 8 * MiB, .threads = GetParam().threads}).value();
  const Plan what = plan();
  for (int round = 0; round < 2; ++round) {
    Transfer transfer = loader.start(what, {.staging = GetParam().staging}).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    expect_whole(*device, what, transfer.tensors());
    const LoadReport report = transfer.report();
    EXPECT_EQ(report.moved.bytes, what.estimate().bytes);
    EXPECT_EQ(report.moved.bytes_read, what.estimate().bytes_read);
    EXPECT_EQ(report.moved.requests, what.estimate().requests);
    EXPECT_EQ(report.moved.device_bytes, what.estimate().device_bytes);
    const bool staged = GetParam().staging == Staging::always || !device->host_can_write();
    EXPECT_EQ(report.staging_bytes, staged ? 8 * MiB : 0);
  }
}

TEST_P(LoadsEveryWay, GiveEachTensorAnAlignedAddressWithItsNameAndShape) {
  Loader loader = Loader::create(device_of(GetParam().device()), small_ring).value();
  const Transfer transfer = loader.start(plan(), {.staging = GetParam().staging}).value();
  const DeviceTensor* const columns = transfer.find("columns");
  ASSERT_NE(columns, nullptr);
  EXPECT_EQ(std::vector(columns->shape.begin(), columns->shape.end()), (std::vector<std::uint64_t>{512, 2048}));
  EXPECT_EQ(columns->dtype, DType::U8);
  EXPECT_EQ(columns->byte_count, 512U * 2048);
  EXPECT_EQ(transfer.find("absent"), nullptr);
  for (const DeviceTensor& tensor : transfer.tensors())
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data) % 256, 0U) << tensor.name;
  EXPECT_THAT(transfer.wait("absent"), FailsWith(Errc::missing_tensor, "absent"));
}

TEST_P(LoadsEveryWay, LetEachTensorAndEachGroupBeWaitedFor) {
  const auto device = GetParam().device();
  Loader loader = Loader::create(device_of(device), small_ring).value();
  const Plan what = plan();
  const Transfer transfer = loader.start(what, {.staging = GetParam().staging}).value();
  ASSERT_THAT(transfer.wait(Plan::Group{1}), Succeeds());
  EXPECT_EQ(contents(*device, *transfer.find("columns")), expected(what, "columns"));
  ASSERT_THAT(transfer.wait("empty"), Succeeds());
  ASSERT_THAT(transfer.wait("last"), Succeeds());
  EXPECT_EQ(contents(*device, *transfer.find("last")), expected(what, "last"));
}

TEST_P(LoadsEveryWay, EndWhenTheyAreLetGoAtAnyMoment) {
  const auto device = std::make_shared<FaultDevice>(GetParam().device());
  {
    Loader loader = Loader::create(device_of(device), small_ring).value();
    for (int i = 0; i < 9; ++i) {
      Transfer transfer = loader.start(plan(), {.staging = GetParam().staging}).value();
      if (i % 3 == 1) std::this_thread::yield();
      if (i % 3 == 2) {
        ASSERT_THAT(transfer.wait("small.3"), Succeeds());
      }
    }
  }
  EXPECT_EQ(device->alive(), 0);
}

TEST_P(LoadsEveryWay, ServeManyThreadsFromOneLoader) {
  const auto device = GetParam().device();
  const Loader loader = Loader::create(device_of(device), small_ring).value();
  const Plan what = plan();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      Loader mine = loader;
      Transfer transfer = mine.start(what, {.staging = GetParam().staging}).value();
      ASSERT_THAT(transfer.wait(), Succeeds());
      EXPECT_EQ(contents(*device, *transfer.find("last")), expected(what, "last"));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, LoadsEveryWay,
                         testing::Values(Way{"HostDirectly", device::make_host_device, Staging::automatic, 2},
                                         Way{"HostByOneReader", device::make_host_device, Staging::automatic, 1},
                                         Way{"HostThroughTheRing", device::make_host_device, Staging::always, 3},
                                         Way{"Deferred", deferred, Staging::automatic, 2},
                                         Way{"DeferredByOneReader", deferred, Staging::automatic, 1}),
                         [](const auto& info) { return info.param.name; });

// --- in order, and no slot before its mark

class LoadsStepByStep : public Loads {
 protected:
  std::shared_ptr<DeferredDevice> device_ = std::make_shared<DeferredDevice>();
  Loader loader_ = Loader::create(device_of(device_), small_ring).value();

  void step_when_queued(int commands) {
    for (; commands > 0; --commands) {
      while (!device_->step())
        std::this_thread::yield();
    }
  }
};

TEST_F(LoadsStepByStep, KeepASlotUntilItsMarkIsReached) {
  Plan what(checkpoint_);
  what.select("**").value();
  Transfer transfer = loader_.start(what).value();
  const Stepper stepper(device_);
  ASSERT_THAT(transfer.wait(), Succeeds());
  for (const DeviceTensor& tensor : transfer.tensors()) {
    if (tensor.byte_count != 0) {
      ASSERT_EQ(device_->contents(tensor.data, tensor.byte_count), expected(what, tensor.name));
    }
  }
}

TEST_F(LoadsStepByStep, HaveTheFirstTensorWhileTheRestIsStillMoving) {
  Plan what(checkpoint_);
  what.select("small.*").value();
  what.select("**").value();
  std::optional<Stepper> stepper;
  Transfer transfer = loader_.start(what).value();
  step_when_queued(2);  // one copy and its mark
  ASSERT_THAT(transfer.wait("small.39"), Succeeds());
  const DeviceTensor& tensor = *transfer.find("small.39");
  EXPECT_EQ(device_->contents(tensor.data, tensor.byte_count), expected(what, "small.39"));
  ASSERT_THAT(transfer.wait(Plan::Group{0}), Succeeds());
  const DeviceTensor& last = *transfer.find("last");
  EXPECT_EQ(device_->contents(last.data, 4), "\xA5\xA5\xA5\xA5") << "nothing of it was copied yet";
  stepper.emplace(device_);
}

TEST_F(LoadsStepByStep, TakeOneCopyForManySmallTensors) {
  FileBuilder file;
  for (int i = 0; i < 10'000; ++i)
    file.add("t" + std::to_string(i), DType::U8, {200});
  Plan what(Checkpoint::of(test::open_bytes(file.file()).value()));
  what.select("**").value();
  const auto counted = std::make_shared<FaultDevice>(deferred());
  Loader loader = Loader::create(device_of(counted), small_ring).value();
  const std::uint64_t before = counted->calls();
  Transfer transfer = loader.start(what).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  EXPECT_LE(counted->calls() - before, 6U) << "arena, queue, copy, mark, wait";
}

// --- what fails

class LoadsThatFail : public Loads {};

TEST_F(LoadsThatFail, AreRefusedBeforeTheFirstByteIsReadWhereTheyAreOverTheBudget) {
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  const Plan what = plan();
  const std::uint64_t needed = what.estimate().device_bytes;
  const FailingCall reads(Call::pread);
  EXPECT_THAT(loader.start(what, {.max_device_bytes = needed - 1}), FailsWith(Errc::over_budget));
  EXPECT_EQ(reads.calls(), 0U);
  EXPECT_THAT(loader.start(what, {.max_device_bytes = needed}), Succeeds());
  EXPECT_THAT(Loader::create(Device::host().value(), {.staging_bytes = 8 * MiB - 1}),
              FailsWith(Errc::over_budget, "8,388,607"));
}

TEST_F(LoadsThatFail, SayWhichTensorCouldNotBeRead) {
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    Loader loader = Loader::create(Device::host().value(), small_ring).value();
    for (const std::uint64_t number : {1U, 2U, 5U, 20U}) {
      const FailingCall reads(Call::pread, test::fail_once(number, EIO));
      Transfer transfer = loader.start(plan(), {.staging = staging}).value();
      const auto whole = transfer.wait();
      ASSERT_THAT(whole, FailsWith(Errc::io_error));
      EXPECT_EQ(whole.error().file, path_.native());
      EXPECT_FALSE(whole.error().tensor.empty());
      EXPECT_TRUE(whole.error().offset);
      EXPECT_THAT(std::move(transfer).take(), FailsWith(Errc::io_error)) << "the first error stays";
    }
    Transfer transfer = loader.start(plan(), {.staging = staging}).value();
    EXPECT_THAT(transfer.wait(), Succeeds()) << "the loader is as good as before";
  }
}

TEST_F(LoadsThatFail, SayWhichOfTheTensorsThatAreReadTogetherCouldNotBe) {
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  Plan small(checkpoint_);
  small.select("small.*").value();
  // The file is cut one byte into small.4.
  const auto offset = checkpoint_.at("small.4")->info().offset;
  std::filesystem::resize_file(path_, offset + 1);
  Transfer transfer = loader.start(small).value();
  const auto whole = transfer.wait();
  ASSERT_THAT(whole, FailsWith(Errc::truncated_data));
  EXPECT_EQ(whole.error().tensor, "small.4");
  EXPECT_EQ(whole.error().offset, offset + 1);
}

TEST_F(LoadsThatFail, ReportAFileThatWasCutShort) {
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    const auto path = directory_.write("short.safetensors", file().file());
    Plan what(Checkpoint::open(path).value());
    what.select("**").value();
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    Loader loader = Loader::create(Device::host().value(), small_ring).value();
    Transfer transfer = loader.start(what, {.staging = staging}).value();
    EXPECT_THAT(transfer.wait(), FailsWith(Errc::truncated_data));
  }
}

TEST_F(LoadsThatFail, ReportAFileThatIsCutShortWhileItIsReadOrHaveReadItBefore) {
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    Loader loader = Loader::create(Device::host().value(), {.staging_bytes = 8 * MiB, .threads = 1}).value();
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 100U);
      const auto path = directory_.write("cut.safetensors", file().file());
      Plan what(Checkpoint::open(path).value());
      what.select(std::vector<std::string>{"embed", "matrix", "last"}).value();
      const FailingCall reads(
          Call::pread, {.first = number, .count = 1, .before = [&] { std::filesystem::resize_file(path, 6 * MiB); }});
      Transfer transfer = loader.start(what, {.staging = staging}).value();
      const auto whole = transfer.wait();
      if (!reads.reached()) {
        ASSERT_THAT(whole, Succeeds());
        break;
      }
      ASSERT_THAT(whole, FailsWith(Errc::truncated_data)) << number << ", never zeros in its place";
      EXPECT_EQ(whole.error().file, path.native());
    }
  }
}

TEST_F(Loads, GoOnWithTheFileThatWasOpenedWhenAnotherTakesItsName) {
  const Plan what = plan();
  std::vector<std::string> before;
  for (const Planned& tensor : what.tensors())
    before.push_back(test::read(tensor.view).value());
  const auto other = directory_.write("other.safetensors", "not even a model");
  const FailingCall reads(Call::pread,
                          {.first = 2, .count = 1, .before = [&] { std::filesystem::rename(other, path_); }});
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  Transfer transfer = loader.start(what).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  ASSERT_TRUE(reads.reached());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const DeviceTensor& tensor = transfer.tensors()[i];
    ASSERT_EQ(std::string(static_cast<const char*>(tensor.data), tensor.byte_count), before[i]) << tensor.name;
  }
}

TEST_F(LoadsThatFail, LeaveNothingBehindWhicheverCallOfTheDeviceFails) {
  const Plan what = plan();
  for (const auto after : {FaultDevice::After::works_again, FaultDevice::After::lost}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 200U);
      const auto device = std::make_shared<FaultDevice>(device::make_host_device(), number, after);
      bool whole = false;
      {
        auto loader = Loader::create(device_of(device), small_ring);
        if (loader) {
          if (auto transfer = loader->start(what, {.staging = Staging::always}); transfer) {
            const auto waited = transfer->wait();
            whole = static_cast<bool>(waited);
            if (!waited) {
              EXPECT_THAT(waited, FailsWith(Errc::io_error, "injected")) << number;
            }
          }
          if (device->failed() && after == FaultDevice::After::works_again) {
            Transfer again = loader->start(what, {.staging = Staging::always}).value();
            ASSERT_THAT(again.wait(), Succeeds()) << number;
          }
        }
      }
      EXPECT_EQ(device->alive(), 0) << number;
      if (!device->failed()) break;
      EXPECT_FALSE(whole && after == FaultDevice::After::lost) << number;
    }
  }
}

TEST_F(LoadsThatFail, LeaveTheSmallestRingToTheNextWhileTheyAreKept) {
  Plan what(checkpoint_);
  what.select("**").value();
  for (std::uint64_t number = 1;; ++number) {
    ASSERT_LT(number, 200U);
    const auto device = std::make_shared<FaultDevice>(device::make_host_device(), number);
    auto loader = Loader::create(device_of(device), small_ring);
    if (!loader) continue;
    const auto failed = loader->start(what, {.staging = Staging::always});
    if (!failed) continue;
    (void)failed->wait();
    if (!device->failed()) break;
    Transfer next = loader->start(what, {.staging = Staging::always}).value();
    ASSERT_THAT(next.wait(), Succeeds()) << number;
  }
}

TEST_F(LoadsThatFail, RunWhatASourceDoesWhenItIsStoppedWithoutALockOfTheirOwn) {
  // It asks for the transfer's report, as an application might from anywhere.
  struct Asking : test::HeldSource {
    using HeldSource::HeldSource;
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> into,
                         std::stop_token stop) const noexcept override {
      const std::stop_callback asks(stop, [this] {
        if (ask) ask();
      });
      return HeldSource::read_at(offset, into, stop);
    }
    std::function<void()> ask{};
  };
  const auto source = std::make_shared<Asking>(FileBuilder().add("w", DType::U8, {100}).file());
  Plan what(Checkpoint::of(Archive::from_source(source).value()));
  what.select("**").value();
  source->held = true;
  std::stop_source stop;
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  const std::optional<Transfer> transfer(loader.start(what, {.stop = stop.get_token()}).value());
  std::atomic<bool> asked = false;
  source->ask = [&] {
    (void)transfer->report();
    asked = true;
  };
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the read has begun
  stop.request_stop();
  EXPECT_THAT(transfer->wait(), FailsWith(Errc::cancelled));
  EXPECT_TRUE(asked);
}

TEST_F(LoadsThatFail, WakeEveryWaiterWhenTheyAreCancelledThoughTheDeviceDoesNothing) {
  const auto device = std::make_shared<DeferredDevice>();
  Loader loader = Loader::create(device_of(device), small_ring).value();
  std::stop_source stop;
  std::optional<Stepper> stepper;
  const Transfer transfer = loader.start(plan(), {.stop = stop.get_token()}).value();
  while (transfer.report().copies == 0)  // the device has small.3, and not embed
    std::this_thread::yield();
  std::vector<std::jthread> waiting;
  for (const char* name : {"small.3", "embed"})
    waiting.emplace_back([&transfer, name] { EXPECT_THAT(transfer.wait(name), FailsWith(Errc::cancelled)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  stop.request_stop();
  waiting.clear();
  EXPECT_THAT(transfer.wait(), FailsWith(Errc::cancelled));
  stepper.emplace(device);
}

TEST_F(LoadsThatFail, StayCancelledForWhatWasNotThereAndKeepWhatWas) {
  const auto device = std::make_shared<DeferredDevice>();
  Loader loader = Loader::create(device_of(device), small_ring).value();
  std::stop_source stop;
  Plan two(checkpoint_);
  two.select("small.*").value();
  two.select("narrow").value();
  std::optional<Stepper> stepper;
  Transfer transfer = loader.start(two, {.stop = stop.get_token()}).value();
  while (transfer.report().copies < 2)  // the device has all
    std::this_thread::yield();
  ASSERT_TRUE(device->step() && device->step());
  ASSERT_THAT(transfer.wait(Plan::Group{0}), Succeeds());
  stop.request_stop();
  ASSERT_THAT(transfer.wait(), FailsWith(Errc::cancelled));
  stepper.emplace(device);
  while (device->queued() != 0)
    std::this_thread::yield();
  EXPECT_THAT(transfer.wait(), FailsWith(Errc::cancelled)) << "though it is there by now";
  EXPECT_THAT(transfer.wait(Plan::Group{0}), Succeeds()) << "as before";
  EXPECT_THAT(std::move(transfer).take(), FailsWith(Errc::cancelled));
}

TEST_F(LoadsThatFail, NeverBeginWhereTheyWereCancelledBefore) {
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  std::stop_source stop;
  stop.request_stop();
  const Transfer transfer = loader.start(plan(), {.stop = stop.get_token()}).value();
  EXPECT_THAT(transfer.wait(), FailsWith(Errc::cancelled));
}

// --- one that is drained while others go on

// A host device whose queues say how far they are, and are gone, only when the test lets them.
class HeldDevice : public device::Backend {
 public:
  struct Gate {
    std::atomic<bool> let_reach = false, let_drain = false, draining = false;
  };
  explicit HeldDevice(Gate& gate) : gate_(gate) {}

  Result<DeviceInfo> info() override { return inner_->info(); }
  bool host_can_write() const noexcept override { return true; }
  Result<std::unique_ptr<device::Queue>> make_queue() override {
    return std::make_unique<HeldQueue>(gate_, inner_->make_queue().value());
  }

 protected:
  Result<void*> allocate_bytes(device::Memory, std::uint64_t bytes) override { return ::operator new(bytes); }
  void free_bytes(device::Memory, void* address, std::uint64_t) noexcept override { ::operator delete(address); }

 private:
  class HeldQueue : public device::Queue {
   public:
    HeldQueue(Gate& gate, std::unique_ptr<device::Queue> inner) : gate_(gate), inner_(std::move(inner)) {}
    ~HeldQueue() override {
      gate_.draining = true;
      gate_.let_drain.wait(false);
    }
    Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) override {
      return inner_->upload(host, device, bytes);
    }
    Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) override {
      return inner_->download(device, host, bytes);
    }
    Result<device::Mark> mark() override { return inner_->mark(); }
    Result<device::Mark> reached() override {
      if (!gate_.let_reach) return device::Mark{0};
      return inner_->reached();
    }
    Result<void> wait(device::Mark mark) override { return inner_->wait(mark); }

   private:
    Gate& gate_;
    std::unique_ptr<device::Queue> inner_;
  };

  Gate& gate_;
  std::shared_ptr<device::Backend> inner_ = device::make_host_device();
};

TEST_F(LoadsThatFail, AreDrainedWhileOthersGoOn) {
  HeldDevice::Gate gate;
  Loader loader =
      Loader::create(device_of(std::make_shared<HeldDevice>(gate)), {.staging_bytes = 16 * MiB, .threads = 2}).value();
  Plan large(checkpoint_);
  large.select("**").value();
  std::optional<Transfer> drained(loader.start(large, {.staging = Staging::always}).value());
  while (drained->report().copies < 2)  // its slots are in flight
    std::this_thread::yield();
  const std::jthread ending([&] { drained.reset(); });
  while (!gate.draining)
    std::this_thread::yield();
  Transfer other = loader.start(large, {.staging = Staging::always}).value();
  gate.let_reach = true;
  EXPECT_THAT(other.wait(), Succeeds());
  gate.let_drain = true;
  gate.let_drain.notify_all();
}

TEST_F(LoadsStepByStep, GoOnWhileAnotherWaitsForItsDevice) {
  for (const unsigned threads : {1U, 3U}) {
    Loader loader = Loader::create(device_->handle(), {.staging_bytes = 16 * MiB, .threads = threads}).value();
    Plan large(checkpoint_);
    large.select("**").value();
    std::optional<Stepper> stepper;
    Transfer stuck = loader.start(large).value();
    while (stuck.report().copies < 2)  // all that it may have of the ring
      std::this_thread::yield();
    const std::size_t queue = device_->queue_count();
    Transfer other = loader.start(large).value();
    std::jthread stepping([&](const std::stop_token& enough) {
      while (!enough.stop_requested()) {
        if (!device_->step(queue)) std::this_thread::yield();
      }
    });
    EXPECT_THAT(other.wait(), Succeeds());
    EXPECT_EQ(stuck.report().total.count(), 0) << "nothing of it was copied";
    stepping = {};
    stepper.emplace(device_);
    EXPECT_THAT(stuck.wait(), Succeeds()) << "and it goes on when its device does";
  }
}

TEST_F(LoadsStepByStep, KeepTheirSlotsAfterACancelUntilTheDeviceHasDoneWithThem) {
  std::stop_source stop;
  Plan large(checkpoint_);
  large.select("**").value();
  std::optional<Stepper> stepper;
  Transfer transfer = loader_.start(large, {.stop = stop.get_token()}).value();
  while (transfer.report().copies < 2)
    std::this_thread::yield();
  stop.request_stop();  // returns, though the device does nothing
  EXPECT_THAT(transfer.wait(), FailsWith(Errc::cancelled));
  Transfer next = loader_.start(large).value();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(next.report().moved.requests, 0U) << "both slots are still to be copied from";
  stepper.emplace(device_);
  EXPECT_THAT(next.wait(), Succeeds());
  const DeviceTensor& last = *next.find("last");
  EXPECT_EQ(device_->contents(last.data, last.byte_count), expected(large, "last"));
}

// --- what is taken over

TEST_F(Loads, KeepTheTensorsAndNothingOfTheFileWhenTheyAreTaken) {
  const int descriptors = test::open_descriptors();
  const std::string expected = test::read(*checkpoint_.at("last")).value();
  std::optional<LoadedTensors> tensors;
  {
    Loader loader = Loader::create(Device::host().value(), small_ring).value();
    Plan what(Checkpoint::open(path_).value());
    what.select("last").value();
    tensors.emplace(loader.start(what).value().take().value());
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
  const DeviceTensor* const last = tensors->find("last");
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(std::memcmp(last->data, expected.data(), expected.size()), 0);
  EXPECT_EQ(tensors->tensors().size(), 1U);
}

TEST_F(Loads, WriteIntoMemoryOfTheCallerAndNotAByteBeside) {
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    const std::string embed = test::read(*checkpoint_.at("embed")).value();
    std::string memory(embed.size() + 200, '.');
    Plan what(checkpoint_);
    what.add({{.view = checkpoint_.at("embed").value(),
               .destination = memory.data() + 100,
               .destination_bytes = embed.size()},
              {.view = checkpoint_.at("small.2").value(), .destination = memory.data() + 3, .destination_bytes = 8}})
        .value();
    Loader loader = Loader::create(Device::host().value(), small_ring).value();
    Transfer transfer = loader.start(what, {.staging = staging}).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    EXPECT_EQ(memory, "..." + test::read(*checkpoint_.at("small.2")).value() + std::string(89, '.') + embed +
                          std::string(100, '.'));
  }
}

TEST_F(Loads, GiveTheDeviceOneCopyForNeighboursInMemoryOfTheCaller) {
  std::string memory(4 * (1 + 2 + 3) + 4 * (5 + 6) + 1, '.');
  std::vector<Placed> group;
  std::size_t at = 0;
  for (const int i : {1, 2, 3, 5, 6}) {
    if (i == 5) ++at;  // a byte that is not asked for
    const auto bytes = static_cast<std::uint64_t>(4 * i);
    group.push_back({.view = checkpoint_.at("small." + std::to_string(i)).value(),
                     .destination = memory.data() + at,
                     .destination_bytes = bytes});
    at += bytes;
  }
  Plan what(checkpoint_);
  what.add(std::move(group)).value();
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  Transfer transfer = loader.start(what, {.staging = Staging::always}).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  EXPECT_EQ(transfer.report().copies, 2U);
  EXPECT_EQ(memory[24], '.');
  for (const DeviceTensor& tensor : transfer.tensors())
    EXPECT_EQ(std::string(static_cast<const char*>(tensor.data), tensor.byte_count), expected(what, tensor.name));
}

TEST_F(Loads, OfAnEmptyPlanAreDoneAtOnce) {
  Loader loader = Loader::create(Device::host().value(), small_ring).value();
  Transfer transfer = loader.start(Plan(checkpoint_)).value();
  EXPECT_THAT(transfer.wait(), Succeeds());
  EXPECT_THAT(std::move(transfer).take(), Succeeds());
}

}  // namespace
}  // namespace hoist
