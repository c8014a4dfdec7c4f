// tieline submit: one transaction, from JSON or as signed bytes.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/send_transaction.h"

namespace tieline::cli {
namespace {

constexpr size_t kSubmissionBytesMax = 1024 * 1024;

struct Options {
  SendOptions send;
  std::string file;
  bool is_signed = false;
};

int run(const Options& options) {
  const bool json = options.send.json;
  if (options.is_signed != options.send.as.empty()) {
    return fail({"usage", "give either --as NAME, who signs, or --signed, when the file holds signed bytes"}, json);
  }
  auto sending = Sending::open(options.send);
  if (!sending) return fail(sending.error(), json);
  auto text = read_input(options.file, kSubmissionBytesMax);
  if (!text) return fail(text.error(), json);
  if (options.is_signed) return (*sending)->send(Bytes(text->begin(), text->end()));
  const Genesis& genesis = (*sending)->genesis();
  auto meters = (*sending)->meters();
  if (!meters) return fail(meters.error(), json);
  auto submission = parse_submission(*text, *meters, genesis);
  if (!submission) return fail(submission.error(), json);
  return (*sending)->sign_and_send(std::move(*submission));
}

}  // namespace

void add_submit(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand("submit", "sign and send one transaction, and wait for what becomes of it");
  command->add_option("FILE", options->file, "the transaction in JSON; - reads standard input")->required();
  add_send_options(*command, options->send);
  command->add_flag("--signed", options->is_signed, "FILE holds the signed bytes already");
  command->footer(
      "Examples:\n"
      "  echo '{\"readings\":[{\"meter\":\"bakery-1\",\"obis\":\"1-0:1.8.0\",\"start\":\"2026-01-05T08:00:00Z\",\n"
      "    \"seconds\":900,\"wh\":2150,\"quality\":\"measured\"}]}' | tieline submit - --net NET --as bakery\n"
      "  tieline submit reading.json --net NET --as bakery --sign-only reading.tx && tieline submit reading.tx "
      "--signed --net NET\n"
      "Exit status: 0 accepted, 1 refused, 2 wrong input, 3 no validator answered in time.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
