// tieline submit: one transaction, from JSON or as signed bytes.

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/import_network.h"
#include "cli/network_access.h"
#include "cli/submission.h"
#include "crypto/hash.h"
#include "crypto/real_scheme.h"
#include "ledger/codes.h"

namespace tieline::cli {
namespace {

constexpr size_t kSubmissionBytesMax = 1024 * 1024;

struct Options {
  std::string file, net, as, sign_only, receipt;
  bool is_signed = false;
  bool json = false;
};

Result<std::string> read_input(const std::string& file, size_t bytes_max) {
  if (file != "-") return read_text(file, bytes_max);
  std::string text;
  char buffer[65'536];
  while (std::cin.read(buffer, sizeof(buffer)) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(std::cin.gcount()));
    if (text.size() > bytes_max)
      return Error{"file_unreadable", "standard input has more than " + std::to_string(bytes_max) + " bytes"};
  }
  return text;
}

Result<Bytes> sign(const Options& options, const Genesis& genesis, ImportNetwork& network, const std::string& text) {
  auto identity = load_identity(options.net, options.as, genesis);
  if (!identity) return identity.error();
  auto submission = parse_submission(text, meters_of(genesis));
  if (!submission) return submission.error();
  TransactionDraft draft;
  draft.chain = genesis.chain_id();
  draft.signatories = {identity->participant->id};
  draft.actions = std::move(submission->actions);
  draft.timestamp_ms = submission->timestamp_ms.value_or(network.now_ms());
  if (submission->sequence) {
    draft.sequence = *submission->sequence;
  } else {
    auto highest = network.highest_sequence(identity->participant->id);
    if (!highest) return highest.error();
    draft.sequence = *highest + 1;
  }
  if (submission->expiry_height) {
    draft.expiry_height = *submission->expiry_height;
  } else {
    auto height = network.height();
    if (!height) return height.error();
    draft.expiry_height = *height + kImportLifetime;
  }
  const Signer* keys[] = {identity->signer.get()};
  return build_transaction(draft, keys);
}

int run(const Options& options) {
  if (options.is_signed != options.as.empty()) {
    return fail({"usage", "give either --as NAME, who signs, or --signed, when the file holds signed bytes"},
                options.json);
  }
  auto genesis = genesis_of_net(options.net);
  if (!genesis) return fail(genesis.error(), options.json);
  auto text = read_input(options.file, kSubmissionBytesMax);
  if (!text) return fail(text.error(), options.json);
  auto client = api::NetworkClient::open(*genesis);
  if (!client) return fail(client.error(), options.json);
  const RealVerifier verifier;
  auto network = import_network(**client, *genesis, verifier);

  Bytes bytes(text->begin(), text->end());
  if (!options.is_signed) {
    auto made = sign(options, *genesis, *network, *text);
    if (!made) return fail(made.error(), options.json);
    bytes = std::move(*made);
  }
  const TxId id = sha256(bytes);
  if (!options.sign_only.empty()) {
    if (auto status = write_file(options.sign_only, bytes); !status) return fail(status.error(), options.json);
    print_line("Signed, not sent: " + options.sign_only + ", transaction " + to_hex(id));
    if (options.json) print_json({{"txid", to_hex(id)}, {"file", options.sign_only}, {"bytes", bytes.size()}});
    return kExitDone;
  }
  auto before = network->find(id);
  if (!before) return fail(before.error(), options.json);
  auto outcomes = network->submit({Blob(std::move(bytes))});
  if (!outcomes) return fail(outcomes.error(), options.json);
  const ImportOutcome& outcome = outcomes->front();
  const bool accepted = outcome.committed && outcome.code == number(TxCode::ok);
  const bool again = outcome.committed && before->has_value();
  if (again) {
    print_line("ALREADY RECORDED in block " + std::to_string(outcome.height) +
               ": the same bytes count once, however often they are sent.");
  } else if (accepted) {
    print_line("ACCEPTED in block " + std::to_string(outcome.height) + ": transaction " + to_hex(outcome.id));
  } else {
    print_line(std::string("REFUSED: ") + code_name(outcome.code) + ": " + code_reason(outcome.code) +
               (outcome.committed ? " (recorded as refused in block " + std::to_string(outcome.height) + ")" : ""));
  }
  if (accepted && !options.receipt.empty()) {
    auto receipt = network->verified_receipt(outcome.id);
    if (!receipt) return fail(receipt.error(), options.json);
    if (auto status = write_file(options.receipt, *receipt); !status) return fail(status.error(), options.json);
    print_line("receipt    " + options.receipt + " (verified)");
  }
  if (options.json) {
    print_json({{"txid", to_hex(outcome.id)},
                {"accepted", accepted},
                {"committed", outcome.committed},
                {"already", again},
                {"code", code_name(outcome.code)},
                {"why", code_reason(outcome.code)},
                {"height", outcome.committed ? Json(outcome.height) : Json(nullptr)}});
  }
  return accepted ? kExitDone : kExitNo;
}

}  // namespace

void add_submit(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command = root.add_subcommand("submit", "sign and send one transaction, and wait for what becomes of it");
  command->add_option("FILE", options->file, "the transaction in JSON; - reads standard input")->required();
  add_net(*command, options->net);
  command->add_option("--as", options->as, "the participant who signs, with NET/participants/NAME.key")
      ->type_name("NAME");
  command->add_flag("--signed", options->is_signed, "FILE holds the signed bytes already");
  command->add_option("--sign-only", options->sign_only, "write the signed bytes there and send nothing")
      ->type_name("OUT");
  command->add_option("--receipt", options->receipt, "keep the receipt there")->type_name("OUT");
  command->add_flag("--json", options->json, "one JSON object on the last line");
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
