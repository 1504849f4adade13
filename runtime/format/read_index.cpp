#include "format/read_index.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/readers.hpp"

namespace hoist::format {
namespace {

using base::grouped;

constexpr std::uint64_t hard_limit = std::numeric_limits<std::uint32_t>::max();  // RapidJSON counts in 32 bits

// What a file is that is none of ours, by its first bytes. Mistakes that people make, not a catalogue.
std::string_view guess(std::string_view begin) {
  constexpr std::pair<std::string_view, std::string_view> kinds[] = {
      {"version ", "it looks like a git-lfs pointer: git lfs pull gets the file itself"},
      {"<!DOCTYP", "it looks like a web page: the download went wrong"},
      {"<html", "it looks like a web page: the download went wrong"},
      {"PK\x03\x04", "it looks like a zip archive, as PyTorch (.bin, .pt) and numpy (.npz) write"},
      {"\x80\x02", "it looks like a Python pickle, as old PyTorch wrote"},
      {"GGUF", "it looks like a GGUF file"},
      {"\x89HDF", "it looks like an HDF5 file"},
      {"\x1f\x8b", "it looks like gzip: unpack it first"},
      {"{", "it looks like JSON: the index of a sharded checkpoint must end in .json"},
  };
  for (const auto& [magic, what] : kinds) {
    if (begin.starts_with(magic)) return what;
  }
  return "is this a safetensors file?";
}

}  // namespace

Result<std::uint64_t> header_bytes(std::span<const std::byte> prefix, std::uint64_t file_bytes,
                                   const OpenOptions& options) {
  if (prefix.size() < prefix_bytes) {
    return Error{.code = Errc::header_too_small,
                 .message = "the file has " + grouped(file_bytes) +
                            " bytes, a safetensors file begins with 8 that give the length of its header",
                 .offset = 0};
  }
  std::uint64_t size = 0;
  for (std::size_t i = prefix_bytes; i-- > 0;)
    size = size << 8 | std::to_integer<std::uint64_t>(prefix[i]);
  if (const std::uint64_t limit = std::min(options.max_header_bytes, hard_limit); size > limit) {
    return Error{.code = Errc::header_too_large,
                 .message = "the first 8 bytes give a header of " + grouped(size) + " bytes, the limit is " +
                            grouped(limit) + "; " +
                            std::string(guess({reinterpret_cast<const char*>(prefix.data()), prefix.size()})),
                 .offset = 0};
  }
  if (size > file_bytes - prefix_bytes) {
    return Error{.code = Errc::header_out_of_file,
                 .message = "the first 8 bytes give a header of " + grouped(size) + " bytes, but only " +
                            grouped(file_bytes - prefix_bytes) + " follow; the file is cut short, or not safetensors",
                 .offset = 0};
  }
  return size;
}

Index read_index(HeaderBytes header, std::uint64_t file_bytes, const OpenOptions& options, ErrorList& errors,
                 Readers readers) {
  IndexBuilder builder(header, file_bytes, options, errors);
  if (const std::size_t good = base::valid_utf8_prefix(header.view()); good != header.size()) {
    builder.fail(Errc::invalid_utf8, "the header is not UTF-8 here", header.data() + good);
    return {};
  }
  const bool canonical = readers == Readers::both && scan_canonical(header, builder);
  if (!canonical && !read_grammar(header, options, builder)) return {};
  return builder.finish();
}

}  // namespace hoist::format
