// Any patterns, one a line, give errors or names that the patterns match, each once and each in the checkpoint.
#include <algorithm>
#include <set>
#include <sstream>

#include "fuzz.hpp"
#include "hoist/checkpoint.hpp"
#include "store/pattern.hpp"
#include "support/header_builder.hpp"
#include "support/index_checks.hpp"

using namespace hoist;

namespace {

const std::vector<std::string>& names() {
  static const std::vector<std::string> list{
      "",
      "embed.weight",
      "h.0.attn.q",
      "h.0.attn.k",
      "h.1.attn.q",
      "h.1.attn.k",
      "h.10.mlp.w",
      "h.11.mlp.w",
      "h.*.mlp",
      "a\\b",
      "a[b]",
      "{a,b}",
      "re:h",
      "@h",
      "!h",
      "line\nbreak",
      "..",
      "gr\xC3\xB6\xC3\x9F"
      "e",
      "\xE2\x82\xAC",
      "lm_head",
      "lm_head.bias",
  };
  return list;
}

Checkpoint checkpoint() {
  test::FileBuilder file;
  for (const std::string& name : names())
    file.add(name, DType::U8, {1});
  return Checkpoint::of(test::open_bytes(file.file()).value());
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with('@')) lines.push_back(std::move(line));  // a list would be read from the file system
  }
  return lines;
}

std::string broken_invariant(const std::vector<TensorView>& selected) {
  std::set<std::string_view> seen;
  for (const TensorView& tensor : selected) {
    if (!seen.insert(tensor.name()).second) return "a tensor was selected twice";
    if (std::find(names().begin(), names().end(), tensor.name()) == names().end()) return "a stranger was selected";
  }
  return {};
}

// One pattern alone gives just what it matches, in file order, unless it is a name itself.
std::string broken_match(const Checkpoint& all, const std::string& text) {
  const auto selected = all.select({text});
  if (!selected) return test::broken_invariant(selected.error(), UINT64_MAX);
  if (text.starts_with('!') || all.find(text)) return {};
  const auto pattern = store::Pattern::compile(text);
  if (!pattern) return "a pattern selects, but does not compile";
  auto next = selected->begin();
  for (const std::string& name : names()) {
    if (!pattern->matches(name)) continue;
    if (next == selected->end() || next->name() != name) return "a selection differs from what its pattern matches";
    ++next;
  }
  return next == selected->end() ? std::string() : "a selection holds what its pattern does not match";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Checkpoint all = checkpoint();
  const std::vector<std::string> patterns = lines_of(fuzz::text_of(data, size));
  for (const std::string& text : patterns)
    fuzz::require_whole(broken_match(all, text));
  const auto selected = all.select(patterns);
  fuzz::require_whole(selected ? broken_invariant(*selected) : test::broken_invariant(selected.error(), UINT64_MAX));
  return 0;
}
