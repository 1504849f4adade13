// hoist load: tensors into the memory of a device, timed, and compared with the file when asked to.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "commands.hpp"
#include "device.hpp"
#include "hoist/loader.hpp"
#include "json.hpp"
#include "loading.hpp"
#include "open.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

using Clock = std::chrono::steady_clock;

double in_seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double seconds_since(Clock::time_point start) { return in_seconds(Clock::now() - start); }

struct Report {
  std::string device{};
  LoadReport load{};
  double open_seconds = 0;      // the files, and the plan
  double prepare_seconds = 0;   // the device and the ring
  double allocate_seconds = 0;  // the arena
  double seconds = 0;           // from there until everything was there
  bool checked = false;
};

// A part of a load's time, as threads spent it.
struct Share {
  const char* key;
  const char* title;
  std::chrono::nanoseconds LoadReport::* time;
};
constexpr Share shares[] = {
    {"read", "reading", &LoadReport::reading},
    {"wait_for_slots", "waiting for slots", &LoadReport::waiting_for_slots},
    {"submit", "submitting", &LoadReport::submitting},
    {"wait_for_device", "waiting for the device", &LoadReport::waiting_for_device},
};

// Tensors next to each other in device memory, brought back together.
struct Stretch {
  std::size_t first = 0;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};

std::vector<Stretch> stretches_of(std::span<const DeviceTensor> tensors) {
  constexpr std::uint64_t enough = 64 << 20;
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (stretches.empty() || stretches.back().bytes >= enough) stretches.push_back({.first = i});
    Stretch& last = stretches.back();
    ++last.count;
    const auto* const begin = static_cast<const std::byte*>(tensors[last.first].data);
    last.bytes =
        static_cast<std::uint64_t>(static_cast<const std::byte*>(tensors[i].data) - begin) + tensors[i].byte_count;
  }
  return stretches;
}

Result<void> compare(const Request& request, std::span<const std::byte> loaded) {
  const TensorInfo& info = request.whole.info();
  auto difference = first_difference(info, request.whole.file(), request.picked, loaded);
  if (!difference) return std::move(difference).error();
  if (!*difference) return {};
  return Error{.code = Errc::io_error,
               .message = fmt::format("element {} on the device differs from the file", **difference),
               .file = std::string(request.whole.file()),
               .tensor = std::string(info.name)};
}

void check(const Device& device, std::span<const DeviceTensor> tensors, const std::vector<Request>& requests,
           std::uint64_t bytes, unsigned threads) {
  std::map<std::string_view, const Request*> by_name;
  for (const Request& request : requests)
    by_name.emplace(request.whole.name(), &request);
  Bar bar(bytes);
  std::vector<std::byte> memory;
  for (const Stretch& stretch : stretches_of(tensors)) {
    const std::span<const DeviceTensor> here = tensors.subspan(stretch.first, stretch.count);
    memory.assign(stretch.bytes, std::byte{0});
    device.read(here.front().data, memory).value();
    for_each_index(here.size(), threads, [&](std::size_t i) -> Result<void> {
      const auto offset =
          static_cast<const std::byte*>(here[i].data) - static_cast<const std::byte*>(here.front().data);
      bar.add(here[i].byte_count);
      return compare(*by_name.at(here[i].name),
                     std::span(memory).subspan(static_cast<std::size_t>(offset), here[i].byte_count));
    }).value();
  }
}

Report load(const LoadArguments& arguments) {
  Report report;
  Clock::time_point start = Clock::now();
  const Checkpoint checkpoint = open_checkpoint(arguments.selection.path, arguments.selection.access);
  const std::vector<Request> requests = requests_of(checkpoint, arguments.selection);
  const Plan plan = plan_of(checkpoint, requests);
  const Estimate estimate = plan.estimate();
  report.open_seconds = seconds_since(start);

  start = Clock::now();
  const Device device = open_device(arguments.device);
  report.device = device.info().value().name;
  Loader loader =
      Loader::create(device, {.staging_bytes = arguments.staging_bytes, .threads = arguments.threads}).value();
  report.prepare_seconds = seconds_since(start);

  start = Clock::now();
  Bar bar(estimate.bytes);
  Transfer transfer = loader
                          .start(plan, {.on_progress = [&](const Progress& now) { bar.show(now.bytes_done); },
                                        .trace = !arguments.trace.empty()})
                          .value();
  report.allocate_seconds = seconds_since(start);
  // The first one is seen to be there when somebody waits for it.
  const auto first =
      std::ranges::find_if(transfer.tensors(), [](const DeviceTensor& tensor) { return tensor.byte_count != 0; });
  if (first != transfer.tensors().end()) transfer.wait(first->name).value();
  transfer.wait().value();
  report.load = transfer.report();
  report.seconds = in_seconds(report.load.total);
  if (!arguments.trace.empty()) transfer.write_trace(arguments.trace).value();
  if (arguments.check) check(device, transfer.tensors(), requests, estimate.bytes, arguments.threads);
  report.checked = arguments.check;
  return report;
}

double gigabytes_per_second(const Report& report) {
  return report.seconds > 0 ? static_cast<double>(report.load.moved.bytes) / 1e9 / report.seconds : 0;
}

void write_json(const Report& report, const LoadArguments& arguments, Output& output) {
  const Estimate& moved = report.load.moved;
  Json json(output);
  json.begin_object().member("device", report.device).member("tensors", moved.tensors).member("bytes", moved.bytes);
  json.member("seconds", report.seconds).member("gb_per_s", gigabytes_per_second(report));
  json.member("first_tensor_seconds", in_seconds(report.load.first_tensor)).member("bytes_read", moved.bytes_read);
  json.member("requests", moved.requests).member("copies", report.load.copies);
  json.member("device_bytes", moved.device_bytes).member("staging_bytes", report.load.staging_bytes);
  json.key("stages").begin_object().member("open", report.open_seconds).member("prepare", report.prepare_seconds);
  json.member("allocate", report.allocate_seconds);
  for (const Share& share : shares)
    json.member(share.key, in_seconds(report.load.*share.time));
  json.end_object().member("threads", arguments.threads).member("checked", report.checked).end_object();
  output.write("\n");
}

void write_text(const Report& report, const LoadArguments& arguments, Output& output) {
  const Estimate& moved = report.load.moved;
  output.print("loaded        {}, {} ({} bytes) to {}\n", counted(moved.tensors, "tensor"), human_bytes(moved.bytes),
               grouped(moved.bytes), printable(report.device));
  output.print("seconds       {:.6f}, {}\n", report.seconds, counted(arguments.threads, "thread"));
  output.print("rate          {:.2f} GB/s\n", gigabytes_per_second(report));
  output.print("first tensor  {:.6f} s\n", in_seconds(report.load.first_tensor));
  output.print("read          {} bytes of the files, {}\n", grouped(moved.bytes_read),
               counted(moved.requests, "request"));
  output.print("memory        {} bytes on the device, {} of staging, copies: {}\n", grouped(moved.device_bytes),
               grouped(report.load.staging_bytes), grouped(report.load.copies));
  output.print("before that   {:.6f} s to open, {:.6f} s for device and ring, {:.6f} s to allocate\n",
               report.open_seconds, report.prepare_seconds, report.allocate_seconds);
  double all = 0;
  for (const Share& share : shares)
    all += in_seconds(report.load.*share.time);
  std::string text;
  for (const Share& share : shares) {
    const double part = in_seconds(report.load.*share.time);
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", share.title, all > 0 ? 100 * part / all : 0);
  }
  output.print("threads       {}\n", text);
  if (!report.checked) return;
  output.write("check         ");
  output.write("every element equals the file\n", Style::good);
}

}  // namespace

int run(const LoadArguments& arguments, Output& output) {
  const Report report = load(arguments);
  if (arguments.json) write_json(report, arguments, output);
  else write_text(report, arguments, output);
  return success;
}

}  // namespace hoist::tool
