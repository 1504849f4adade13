#include "loading.hpp"

#include <map>

#include "hoist/checkpoint.hpp"

namespace hoist::tool {
namespace {

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

}  // namespace

std::vector<Request> requests_of(const Checkpoint& checkpoint, const Selection& arguments) {
  std::map<std::string, Slice, std::less<>> slices;
  for (const auto& [name, slice] : arguments.slices) {
    if (!slices.emplace(name, slice).second)
      throw Exception({.code = Errc::invalid_slice, .message = "--slice names it twice", .tensor = name});
  }
  std::vector<Request> requests;
  for (const TensorView& tensor :
       arguments.select.empty() ? checkpoint.tensors() : checkpoint.select(arguments.select).value()) {
    const auto slice = slices.find(tensor.name());
    requests.push_back(request(tensor, slice == slices.end() ? Slice{} : slice->second, arguments.shard));
    if (slice != slices.end()) slices.erase(slice);
  }
  for (const auto& [name, slice] : slices) {
    checkpoint.at(name).value();  // no such tensor at all
    throw Exception({.code = Errc::no_match, .message = "--slice names it, but no --select takes it", .tensor = name});
  }
  return requests;
}

Plan plan_of(const Checkpoint& checkpoint, const std::vector<Request>& requests) {
  std::vector<Placed> group;
  group.reserve(requests.size());
  for (const Request& request : requests)
    group.push_back({.view = request.view});
  Plan plan(checkpoint);
  plan.add(std::move(group)).value();
  return plan;
}

}  // namespace hoist::tool
