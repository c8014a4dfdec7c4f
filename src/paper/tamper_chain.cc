#include "paper/tamper_chain.h"

#include <algorithm>

#include "ledger/codes.h"

namespace tieline::paper {

TamperChain::TamperChain(Genesis genesis) : ledger_(std::move(genesis), verifier_) {
  store_.apply(ledger_.genesis_batch());
  tip_ = ledger_.genesis_header();
}

std::optional<std::string> TamperChain::submit(Bytes bytes, size_t ticket) {
  Result<TxPtr> tx = Transaction::parse(Blob(std::move(bytes)));
  if (!tx) return tx.error().code;
  const StateView state(store_);
  if (const uint16_t code = ledger_.precheck(**tx, state, tip_); code != 0) return code_name(code);
  const auto keys = ledger_.signing_keys(**tx, state);
  if (!keys) return keys.error().code;
  for (size_t i = 0; i < keys->size(); ++i) {
    if (!verifier_.verify((*keys)[i], (*tx)->signed_digest().view(), (*tx)->signatures()[i])) {
      return code_name(TxCode::bad_signature);
    }
  }
  const bool there =
      std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.tx->id() == (*tx)->id(); });
  if (there) return code_name(TxCode::duplicate);
  waiting_.push_back({std::move(*tx), ticket});
  return std::nullopt;
}

std::vector<TamperChain::Outcome> TamperChain::close_block(int64_t time_ms) {
  BlockDraft draft;
  draft.parent = tip_.digest();
  draft.height = tip_.height + 1;
  draft.epoch = tip_.ends_epoch() ? tip_.epoch + 1 : tip_.epoch;
  draft.time_ms = time_ms;
  for (const Waiting& w : waiting_) draft.txs.push_back(w.tx);
  const Result<Execution> done = ledger_.execute(draft, tip_, StateView(store_));
  TL_CHECK_MSG(done.ok(), "the experiment's block is invalid");
  const auto broken = ledger_.broken_invariant(*done, StateView(store_), tip_);
  TL_CHECK_MSG(!broken, "the experiment's block breaks an invariant");
  Block block;
  block.header = done->header;
  block.digest = done->header.digest();
  block.txs = draft.txs;
  store_.apply(ledger_.commit_batch(block, *done, CommitProof{}));
  tip_ = done->header;
  std::vector<Outcome> out;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    const uint16_t code = done->results[i].code;
    out.push_back({waiting_[i].ticket, code == 0 ? "" : code_name(code), std::move(waiting_[i].tx)});
  }
  waiting_.clear();
  return out;
}

}  // namespace tieline::paper
