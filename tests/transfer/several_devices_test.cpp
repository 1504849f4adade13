// Loads onto several devices at once: one read serves all, and each goes its own way when another fails or ends.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "support/failing_calls.hpp"
#include "support/fault_device.hpp"
#include "transfer/loads.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FaultDevice;

using Backends = std::vector<std::shared_ptr<device::Backend>>;

class LoadsOntoSeveral : public Loads {
 protected:
  static Loader loader_of(const Backends& backends, LoaderOptions options = small_ring) {
    std::vector<Device> devices;
    for (const auto& backend : backends)
      devices.push_back(device_of(backend));
    return Loader::create(std::move(devices), options).value();
  }

  Plan of(const std::vector<std::string>& patterns) const {
    Plan plan(checkpoint_);
    for (const std::string& pattern : patterns)
      plan.select(pattern).value();
    return plan;
  }

  // The bytes of all tensors, one after the other.
  static std::string bytes_of(const Transfer& transfer) {
    std::string all;
    for (const DeviceTensor& tensor : transfer.tensors())
      all.append(static_cast<const char*>(tensor.data), tensor.byte_count);
    return all;
  }
};

struct Where {
  const char* name;
  Backends (*make)();
};

Backends two_hosts() { return {device::make_host_device(), device::make_host_device()}; }
Backends three_deferred() { return Backends(3, deferred()); }
Backends host_and_deferred() { return {device::make_host_device(), deferred()}; }

class LoadsOntoSeveralKinds : public LoadsOntoSeveral, public testing::WithParamInterface<Where> {};

TEST_P(LoadsOntoSeveralKinds, PutEveryByteInItsPlaceOnEach) {
  const Backends devices = GetParam().make();
  for (const unsigned threads : {1U, 3U}) {
    Loader loader = loader_of(devices, {.staging_bytes = 8 * MiB, .threads = threads});
    const std::vector<Plan> same(devices.size(), plan());
    std::vector<Plan> mixed = same;
    mixed[0] = of({"last", "embed"});
    mixed[1] = of({"embed", "matrix", "last"});
    for (const std::vector<Plan>& plans : {same, mixed}) {
      std::vector<Transfer> transfers = loader.start(plans).value();
      ASSERT_EQ(transfers.size(), plans.size());
      const std::vector<Estimate> estimates = estimate(plans);
      for (std::size_t i = 0; i < plans.size(); ++i) {
        ASSERT_THAT(transfers[i].wait(), Succeeds());
        expect_whole(*devices[i], plans[i], transfers[i].tensors());
        const Estimate moved = transfers[i].report().moved;
        EXPECT_EQ(moved.bytes, estimates[i].bytes);
        EXPECT_EQ(moved.bytes_read, estimates[i].bytes_read);
        EXPECT_EQ(moved.requests, estimates[i].requests);
        EXPECT_EQ(moved.device_bytes, estimates[i].device_bytes);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, LoadsOntoSeveralKinds,
                         testing::Values(Where{"TwoHosts", two_hosts}, Where{"ThreeDeferred", three_deferred},
                                         Where{"HostAndDeferred", host_and_deferred}),
                         [](const auto& info) { return info.param.name; });

TEST_F(LoadsOntoSeveral, ReadEachByteOnceWhereAllTakeIt) {
  Loader loader = loader_of(Backends(3, deferred()));
  const Plan what = of({"embed", "last"});
  std::uint64_t once = 0;
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
    const FailingCall reads(Call::pread);
    std::vector<Transfer> transfers = loader.start(std::vector<Plan>(count, what)).value();
    for (const Transfer& transfer : transfers)
      ASSERT_THAT(transfer.wait(), Succeeds());
    std::uint64_t bytes = 0;
    for (const test::Arguments& arguments : reads.seen())
      bytes += arguments[2];
    if (count == 1) once = bytes;
    EXPECT_EQ(bytes, once);
    EXPECT_GE(bytes, what.estimate().bytes);
  }
}

TEST_F(LoadsOntoSeveral, TakeNoRingForAHostThatSharesNothing) {
  Loader loader = loader_of({device::make_host_device(), deferred()});
  const std::vector<Transfer> apart = loader.start(std::vector<Plan>{of({"embed"}), of({"last"})}).value();
  ASSERT_THAT(apart[0].wait(), Succeeds());
  ASSERT_THAT(apart[1].wait(), Succeeds());
  EXPECT_EQ(apart[0].report().staging_bytes, 0U);
  EXPECT_EQ(apart[1].report().staging_bytes, 8 * MiB);
  EXPECT_EQ(bytes_of(apart[0]), test::read(*checkpoint_.at("embed")).value());
}

TEST_F(LoadsOntoSeveral, TakeTheRingOnTheHostForWhatIsSharedAlone) {
  Loader loader = loader_of(two_hosts());
  const std::vector<Plan> plans{of({"last", "embed"}), of({"narrow", "embed", "matrix"})};
  const std::vector<Transfer> transfers = loader.start(plans).value();
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_THAT(transfers[i].wait(Plan::Group{0}), Succeeds());
    ASSERT_THAT(transfers[i].wait(), Succeeds());
    EXPECT_EQ(transfers[i].report().copies, 2U) << "of the two pieces of embed";
    std::string all;
    for (const Planned& tensor : plans[i].tensors())
      all += test::read(tensor.view).value();
    EXPECT_EQ(bytes_of(transfers[i]), all);
  }
}

TEST_F(LoadsOntoSeveral, AreNoneWhereThereIsNoPlan) {
  Loader loader = loader_of(two_hosts());
  EXPECT_TRUE(loader.start(std::vector<Plan>()).value().empty());
  EXPECT_THAT(loader.start(of({"last"})).value().wait(), Succeeds());
}

TEST_F(LoadsOntoSeveral, OpenEachFileOnceMoreForDirectReads) {
  Loader loader = loader_of(two_hosts());
  const FailingCall opens(Call::open);
  const std::vector<Transfer> transfers =
      loader.start(std::vector<Plan>(2, of({"last"})), {.cache = Cache::bypass}).value();
  const auto is_direct = [](const test::Arguments& arguments) { return (arguments[1] & O_DIRECT) != 0; };
  EXPECT_EQ(std::ranges::count_if(opens.seen(), is_direct), 1);
  for (const Transfer& transfer : transfers)
    EXPECT_THAT(transfer.wait(), Succeeds());
}

TEST_F(LoadsOntoSeveral, GoToTheDeviceThatIsAskedForWhereThereIsOnePlan) {
  const Backends devices = host_and_deferred();
  Loader loader = loader_of(devices);
  const Plan what = of({"matrix"});
  for (const std::size_t device : {0U, 1U}) {
    const Transfer transfer = loader.start(what, {.device = device}).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    expect_whole(*devices[device], what, transfer.tensors());
  }
}

TEST_F(LoadsOntoSeveral, TellWhichDeviceHasComeHowFar) {
  Loader loader = loader_of(two_hosts());
  std::array<std::atomic<std::uint64_t>, 2> done{};
  const std::vector<Plan> plans{of({"embed"}), of({"embed", "last"})};
  {
    std::vector<Transfer> transfers =
        loader.start(plans, {.on_progress = [&](const Progress& now) { done.at(now.device) = now.bytes_done; }})
            .value();
    for (Transfer& transfer : transfers)
      ASSERT_THAT(std::move(transfer).take(), Succeeds());
  }
  EXPECT_LE(done[0], 5 * MiB + 5);
  EXPECT_LE(done[1], 10 * MiB + 5);
}

TEST_F(LoadsOntoSeveral, AreRefusedWhereOneOfThemIsOverItsBudget) {
  Loader loader = loader_of(two_hosts());
  const std::vector<Plan> plans{of({"embed"}), of({"embed", "last"})};
  const std::uint64_t needed = plans[1].estimate().device_bytes;
  const FailingCall reads(Call::pread);
  EXPECT_THAT(loader.start(plans, {.max_device_bytes = needed - 1}), FailsWith(Errc::over_budget, "plan 1"));
  EXPECT_EQ(reads.calls(), 0U);
  EXPECT_THAT(loader.start(plans, {.max_device_bytes = needed}), Succeeds());
}

TEST_F(LoadsOntoSeveral, FillMemoryOfTheCallerBesideAnArena) {
  for (const std::size_t caller : {0U, 1U}) {
    std::string memory(9 * MiB + 2000 * 64, '.');
    const std::vector<std::string> names{"matrix", "narrow"};
    std::vector<Placed> group;
    std::size_t at = 0;
    for (const std::string& name : names) {
      const TensorView view = checkpoint_.at(name).value();
      group.push_back({.view = view, .destination = memory.data() + at, .destination_bytes = view.byte_count()});
      at += view.byte_count();
    }
    std::vector<Plan> plans(2, of({"matrix"}));
    plans[1 - caller].select("narrow").value();
    plans[caller] = Plan(checkpoint_);
    plans[caller].add(std::move(group)).value();
    Loader loader = loader_of(two_hosts());
    const std::vector<Transfer> transfers = loader.start(plans).value();
    for (const Transfer& transfer : transfers)
      ASSERT_THAT(transfer.wait(), Succeeds());
    const std::string expected =
        test::read(*checkpoint_.at("matrix")).value() + test::read(*checkpoint_.at("narrow")).value();
    EXPECT_EQ(bytes_of(transfers[0]), expected);
    EXPECT_EQ(bytes_of(transfers[1]), expected);
    EXPECT_EQ(memory, expected + std::string(memory.size() - expected.size(), '.'));
  }
}

// --- a slot serves all before it serves another piece

// Both transfers go to one device, which has a queue for each.
class LoadsOntoSeveralStepByStep : public LoadsOntoSeveral {
 protected:
  std::shared_ptr<DeferredDevice> device_ = std::make_shared<DeferredDevice>();
  Loader loader_ = loader_of({device_, device_, device_}, {.staging_bytes = 16 * MiB, .threads = 2});

  std::jthread stepping(std::size_t queue) {
    return std::jthread([this, queue](const std::stop_token& enough) {
      while (!enough.stop_requested()) {
        if (!device_->step(queue)) std::this_thread::yield();
      }
    });
  }
};

TEST_F(LoadsOntoSeveralStepByStep, KeepASlotUntilTheLastDeviceHasDoneWithIt) {
  const std::vector<Plan> plans(2, of({"**"}));
  std::optional<std::jthread> second;
  const std::vector<Transfer> transfers = loader_.start(plans).value();
  const std::jthread first = stepping(0);
  while (transfers[0].report().copies < 2 || device_->queued(0) != 0)
    std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(transfers[0].report().total.count(), 0) << "the ring is full of what the second has not copied";
  second.emplace(stepping(1));
  for (const Transfer& transfer : transfers) {
    ASSERT_THAT(transfer.wait(), Succeeds());
    for (const DeviceTensor& tensor : transfer.tensors()) {
      if (tensor.byte_count != 0) {
        ASSERT_EQ(device_->contents(tensor.data, tensor.byte_count), expected(plans[0], tensor.name));
      }
    }
  }
}

TEST_F(LoadsOntoSeveralStepByStep, HoldNobodyUpWhoWasStartedApart) {
  std::optional<Stepper> stepper;
  const std::vector<Transfer> stuck = loader_.start(std::vector<Plan>(2, of({"**"}))).value();
  while (stuck[1].report().copies < 2)
    std::this_thread::yield();
  const std::size_t queue = device_->queue_count();
  const Transfer other = loader_.start(of({"**"}), {.device = 2}).value();
  {
    const std::jthread steps = stepping(queue);
    EXPECT_THAT(other.wait(), Succeeds());
  }
  EXPECT_EQ(stuck[0].report().total.count(), 0);
  stepper.emplace(device_);
  EXPECT_THAT(stuck[0].wait(), Succeeds());
  EXPECT_THAT(stuck[1].wait(), Succeeds());
}

TEST_F(LoadsOntoSeveralStepByStep, GoOnWithoutTheOneThatWasLetGo) {
  for (const std::size_t gone : {0U, 1U}) {
    const std::size_t queue = device_->queue_count();
    std::vector<std::optional<Transfer>> transfers;
    std::optional<Stepper> stepper;
    for (Transfer& transfer : loader_.start(std::vector<Plan>(2, of({"**"}))).value())
      transfers.emplace_back(std::move(transfer));
    while (transfers[1]->report().copies < 2)
      std::this_thread::yield();
    const std::jthread steps = stepping(queue + 1 - gone);
    transfers[gone].reset();  // drained by the device itself, while its slots are still the other's
    const Transfer& other = *transfers[1 - gone];
    EXPECT_THAT(other.wait(), Succeeds());
    const DeviceTensor& last = *other.find("last");
    EXPECT_EQ(device_->contents(last.data, last.byte_count), test::read(*checkpoint_.at("last")).value());
  }
}

// --- what fails

TEST_F(LoadsOntoSeveral, AllFailWhereWhatTheyShareCanNotBeRead) {
  Loader loader = loader_of(two_hosts());
  const FailingCall reads(Call::pread, test::fail_once(3, EIO));
  const std::vector<Transfer> transfers = loader.start(std::vector<Plan>(2, of({"embed", "matrix", "last"}))).value();
  for (const Transfer& transfer : transfers) {
    const auto whole = transfer.wait();
    ASSERT_THAT(whole, FailsWith(Errc::io_error));
    EXPECT_EQ(whole.error().file, path_.native());
    EXPECT_FALSE(whole.error().tensor.empty());
    EXPECT_TRUE(whole.error().offset);
  }
}

TEST_F(LoadsOntoSeveral, GiveBackWhatTheyHaveReadAheadWhenTheyFail) {
  // The first read is held until the second is done, which then waits for its turn; and fails.
  class Source : public test::StringSource {
   public:
    using StringSource::StringSource;
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> into,
                         std::stop_token stop) const noexcept override {
      if (!armed) return StringSource::read_at(offset, into, std::move(stop));
      if (reads++ != 0) {
        auto read = StringSource::read_at(offset, into, std::move(stop));
        second_is_done = true;
        return read;
      }
      while (!second_is_done)
        std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return Error{.code = Errc::io_error, .message = "injected"};
    }
    mutable std::atomic<int> reads = 0;
    mutable std::atomic<bool> second_is_done = false;
    std::atomic<bool> armed = false;
  };
  const auto source = std::make_shared<Source>(FileBuilder().add("w", DType::U8, {11 * MiB}).file());
  const Checkpoint checkpoint = Checkpoint::of(Archive::from_source(source).value());
  Plan what(checkpoint);
  what.select("**").value();
  source->armed = true;
  Loader loader = loader_of(two_hosts(), {.staging_bytes = 8 * MiB, .threads = 2});
  const std::vector<Transfer> failed = loader.start(std::vector<Plan>(2, what)).value();
  for (const Transfer& transfer : failed)
    ASSERT_THAT(transfer.wait(), FailsWith(Errc::io_error, "injected"));
  source->armed = false;
  EXPECT_THAT(loader.start(what, {.staging = Staging::always}).value().wait(), Succeeds());
}

TEST_F(LoadsOntoSeveral, OnlyOneFailsWhereOnlyItsOwnCanNotBeRead) {
  const Checkpoint in_memory =
      Checkpoint::of(test::open_bytes(FileBuilder().add("w", DType::U8, {MiB}).file()).value());
  std::vector<Plan> plans{of({"embed"}), Plan(in_memory)};
  for (Plan& plan : plans)
    plan.add(in_memory.at("w").value()).value();
  const FailingCall reads(Call::pread, test::fail_from(1, EIO));
  Loader loader = loader_of(two_hosts());
  const std::vector<Transfer> transfers = loader.start(plans).value();
  EXPECT_THAT(transfers[0].wait(), FailsWith(Errc::io_error));
  EXPECT_THAT(transfers[1].wait(), Succeeds()) << "though the first was to share it, later";
}

TEST_F(LoadsOntoSeveral, LeaveNothingBehindAndTheOthersWholeWhicheverCallOfOneDeviceFails) {
  // Four pieces that both take, each a group of its own, between two that they do not.
  FileBuilder model;
  model.add("first", DType::U8, {100}).add("last", DType::U8, {64 << 10});
  for (const char* name : {"a", "b", "c"})
    model.add(name, DType::U8, {64 << 10});
  const Checkpoint checkpoint = Checkpoint::of(test::open_bytes(model.file()).value());
  std::vector<Plan> plans(2, Plan(checkpoint));
  plans[0].select("first").value();
  for (Plan& plan : plans) {
    for (const char* name : {"a", "b", "c", "last"})
      plan.select(name).value();
  }
  plans[1].select("first").value();
  for (const auto after : {FaultDevice::After::works_again, FaultDevice::After::lost}) {
    for (const std::size_t faulty : {0U, 1U}) {
      for (std::uint64_t number = 1;; ++number) {
        ASSERT_LT(number, 200U);
        std::vector<std::shared_ptr<FaultDevice>> devices;
        for (std::size_t i = 0; i < plans.size(); ++i) {
          devices.push_back(i == faulty ? std::make_shared<FaultDevice>(device::make_host_device(), number, after)
                                        : std::make_shared<FaultDevice>(device::make_host_device()));
        }
        {
          std::vector<Device> handles;
          for (const auto& device : devices)
            handles.push_back(device_of(device));
          auto loader = Loader::create(handles, small_ring);
          if (!loader) continue;
          auto transfers = loader->start(plans, {.staging = Staging::always});
          for (std::size_t i = 0; transfers && i < plans.size(); ++i) {
            const auto whole = (*transfers)[i].wait();
            if (i != faulty) {
              ASSERT_THAT(whole, Succeeds()) << number;
              EXPECT_EQ(contents(*devices[i], *(*transfers)[i].find("last")), expected(plans[i], "last"));
            } else if (!whole) {
              EXPECT_THAT(whole, FailsWith(Errc::io_error, "injected")) << number;
            }
          }
        }
        for (const auto& device : devices)
          ASSERT_EQ(device->alive(), 0) << number;
        if (!devices[faulty]->failed()) break;
      }
    }
  }
}

TEST_F(LoadsOntoSeveral, ReadAgainForTheOthersWhatIsStoppedWithTheFirst) {
  const auto source = std::make_shared<test::HeldSource>(file().file());
  const Checkpoint held = Checkpoint::of(Archive::from_source(source).value());
  Plan what(held);
  what.select("**").value();
  source->held = true;
  Loader loader = loader_of(two_hosts());
  std::vector<std::optional<Transfer>> transfers;
  for (Transfer& transfer : loader.start(std::vector<Plan>(2, what)).value())
    transfers.emplace_back(std::move(transfer));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // reads have begun, in the first one's name
  transfers[0].reset();
  source->held = false;
  ASSERT_THAT(transfers[1]->wait(), Succeeds());
  std::string all;
  for (const TensorView& view : held.tensors())
    all += test::read(view).value();
  EXPECT_EQ(bytes_of(*transfers[1]), all);
}

TEST_F(LoadsOntoSeveral, EndWhenTheyAreCancelledAtAnyMoment) {
  const auto device = deferred();
  const Backends devices{device, device::make_host_device(), device};
  Loader loader = loader_of(devices);
  const std::vector<Plan> plans{plan(), of({"embed", "**"}), of({"last", "matrix"})};
  for (int i = 0; i < 30; ++i) {
    std::stop_source stop;
    const std::vector<Transfer> transfers = loader.start(plans, {.stop = stop.get_token()}).value();
    const std::jthread stopping([&] {
      for (int pause = 0; pause < i * 10; ++pause)
        std::this_thread::yield();
      stop.request_stop();
    });
    for (const Transfer& transfer : transfers) {
      if (const auto whole = transfer.wait(); !whole) {
        EXPECT_THAT(whole, FailsWith(Errc::cancelled));
      }
    }
  }
}

}  // namespace
}  // namespace hoist
