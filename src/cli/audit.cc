#include "cli/audit.h"

#include <algorithm>
#include <map>

#include "crypto/verified_cache.h"
#include "ledger/block_record.h"
#include "ledger/codes.h"
#include "ledger/ledger.h"
#include "ledger/members.h"
#include "ledger/memory_store.h"
#include "ledger/state_tree.h"
#include "model/certificate_batch.h"
#include "replica/chain_meta.h"

namespace tieline::cli {
namespace {

constexpr size_t kSignatureBatch = 512;
constexpr size_t kCertificateBlocks = 64;  // whose certificates are checked together

std::optional<Height> height_of_key(ByteView key) {
  if (key.size() != sizeof(Height)) return std::nullopt;
  Height height = 0;
  for (uint8_t byte : key) height = height << 8 | byte;
  return height;
}

size_t first_difference(ByteView a, ByteView b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

bool equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

class Audit {
 public:
  Audit(const StoreReader& store, const Genesis& genesis, const Verifier& verifier)
      : store_(store), verifier_(verifier), ledger_(genesis, verifier_) {}

  Result<AuditReport> run(const std::function<void(Height, Height)>& progress) {
    const StoreBatch genesis_batch = ledger_.genesis_batch();
    state_.apply(genesis_batch);
    tree_.load(state_);
    parent_ = ledger_.genesis_header();
    parent_digest_ = parent_.digest();
    committees_[0] = ledger_.genesis().committee();
    for (const StoreWrite& write : genesis_batch) {
      if (write.column == Column::kMeta) applied_ = write;
    }
    if (!store_.get(Column::kMeta, applied_->key)) {
      return Error{"store_empty", "the store holds nothing: this validator never started"};
    }
    if (!block_heights() || !checkpoint_to_come()) return report_;
    for (size_t i = 0; i < heights_.size(); ++i) {
      const Height height = heights_[i];
      if (progress) progress(height, heights_.back());
      if (i >= asked_) ask_ahead(i);
      if (!block(height)) return report_;
      ++report_.blocks;
    }
    if (!heights_.empty()) report_.first = heights_.front(), report_.last = heights_.back();
    if (count(Column::kTxs, txs_expected_) && count(Column::kReadings, readings_expected_) && same_value(*applied_) &&
        links() && checkpoint_past() && final_state()) {
      report_.tip = parent_digest_;
      report_.epoch = parent_.epoch;
    }
    return report_;
  }

 private:
  // Returns false, so that a check reads `return found(...)`.
  bool found(Column column, Bytes key, std::string code, std::string why, std::optional<size_t> byte = {}) {
    if (!report_.finding) {
      report_.finding = {column_name(column), std::move(key), height_, std::move(code), std::move(why), byte};
    }
    return false;
  }
  bool found_in_block(std::string code, std::string why) {
    return found(Column::kBlocks, block_key(height_), std::move(code), std::move(why));
  }
  bool executes() const { return !report_.from_snapshot.has_value(); }

  bool block_heights() {
    bool good = true;
    store_.scan(Column::kBlocks, {}, {}, false, [&](ByteView key, ByteView) {
      const auto height = height_of_key(key);
      if (!height || *height == 0) good = found(Column::kBlocks, copy(key), "bad_key", "the key is not a height");
      if (good) heights_.push_back(*height);
      return good;
    });
    return good;
  }

  // The certificates of the next blocks, those of them whose committee is known by now.
  void ask_ahead(size_t from) {
    CertificateBatch batch(ledger_.chain(), ledger_.genesis().consensus.commit_rule());
    asked_ = std::min(from + kCertificateBlocks, heights_.size());
    for (size_t i = from; i < asked_; ++i) {
      auto record = read_block_record(store_, heights_[i]);
      if (!record.ok()) continue;  // told when its turn comes
      Header header;
      Reader r(record->block.view());
      decode(r, header);
      const auto bytes = r.bytes(kEvidenceBytesMax);
      const Committee* current = r.ok() ? committee(header.epoch) : nullptr;
      if (current == nullptr) {
        asked_ = i > from ? i : from + 1;  // another epoch begins: its committee is known when this one is executed
        break;
      }
      batch.add(record->proof, *current);
      if (auto evidence = decoded<Evidence>(bytes, "evidence"); evidence.ok())
        batch.add(*evidence, *current, header.epoch > 0 ? committee(header.epoch - 1) : nullptr);
    }
    batch.ask(verifier_);
  }

  bool block(Height height) {
    const Height wanted = height_ + 1;
    if (height != wanted) {
      // Below a snapshot blocks are filled in downwards, and the mark says how far; any other gap is a hole.
      height_ = wanted;
      if (!history_ || height != history_->from) {
        return found_in_block("missing_block", "the store goes on with block " + std::to_string(height) +
                                                   ", and no snapshot explains the gap");
      }
      report_.from_snapshot = height;
    }
    height_ = height;
    auto stored = stored_block(store_, height);
    if (!stored) return found_in_block("damaged_block", stored.error().why);
    const Block& block = *stored->block;
    if (block.header.chain != ledger_.chain()) return found_in_block("wrong_chain", "the block is of another chain");
    if (report_.from_snapshot != height && block.header.parent != parent_digest_) {
      return found_in_block("wrong_parent", "its parent is " + to_hex(block.header.parent) +
                                                ", but the block before has digest " + to_hex(parent_digest_));
    }
    if (!tx_signatures(block) || !commit_proof(block, stored->proof)) return false;
    Execution execution;
    if (executes()) {
      if (!execute(block, execution)) return false;
    } else {
      execution.header = block.header;
      execution.results = stored->results;
      execution.writes = std::make_shared<const WriteSet>();
      if (!evidence(block)) return false;
    }
    if (!same_entries(ledger_.commit_batch(block, execution, stored->proof))) return false;
    report_.transactions += block.txs.size();
    parent_ = block.header;
    parent_digest_ = block.digest;
    return !executes() || !stable_ || stable_->height != height || checkpoint_now();
  }

  bool execute(const Block& block, Execution& out) {
    const StateView view(state_);
    auto execution = ledger_.judge(block, parent_, view);
    if (!execution) return found_in_block(execution.error().code, execution.error().why);
    if (auto broken = ledger_.broken_invariant(*execution, view, parent_)) {
      return found_in_block("broken_invariant", "invariant '" + *broken + "' does not hold after it");
    }
    tree_.mark(*execution->writes);
    out = std::move(*execution);
    return true;
  }

  // Keys: as of the block before, or, without a state to execute on, as the store knows them all.
  StateView keys_view() const { return executes() ? StateView(state_) : StateView(store_); }

  bool tx_signatures(const Block& block) {
    const StateView view = keys_view();
    std::vector<SignedItem> items;
    std::vector<size_t> owners;
    std::vector<uint8_t> ok;
    const auto name = [&block](size_t i) {
      return "transaction " + std::to_string(i) + " of the block, " + to_hex(block.txs[i]->id());
    };
    const auto flush = [&] {
      ok.assign(items.size(), 0);
      verifier_.verify_batch(items, ok);
      for (size_t i = 0; i < ok.size(); ++i) {
        if (!ok[i]) return found_in_block("bad_signature", name(owners[i]) + ": a signature does not verify");
      }
      report_.tx_signatures += items.size();
      items.clear();
      owners.clear();
      return true;
    };
    for (size_t i = 0; i < block.txs.size(); ++i) {
      const Transaction& tx = *block.txs[i];
      auto keys = ledger_.signing_keys(tx, view);
      if (!keys) return found_in_block(keys.error().code, name(i) + ": " + keys.error().why);
      for (size_t k = 0; k < keys->size(); ++k) {
        items.push_back({(*keys)[k], tx.signed_digest().view(), tx.signatures()[k]});
        owners.push_back(i);
      }
      if (items.size() >= kSignatureBatch && !flush()) return false;
    }
    return flush();
  }

  // From the executed state, or, without one, from the links down to genesis.
  const Committee* committee(Epoch epoch) {
    if (const auto known = committees_.find(epoch); known != committees_.end()) return &known->second;
    if (executes()) {
      if (auto committee = committee_of(StateView(state_), epoch)) return &(committees_[epoch] = std::move(*committee));
      return nullptr;
    }
    const auto chain = replica::links_to(store_, ledger_.first_committee(), epoch);
    if (!chain) return nullptr;
    auto committee = follow_links(*chain, epoch, ledger_.genesis(), ledger_.chain(), verifier_);
    return committee ? &(committees_[epoch] = std::move(*committee)) : nullptr;
  }

  bool commit_proof(const Block& block, const CommitProof& proof) {
    const Committee* signers = committee(block.header.epoch);
    if (signers == nullptr) {
      return found_in_block("unknown_committee",
                            "no committee is known for epoch " + std::to_string(block.header.epoch));
    }
    const auto status = verify_commit(proof, block.digest, ledger_.genesis().consensus.commit_rule(), ledger_.chain(),
                                      *signers, verifier_);
    if (!status) return found_in_block(status.error().code, "its commit proof: " + status.error().why);
    report_.vote_signatures += proof.certificate.signers.count();
    if (proof.second) report_.vote_signatures += proof.second->certificate.signers.count();
    return true;
  }

  bool evidence(const Block& block) {
    if (block.evidence.empty()) return true;
    auto decoded_evidence = decoded<Evidence>(block.evidence, "evidence");
    if (!decoded_evidence) return found_in_block("evidence_malformed", decoded_evidence.error().why);
    const Epoch epoch = block.header.epoch;
    const StateView keys = keys_view();
    const Committee* previous = epoch > 0 ? committee(epoch - 1) : nullptr;
    if (epoch > 0 && previous == nullptr) return true;  // its link is older than the snapshot
    const auto status = verify_evidence(*decoded_evidence, ledger_.genesis().consensus.commit_rule(), ledger_.chain(),
                                        *committee(epoch), previous, verifier_, evidence_keys(ledger_, keys));
    return status || found_in_block(status.error().code, "its evidence: " + status.error().why);
  }

  // Takes over the state's writes; everything else the block wrote must stand in the store, byte for byte.
  bool same_entries(const StoreBatch& batch) {
    StoreBatch state;
    for (const StoreWrite& write : batch) {
      if (write.column == Column::kState) {
        state.push_back(write);
        continue;
      }
      if (write.column == Column::kMeta) {
        applied_ = write;  // only the last block's stays
        continue;
      }
      txs_expected_ += write.column == Column::kTxs ? 1 : 0;
      readings_expected_ += write.column == Column::kReadings ? 1 : 0;
      report_.index_entries += write.column == Column::kBlocks ? 0 : 1;
      if (!same_value(write)) return false;
    }
    state_.apply(state);
    return true;
  }

  bool same_value(const StoreWrite& wanted) {
    const auto stored = store_.get(wanted.column, wanted.key);
    if (!stored) {
      return found(wanted.column, wanted.key, "missing_entry", "the blocks demand this entry; the store has none");
    }
    return equal(*stored, *wanted.value) || differs(wanted.column, wanted.key, *stored, *wanted.value);
  }

  bool differs(Column column, Bytes key, ByteView stored, ByteView wanted) {
    const size_t at = first_difference(stored, wanted);
    std::string why = "byte " + std::to_string(at) + " of the value ";
    if (at < stored.size() && at < wanted.size()) {
      why += "is " + to_hex(stored.subspan(at, 1)) + ", executing the blocks gives " + to_hex(wanted.subspan(at, 1));
    } else {
      why += "is where it should " + std::string(stored.size() > wanted.size() ? "end" : "go on") + ": it has " +
             std::to_string(stored.size()) + " bytes, not " + std::to_string(wanted.size());
    }
    return found(column, std::move(key), "wrong_value", why, at);
  }

  // Every entry that the blocks demand is there (checked before): with the same count there are no others.
  bool count(Column column, uint64_t wanted) {
    uint64_t entries = 0;
    store_.scan(column, {}, {}, false, [&](ByteView, ByteView) {
      ++entries;
      return true;
    });
    // A laggard's snapshot skips blocks, but never entries of blocks that are held.
    if (entries == wanted) return true;
    return found(column, {}, "extra_entries",
                 "the column has " + std::to_string(entries) + " entries, the blocks give " + std::to_string(wanted));
  }

  bool checkpoint_to_come() {
    auto stable = replica::stored_stable(store_);
    if (!stable) return found(Column::kMeta, copy(view_of("replica/stable")), "damaged_record", stable.error().why);
    stable_ = std::move(*stable);
    auto history = replica::stored_history(store_);
    if (!history) return found(Column::kMeta, copy(view_of("replica/history")), "damaged_record", history.error().why);
    history_ = std::move(*history);
    return true;
  }
  bool found_at_checkpoint(std::string code, std::string why) {
    return found(Column::kMeta, copy(view_of("replica/stable")), std::move(code), std::move(why));
  }
  bool checkpoint_now() {
    const Hash root = tree_.root(state_);
    if (stable_->block != parent_digest_)
      return found_at_checkpoint("wrong_checkpoint", "it names another block than the chain has");
    if (stable_->state_root != root) {
      return found_at_checkpoint("wrong_state_root", "the validators signed " + to_hex(stable_->state_root) +
                                                         ", executing the blocks gives " + to_hex(root));
    }
    return true;
  }
  bool checkpoint_past() {
    if (!stable_) return true;
    if (stable_->height > height_) return found_at_checkpoint("wrong_checkpoint", "it lies above the newest block");
    const Committee* signers = committee(stable_->epoch);
    if (signers == nullptr) return found_at_checkpoint("unknown_committee", "its epoch's committee is not known");
    const auto status = verify_checkpoint(*stable_, ledger_.chain(), *signers, verifier_);
    if (!status) return found_at_checkpoint(status.error().code, status.error().why);
    ++report_.checkpoints;
    return true;
  }

  bool links() {
    for (Epoch epoch = 0; epoch < parent_.epoch; ++epoch) {
      const auto link = replica::stored_link(store_, epoch);
      if (!link) {
        if (executes())
          return found(Column::kMeta, {}, "missing_entry",
                       "the link out of epoch " + std::to_string(epoch) + " is missing or damaged");
        continue;  // older than the snapshot
      }
      auto next = follow_links({*link}, epoch + 1, ledger_.genesis(), ledger_.chain(), verifier_);
      if (!next)
        return found(Column::kMeta, {}, next.error().code,
                     "the link out of epoch " + std::to_string(epoch) + ": " + next.error().why);
      ++report_.checkpoints;
    }
    return true;
  }

  bool final_state() {
    if (executes()) {
      if (!same_state()) return false;
      report_.state_root = tree_.root(state_);
      report_.state_checked = true;
      return true;
    }
    report_.state_root = state_root_of(store_);
    store_.scan(Column::kState, {}, {}, false, [&](ByteView, ByteView) { return ++report_.state_entries > 0; });
    if (!stable_ || stable_->height != height_) return true;
    report_.state_checked = true;
    if (report_.state_root == stable_->state_root) return true;
    return found_at_checkpoint("wrong_state_root", "the validators signed " + to_hex(stable_->state_root) +
                                                       ", the store's state has " + to_hex(report_.state_root));
  }

  bool same_state() {
    std::vector<std::pair<Bytes, Bytes>> wanted;
    state_.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
      wanted.emplace_back(copy(key), copy(value));
      return true;
    });
    const auto missing = [&](size_t i) {
      return found(Column::kState, wanted[i].first, "missing_entry", "the blocks wrote this entry; the store has none");
    };
    size_t at = 0;
    bool same = true;
    store_.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
      if (at >= wanted.size() ||
          std::lexicographical_compare(key.begin(), key.end(), wanted[at].first.begin(), wanted[at].first.end())) {
        same = found(Column::kState, copy(key), "extra_entries", "no block wrote this entry");
      } else if (!equal(key, wanted[at].first)) {
        same = missing(at);
      } else if (!equal(value, wanted[at].second)) {
        same = differs(Column::kState, wanted[at].first, value, wanted[at].second);
      }
      ++at;
      return same;
    });
    if (same && at < wanted.size()) same = missing(at);
    if (same) report_.state_entries = wanted.size();
    return same;
  }

  const StoreReader& store_;
  const VerifiedCache verifier_;
  Ledger ledger_;
  MemoryStore state_;
  StateTree tree_;
  std::map<Epoch, Committee> committees_;
  std::vector<Height> heights_;
  size_t asked_ = 0;  // of heights_: up to here the certificates were asked about together
  std::optional<CheckpointCert> stable_;
  std::optional<replica::HistoryMark> history_;
  Header parent_;
  Hash parent_digest_;
  Height height_ = 0;
  std::optional<StoreWrite> applied_;  // what kMeta must say of the newest block
  uint64_t txs_expected_ = 0, readings_expected_ = 0;
  AuditReport report_;
};

}  // namespace

const char* column_name(Column column) {
  switch (column) {
    case Column::kState:
      return "state";
    case Column::kBlocks:
      return "blocks";
    case Column::kTxs:
      return "txs";
    case Column::kReadings:
      return "readings";
    case Column::kMeta:
      return "meta";
  }
  return "unknown";
}

std::string finding_text(const AuditFinding& finding) {
  return "column " + finding.column + (finding.key.empty() ? "" : ", key " + to_hex(finding.key)) + ", at height " +
         std::to_string(finding.height) + ": " + finding.code + ": " + finding.why;
}

Result<AuditReport> audit_store(const StoreReader& store, const Genesis& genesis, const Verifier& verifier,
                                const std::function<void(Height, Height)>& progress) {
  return Audit(store, genesis, verifier).run(progress);
}

}  // namespace tieline::cli
