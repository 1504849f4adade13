// hoist load: tensors into host memory, timed, and compared with the file when asked to.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

#include "commands.hpp"
#include "hoist/checkpoint.hpp"
#include "json.hpp"
#include "memory_block.hpp"
#include "open.hpp"
#include "progress.hpp"
#include "reread.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

// What a thread copies at once. Small enough for many threads to share one tensor. A guess.
constexpr std::uint64_t piece_bytes = 16 << 20;

// Where tensors begin in memory, as they do on a device.
constexpr std::uint64_t alignment = 256;

struct Request {
  TensorView whole;
  TensorView view;
  std::vector<Picked> picked;  // what `view` is of `whole`, by our own arithmetic
  std::uint64_t offset = 0;    // in the memory block
};

struct Piece {
  std::size_t request;
  TensorView view;
  std::uint64_t offset;
};

struct Report {
  std::uint64_t tensors = 0, bytes = 0, bytes_read = 0;
  double open_seconds = 0, allocate_seconds = 0, seconds = 0, first_tensor_seconds = 0;
  std::optional<std::uint64_t> checked{};  // bytes compared
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<Picked> pick(const Slice& slice, const std::optional<Shard>& shard, const TensorView& whole) {
  std::vector<Picked> picked;
  for (const Range& range : resolve(slice, whole.shape()).value()) {
    const std::uint64_t span = *range.stop - range.start;
    const std::uint64_t count = span / range.step + (span % range.step != 0 ? 1 : 0);
    picked.push_back({.start = range.start, .step = range.step, .count = count});
  }
  if (shard) {
    Picked& dim = picked.at(shard->dim);  // shard() has made sure of it
    dim.count /= shard->count;
    dim.start += shard->index * dim.count * dim.step;
  }
  return picked;
}

Request request(const TensorView& whole, const Slice& slice, const std::optional<Shard>& shard) {
  TensorView view = sliced(whole, slice).value();
  if (shard) view = view.shard(shard->dim, shard->index, shard->count).value();
  return {.whole = whole, .view = std::move(view), .picked = pick(slice, shard, whole)};
}

std::vector<Request> plan(const Checkpoint& checkpoint, const LoadArguments& arguments) {
  std::map<std::string, Slice, std::less<>> slices;
  for (const auto& [name, slice] : arguments.slices) {
    if (!slices.emplace(name, slice).second)
      throw Exception({.code = Errc::invalid_slice, .message = "--slice names it twice", .tensor = name});
  }
  std::vector<Request> requests;
  std::uint64_t offset = 0;
  for (const TensorView& tensor :
       arguments.select.empty() ? checkpoint.tensors() : checkpoint.select(arguments.select).value()) {
    const auto slice = slices.find(tensor.name());
    requests.push_back(request(tensor, slice == slices.end() ? Slice{} : slice->second, arguments.shard));
    requests.back().offset = offset;
    offset += (requests.back().view.byte_count() + alignment - 1) / alignment * alignment;
    if (slice != slices.end()) slices.erase(slice);
  }
  for (const auto& [name, slice] : slices) {
    checkpoint.at(name).value();  // no such tensor at all
    throw Exception({.code = Errc::no_match, .message = "--slice names it, but no --select takes it", .tensor = name});
  }
  return requests;
}

void copy(const std::vector<Request>& requests, std::span<std::byte> memory, unsigned threads, Report& report) {
  std::vector<Piece> pieces;
  std::vector<std::atomic<std::uint64_t>> left(requests.size());  // bytes, by request
  for (std::size_t i = 0; i < requests.size(); ++i) {
    left[i] = requests[i].view.byte_count();
    std::uint64_t offset = requests[i].offset;
    for (TensorView& view : pieces_of(requests[i].view, piece_bytes).value()) {
      const std::uint64_t size = view.byte_count();
      pieces.push_back({.request = i, .view = std::move(view), .offset = offset});
      offset += size;
    }
  }
  Progress progress(report.bytes);
  std::atomic<std::uint64_t> bytes_read = 0;
  std::atomic<double> first = 0;
  const Clock::time_point start = Clock::now();
  for_each_index(pieces.size(), threads, [&](std::size_t i) -> Result<void> {
    const Piece& piece = pieces[i];
    const std::uint64_t size = piece.view.byte_count();
    std::uint64_t read = 0;
    if (auto done = piece.view.copy_to(memory.subspan(piece.offset, size), {.bytes_read = &read}); !done) return done;
    bytes_read += read;
    if (left[piece.request].fetch_sub(size) == size) {
      double none = 0;
      first.compare_exchange_strong(none, seconds_since(start));
    }
    progress.add(size);
    return {};
  }).value();
  report.seconds = seconds_since(start);
  report.first_tensor_seconds = first;
  report.bytes_read = bytes_read;
}

void check(const std::vector<Request>& requests, std::span<const std::byte> memory, unsigned threads, Report& report) {
  Progress progress(report.bytes);
  for_each_index(requests.size(), threads, [&](std::size_t i) -> Result<void> {
    const Request& request = requests[i];
    const TensorInfo& info = request.whole.info();
    const std::uint64_t size = request.view.byte_count();
    auto difference =
        first_difference(info, request.whole.file(), request.picked, memory.subspan(request.offset, size));
    if (!difference) return std::move(difference).error();
    if (*difference)
      return Error{.code = Errc::io_error,
                   .message = fmt::format("element {} in memory differs from the file", **difference),
                   .file = std::string(request.whole.file()),
                   .tensor = std::string(info.name)};
    progress.add(size);
    return {};
  }).value();
  report.checked = report.bytes;
}

Report load(const LoadArguments& arguments) {
  Report report;
  Clock::time_point start = Clock::now();
  const Checkpoint checkpoint = open_checkpoint(arguments.path, arguments.access);
  const std::vector<Request> requests = plan(checkpoint, arguments);
  report.open_seconds = seconds_since(start);
  report.tensors = requests.size();
  for (const Request& request : requests)
    report.bytes += request.view.byte_count();

  start = Clock::now();
  const std::uint64_t needed = requests.empty() ? 0 : requests.back().offset + requests.back().view.byte_count();
  const MemoryBlock memory = MemoryBlock::allocate(needed, arguments.threads).value();
  report.allocate_seconds = seconds_since(start);

  copy(requests, memory.bytes(), arguments.threads, report);
  if (arguments.check) check(requests, memory.bytes(), arguments.threads, report);
  return report;
}

double gigabytes_per_second(const Report& report) {
  return report.seconds > 0 ? static_cast<double>(report.bytes) / 1e9 / report.seconds : 0;
}

void write_json(const Report& report, const LoadArguments& arguments, Output& output) {
  Json json(output);
  json.begin_object().member("tensors", report.tensors).member("bytes", report.bytes);
  json.member("seconds", report.seconds).member("gb_per_s", gigabytes_per_second(report));
  json.member("first_tensor_seconds", report.first_tensor_seconds).member("bytes_read", report.bytes_read);
  json.member("open_seconds", report.open_seconds).member("allocate_seconds", report.allocate_seconds);
  json.member("threads", arguments.threads).member("checked", report.checked.has_value()).end_object();
  output.write("\n");
}

void write_text(const Report& report, const LoadArguments& arguments, Output& output) {
  output.print("loaded        {}, {} ({} bytes)\n", counted(report.tensors, "tensor"), human_bytes(report.bytes),
               grouped(report.bytes));
  output.print("seconds       {:.6f} into memory that was ready, {}\n", report.seconds,
               counted(arguments.threads, "thread"));
  output.print("rate          {:.2f} GB/s\n", gigabytes_per_second(report));
  output.print("first tensor  {:.6f} s\n", report.first_tensor_seconds);
  output.print("read          {} bytes of the file\n", grouped(report.bytes_read));
  output.print("before that   {:.6f} s to open, {:.6f} s to allocate\n", report.open_seconds, report.allocate_seconds);
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
