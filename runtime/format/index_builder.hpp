// Takes what a reader found, in header order, and makes all checks that concern more than one JSON value.
#pragma once

#include "format/error_list.hpp"
#include "format/index.hpp"

namespace hoist::format {

class IndexBuilder {
 public:
  // `header` is what the names will point into; offsets in errors count from the start of the file.
  IndexBuilder(HeaderBytes& header, std::uint64_t file_bytes, const OpenOptions& options, ErrorList& errors);

  // One tensor: dimension()..., then tensor() or, where it turned out to be broken, drop_tensor().
  void dimension(std::uint64_t size) { index_.dimensions.push_back(size); }
  std::size_t rank() const noexcept { return index_.dimensions.size() - first_dimension_; }
  void tensor(std::string_view name, DType dtype, std::uint64_t begin, std::uint64_t end);
  void drop_tensor();

  // False when the key is there already.
  bool metadata(std::string_view key, std::string_view value);

  // Something that compatible validation lets pass. The first is the error of strict, if nothing worse comes.
  void not_strict(const char* where, std::string message);

  void fail(Errc code, std::string message, const char* where, std::string_view tensor = {});
  bool full() const noexcept { return errors_.full(); }

  void reset();  // the reader steps aside: forget what it said

  // All checks across tensors. The index is whole only if the error list is still empty.
  Index finish();

 private:
  void check_tensors();
  void check_length(std::uint64_t described);  // bytes of data, by the tensors
  void fill_names();
  void fail(Errc code, std::string message, const TensorInfo& tensor);
  std::uint64_t data_begin() const noexcept { return 8 + header_.size(); }

  HeaderBytes& header_;
  std::uint64_t file_bytes_;
  const OpenOptions& options_;
  ErrorList& errors_;
  Index index_;
  std::size_t first_dimension_ = 0;        // of the tensor that is being read
  std::vector<std::uint32_t> duplicates_;  // places of names met before, rising
  bool dropped_ = false;                   // some tensor's offsets are unknown
  std::optional<Error> not_strict_;
};

}  // namespace hoist::format
