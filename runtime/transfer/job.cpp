#include "transfer/job.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace hoist::transfer {
Result<std::shared_ptr<Job>> Job::make(const PlanState& plan, Pieces pieces, Target target,
                                       std::shared_ptr<const Sources> sources, const LoadOptions& options) {
  device::Backend* const device = target.device.get();
  const bool needs_the_ring = options.staging == Staging::always || !device->host_can_write();
  auto job = std::make_shared<Job>();
  job->items_ = plan.items;
  job->pieces_ = std::move(pieces);
  job->needs_the_ring_ = needs_the_ring;
  job->staged_ = needs_the_ring || target.shared;
  job->cancellable_ = options.stop.stop_possible();
  job->sources_ = std::move(sources);
  job->target_ = std::move(target);
  if (plan.arena_bytes != 0) {
    auto arena = device->allocate(device::Memory::device, plan.arena_bytes);
    if (!arena) return std::move(arena).error();
    job->arena_ = std::move(arena).value();
  }
  if (job->staged_) {
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
  job->flow.filled.assign(job->pieces_.pieces.size(), Flow::not_read);
  job->flow.begins.resize(job->pieces_.pieces.size());
  job->flow.marks.resize(job->pieces_.pieces.size());
  job->flow.report.moved.tensors = plan.items.size();
  job->flow.report.moved.device_bytes = plan.arena_bytes;
  const auto& needs = job->pieces_.item_needs;
  const auto first = std::ranges::find_if(needs, [](std::uint32_t pieces) { return pieces != 0; });
  if (first != needs.end()) job->pieces_of_first_ = *first;
  return job;
}

void Job::begin(bool traced) {
  flow.started = Clock::now();
  if (traced) flow.trace.emplace(flow.started, pieces_.pieces.size());
}

std::vector<Trace::Named> Job::named_pieces() const {
  std::vector<Trace::Named> named;
  for (const Piece& piece : pieces_.pieces)
    named.push_back({.tensor = tensors_[pieces_.parts_of(piece).front().item].name, .bytes = piece.tensor_bytes});
  return named;
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

std::byte* Job::place(const Part& part, std::byte* slot) const {
  return slot ? slot + part.slot_offset : static_cast<std::byte*>(tensors_[part.item].data) + part.begin;
}

Result<Job::Filled> Job::read(const Piece& piece, std::byte* slot, io::Bounce& bounce,
                              const std::stop_token& stop) const {
  Filled filled;
  if (slot) {
    filled.begin = begin_in_slot(piece);
    slot += filled.begin;
    std::uint64_t end = 0;
    for (const Part& part : pieces_.parts_of(piece)) {
      std::memset(slot + end, 0, part.slot_offset - end);
      end = part.slot_offset + (part.end - part.begin);
    }
  }
  for (const Read& read : pieces_.reads_of(piece)) {
    const std::span<const Part> parts = pieces_.parts_of(read);
    const Item& first = items_[parts.front().item];
    const store::Runs* const runs = runs_of(first);
    const bool fills_a_slot = slot && piece.read_count == 1;
    auto taken =
        runs ? store::gather_part(first.storage(), *runs, parts.front().begin, parts.front().end,
                                  place(parts.front(), slot), stop)
             : read_stretches(parts, slot, fills_a_slot ? io::Around::overwritten : io::Around::kept, bounce, stop);
    if (!taken) {
      const Item& item = item_at(parts, taken.error().offset);
      return store::placed(std::move(taken).error(), item.view);
    }
    filled.cost += *taken;
  }
  // The last page of a file that was shortened reads as zeros.
  const store::Storage* checked = nullptr;
  for (const Read& read : pieces_.reads_of(piece)) {
    const Item& item = items_[pieces_.parts_of(read).front().item];
    if (&item.storage() == checked) continue;
    checked = &item.storage();
    if (auto whole = checked->check_size(); !whole) return store::placed(std::move(whole).error(), item.view);
  }
  return filled;
}

// As in the file's block, where one direct read fills the slot.
std::uint32_t Job::begin_in_slot(const Piece& piece) const {
  if (piece.read_count != 1) return 0;
  const Part& part = pieces_.parts_of(piece).front();
  const Item& item = items_[part.item];
  if (runs_of(item) || !sources_->reads_directly(item.storage())) return 0;
  return static_cast<std::uint32_t>(file_offset(item, part) % io::block_bytes);
}

// Stretches that follow each other in the file, gaps left out.
Result<store::ReadCost> Job::read_stretches(std::span<const Part> parts, std::byte* slot, io::Around around,
                                            io::Bounce& bounce, const std::stop_token& stop) const {
  const store::Storage& storage = items_[parts.front().item].storage();
  const std::uint64_t begin = file_offset(items_[parts.front().item], parts.front());
  std::vector<io::Target> targets;
  targets.reserve(2 * parts.size());
  std::uint64_t end = begin;
  for (const Part& part : parts) {
    const std::uint64_t at = file_offset(items_[part.item], part), bytes = part.end - part.begin;
    std::byte* const into = place(part, slot);
    if (at != end) targets.push_back({.into = nullptr, .bytes = at - end});
    if (!targets.empty() && targets.back().into && targets.back().into + targets.back().bytes == into)
      targets.back().bytes += bytes;  // together there, too
    else targets.push_back({.into = into, .bytes = bytes});
    end = at + bytes;
  }
  auto padding = sources_->read(storage, begin, targets, around, bounce, stop);
  if (!padding) return std::move(padding).error();
  return store::ReadCost{.bytes = end - begin, .requests = 1, .padding = *padding};
}

// The tensor that a byte of the file belongs to, of those that are read together.
const Item& Job::item_at(std::span<const Part> parts, const std::optional<std::uint64_t>& offset) const {
  auto found = parts.begin();
  while (offset && found + 1 != parts.end() && file_offset(items_[found[1].item], found[1]) <= *offset)
    ++found;
  return items_[found->item];
}

Result<Job::Submitted> Job::submit(const Piece& piece, const std::byte* from) {
  Submitted submitted;
  if (piece.in_arena) {
    auto* const arena = static_cast<std::byte*>(arena_.address());
    if (auto copied = queue_->upload(from, arena + piece.arena_offset, piece.bytes); !copied) {
      return std::move(copied).error();
    }
    ++submitted.copies;
  } else {
    // What lies together in the slot and in the caller's memory is one copy.
    for (std::span<const Part> left = pieces_.parts_of(piece); !left.empty(); ++submitted.copies) {
      const Part& first = left.front();
      std::byte* const to = place(first, nullptr);
      std::uint64_t bytes = 0;
      do {
        bytes += left.front().end - left.front().begin;
        left = left.subspan(1);
      } while (!left.empty() && place(left.front(), nullptr) == to + bytes &&
               left.front().slot_offset == first.slot_offset + bytes);
      auto copied = queue_->upload(from + first.slot_offset, to, bytes);
      if (!copied) return store::placed(std::move(copied).error(), items_[first.item].view);
    }
  }
  auto mark = queue_->mark();
  if (!mark) return std::move(mark).error();
  submitted.mark = *mark;
  return submitted;
}

}  // namespace hoist::transfer
