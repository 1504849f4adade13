#include "transfer/job.hpp"

#include <cstring>

#include "base/error.hpp"
#include "store/gather.hpp"

namespace hoist::transfer {
namespace {

Error placed(Error error, const Item& item) {
  error.file = item.view.file();
  error.tensor = item.view.name();
  return error;
}

// A whole tensor is one run; a slice has its own. Gives what was read.
Result<std::uint64_t> read_part(const Item& item, const Part& part, std::byte* into, const std::stop_token& stop) {
  const store::Slice* const slice = store::Internals::slice(item.view);
  if (slice) {
    auto read = store::gather_part(item.storage(), slice->runs, part.begin, part.end, into, stop);
    if (!read) return placed(std::move(read).error(), item);
    return read;
  }
  const std::uint64_t bytes = part.end - part.begin;
  auto read = item.storage().read(item.view.info().offset + part.begin, {into, bytes}, stop);
  if (!read) return placed(std::move(read).error(), item);
  return bytes;
}

}  // namespace

Result<std::shared_ptr<Job>> Job::make(const PlanState& plan, std::shared_ptr<device::Backend> device, bool staged) {
  auto job = std::make_shared<Job>();
  job->items_ = plan.items;
  job->pieces_ = cut(plan);
  job->staged_ = staged;
  job->device_ = device;
  if (plan.arena_bytes != 0) {
    auto arena = device->allocate(device::Memory::device, plan.arena_bytes);
    if (!arena) return std::move(arena).error();
    job->arena_ = std::move(arena).value();
  }
  if (staged) {
    auto queue = device->make_queue();
    if (!queue) return std::move(queue).error();
    job->queue_ = std::move(queue).value();
  }

  std::size_t dimensions = 0;
  for (const Item& item : plan.items)
    dimensions += item.view.shape().size();
  job->dimensions_.reserve(dimensions);
  job->names_.reserve(plan.items.size());
  auto* const arena = static_cast<std::byte*>(job->arena_.address());
  for (Item& item : job->items_) {
    const std::span<const std::uint64_t> shape = item.view.shape();
    const std::uint64_t* const begin = job->dimensions_.data() + job->dimensions_.size();
    job->dimensions_.insert(job->dimensions_.end(), shape.begin(), shape.end());
    job->names_.push_back(std::move(item.name));
    job->by_name_.emplace(job->names_.back(), static_cast<std::uint32_t>(job->tensors_.size()));
    job->tensors_.push_back({.name = job->names_.back(),
                             .dtype = item.view.dtype(),
                             .shape = {begin, shape.size()},
                             .data = item.destination ? item.destination : arena + item.arena_offset,
                             .byte_count = item.byte_count()});
  }
  job->flow.filled.assign(job->pieces_.pieces.size(), -1);
  job->flow.marks.resize(job->pieces_.pieces.size());
  job->flow.moved.tensors = plan.items.size();
  job->flow.moved.device_bytes = plan.arena_bytes;
  return job;
}

const DeviceTensor* Job::find(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

std::optional<std::uint32_t> Job::pieces_until(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return pieces_.item_needs[found->second];
}

Result<void> Job::follow(device::NativeStream stream) {
  if (queue_) return queue_->follow(stream);
  return Error{.code = Errc::wrong_device, .message = "the tensors go to a device without streams"};
}

Result<std::uint64_t> Job::read(const Piece& piece, std::byte* slot, const std::stop_token& stop) const {
  std::uint64_t end = 0, bytes_read = 0;
  for (const Part& part : pieces_.parts_of(piece)) {
    std::byte* const into = slot ? slot + part.slot_offset : place(part.item) + part.begin;
    if (slot) std::memset(slot + end, 0, part.slot_offset - end);
    end = part.slot_offset + (part.end - part.begin);
    auto read = read_part(items_[part.item], part, into, stop);
    if (!read) return read;
    bytes_read += *read;
  }
  // The last page of a file that was shortened reads as zeros.
  const store::Storage* checked = nullptr;
  for (const Part& part : pieces_.parts_of(piece)) {
    const Item& item = items_[part.item];
    if (&item.storage() == checked) continue;
    checked = &item.storage();
    if (auto whole = checked->check_size(); !whole) return placed(std::move(whole).error(), item);
  }
  return bytes_read;
}

Result<device::Mark> Job::submit(const Piece& piece, const std::byte* slot) {
  if (piece.in_arena) {
    auto* const arena = static_cast<std::byte*>(arena_.address());
    if (auto copied = queue_->upload(slot, arena + piece.arena_offset, piece.bytes); !copied) {
      return std::move(copied).error();
    }
  } else {
    for (const Part& part : pieces_.parts_of(piece)) {
      auto copied = queue_->upload(slot + part.slot_offset, place(part.item) + part.begin, part.end - part.begin);
      if (!copied) return placed(std::move(copied).error(), items_[part.item]);
    }
  }
  return queue_->mark();
}

}  // namespace hoist::transfer
