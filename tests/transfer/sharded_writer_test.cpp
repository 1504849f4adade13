// Checkpoints of several files: who opens the directory finds the old one or the new one, at every step and after every
// failure.
#include "hoist/sharded_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <random>
#include <set>

#include "hoist/checkpoint.hpp"
#include "support/bytes.hpp"
#include "support/checkpoint_files.hpp"
#include "support/child_process.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

using test::bytes_of;

// Tensors t0, t1 ... of 8 bytes each, all of one letter.
constexpr std::uint64_t tensors = 5;

Result<SaveReport> save(const std::filesystem::path& path, char letter, std::uint64_t max_shard_bytes,
                        WriteOptions options = {.durable = true}) {
  auto writer = ShardedWriter::create(path, {.max_shard_bytes = max_shard_bytes, .file = std::move(options)});
  if (!writer) return std::move(writer).error();
  for (std::uint64_t i = 0; i < tensors; ++i)
    writer->declare("t" + std::to_string(i), DType::U8, {8}).value();
  if (auto begun = writer->begin(); !begun) return std::move(begun).error();
  for (std::uint64_t i = 0; i < tensors; ++i) {
    auto written = writer->write("t" + std::to_string(i), bytes_of(std::string(8, letter)));
    if (!written) return std::move(written).error();
  }
  return std::move(*writer).commit();
}

class ShardedWrites : public testing::Test {
 protected:
  std::set<std::string> entries() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
      found.insert(entry.path().filename());
    return found;
  }

  // The letter that all tensors of the directory's checkpoint are made of; 0: there is none; '?': it is mixed, or
  // broken.
  char letter() const {
    const auto checkpoint = Checkpoint::open(directory_.path());
    if (!checkpoint) {
      const bool none = checkpoint.error().code == Errc::not_found || checkpoint.error().code == Errc::invalid_index;
      return none ? '\0' : '?';
    }
    if (checkpoint->tensor_count() != tensors) return '?';
    std::set<char> letters;
    for (const TensorView& tensor : checkpoint->tensors()) {
      const auto bytes = test::read(tensor);
      if (!bytes) return '?';
      letters.insert(bytes->begin(), bytes->end());
    }
    return letters.size() == 1 ? *letters.begin() : '?';
  }

  // Makes what is left behind old enough to be removed.
  void age() const {
    for (const std::string& name : entries()) {
      const timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 1000, .tv_nsec = 0}};
      utimensat(AT_FDCWD, (directory_.path() / name).c_str(), times, AT_SYMLINK_NOFOLLOW);
    }
  }

  // No more than what the checkpoint itself is made of.
  void expect_nothing_else() const {
    const Checkpoint checkpoint = Checkpoint::open(directory_.path()).value();
    std::set<std::string> expected;
    for (const Archive& shard : checkpoint.shards())
      expected.insert(std::filesystem::path(shard.file()).filename());
    if (!checkpoint.index_file().empty()) expected.insert(std::filesystem::path(checkpoint.index_file()).filename());
    EXPECT_EQ(entries(), expected);
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "model.safetensors";
};

TEST_F(ShardedWrites, FillOneFileAfterTheOther) {
  const SaveReport report = save(path_, 'a', 16).value();
  EXPECT_EQ(entries(), (std::set<std::string>{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                                              "model-00003-of-00003.safetensors", test::index_name}));
  EXPECT_EQ(letter(), 'a');
  EXPECT_EQ(report.tensors, tensors);
  EXPECT_EQ(report.tensor_bytes, 40U);
  EXPECT_EQ(report.files.size(), 3U);
  EXPECT_EQ(report.files[1].path, directory_.path() / "model-00002-of-00003.safetensors");
  EXPECT_EQ(report.index, directory_.path() / test::index_name);
  EXPECT_TRUE(report.durable);
  const Checkpoint checkpoint = Checkpoint::open(directory_.path(), {.validation = Validation::strict}).value();
  EXPECT_EQ(checkpoint.metadata().at("total_size"), "40");
  EXPECT_EQ(checkpoint.shards()[0].tensors().size(), 2U);
  EXPECT_EQ(checkpoint.shards()[2].tensors().size(), 1U);
}

TEST_F(ShardedWrites, AreWhatWasEstimated) {
  ShardedWriter writer = ShardedWriter::create(path_, {.max_shard_bytes = 9000}).value();
  const std::uint64_t sizes[] = {8192, 100, 4096, 4096};
  for (std::size_t i = 0; i < std::size(sizes); ++i)
    writer.declare(std::to_string(i), DType::U8, {sizes[i]}).value();
  const SaveReport estimate = writer.estimate().value();
  EXPECT_EQ(directory_.entry_count(), 0U);
  writer.begin().value();
  for (std::size_t i = 0; i < std::size(sizes); ++i)
    writer.write(std::to_string(i), bytes_of(test::pattern(sizes[i]))).value();
  const SaveReport report = std::move(writer).commit().value();
  EXPECT_EQ(estimate.bytes, report.bytes);
  EXPECT_EQ(estimate.aligned_4096, report.aligned_4096);
  ASSERT_EQ(estimate.files.size(), report.files.size());
  for (std::size_t i = 0; i < report.files.size(); ++i) {
    EXPECT_EQ(estimate.files[i].path, report.files[i].path);
    EXPECT_EQ(estimate.files[i].bytes, std::filesystem::file_size(report.files[i].path));
  }
}

TEST_F(ShardedWrites, SpellTheIndexAsTheHubDoes) {
  ShardedWriter writer = ShardedWriter::create(path_, {.max_shard_bytes = 1}).value();
  writer.declare("b\"\n", DType::U8, {1}).value();
  writer.declare("a", DType::U8, {1}).value();
  writer.begin().value();
  writer.write("a", bytes_of("a")).value();
  writer.write("b\"\n", bytes_of("b")).value();
  std::move(writer).commit().value();
  EXPECT_EQ(test::contents_of(directory_.path() / test::index_name), R"({
  "metadata": {
    "total_size": 2
  },
  "weight_map": {
    "a": "model-00002-of-00002.safetensors",
    "b\"\n": "model-00001-of-00002.safetensors"
  }
}
)");
}

TEST_F(ShardedWrites, AreOneFileWhereEverythingFits) {
  const SaveReport report = save(path_, 'a', 40).value();
  EXPECT_EQ(entries(), std::set<std::string>{"model.safetensors"});
  ASSERT_EQ(report.files.size(), 1U);
  EXPECT_EQ(report.files[0].path, path_);
  EXPECT_TRUE(report.index.empty());
}

TEST_F(ShardedWrites, GiveALargeTensorAFileOfItsOwn) {
  ShardedWriter writer = ShardedWriter::create(path_, {.max_shard_bytes = 10}).value();
  const std::uint64_t sizes[] = {4, 20, 4, 6, 1, 0};
  for (std::size_t i = 0; i < std::size(sizes); ++i)
    writer.declare(std::to_string(i), DType::U8, {sizes[i]}).value();
  writer.set_metadata("format", "pt").value();
  writer.begin().value();
  for (std::size_t i = 0; i < std::size(sizes); ++i)
    writer.write(std::to_string(i), bytes_of(test::pattern(sizes[i]))).value();
  std::move(writer).commit().value();
  const Checkpoint checkpoint = Checkpoint::open(directory_.path()).value();
  std::vector<std::size_t> counts;
  for (const Archive& shard : checkpoint.shards()) {
    counts.push_back(shard.tensors().size());
    EXPECT_EQ(shard.metadata().at("format"), "pt");
  }
  EXPECT_EQ(counts, (std::vector<std::size_t>{1, 1, 2, 2}));
}

TEST_F(ShardedWrites, RefuseNamesThatAreNoCheckpoints) {
  EXPECT_THAT(ShardedWriter::create(directory_.path() / "model.bin"), FailsWith(Errc::invalid_index));
  EXPECT_THAT(ShardedWriter::create(directory_.path() / ".safetensors"), FailsWith(Errc::invalid_index));
  EXPECT_THAT(ShardedWriter::create(directory_.path() / "no" / "model.safetensors"), FailsWith(Errc::not_found));
  std::filesystem::create_directory(directory_.path() / test::index_name);
  EXPECT_THAT(ShardedWriter::create(path_), FailsWith(Errc::not_regular, "index"));
}

TEST_F(ShardedWrites, RefuseToOverwriteWhereTheyMayNot) {
  for (const std::uint64_t before : {std::uint64_t{8}, std::uint64_t{100}}) {
    save(path_, 'a', before).value();
    for (const std::uint64_t limit : {8U, 100U})
      EXPECT_THAT(save(path_, 'b', limit, {.overwrite = false}), FailsWith(Errc::already_exists));
    EXPECT_EQ(letter(), 'a');
  }
  ASSERT_THAT(save(directory_.path() / "other.safetensors", 'b', 8, {.overwrite = false}), Succeeds());
}

TEST_F(ShardedWrites, RefuseWhatCameAfterThem) {
  ShardedWriter writer = ShardedWriter::create(path_, {.max_shard_bytes = 1, .file = {.overwrite = false}}).value();
  writer.declare("w", DType::U8, {0}).value();
  writer.begin().value();
  save(path_, 'a', 8).value();
  EXPECT_THAT(std::move(writer).commit(), FailsWith(Errc::already_exists));
  EXPECT_EQ(letter(), 'a');
  expect_nothing_else();
}

TEST_F(ShardedWrites, KeepWhatNoIndexNamed) {
  save(path_, 'a', 16).value();
  const auto mine = directory_.write("model-00004-of-00003.safetensors", test::file_of({"mine"}));
  const auto other = directory_.write("readme.txt", "text");
  save(path_, 'b', 16).value();
  EXPECT_TRUE(exists(mine));
  EXPECT_TRUE(exists(other));
  EXPECT_FALSE(exists(directory_.path() / "model-00001-of-00003.safetensors"));
  EXPECT_EQ(letter(), 'b');
}

TEST_F(ShardedWrites, KeepTheirIndexWhereTheChoiceWouldNotBePlainWithoutIt) {
  save(path_, 'a', 16).value();
  directory_.write("other.safetensors", test::file_of({"other"}));
  const SaveReport report = save(path_, 'b', 100).value();
  EXPECT_EQ(letter(), 'b');
  EXPECT_EQ(report.index, directory_.path() / test::index_name);
}

TEST_F(ShardedWrites, ReplaceLinksAndNotWhatTheyLeadTo) {
  const test::TemporaryDirectory blobs;
  save(blobs.path() / "model.safetensors", 'a', 16).value();
  for (const auto& entry : std::filesystem::directory_iterator(blobs.path()))
    create_symlink(entry.path(), directory_.path() / entry.path().filename());
  save(path_, 'b', 16).value();
  EXPECT_EQ(letter(), 'b');
  expect_nothing_else();
  EXPECT_EQ(blobs.entry_count(), 4U);
}

TEST_F(ShardedWrites, HaveTheModeOfTheFilesThatTheyReplace) {
  save(path_, 'a', 16).value();
  chmod((directory_.path() / "model-00001-of-00003.safetensors").c_str(), 0640);
  const SaveReport report = save(path_, 'b', 16).value();
  for (const SavedFile& file : report.files)
    EXPECT_EQ(std::filesystem::status(file.path).permissions(), std::filesystem::perms(0640)) << file.path;
}

TEST_F(ShardedWrites, SyncTheirNamesBeforeTheIndexHasIts) {
  save(path_, 'a', 16).value();
  std::string order;
  const auto note = [&](const char* what) { return [&order, what] { order += what; }; };
  const FailingCall rename(Call::renameat2, {.first = 1, .before = note("n")});
  const FailingCall sync(Call::fsync, {.first = 1, .before = note("s")});
  const FailingCall remove(Call::unlinkat, {.first = 1, .before = note("r")});
  save(path_, 'b', 16).value();
  // Three files, the list and the index; the list's name; three names; theirs; the index's; it; three old files, the
  // list.
  EXPECT_EQ(order,
            "sss"
            "ss"
            "s"
            "nnn"
            "s"
            "n"
            "s"
            "rrr"
            "r");
}

TEST_F(ShardedWrites, FailAsWriterDoes) {
  ShardedWriter writer = ShardedWriter::create(path_, {.max_shard_bytes = 8}).value();
  EXPECT_THAT(writer.write("a", {}), FailsWith(Errc::wrong_order));
  EXPECT_THAT(writer.begin(), FailsWith(Errc::wrong_order)) << "the first failure stays";
  ShardedWriter other = ShardedWriter::create(path_, {.max_shard_bytes = 8}).value();
  other.declare("a", DType::U8, {8}).value();
  other.declare("b", DType::U8, {8}).value();
  other.begin().value();
  other.write("b", bytes_of("12345678")).value();
  EXPECT_THAT(std::move(other).commit(), FailsWith(Errc::not_written));
  EXPECT_EQ(directory_.entry_count(), 0U);
}

// What was there, and how the new checkpoint is split.
struct Step {
  const char* name;
  const char* before;  // "none", "file", "set", "numbered", "set beside a file"
  std::uint64_t limit;
};

class Replacing : public ShardedWrites, public testing::WithParamInterface<Step> {
 protected:
  void prepare() const {
    for (const std::string& name : entries())
      std::filesystem::remove(directory_.path() / name);
    const std::string_view before = GetParam().before;
    const WriteOptions fast{.durable = false};
    if (before == "file") save(path_, 'o', 100, fast).value();
    if (before == "set" || before == "numbered" || before == "set beside a file") save(path_, 'o', 16, fast).value();
    if (before == "numbered") std::filesystem::remove(directory_.path() / test::index_name);
    if (before == "set beside a file") directory_.write("model.safetensors", test::file_of({"stale"}));
    ASSERT_EQ(letter(), old());
  }
  char old() const { return std::string_view(GetParam().before) == "none" ? '\0' : 'o'; }
  Result<SaveReport> replace() const { return save(path_, 'n', GetParam().limit); }
};

TEST_P(Replacing, LeavesTheNewOneAlone) {
  prepare();
  const SaveReport report = replace().value();
  EXPECT_EQ(letter(), 'n');
  if (std::string_view(GetParam().before) == "set beside a file" && GetParam().limit < 40) {
    std::filesystem::remove(path_);  // no index named it
  }
  expect_nothing_else();
  EXPECT_TRUE(GetParam().limit < 40 || report.files.at(0).path == path_) << "with its plain name";
  ASSERT_THAT(replace(), Succeeds()) << "and it is replaced in turn";
  expect_nothing_else();
}

TEST_P(Replacing, ShowsTheOldOrTheNewAtEveryStep) {
  for (const Call call : {Call::fsync, Call::renameat2, Call::linkat, Call::unlinkat, Call::close, Call::openat}) {
    prepare();
    bool new_seen = false;
    std::string seen;
    const FailingCall watched(call, {.first = 1, .before = [&] {
                                       const char found = letter();
                                       seen += found == '\0' ? '-' : found;
                                       if (found == 'n') new_seen = true;
                                       EXPECT_TRUE(new_seen ? found == 'n' : found == old()) << seen;
                                     }});
    ASSERT_THAT(replace(), Succeeds());
  }
}

TEST_P(Replacing, IsWholeWhereverTheProcessEnds) {
  for (const Call call : {Call::fsync, Call::renameat2, Call::linkat, Call::unlinkat, Call::close}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 100U);
      prepare();
      const int status = test::in_child([&] {
        const FailingCall end(call, {.first = number, .count = 1, .before = [] { _exit(7); }});
        return replace() ? 0 : 1;
      });
      if (status == 0) break;
      ASSERT_EQ(status, 7);
      const char found = letter();
      ASSERT_TRUE(found == old() || found == 'n') << found << " at call " << number;
      age();
      (void)ShardedWriter::create(path_);
      ASSERT_EQ(letter(), found) << "after the next save has removed what was left behind, and then given up";
      ASSERT_THAT(replace(), Succeeds());
      ASSERT_EQ(letter(), 'n');
      // A first save has no names but plain ones, which are not taken for left behind.
      if (old() == '\0') continue;
      if (std::string_view(GetParam().before) == "set beside a file" && GetParam().limit < 40)
        std::filesystem::remove(path_);
      expect_nothing_else();
    }
  }
}

TEST_P(Replacing, IsWholeWhicheverCallFails) {
  struct Failure {
    Call call;
    int error;
  };
  for (const auto [call, error] : {Failure{Call::openat, EMFILE},
                                   {Call::fallocate, ENOSPC},
                                   {Call::pwrite, EIO},
                                   {Call::fchmod, EPERM},
                                   {Call::fsync, EIO},
                                   {Call::close, EIO},
                                   {Call::renameat2, EACCES},
                                   {Call::linkat, EPERM},
                                   {Call::unlinkat, EPERM}}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 100U);
      prepare();
      const std::size_t descriptors = test::open_descriptors();
      std::optional<FailingCall> failing(std::in_place, call, test::fail_once(number, error));
      const auto saved = replace();
      const bool reached = failing->reached();
      failing.reset();
      ASSERT_EQ(test::open_descriptors(), descriptors);
      const char found = letter();
      ASSERT_EQ(found, saved ? 'n' : old()) << "call " << number << " of kind " << static_cast<int>(call);
      if (saved) {
        EXPECT_EQ(saved->durable, saved->warnings.empty());
      } else {
        EXPECT_EQ(saved.error().system_code, error);
      }
      if (call != Call::unlinkat) {
        for (const std::string& name : entries())
          EXPECT_FALSE(name.ends_with(".hoist-tmp")) << name << ": call " << number;
      }
      if (!reached) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Replacing,
                         testing::Values(Step{"NothingByASet", "none", 16}, Step{"NothingByAFile", "none", 100},
                                         Step{"AFileByASet", "file", 16}, Step{"AFileByAFile", "file", 100},
                                         Step{"ASetByASet", "set", 8}, Step{"ASetByAFile", "set", 100},
                                         Step{"NumberedFilesByASet", "numbered", 8},
                                         Step{"NumberedFilesByAFile", "numbered", 100},
                                         Step{"ASetBesideAFileByASet", "set beside a file", 8},
                                         Step{"ASetBesideAFileByAFile", "set beside a file", 100}),
                         [](const auto& info) { return info.param.name; });

TEST_F(ShardedWrites, AreWholeAfterAKillAtAnyMoment) {
  std::mt19937 random(7);
  save(path_, 'o', 16).value();
  for (int round = 0; round < 200; ++round) {
    const char before = letter();
    const pid_t child = fork();
    ASSERT_GE(child, 0) << "or kill would go to everybody";
    if (child == 0) {
      (void)save(path_, before == 'n' ? 'o' : 'n', 16);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(random() % 6000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(letter() == 'n' || letter() == 'o') << "round " << round;
    age();
  }
  save(path_, 'x', 16).value();
  EXPECT_EQ(letter(), 'x');
  expect_nothing_else();
}

TEST_F(ShardedWrites, KeepWhatAnotherIsStillWriting) {
  save(path_, 'o', 16).value();
  ShardedWriter slow = ShardedWriter::create(path_, {.max_shard_bytes = 1}).value();
  slow.declare("w", DType::U8, {1}).value();
  slow.begin().value();
  age();
  save(path_, 'n', 16).value();
  slow.write("w", bytes_of("w")).value();
  ASSERT_THAT(std::move(slow).commit(), Succeeds());
  EXPECT_EQ(Checkpoint::open(directory_.path())->tensor_count(), 1U);
  expect_nothing_else();
}

TEST_F(ShardedWrites, DoNotFollowALyingListOutOfTheirDirectory) {
  save(path_, 'o', 16).value();
  const test::TemporaryDirectory elsewhere;
  const auto victim = elsewhere.write("victim.safetensors", "kept");
  directory_.write("sub/inner.safetensors", "kept");
  directory_.write(".model.safetensors.index.json.0123456789abcdef.hoist-tmp",
                   test::index_of({{"a", "../" + elsewhere.path().filename().native() + "/victim.safetensors"},
                                   {"b", "sub/inner.safetensors"}}));
  directory_.write(".model.safetensors.index.json.1123456789abcdef.hoist-tmp",
                   test::index_of({{"b", "sub/inner.safetensors"}, {"c", "model-00001-of-00003.safetensors"}}));
  age();
  ASSERT_THAT(save(path_, 'n', 16), Succeeds());
  EXPECT_TRUE(exists(victim));
  EXPECT_TRUE(exists(directory_.path() / "sub" / "inner.safetensors"));
  EXPECT_EQ(letter(), 'n');
}

}  // namespace
}  // namespace hoist
