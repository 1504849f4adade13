// What the command's exit status says. Of several the highest counts.
#pragma once

namespace hoist::tool {

enum ExitStatus : int {
  success = 0,
  answer_is_no = 1,  // verify: a file is not valid; diff: they differ; nothing else
  wrong_usage = 2,
  failure = 3,
};

}  // namespace hoist::tool
