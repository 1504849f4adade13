// Reads a checkpoint through a source of one's own, as an object store would be: it counts the reads that it gets.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <hoist/archive.hpp>
#include <iostream>
#include <iterator>
#include <vector>

namespace {

class Remote final : public hoist::Source {
 public:
  explicit Remote(const char* path) {
    std::ifstream file(path, std::ios::binary);
    content_.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::string name() const override { return "remote://model"; }
  std::uint64_t size() const override { return content_.size(); }

  hoist::Result<void> read_at(std::uint64_t offset, std::span<std::byte> into,
                              std::stop_token) const noexcept override {
    reads_.fetch_add(1);
    if (offset > content_.size() || into.size() > content_.size() - offset) {
      return hoist::Error{.code = hoist::Errc::truncated_data, .message = "a read past the end"};
    }
    const auto part = std::as_bytes(std::span(content_)).subspan(offset, into.size());
    std::copy(part.begin(), part.end(), into.begin());
    return {};
  }
  int reads() const { return reads_.load(); }

 private:
  std::vector<char> content_;
  mutable std::atomic<int> reads_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  auto remote = std::make_shared<Remote>(arguments[1]);
  auto archive = hoist::Archive::from_source(remote).value();
  std::cout << archive.tensors().size() << " tensors, " << remote->reads() << " reads\n";
}
