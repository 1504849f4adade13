// The subcommands: each computes a result, prints it as a table or as JSON, and returns its exit status. What goes
// wrong on the way is thrown as hoist::Exception.
#pragma once

#include "arguments.hpp"
#include "exit_status.hpp"
#include "output.hpp"

namespace hoist::tool {

int run(const InfoArguments& arguments, Output& output);
int run(const LsArguments& arguments, Output& output);
int run(const VerifyArguments& arguments, Output& output);
int run(const HeadArguments& arguments, Output& output);
int run(const StatsArguments& arguments, Output& output);
int run(const DiffArguments& arguments, Output& output);
int run(const ConvertArguments& arguments, Output& output);
int run(const ExtractArguments& arguments, Output& output);
int run(const MergeArguments& arguments, Output& output);
int run(const AlignArguments& arguments, Output& output);
int run(const LoadArguments& arguments, Output& output);
int run(const PlanArguments& arguments, Output& output);
int run(const CompletionArguments& arguments, Output& output);

}  // namespace hoist::tool
