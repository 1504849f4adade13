// The start of an inference server: a group of tensors for each layer, and the first layers at work while the last are
// still on their way. Ctrl-C ends it cleanly at any moment.
//     lazy_load MODEL [MILLISECONDS_PER_LAYER]
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>
#include <hoist/loader.hpp>
#include <iostream>
#include <map>
#include <thread>

namespace {

// Of "encoder.layer.11.output.bias" the 11; -1 of what belongs to no layer.
int layer_of(std::string_view name) {
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    int layer = -1;
    const std::string_view rest = name.substr(dot + 1);
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), layer);
    if (problem == std::errc() && end != rest.data() + rest.size() && *end == '.') return layer;
  }
  return -1;
}

// One group for each layer, in their order; before them what belongs to none, the embeddings among it.
std::map<int, hoist::Plan::Group> add_layers(hoist::Plan& plan, const hoist::Checkpoint& checkpoint) {
  std::map<int, std::vector<hoist::Placed>> layers;
  for (const hoist::TensorView& tensor : checkpoint.tensors())
    layers[layer_of(tensor.name())].push_back({.view = tensor});
  std::map<int, hoist::Plan::Group> groups;
  for (auto& [layer, tensors] : layers)
    groups[layer] = plan.add(std::move(tensors)).value();
  return groups;
}

// Stops what holds the token when the user presses Ctrl-C. The signal must be blocked before any thread is started.
void stop_on_interrupt(const std::stop_token& enough, std::stop_source stop) {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  while (!enough.stop_requested()) {
    const timespec a_while{.tv_sec = 0, .tv_nsec = 20'000'000};
    if (sigtimedwait(&interrupt, nullptr, &a_while) == SIGINT) stop.request_stop();
  }
}

void block_interrupt() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
}

// False: Ctrl-C came first. The transfer ends its copies and frees its memory on the way out.
bool serve(const char* model, std::chrono::milliseconds per_layer, const std::stop_source& stop) {
  const auto checkpoint = hoist::Checkpoint::open(model).value();
  auto loader = hoist::Loader::create(hoist::Device::host().value()).value();  // or make_cuda_device(0)
  hoist::Plan plan(checkpoint);
  const auto groups = add_layers(plan, checkpoint);
  const hoist::Estimate estimate = plan.estimate();

  auto transfer = loader.start(plan, {.stop = stop.get_token()}).value();  // every address is known from here on
  for (const auto& [layer, group] : groups) {
    const auto there = transfer.wait(group);  // the layers behind it are still moving
    if (stop.stop_requested()) return false;
    there.value();
    std::cout << (layer < 0 ? "outside the layers" : "layer " + std::to_string(layer)) << ": at work, "
              << 100 * transfer.report().moved.bytes / std::max<std::uint64_t>(1, estimate.bytes)
              << " % of the model is there" << std::endl;
    std::this_thread::sleep_for(per_layer);  // the layer's kernels
  }
  const auto tensors = std::move(transfer).take();
  if (stop.stop_requested()) return false;
  std::cout << "serving with " << tensors.value().tensors().size() << " tensors\n";
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count > 3) return 2;
  const auto per_layer = std::chrono::milliseconds(count == 3 ? std::atoi(arguments[2]) : 0);
  block_interrupt();
  const std::stop_source stop;
  const std::jthread watcher([&stop](const std::stop_token& enough) { stop_on_interrupt(enough, stop); });
  try {
    if (serve(arguments[1], per_layer, stop)) return 0;
    std::cout << "interrupted\n";
    return 130;
  } catch (const hoist::Exception& problem) {
    std::cerr << problem.what() << '\n';
    return 3;
  }
}
