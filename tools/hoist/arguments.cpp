#include "arguments.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "device.hpp"
#include "exit_status.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

// A bound for CLI11's counts, which multiplies them; no kernel takes as many arguments.
constexpr int many = 1 << 20;

// Usage as people write it: "hoist ls PATH [PATTERN...] [OPTIONS]", and each option with its value.
class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string text = "\nUsage: " + name;
    if (app->get_parent() == nullptr) text += " COMMAND";
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional()) continue;
      const std::string dots = option->get_expected_max() >= many ? "..." : "";
      const std::string label = option->get_name(true, false) + dots;
      text += option->get_required() || app->get_name() == "verify" || app->get_name() == "merge" ||
                      app->get_name() == "extract"
                  ? " " + label
                  : " [" + label + "]";
    }
    return text + " [OPTIONS]\n";
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_name();
    if (option->get_positional() || type.empty()) return "";
    // "KEY:{name,size}": the choices say more than the word; "N:INT in [1 - 1024]", "BYTES:SIZE": the word is enough.
    const std::size_t choices = type.find('{');
    return " " + (choices == std::string::npos ? type.substr(0, type.find_first_of(":")) : type.substr(choices));
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string& value = option->get_default_str();
    return option->get_description() + (value.empty() ? "" : " (" + value + ")");
  }
};

// A list bound through CLI11's own vectors would split "[ab]*,[cd]" at its brackets and commas and take "{}" for
// nothing; a callback and these counts leave every value as it was typed.
CLI::Option* add_list(CLI::App& command, const std::string& names, std::vector<std::string>& into,
                      const std::string& description, int at_once) {
  return command.add_option(
                    names, [&into](const CLI::results_t& values) { return into = values, true; }, description)
      ->expected(at_once)
      ->allow_extra_args(false)
      ->take_all();
}

// Marks positional arguments that completion takes for files; help shows only the types of options.
constexpr const char* path_type = "PATH";

CLI::Option* add_path(
    CLI::App& command, std::string& path, const char* name = "PATH",
    const char* description = "a safetensors file, an index.json, or a directory that holds a checkpoint") {
  return command.add_option(name, path, description)->type_name(path_type)->required();
}

CLI::Option* add_patterns(CLI::App& command, std::vector<std::string>& patterns) {
  return add_list(command, "PATTERN", patterns, "names, globs like 'layers.{0..3}.**', re:REGEX, @LISTFILE, !exclusion",
                  many)
      ->type_name("");
}

CLI::Option* add_select(CLI::App& command, std::vector<std::string>& patterns) {
  return add_list(command, "--select", patterns, "only these: a name, glob, re:REGEX, @LISTFILE, !exclusion; repeats",
                  1)
      ->type_name("PATTERN");
}

void add_json(CLI::App& command, bool& json) { command.add_flag("--json", json, "print one JSON document"); }

void add_threads(CLI::App& command, unsigned& threads) {
  // 16 is a guess: more than enough for any one disk or memory controller.
  threads = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
  command.add_option("--threads", threads, "how many threads")
      ->type_name("N")
      ->check(CLI::Range(1, 1024), "")
      ->capture_default_str();
}

// CLI11 wants a message where our parsers throw.
template <class Parse>
CLI::Validator syntax(Parse parse) {
  return CLI::Validator(
      [parse](const std::string& text) -> std::string {
        try {
          parse(text);
          return {};
        } catch (const std::invalid_argument& problem) {
          return problem.what();
        }
      },
      "");
}

CLI::App& add_command(CLI::App& root, const char* name, const char* description, const char* notes_and_example) {
  CLI::App& command = *root.add_subcommand(name, description);
  command.footer(notes_and_example);
  command.group("Commands");
  return command;
}

void define_info(CLI::App& root, InfoArguments& arguments) {
  CLI::App& command = add_command(root, "info", "What a checkpoint holds: files, dtypes, metadata, alignment",
                                  "Example:\n  hoist info model.safetensors");
  add_path(command, arguments.path);
  add_json(command, arguments.json);
}

void define_ls(CLI::App& root, LsArguments& arguments, std::string& sort) {
  CLI::App& command = add_command(root, "ls", "List tensors: name, dtype, shape, size, file and offset",
                                  "Names are sorted with their numbers as numbers, sizes from the largest.\n\n"
                                  "Examples:\n  hoist ls model.safetensors 'encoder.layer.{0..3}.**' --sort size\n"
                                  "  hoist ls model.safetensors --tree");
  add_path(command, arguments.path);
  add_patterns(command, arguments.patterns);
  command.add_option("--sort", sort, "the order; without it, that of the patterns and files")
      ->type_name("KEY")
      ->check(CLI::IsMember({"name", "size", "offset"}));
  command.add_flag("--tree", arguments.tree, "group by the parts of the names, with sums");
  add_json(command, arguments.json);
}

void define_verify(CLI::App& root, VerifyArguments& arguments) {
  CLI::App& command = add_command(root, "verify", "Check files: one line each, and what is wrong with them",
                                  "Exit status: 0 all are valid, 1 one is not, 3 one could not be read.\n\n"
                                  "Examples:\n  hoist verify downloads/*.safetensors && echo good\n"
                                  "  hoist verify --data backup/");
  // Not required(): CLI11 would want as many as `many`. parse_arguments looks.
  add_list(command, "PATH", arguments.paths, "files, index.json files, or directories", many)->type_name(path_type);
  command.add_flag("--strict", arguments.strict, "accept only what the reference implementation writes");
  command.add_flag("--data", arguments.data, "read the tensors, too: are they what the file's checksums say?");
  add_threads(command, arguments.threads);
  add_json(command, arguments.json);
}

constexpr const char* slice_help = "START:STOP:STEP for each dimension; an index 3 means 3:4, -1 the last";

void define_head(CLI::App& root, HeadArguments& arguments, std::string& slice) {
  CLI::App& command = add_command(root, "head", "Print a tensor's values, the middle of a large one left out",
                                  "Example:\n  hoist head model.safetensors embeddings.LayerNorm.weight --slice :8");
  add_path(command, arguments.path);
  command.add_option("NAME", arguments.name, "the tensor")->type_name("")->required();
  command.add_option("--slice", slice, slice_help)->type_name("SLICE")->check(syntax(parse_slice));
  add_json(command, arguments.json);
}

void define_stats(CLI::App& root, StatsArguments& arguments) {
  CLI::App& command =
      add_command(root, "stats", "Minimum, maximum, mean, deviation and odd values of each tensor",
                  "NaN counts in none of the figures; infinities count in min and max, not in mean and std.\n"
                  "std divides by the count. Complex numbers are measured by their magnitude.\n\n"
                  "Example:\n  hoist stats model.safetensors '**.weight'");
  add_path(command, arguments.path);
  add_patterns(command, arguments.patterns);
  add_threads(command, arguments.threads);
  add_json(command, arguments.json);
}

// A Tolerance as it is typed.
struct ToleranceWords {
  std::string absolute{};
  std::string relative{};
};

double parse_tolerance(const std::string& text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || !(number >= 0 && std::isfinite(number)))
    throw std::invalid_argument("'" + text + "' is not a finite number of 0 or more");
  return number;
}

void define_diff(CLI::App& root, DiffArguments& arguments, ToleranceWords& words) {
  CLI::App& command = add_command(
      root, "diff", "Say in what two checkpoints differ: names, dtypes, shapes, bytes, metadata",
      "Each tensor's bytes are compared, wherever in its file and in whichever file it lies; without a tolerance\n"
      "0.0 and -0.0 differ, by 0. The metadata are those in the headers of the safetensors files, of all shards\n"
      "together and whatever is selected; what an index.json says of itself is not compared.\n"
      "With --atol X or --rtol Y elements are equal when |a - b| <= X + Y * |b|, where b is B's. A NaN equals a NaN\n"
      "at the same place, an infinity only itself, a BOOL only the same byte; complex numbers are as far apart as\n"
      "the magnitude of their difference says, and NaN where a part is. Tensors of other dtypes still differ.\n"
      "LARGEST is the largest |a - b|, RELATIVE the largest |a - b| / |b|, of the elements that differ, and AT their\n"
      "place; a NaN on one side only counts as larger than any number.\n"
      "Exit status: 0 the same, 1 different, 2 wrong usage, 3 failure.\n\n"
      "Examples:\n  hoist diff model.safetensors converted/ && echo the same\n"
      "  hoist diff a.safetensors b.safetensors --select '**.weight' --atol 1e-6 --rtol 1e-3");
  add_path(command, arguments.a, "A");
  add_path(command, arguments.b, "B", "another");
  add_select(command, arguments.select);
  command.add_option("--atol", words.absolute, "elements may be so far apart")
      ->type_name("X")
      ->check(syntax(parse_tolerance));
  command.add_option("--rtol", words.relative, "and so far for each unit of B's magnitude")
      ->type_name("Y")
      ->check(syntax(parse_tolerance));
  command.add_flag("--ignore-metadata", arguments.ignore_metadata, "compare tensors only");
  add_threads(command, arguments.threads);
  add_json(command, arguments.json);
}

// A Target as it is typed.
struct TargetWords {
  std::string layout = "aligned";
  std::vector<std::string> metadata{};
  std::vector<std::string> renames{};
};

// KEY=VALUE: no key holds a '='.
std::pair<std::string, std::string> parse_metadata(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) throw std::invalid_argument("'" + text + "' is not KEY=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

constexpr const char* out_help =
    "the new file; or, where it ends in '/' or is a directory, model.safetensors in it, in files of at most 5GB";

CLI::Option* add_output(CLI::App& command, Target& target, const char* description = out_help) {
  return command.add_option("-o,--output", target.path, description)->type_name("OUT");
}

// What every command that rewrites takes.
void add_target(CLI::App& command, Target& target) {
  command
      .add_option("--max-shard-size", target.max_shard_bytes,
                  "several files with an index, each with no more bytes of tensors, like 5GB or 500MiB")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(true), "");
  command.add_flag("--checksum", target.checksums,
                   "with a checksum of each tensor, for verify --data; also where a source has them");
  command.add_flag("!--no-overwrite", target.overwrite, "fail where OUT is there already");
  command.add_flag("!--no-sync", target.sync, "do not wait until everything is on the disk");
  command.add_flag("--dry-run", target.dry_run, "say what would be written, and write nothing");
  add_json(command, target.json);
}

// And what those take that may change more than places.
void add_target(CLI::App& command, Target& target, TargetWords& words) {
  command.add_option("--layout", words.layout, "how tensors are ordered and aligned, see hoist/layout.hpp")
      ->type_name("HOW")
      ->check(CLI::IsMember({"aligned", "reference", "as-given"}))
      ->capture_default_str();
  add_list(command, "--metadata", words.metadata, "set this key, beside those of the sources; repeats", 1)
      ->type_name("KEY=VALUE")
      ->check(syntax(parse_metadata));
  add_target(command, target);
}

void define_convert(CLI::App& root, ConvertArguments& arguments, TargetWords& words) {
  CLI::App& command =
      add_command(root, "convert", "Write a checkpoint anew: as one file or several, ordered, selected, renamed",
                  "OUT takes its place whole, or stays what it was; it may be PATH itself. The files of a set that "
                  "takes another's\n"
                  "place carry an id in their names. Metadata on which the files of PATH do not agree are left out.\n\n"
                  "Examples:\n  hoist convert model.safetensors.index.json model.safetensors\n"
                  "  hoist convert model.safetensors small/ --max-shard-size 500MB --rename 's/^model\\.//'");
  add_path(command, arguments.path);
  command.add_option("OUT", arguments.target.path, out_help)->type_name(path_type)->required();
  add_select(command, arguments.select);
  add_list(command, "--rename", words.renames, "change names as sed does, in RE2's syntax; repeats", 1)
      ->type_name("s/REGEX/TEXT/[g]")
      ->check(syntax([](const std::string& text) { return Rename(text); }));
  add_target(command, arguments.target, words);
}

void define_split(CLI::App& root, ConvertArguments& arguments, TargetWords& words) {
  CLI::App& command = add_command(root, "split", "Write a checkpoint as several files with an index",
                                  "Tensors stay in their order; a larger one than SIZE has a file of its own.\n\n"
                                  "Example:\n  hoist split model.safetensors -o parts/ --max-shard-size 5GB");
  add_path(command, arguments.path);
  add_output(command, arguments.target, "the directory; it is made where it is not there")->required();
  add_target(command, arguments.target, words);
}

void define_extract(CLI::App& root, ExtractArguments& arguments, TargetWords& words) {
  CLI::App& command =
      add_command(root, "extract", "Write some tensors of a checkpoint to a file of their own",
                  "Examples:\n  hoist extract model.safetensors 'encoder.layer.0.**' -o layer0.safetensors\n"
                  "  hoist extract model.safetensors embeddings.weight -o embeddings.npy");
  add_path(command, arguments.path);
  add_patterns(command, arguments.patterns);
  add_output(command, arguments.target)->required();
  add_target(command, arguments.target, words);
}

void define_merge(CLI::App& root, MergeArguments& arguments, TargetWords& words) {
  CLI::App& command =
      add_command(root, "merge", "Write several checkpoints as one",
                  "A name that two of them have is an error that lists all such names.\n\n"
                  "Example:\n  hoist merge encoder.safetensors decoder.safetensors -o model.safetensors");
  // Not required(): CLI11 would want as many as `many`. parse_arguments looks.
  add_list(command, "PATH", arguments.paths, "files, index.json files, or directories", many)->type_name(path_type);
  add_output(command, arguments.target)->required();
  add_target(command, arguments.target, words);
}

void define_align(CLI::App& root, AlignArguments& arguments) {
  CLI::App& command = add_command(
      root, "align", "Move the tensors of a checkpoint to aligned places in its files",
      "Without -o each file is replaced by an aligned one, unless that would gain nothing; a set keeps its names and\n"
      "its index. A link is replaced by a file, and what it led to stays.\n\n"
      "Examples:\n  hoist align model.safetensors\n  hoist align model.safetensors -o aligned.safetensors");
  add_path(command, arguments.path);
  add_output(command, arguments.target);
  add_target(command, arguments.target);
}

// A Selection as it is typed.
struct SelectionWords {
  std::vector<std::string> slices{};
  std::string shard{};
  std::string access = "automatic";
};

// NAME=SLICE: no slice holds a '=', a name may.
std::pair<std::string, Slice> parse_named_slice(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) throw std::invalid_argument("'" + text + "' is not NAME=SLICE");
  return {text.substr(0, equals), parse_slice(std::string_view(text).substr(equals + 1))};
}

void add_selection(CLI::App& command, Selection& selection, SelectionWords& words) {
  add_path(command, selection.path);
  add_select(command, selection.select);
  add_list(command, "--slice", words.slices, std::string("a part of one tensor; repeats. ") + slice_help, 1)
      ->type_name("NAME=SLICE")
      ->check(syntax(parse_named_slice));
  command.add_option("--shard", words.shard, "of every tensor, part INDEX of COUNT along dimension DIM")
      ->type_name("DIM:INDEX/COUNT")
      ->check(syntax(parse_shard));
  command.add_option("--access", words.access, "map the file, or only read it")
      ->type_name("HOW")
      ->check(CLI::IsMember({"automatic", "mmap", "read"}))
      ->capture_default_str();
}

void define_load(CLI::App& root, LoadArguments& arguments, SelectionWords& words, std::string& cache) {
  CLI::App& command = add_command(root, "load", "Load tensors into device memory and say how fast that was",
                                  "Examples:\n  hoist load model.safetensors --select 'encoder.layer.0.**' --check\n"
                                  "  hoist load model.safetensors --device cuda:0 --shard 0:1/2 --trace load.json");
  add_selection(command, arguments.selection, words);
  command.add_option("--device", arguments.device, "auto, host or cuda:N; auto is the first GPU, or else the host")
      ->type_name("DEVICE")
      ->check(syntax(check_device_name))
      ->capture_default_str();
  command.add_option("--staging", arguments.staging_bytes, "memory that reads go through on their way, like 256M")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false), "")
      ->default_str("128M");
  command
      .add_option("--cache", cache, "read by way of the page cache (keep), or past it; automatic: by the file's size")
      ->type_name("HOW")
      ->check(CLI::IsMember({"automatic", "keep", "bypass"}))
      ->capture_default_str();
  add_threads(command, arguments.threads);
  command.add_flag("--check", arguments.check, "read the device back and the file by another way, and compare");
  command.add_option("--trace", arguments.trace, "write what each thread, slot and queue did; Perfetto opens it")
      ->type_name("FILE");
  add_json(command, arguments.json);
}

void define_plan(CLI::App& root, PlanArguments& arguments, SelectionWords& words) {
  CLI::App& command = add_command(root, "plan", "Say what a load would read and where it would put it",
                                  "ARENA is a tensor's place in the device's memory. Nothing is read but headers.\n\n"
                                  "Example:\n  hoist plan model.safetensors --select 'encoder.**' --shard 0:1/2");
  add_selection(command, arguments.selection, words);
  add_json(command, arguments.json);
}

void define_completion(CLI::App& root, CompletionArguments& arguments) {
  CLI::App& command = add_command(root, "completion", "Print a script that completes hoist's words in a shell",
                                  "Examples:\n  source <(hoist completion bash)\n"
                                  "  hoist completion zsh > ~/.zfunc/_hoist   # a folder in $fpath");
  command.add_option("SHELL", arguments.shell, "bash or zsh")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  add_json(command, arguments.json);
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words{.description = option.get_description(), .positional = option.get_positional()};
  if (words.positional) {
    words.names = {option.get_name(true, false)};
  } else {
    for (const std::string& name : option.get_snames())
      words.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames())
      words.names.push_back("--" + name);
  }
  words.takes_value = option.get_items_expected_max() > 0;
  words.is_path = words.positional && option.get_type_name() == path_type;
  words.repeats = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  // The one trace of IsMember's choices is in the type's name: "KEY:{name,size,offset}".
  const std::string type = option.get_type_name();
  if (const std::size_t open = type.find('{'); open != std::string::npos)
    words.choices = CLI::detail::split(type.substr(open + 1, type.rfind('}') - open - 1), ',');
  return words;
}

std::vector<CommandWords> words_of(const CLI::App& root) {
  std::vector<CommandWords> all;
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    CommandWords words{.name = command->get_name(), .description = command->get_description()};
    for (const CLI::Option* option : command->get_options())
      words.options.push_back(words_of(*option));
    all.push_back(std::move(words));
  }
  return all;
}

SortBy parse_sort(const std::string& word) {
  if (word == "name") return SortBy::name;
  if (word == "size") return SortBy::size;
  if (word == "offset") return SortBy::offset;
  return SortBy::file_order;
}

Access parse_access(const std::string& word) {
  if (word == "mmap") return Access::mmap;
  return word == "read" ? Access::read : Access::automatic;
}

Cache parse_cache(const std::string& word) {
  if (word == "keep") return Cache::keep;
  return word == "bypass" ? Cache::bypass : Cache::automatic;
}

void complete(Selection& selection, const SelectionWords& words) {
  for (const std::string& text : words.slices)
    selection.slices.push_back(parse_named_slice(text));
  if (!words.shard.empty()) selection.shard = parse_shard(words.shard);
  selection.access = parse_access(words.access);
}

void complete(Target& target, const TargetWords& words) {
  target.layout = words.layout == "reference"  ? Layout::reference
                  : words.layout == "as-given" ? Layout::as_given
                                               : Layout::aligned;
  for (const std::string& text : words.metadata)
    target.metadata.push_back(parse_metadata(text));
}

void complete(DiffArguments& arguments, const ToleranceWords& words) {
  if (words.absolute.empty() && words.relative.empty()) return;
  const auto number = [](const std::string& word) { return word.empty() ? 0 : parse_tolerance(word); };
  arguments.tolerance = {.absolute = number(words.absolute), .relative = number(words.relative)};
}

Answer refuse(const CLI::App* command, const std::string& problem) {
  const std::string name = command ? "hoist " + command->get_name() : "hoist";
  return {.status = wrong_usage,
          .text = name + ": " + printable(problem) + "\nRun '" + name + " --help' for the usage.\n"};
}

}  // namespace

Arguments parse_arguments(int argc, const char* const* argv) {
  CLI::App root("Lists, checks and loads safetensors checkpoints.", "hoist");
  root.set_version_flag("--version", "hoist " HOIST_VERSION);
  root.require_subcommand(1);  // also lets a file or tensor be called like a subcommand
  root.footer("'hoist COMMAND --help' says more, with an example.");
  const auto help = std::make_shared<Help>();
  help->column_width(36);
  root.formatter(help);

  InfoArguments info;
  LsArguments ls;
  VerifyArguments verify;
  HeadArguments head;
  StatsArguments stats;
  DiffArguments diff;
  ConvertArguments convert, split;
  ExtractArguments extract;
  MergeArguments merge;
  AlignArguments align;
  LoadArguments load;
  PlanArguments plan;
  CompletionArguments completion;
  std::string sort, slice, cache = "automatic";
  SelectionWords load_words, plan_words;
  ToleranceWords tolerance;
  TargetWords convert_words, split_words, extract_words, merge_words;
  define_info(root, info);
  define_ls(root, ls, sort);
  define_verify(root, verify);
  define_head(root, head, slice);
  define_stats(root, stats);
  define_diff(root, diff, tolerance);
  define_extract(root, extract, extract_words);
  define_convert(root, convert, convert_words);
  define_merge(root, merge, merge_words);
  define_split(root, split, split_words);
  define_align(root, align);
  define_load(root, load, load_words, cache);
  define_plan(root, plan, plan_words);
  define_completion(root, completion);

  const auto chosen = [&]() -> const CLI::App* {
    const std::vector<CLI::App*> parsed = root.get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
  };
  try {
    if (argc < 2) return Answer{.status = wrong_usage, .text = root.help()};
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Answer{.text = root.help()};
  } catch (const CLI::CallForVersion& version) {
    return Answer{.text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& problem) {
    // CLI11 would only say that a subcommand is required.
    if (!chosen() && argv[1][0] != '-') return refuse(nullptr, "there is no command '" + std::string(argv[1]) + "'");
    return refuse(chosen(), problem.what());
  }

  const std::string command = chosen()->get_name();
  if (command == "info") return info;
  if (command == "ls") {
    ls.sort = parse_sort(sort);
    return ls;
  }
  if (command == "verify") {
    if (verify.paths.empty()) return refuse(chosen(), "PATH is required");
    return verify;
  }
  if (command == "head") {
    if (!slice.empty()) head.slice = parse_slice(slice);
    return head;
  }
  if (command == "stats") return stats;
  if (command == "diff") {
    complete(diff, tolerance);
    return diff;
  }
  if (command == "extract") {
    if (extract.patterns.empty()) return refuse(chosen(), "PATTERN is required");
    complete(extract.target, extract_words);
    return extract;
  }
  if (command == "convert") {
    complete(convert.target, convert_words);
    for (const std::string& text : convert_words.renames)
      convert.renames.emplace_back(text);
    return convert;
  }
  if (command == "split") {
    if (!split.target.path.ends_with('/')) split.target.path += '/';
    complete(split.target, split_words);
    return split;
  }
  if (command == "merge") {
    if (merge.paths.empty()) return refuse(chosen(), "PATH is required");
    complete(merge.target, merge_words);
    return merge;
  }
  if (command == "align") return align;
  if (command == "load") {
    complete(load.selection, load_words);
    load.cache = parse_cache(cache);
    return load;
  }
  if (command == "plan") {
    complete(plan.selection, plan_words);
    return plan;
  }
  completion.commands = words_of(root);
  return completion;
}

}  // namespace hoist::tool
