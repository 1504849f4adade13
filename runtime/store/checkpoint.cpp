#include "hoist/checkpoint.hpp"

#include "base/assert.hpp"
#include "base/error.hpp"
#include "store/nearest.hpp"
#include "store/open_set.hpp"
#include "store/select.hpp"

namespace hoist {

struct Checkpoint::State {
  store::KeySpace keys;
  Metadata metadata{};
  std::string index_file{};
  std::vector<Error> warnings{};

  static std::shared_ptr<const State> of(store::OpenedSet&& set) {
    return std::make_shared<const State>(
        State{*std::move(set.keys), std::move(set.metadata), std::move(set.index_file), std::move(set.warnings)});
  }
};

namespace {

constexpr std::size_t max_set_errors = 100;  // a file gives its first, a set up to this many

// The list as one error: the first one's code and place, and every message.
Error all_of(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  std::string message = base::grouped(errors.size()) + " things are wrong";
  for (const Error& error : errors)
    message += "; " + error.to_string();
  errors.front().message = std::move(message);
  errors.front().tensor.clear();
  errors.front().offset.reset();
  return std::move(errors.front());
}

Result<store::OpenedSet> without_errors(store::OpenedSet set) {
  std::vector<Error> errors = std::move(set.errors);
  for (store::Opened& shard : set.shards) {
    if (!shard.errors.empty()) errors.push_back(std::move(shard.errors.front()));
  }
  if (!errors.empty()) return all_of(std::move(errors));
  return set;
}

}  // namespace

Checkpoint::Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& path, OpenOptions options) {
  return base::catching_bad_alloc([&]() -> Result<Checkpoint> {
    auto set = without_errors(store::open_set(path, options, max_set_errors));
    if (!set) return std::move(set).error();
    return Checkpoint(State::of(*std::move(set)));
  });
}

Checkpoint Checkpoint::of(Archive archive) {
  Metadata metadata = archive.metadata();
  return Checkpoint(std::make_shared<const State>(State{store::KeySpace({std::move(archive)}), std::move(metadata)}));
}

Result<Checkpoint> Checkpoint::from_index(std::string_view index_json, const OpenShard& open_shard,
                                          OpenOptions options) {
  const auto open = [&](std::string_view file) {
    auto source = open_shard(file);
    HOIST_ASSERT(!source || *source != nullptr);
    if (source) return store::open_storage(store::Storage::of_source(*std::move(source)), options, 1);
    store::Opened opened;
    opened.errors.push_back(std::move(source).error());
    if (opened.errors.front().file.empty()) opened.errors.front().file = file;
    return opened;
  };
  return base::catching_bad_alloc([&]() -> Result<Checkpoint> {
    auto set = without_errors(store::open_index(index_json, open, options, max_set_errors));
    if (!set) return std::move(set).error();
    return Checkpoint(State::of(*std::move(set)));
  });
}

std::uint64_t Checkpoint::tensor_count() const noexcept { return state_->keys.size(); }

std::vector<TensorView> Checkpoint::tensors() const {
  std::vector<TensorView> views;
  views.reserve(state_->keys.size());
  for (std::uint32_t place = 0; place < state_->keys.size(); ++place)
    views.push_back(state_->keys.view(place));
  return views;
}

std::optional<TensorView> Checkpoint::find(std::string_view name) const {
  const std::uint32_t place = state_->keys.find(name);
  if (place == store::KeySpace::none) return std::nullopt;
  return state_->keys.view(place);
}

Result<TensorView> Checkpoint::at(std::string_view name) const {
  if (auto found = find(name)) return *std::move(found);
  store::Nearest nearest(name);
  for (std::uint32_t place = 0; place < state_->keys.size(); ++place)
    nearest.offer(state_->keys.name(place));
  const auto shards = this->shards();
  return store::missing_tensor(name, nearest, shards.size() == 1 ? std::string(shards[0].file()) : state_->index_file);
}

Result<std::vector<TensorView>> Checkpoint::select(const std::vector<std::string>& patterns) const {
  return base::catching_bad_alloc([&]() -> Result<std::vector<TensorView>> {
    auto places = store::select(state_->keys, patterns);
    if (!places) return std::move(places).error();
    std::vector<TensorView> views;
    views.reserve(places->size());
    for (const std::uint32_t place : *places)
      views.push_back(state_->keys.view(place));
    return views;
  });
}

const Metadata& Checkpoint::metadata() const noexcept { return state_->metadata; }
std::string_view Checkpoint::index_file() const noexcept { return state_->index_file; }
std::span<const Archive> Checkpoint::shards() const noexcept { return state_->keys.shards(); }
std::span<const Error> Checkpoint::warnings() const noexcept { return state_->warnings; }

}  // namespace hoist
