// tieline verify: is a receipt genuine? Needs the receipt, genesis, and nothing else.

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/network_access.h"
#include "cli/rfc3339.h"
#include "crypto/hash.h"
#include "crypto/real_scheme.h"
#include "ledger/codes.h"
#include "model/receipt.h"

namespace tieline::cli {
namespace {

struct Options {
  std::string file, genesis;
  bool json = false;
};

std::string list_names(const Genesis& genesis, const std::vector<ValidatorId>& ids) {
  std::string out;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out += i + 1 == ids.size() ? " and " : ", ";
    out += ids[i] < genesis.validators.size() ? genesis.validators[ids[i]].name : "validator " + std::to_string(ids[i]);
  }
  return out;
}

std::string content_of(const Transaction& tx) {
  size_t readings = 0, data = 0;
  for (const Action& action : tx.actions()) {
    if (action.type == ActionType::kData) data += action.payload.size();
    if (action.type != ActionType::kReadings) continue;
    if (auto list = decode_readings(action.payload)) readings += list->size();
  }
  std::string out;
  if (readings > 0) out = std::to_string(readings) + (readings == 1 ? " reading" : " readings");
  if (data > 0) out += (out.empty() ? "" : " and ") + std::to_string(data) + " bytes of data";
  return out.empty() ? "nothing" : out;
}

// Signatories whose signature is by no key of genesis.
Json later_keys(const Transaction& tx, const Genesis& genesis, const Verifier& verifier) {
  Json out = Json::array();
  for (size_t i = 0; i < tx.signatories().size(); ++i) {
    const ParticipantId id = tx.signatories()[i];
    const bool known = id >= 1 && id <= genesis.participants.size();
    if (!known || !verifier.verify(genesis.participants[id - 1].key, tx.signed_digest().view(), tx.signatures()[i]))
      out.push_back(id);
  }
  return out;
}

int run(const Options& options) {
  auto genesis = load_genesis(options.genesis);
  if (!genesis) return fail(genesis.error(), options.json);
  auto text = read_text(options.file, kReceiptBytesMax + 1);
  if (!text) return fail(text.error(), options.json);
  const RealVerifier verifier;
  auto facts = verify_receipt(view_of(*text), *genesis, verifier);
  if (!facts) {
    print_line("NOT VALID: " + facts.error().why + " (" + facts.error().code + ")");
    print_line("This file proves nothing.");
    if (options.json) {
      print_json({{"valid", false},
                  {"why", facts.error().why},
                  {"code", facts.error().code},
                  {"txid", nullptr},
                  {"height", nullptr},
                  {"signers", Json::array()},
                  {"quorum", nullptr}});
    }
    return kExitNo;
  }
  auto receipt = decoded<Receipt>(view_of(*text), "receipt");
  TL_CHECK(receipt.ok());
  auto tx = Transaction::parse(Blob(receipt->transaction));
  TL_CHECK(tx.ok());
  const auto signer = (*tx)->signer();
  const std::string who = signer >= 1 && signer <= genesis->participants.size()
                              ? genesis->participants[signer - 1].name
                              : "participant " + std::to_string(signer);
  const bool accepted = facts->result_code == number(TxCode::ok);
  std::string why = "transaction " + to_hex(facts->txid) + ", " + content_of(**tx) + " signed by '" + who + "', was ";
  why += accepted
             ? "accepted"
             : std::string("refused (") + code_name(facts->result_code) + ": " + code_reason(facts->result_code) + ")";
  why += " in block " + std::to_string(facts->height) + " of " + rfc3339_utc(facts->time_ms / 1000) + ", which " +
         list_names(*genesis, facts->signers) + " signed: " + std::to_string(facts->signers.size()) + " of " +
         std::to_string(facts->committee) + " validators, " + std::to_string(facts->quorum) + " are needed";
  const Json later = later_keys(**tx, *genesis, verifier);
  if (!later.empty()) why += "; signed by a key that came after genesis, as these validators checked";
  print_line("VALID: " + why + ".");
  print_line(std::string("Proven with the genesis file alone: the bytes, ") + (later.empty() ? "the signature, " : "") +
             "the place in the block, the result, and the validators' agreement.");
  print_line("Not proven: that nothing later corrected it. A receipt is authentic, not fresh.");
  if (options.json) {
    Json signers = Json::array();
    for (ValidatorId id : facts->signers)
      signers.push_back(id < genesis->validators.size() ? Json(genesis->validators[id].name) : Json(id));
    print_json({{"valid", true},
                {"why", why},
                {"txid", to_hex(facts->txid)},
                {"height", facts->height},
                {"signers", signers},
                {"quorum", facts->quorum},
                {"committee", facts->committee},
                {"result", code_name(facts->result_code)},
                {"signed_by", who},
                {"time_ms", facts->time_ms},
                {"later_keys", later}});
  }
  return kExitDone;
}

}  // namespace

void add_verify(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command =
      root.add_subcommand("verify", "check a receipt offline, with no node anywhere, and say what it proves");
  command->add_option("FILE", options->file, "the receipt")->required();
  command->add_option("--genesis", options->genesis, "the network's genesis.json")->required();
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Example:\n  tieline verify reading.receipt --genesis NET/genesis.json\nExit status: 0 valid, 1 not valid, 2 a "
      "file cannot be read.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
