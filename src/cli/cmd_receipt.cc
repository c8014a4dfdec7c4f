// tieline receipt: fetches the receipt of one transaction, checks it, and keeps it.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/network_access.h"
#include "crypto/hash.h"
#include "crypto/real_scheme.h"
#include "model/receipt.h"

namespace tieline::cli {
namespace {

struct Options {
  std::string txid, net, output;
  bool json = false;
};

int run(const Options& options) {
  auto id = parse_txid(options.txid);
  if (!id) return fail(id.error(), options.json);
  auto reach = Reach::open({options.net, "", "", ""});
  if (!reach) return fail(reach.error(), options.json);
  auto receipt = reach->receipt(*id);
  if (!receipt && receipt.error().code == "not_found") {
    fail(receipt.error(), options.json);
    return kExitNo;
  }
  if (!receipt) return fail(receipt.error(), options.json);
  const RealVerifier verifier;
  auto facts = verify_receipt(*receipt, *reach->genesis(), verifier);
  if (!facts || facts->txid != *id) {
    const std::string why = facts ? "it is another transaction's" : facts.error().code + ": " + facts.error().why;
    fail({"receipt_invalid", "the validator's receipt does not verify: " + why}, options.json);
    return kExitNo;
  }
  if (auto status = write_file(options.output, *receipt); !status) return fail(status.error(), options.json);
  print_line("Wrote " + options.output + ": " + grouped(receipt->size()) + " bytes, verified; block " +
             std::to_string(facts->height) + ", signed by " + std::to_string(facts->signers.size()) + " of " +
             std::to_string(facts->committee) + " validators.");
  if (options.json) {
    print_json({{"txid", to_hex(*id)},
                {"file", options.output},
                {"bytes", receipt->size()},
                {"height", facts->height},
                {"valid", true}});
  }
  return kExitDone;
}

}  // namespace

void add_receipt(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand("receipt", "fetch a receipt, which anyone can verify offline");
  command->add_option("TXID", options->txid, "transaction id, 64 hex digits")->required();
  add_net(*command, options->net);
  command->add_option("-o,--output", options->output, "where to write it")->required();
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer("Example:\n  tieline receipt 3f0c...91 --net NET -o reading.receipt");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
