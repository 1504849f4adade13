// verify_data(): which tensors are no longer what was written.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "hoist/checksums.hpp"
#include "hoist/verify.hpp"
#include "support/checkpoint_files.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/xxh3.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FileBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

using Tensors = std::vector<std::pair<std::string, std::string>>;

std::string digits_of(const Tensors& tensors) {
  std::string value;
  for (const auto& [name, bytes] : tensors)
    value += (value.empty() ? "{" : ",") + test::json_string(name) + ":\"" + test::xxh3_128(bytes) + "\"";
  return value + "}";
}

// A file of these tensors that carries checksums of `summed`.
FileBuilder file_of(const Tensors& tensors, const Tensors& summed) {
  FileBuilder file;
  file.metadata(checksums_key, digits_of(summed));
  for (const auto& [name, bytes] : tensors)
    file.add(name, "U8", {bytes.size()}, bytes);
  return file;
}

std::vector<std::pair<Errc, std::string>> found(const FileVerdict& verdict) {
  std::vector<std::pair<Errc, std::string>> all;
  for (const Error& error : verdict.errors)
    all.emplace_back(error.code, error.tensor);
  return all;
}

class VerifyData : public testing::TestWithParam<unsigned> {
 protected:
  FileVerdict verdict(const std::string& file, DataOptions options = {}) const {
    options.threads = GetParam();
    return verify_data(directory_.write("w.safetensors", file), {}, options).at(0);
  }

  test::TemporaryDirectory directory_;
  // Several parts of a read, exactly one, none, and small ones.
  const Tensors tensors_{{"a", test::pattern(700'000)}, {"b", test::pattern(262'144)},
                         {"", test::pattern(1)},        {"none", ""},
                         {"c", test::pattern(77)},      {"d", test::pattern(300)}};
};

TEST_P(VerifyData, ComparesEveryTensor) {
  const FileVerdict all = verdict(file_of(tensors_, tensors_).file());
  EXPECT_THAT(all.errors, IsEmpty());
  EXPECT_EQ(all.checked, tensors_.size());
  EXPECT_EQ(all.tensors, tensors_.size());
}

TEST_P(VerifyData, NamesTheTensorWhoseByteFlippedAndNotItsNeighbours) {
  const std::string good = file_of(tensors_, tensors_).file();
  std::size_t begin = good.size() - file_of(tensors_, tensors_).data().size();
  for (const auto& [name, bytes] : tensors_) {
    for (const std::size_t at : {begin, begin + bytes.size() / 2, begin + bytes.size() - 1}) {
      if (bytes.empty()) continue;
      std::string rotten = good;
      rotten[at] = static_cast<char>(rotten[at] ^ 1);
      const FileVerdict one = verdict(rotten);
      EXPECT_THAT(found(one), ElementsAre(std::pair(Errc::checksum_mismatch, name)));
      EXPECT_EQ(one.errors.at(0).offset, begin);
      EXPECT_EQ(one.errors.at(0).file, one.file);
      EXPECT_NE(one.errors.at(0).message.find(test::xxh3_128(bytes)), std::string::npos) << "what the file says";
      EXPECT_EQ(one.checked, tensors_.size());
    }
    begin += bytes.size();
  }
  EXPECT_EQ(begin, good.size());
}

TEST_P(VerifyData, SaysThatNothingIsKnownWithoutChecksums) {
  const FileVerdict none = verdict(test::file_of({"a", "b"}));
  EXPECT_THAT(none.errors, IsEmpty());
  EXPECT_EQ(none.checked, 0U);
  EXPECT_EQ(verify(directory_.path() / "w.safetensors").at(0).checked, std::nullopt);
}

TEST_P(VerifyData, ComparesWhatHasAChecksumAndPassesOverWhatIsNoTensor) {
  const Tensors some{{"gone", "anything"}, {"c", test::pattern(77)}, {"b", "not these"}};
  const FileVerdict partly = verdict(file_of(tensors_, some).file());
  EXPECT_EQ(partly.checked, 2U);
  EXPECT_THAT(found(partly), ElementsAre(std::pair(Errc::checksum_mismatch, "b")));
}

TEST_P(VerifyData, RefusesChecksumsThatCanNotBeRead) {
  FileBuilder file;
  file.metadata(checksums_key, R"({"a":"00"})").add("a", DType::U8, {4});
  const FileVerdict broken = verdict(file.file());
  EXPECT_THAT(found(broken), ElementsAre(std::pair(Errc::invalid_field, "a")));
  EXPECT_EQ(broken.errors.at(0).file, broken.file);
  EXPECT_EQ(broken.checked, 0U);
  EXPECT_THAT(verify(directory_.path() / "w.safetensors").at(0).errors, IsEmpty()) << "the format allows any text";
}

TEST_P(VerifyData, DoesNotReadDataBehindABrokenHeader) {
  const FileVerdict cut = verdict(file_of(tensors_, tensors_).file().substr(0, 200'000));
  ASSERT_EQ(cut.errors.size(), 1U);
  EXPECT_EQ(cut.errors[0].code, Errc::truncated_data);
  EXPECT_EQ(cut.checked, std::nullopt);
}

TEST_P(VerifyData, StopsAtAHundredErrorsAFileInFileOrder) {
  Tensors tensors, other;
  for (int i = 0; i < 250; ++i) {
    tensors.emplace_back(std::to_string(i), "bytes");
    other.emplace_back(std::to_string(i), "others");
  }
  const FileVerdict all = verdict(file_of(tensors, other).file());
  ASSERT_EQ(all.errors.size(), 100U);
  EXPECT_EQ(all.checked, 250U);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(all.errors[i].tensor, std::to_string(i));
}

TEST_P(VerifyData, SaysWhatCouldNotBeRead) {
  const std::string file = file_of(tensors_, tensors_).file();
  for (std::uint64_t number = 1;; ++number) {
    ASSERT_LT(number, 40U);
    std::optional<FailingCall> pread(std::in_place, Call::pread, test::fail_once(number, EIO));
    const FileVerdict one = verdict(file);
    const bool failed = pread->reached();
    pread.reset();
    if (!failed) {
      EXPECT_THAT(one.errors, IsEmpty());
      break;
    }
    ASSERT_EQ(one.errors.size(), 1U);
    EXPECT_EQ(one.errors[0].code, Errc::io_error);
    if (number > 2) {  // of the header before
      EXPECT_FALSE(one.errors[0].file.empty());
      EXPECT_EQ(one.checked, tensors_.size() - 1);
    }
  }
}

TEST_P(VerifyData, OfAFileThatIsCutMeanwhileIsAnError) {
  const std::string file = file_of(tensors_, tensors_).file();
  const auto path = directory_.path() / "w.safetensors";
  std::atomic<bool> cut = false;
  const FileVerdict one = verdict(file, {.on_progress = [&](std::uint64_t, std::uint64_t) {
                                    if (!cut.exchange(true)) std::filesystem::resize_file(path, file.size() - 1);
                                  }});
  EXPECT_THAT(found(one), ElementsAre(std::pair(Errc::truncated_data, "d")));
}

TEST_P(VerifyData, TellsOfItsProgress) {
  const std::string file = file_of(tensors_, tensors_).file();
  const std::uint64_t data = file_of(tensors_, tensors_).data().size();
  std::atomic<std::uint64_t> calls = 0, done = 0;
  verdict(file, {.on_progress = [&](std::uint64_t more, std::uint64_t total) {
            if (calls++ == 0) {
              EXPECT_EQ(more, 0U);
            }
            EXPECT_EQ(total, data);
            done += more;
          }});
  EXPECT_EQ(done, data);
  EXPECT_GT(calls, tensors_.size());
}

TEST_P(VerifyData, EndsWhereItIsStopped) {
  std::stop_source stop;
  const FileVerdict one =
      verdict(file_of(tensors_, tensors_).file(),
              {.stop = stop.get_token(), .on_progress = [&](std::uint64_t, std::uint64_t) { stop.request_stop(); }});
  ASSERT_EQ(one.checked.value() + one.errors.size(), tensors_.size());
  EXPECT_GE(one.errors.size(), 4U);
  for (const Error& error : one.errors)
    EXPECT_EQ(error.code, Errc::cancelled);
}

TEST_P(VerifyData, OfASetLooksIntoEachShard) {
  const Tensors first{{"a", "first"}}, second{{"b", "second"}};
  directory_.write("1", file_of(first, first).file());
  directory_.write("2", file_of(second, first).file());  // with the checksums of another
  directory_.write("3", file_of({{"c", "third"}}, {{"c", "thirds"}}).file());
  directory_.write("4", "junk");
  const auto index =
      directory_.write(test::index_name, test::index_of({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}));
  const auto all = verify_data(index, {}, {.threads = GetParam()});
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].checked, std::nullopt) << "the index";
  EXPECT_EQ(all[1].checked, 1U);
  EXPECT_THAT(all[1].errors, IsEmpty());
  EXPECT_EQ(all[2].checked, 0U);
  EXPECT_THAT(all[2].errors, IsEmpty());
  EXPECT_THAT(found(all[3]), ElementsAre(std::pair(Errc::checksum_mismatch, "c")));
  EXPECT_EQ(all[4].checked, std::nullopt);
  EXPECT_EQ(all[4].errors.at(0).code, Errc::header_too_small);
}

INSTANTIATE_TEST_SUITE_P(Threads, VerifyData, testing::Values(1U, 2U, 7U));

}  // namespace
}  // namespace hoist
