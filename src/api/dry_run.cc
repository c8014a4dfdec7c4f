#include "api/dry_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger/codes.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

std::string verdict(const Transaction& tx, uint16_t code, Height height) {
  return Json{{"id", to_hex(tx.id())},
              {"accepted", code == number(TxCode::ok)},
              {"code", code_name(code)},
              {"why", code_reason(code)},
              {"height", height}}
      .dump();
}

bool signatures_hold(const Transaction& tx, const std::vector<PublicKey>& keys, const Verifier& verifier) {
  for (size_t i = 0; i < keys.size(); ++i)
    if (!verifier.verify(keys[i], tx.signed_digest().view(), tx.signatures()[i])) return false;
  return true;
}

}  // namespace

Result<std::string> dry_run_json(const Ledger& ledger, const Store& store, Height known, const Blob& transaction,
                                 int64_t now_ms) {
  auto tx = Transaction::parse(transaction);
  if (!tx) return tx.error();
  const auto snapshot = store.snapshot();
  const auto tip = applied_tip(*snapshot);
  if (!tip || tip->height < known || tip->header.is_void)
    return Error{"not_applied_yet", "no block may follow the newest one; ask again"};
  const StateView state(*snapshot);
  const Height height = tip->height + 1;

  const uint16_t at_the_door = ledger.precheck(**tx, state, tip->header);
  if (at_the_door != number(TxCode::ok)) return verdict(**tx, at_the_door, height);
  const auto keys = ledger.signing_keys(**tx, state);
  if (!keys) return verdict(**tx, number(code_from_name(keys.error().code).value_or(TxCode::unknown_signer)), height);
  if (!signatures_hold(**tx, *keys, ledger.verifier())) return verdict(**tx, number(TxCode::bad_signature), height);

  BlockDraft draft;
  draft.parent = tip->digest;
  draft.height = height;
  draft.epoch = tip->header.ends_epoch() ? tip->header.epoch + 1 : tip->header.epoch;
  draft.time_ms = std::max(now_ms, tip->header.time_ms);
  draft.txs = {*tx};
  auto execution = ledger.execute(draft, tip->header, state);
  if (!execution) return execution.error();
  TL_CHECK(execution->results.size() == 1);
  return verdict(**tx, execution->results.front().code, height);
}

}  // namespace tieline::api
