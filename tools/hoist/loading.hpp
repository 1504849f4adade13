// What `load` and `plan` share: which parts of which tensors are asked for, and the plan that brings them.
#pragma once

#include <vector>

#include "arguments.hpp"
#include "hoist/plan.hpp"
#include "reread.hpp"

namespace hoist::tool {

struct Request {
  TensorView whole;
  TensorView view;
  std::vector<Picked> picked;  // what `view` is of `whole`, by our own arithmetic
};

// In the order of the patterns, then of the files. Throws hoist::Exception.
std::vector<Request> requests_of(const Checkpoint& checkpoint, const Selection& selection);

// One group of them all.
Plan plan_of(const Checkpoint& checkpoint, const std::vector<Request>& requests);

}  // namespace hoist::tool
