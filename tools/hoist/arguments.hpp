// What the command line asks for: a plain struct per subcommand. arguments.cpp fills them, and is alone in
// knowing how a command line is taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "completion.hpp"
#include "difference.hpp"
#include "hoist/loader.hpp"
#include "rename.hpp"
#include "rewrite.hpp"
#include "slices.hpp"

namespace hoist::tool {

struct InfoArguments {
  std::string path{};
  bool json = false;
};

enum class SortBy : std::uint8_t { file_order, name, size, offset };

struct LsArguments {
  std::string path{};
  std::vector<std::string> patterns{};
  SortBy sort = SortBy::file_order;
  bool tree = false;
  bool json = false;
};

struct VerifyArguments {
  std::vector<std::string> paths{};
  bool strict = false;
  bool data = false;
  unsigned threads = 1;
  bool json = false;
};

struct HeadArguments {
  std::string path{};
  std::string name{};
  Slice slice{};
  bool json = false;
};

struct StatsArguments {
  std::string path{};
  std::vector<std::string> patterns{};
  unsigned threads = 1;
  bool json = false;
};

struct DiffArguments {
  std::string a{}, b{};
  std::vector<std::string> select{};
  std::optional<Tolerance> tolerance{};
  bool ignore_metadata = false;
  unsigned threads = 1;
  bool json = false;
};

struct ConvertArguments {  // and split
  std::string path{};
  std::vector<std::string> select{};
  std::vector<Rename> renames{};
  Target target{};
};

struct ExtractArguments {
  std::string path{};
  std::vector<std::string> patterns{};
  Target target{};
};

struct MergeArguments {
  std::vector<std::string> paths{};
  Target target{};
};

struct AlignArguments {
  std::string path{};
  Target target{};  // without a path: in place
};

// Which parts of which tensors.
struct Selection {
  std::string path{};
  std::vector<std::string> select{};
  std::vector<std::pair<std::string, Slice>> slices{};  // by tensor name
  std::optional<Shard> shard{};
  Access access = Access::automatic;
};

struct LoadArguments {
  Selection selection{};
  std::string device = "auto";
  std::uint64_t staging_bytes = 128 << 20;
  unsigned threads = 1;
  Cache cache = Cache::automatic;
  std::string trace{};  // a file, or empty
  bool check = false;
  bool json = false;
};

struct PlanArguments {
  Selection selection{};
  bool json = false;
};

struct CompletionArguments {
  std::string shell{};
  std::vector<CommandWords> commands{};  // the whole option tree
  bool json = false;
};

// Nothing to run: help or the version was asked for (status 0), or the usage is wrong (status 2, said on stderr).
struct Answer {
  int status = 0;
  std::string text{};
};

using Arguments = std::variant<Answer, InfoArguments, LsArguments, VerifyArguments, HeadArguments, StatsArguments,
                               DiffArguments, ConvertArguments, ExtractArguments, MergeArguments, AlignArguments,
                               LoadArguments, PlanArguments, CompletionArguments>;

Arguments parse_arguments(int argc, const char* const* argv);

}  // namespace hoist::tool
