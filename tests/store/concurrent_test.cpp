// One archive and one checkpoint, used by many threads at once; the thread sanitizer watches.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "hoist/verify.hpp"
#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

constexpr int threads = 8;

// `body(i)` on all threads at once; gives how many of them said false.
template <class Body>
int failures(const Body& body) {
  std::barrier start(threads);
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) {
      all.emplace_back([&, i] {
        start.arrive_and_wait();
        if (!body(i)) ++failed;
      });
    }
  }
  return failed;
}

class Concurrent : public testing::TestWithParam<Access> {
 protected:
  Concurrent() {
    std::vector<std::pair<std::string, std::string>> weight_map;
    for (int shard = 0; shard < 6; ++shard) {
      test::FileBuilder file;
      for (int i = 0; i < 5; ++i) {
        const std::string name = std::to_string(shard) + ".t" + std::to_string(i);
        file.add(name, DType::U8, {128, 257});
        weight_map.emplace_back(name, "shard" + std::to_string(shard));
      }
      directory_.write("shard" + std::to_string(shard), file.file());
      if (shard == 0) data_ = file.data();
    }
    path_ = directory_.write(test::index_name, test::index_of(weight_map));
  }

  // What tensor `i` of each shard holds.
  std::string expected(int i) const { return data_.substr(static_cast<std::size_t>(i % 5) * 128 * 257, 128 * 257); }
  OpenOptions options() const { return {.access = GetParam()}; }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_;
  std::string data_;
};

TEST_P(Concurrent, FindsAndCopiesOfOneCheckpointAgree) {
  const Checkpoint checkpoint = Checkpoint::open(path_, options()).value();
  EXPECT_EQ(failures([&](int thread) {
              bool good = true;
              for (int round = 0; round < 20; ++round) {
                const int i = thread + round;
                const auto view = checkpoint.find(std::to_string(i % 6) + ".t" + std::to_string(i % 5));
                good = good && view && *test::read(*view) == expected(i);
                const auto column = view->slice({{}, {.start = 3, .stop = 9}});
                good = good && test::read(*column)->substr(0, 6) == expected(i).substr(3, 6);
                view->prefetch();
                if (round % 5 == 0) view->evict();
                good = good && !checkpoint.at("no such name") && checkpoint.select({"*.t1"})->size() == 6;
              }
              return good;
            }),
            0);
}

TEST_P(Concurrent, OpensOfOnePathAgree) {
  EXPECT_EQ(failures([&](int thread) {
              const auto checkpoint = Checkpoint::open(path_, options());
              const auto archive = Archive::open(directory_.path() / "shard3", options());
              return checkpoint && checkpoint->tensor_count() == 30 && archive &&
                     *test::read(archive->view(static_cast<std::size_t>(thread % 5))) == expected(thread) &&
                     verify(path_, options()).size() == 7;
            }),
            0);
}

TEST_P(Concurrent, CopiesOfAHandleMayBeMadeAndDroppedAnywhere) {
  std::optional<Archive> archive = Archive::open(directory_.path() / "shard0", options()).value();
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < threads; ++i)
    views.push_back(archive->view(i % 5));
  archive.reset();
  EXPECT_EQ(failures([&](int thread) {
              const TensorView view = std::move(views[static_cast<std::size_t>(thread)]);
              for (int round = 0; round < 100; ++round) {
                const TensorView copy = view;
                const auto slice = copy.slice({{.start = static_cast<std::uint64_t>(round)}});
                if (!slice || slice->shape()[0] != static_cast<std::uint64_t>(128 - round)) return false;
              }
              return *test::read(view) == expected(thread);
            }),
            0);
}

TEST_P(Concurrent, CopyOnSeveralThreadsIsCancelledFromOutside) {
  const auto file = test::FileBuilder().add("w", DType::U8, {8192, 1024});
  const auto archive = Archive::open(directory_.write("large", file.file()), options());
  for (int round = 0; round < 5; ++round) {
    std::stop_source stop;
    const std::jthread other([&] { stop.request_stop(); });
    const auto copied = test::read(*archive->at("w"), {.threads = 4, .stop = stop.get_token()});
    if (copied) {
      EXPECT_EQ(*copied, file.data());
    } else {
      EXPECT_THAT(copied, test::FailsWith(Errc::cancelled));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Access, Concurrent, testing::Values(Access::mmap, Access::read),
                         [](const auto& info) { return info.param == Access::mmap ? "Mapped" : "Read"; });

TEST(ConcurrentSource, IsReadFromSeveralThreads) {
  const auto file = test::FileBuilder().add("w", DType::U8, {4096, 1024});
  const auto archive = Archive::from_source(std::make_shared<test::StringSource>(file.file()));
  EXPECT_EQ(failures([&](int) { return *test::read(*archive->at("w"), {.threads = 4}) == file.data(); }), 0);
}

}  // namespace
}  // namespace hoist
