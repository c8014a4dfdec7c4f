#include "cli/audit.h"

#include <algorithm>

#include "ledger/block_record.h"
#include "ledger/codes.h"
#include "ledger/ledger.h"
#include "ledger/memory_store.h"
#include "ledger/state_tree.h"

namespace tieline::cli {
namespace {

constexpr size_t kSignatureBatch = 512;

std::optional<Height> height_of_key(ByteView key) {
  if (key.size() != sizeof(Height)) return std::nullopt;
  Height height = 0;
  for (uint8_t byte : key) height = height << 8 | byte;
  return height;
}

size_t first_difference(ByteView a, ByteView b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

class Audit {
 public:
  Audit(const StoreReader& store, const Genesis& genesis, const Verifier& verifier)
      : store_(store), verifier_(verifier), ledger_(genesis, verifier) {}

  Result<AuditReport> run(const std::function<void(Height, Height)>& progress) {
    const auto last = newest_block();
    if (report_.finding) return report_;
    const StoreBatch genesis_batch = ledger_.genesis_batch();
    state_.apply(genesis_batch);
    tree_.load(state_);
    parent_ = ledger_.genesis_header();
    parent_digest_ = parent_.digest();
    applied_ = value_in(genesis_batch, Column::kMeta);
    if (!last && !store_.get(Column::kMeta, applied_->key)) {
      return Error{"store_empty", "the store holds nothing: this validator never started"};
    }
    report_.first = last ? 1 : 0;
    report_.last = last.value_or(0);
    for (Height height = 1; last && height <= *last; ++height) {
      if (progress) progress(height, *last);
      if (!block(height)) return report_;
      ++report_.blocks;
    }
    if (extra_entries(Column::kBlocks, report_.blocks) && extra_entries(Column::kTxs, txs_expected_) &&
        extra_entries(Column::kReadings, readings_expected_) && same_applied() && same_state()) {
      report_.state_root = tree_.root(state_);
      report_.tip = parent_digest_;
      report_.epoch = parent_.epoch;
    }
    return report_;
  }

 private:
  // Returns false, so that a check reads `return found(...)`.
  bool found(Column column, Bytes key, std::string code, std::string why, std::optional<size_t> byte = {}) {
    if (!report_.finding) report_.finding = {column_name(column), std::move(key), height_, std::move(code), std::move(why), byte};
    return false;
  }
  bool found_in_block(std::string code, std::string why) {
    return found(Column::kBlocks, block_key(height_), std::move(code), std::move(why));
  }

  std::optional<Height> newest_block() {
    std::optional<Height> newest;
    store_.scan(Column::kBlocks, {}, {}, true, [&](ByteView key, ByteView) {
      newest = height_of_key(key);
      if (!newest) found(Column::kBlocks, Bytes(key.begin(), key.end()), "bad_key", "the key is not a height");
      return false;
    });
    return newest;
  }

  static std::optional<StoreWrite> value_in(const StoreBatch& batch, Column column) {
    for (const StoreWrite& write : batch) {
      if (write.column == column) return write;
    }
    return std::nullopt;
  }

  bool block(Height height) {
    height_ = height;
    auto stored = stored_block(store_, height);
    if (!stored) {
      return found_in_block(stored.error().code == "not_found" ? "missing_block" : "damaged_block", stored.error().why);
    }
    const Block& block = *stored->block;
    if (block.header.chain != ledger_.chain()) return found_in_block("wrong_chain", "the block is of another chain");
    if (block.header.parent != parent_digest_) {
      return found_in_block("wrong_parent", "its parent is " + to_hex(block.header.parent) + ", but the block before has digest " +
                                                to_hex(parent_digest_));
    }
    const StateView view(state_);
    if (!tx_signatures(block, view) || !commit_proof(block, stored->proof, view)) return false;

    auto execution = ledger_.judge(block, parent_, view);
    if (!execution) return found_in_block(execution.error().code, execution.error().why);
    if (auto broken = ledger_.broken_invariant(*execution, view, parent_)) {
      return found_in_block("broken_invariant", "invariant '" + *broken + "' does not hold after it");
    }
    if (!same_entries(ledger_.commit_batch(block, *execution, stored->proof))) return false;
    tree_.mark(*execution->writes);
    report_.transactions += block.txs.size();
    parent_ = block.header;
    parent_digest_ = block.digest;
    return true;
  }

  bool tx_signatures(const Block& block, const StateView& view) {
    std::vector<SignedItem> items;
    std::vector<size_t> owners;
    std::vector<uint8_t> ok;
    const auto flush = [&] {
      ok.assign(items.size(), 0);
      verifier_.verify_batch(items, ok);
      for (size_t i = 0; i < ok.size(); ++i) {
        if (!ok[i]) {
          return found_in_block("bad_signature", "transaction " + std::to_string(owners[i]) + " of the block, " +
                                                     to_hex(block.txs[owners[i]]->id()) + ": a signature does not verify");
        }
      }
      report_.tx_signatures += items.size();
      items.clear();
      owners.clear();
      return true;
    };
    for (size_t i = 0; i < block.txs.size(); ++i) {
      const Transaction& tx = *block.txs[i];
      auto keys = ledger_.signing_keys(tx, view);
      if (!keys) {
        return found_in_block(keys.error().code, "transaction " + std::to_string(i) + " of the block, " + to_hex(tx.id()) +
                                                     ": " + keys.error().why);
      }
      for (size_t k = 0; k < keys->size(); ++k) {
        items.push_back({(*keys)[k], tx.signed_digest().view(), tx.signatures()[k]});
        owners.push_back(i);
      }
      if (items.size() >= kSignatureBatch && !flush()) return false;
    }
    return flush();
  }

  bool commit_proof(const Block& block, const CommitProof& proof, const StateView& view) {
    const auto committee = committee_of(view, block.header.epoch);
    if (!committee) return found_in_block("unknown_committee", "no committee is known for epoch " + std::to_string(block.header.epoch));
    const auto status = verify_commit(proof, block.digest, ledger_.genesis().consensus.fast_path, ledger_.chain(), *committee, verifier_);
    if (!status) return found_in_block(status.error().code, "its commit proof: " + status.error().why);
    report_.vote_signatures += proof.certificate.signatures.size();
    if (proof.second) report_.vote_signatures += proof.second->certificate.signatures.size();
    return true;
  }

  // Takes over the state's writes; everything else the block wrote must stand in the store, byte for byte.
  bool same_entries(const StoreBatch& batch) {
    StoreBatch state;
    for (const StoreWrite& write : batch) {
      switch (write.column) {
        case Column::kState: state.push_back(write); break;
        case Column::kMeta: applied_ = write; break;
        case Column::kTxs: ++txs_expected_; if (!same_value(write)) return false; break;
        case Column::kReadings: ++readings_expected_; if (!same_value(write)) return false; break;
        case Column::kBlocks: if (!same_value(write)) return false; break;
      }
    }
    state_.apply(state);
    return true;
  }

  bool same_value(const StoreWrite& wanted) {
    const auto stored = store_.get(wanted.column, wanted.key);
    if (!stored) return found(wanted.column, wanted.key, "missing_entry", "the blocks demand this entry; the store has none");
    if (*stored != *wanted.value) return differs(wanted.column, wanted.key, *stored, *wanted.value);
    if (wanted.column != Column::kBlocks) ++report_.index_entries;
    return true;
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
  bool extra_entries(Column column, uint64_t wanted) {
    uint64_t count = 0;
    Bytes newest;
    store_.scan(column, {}, {}, false, [&](ByteView key, ByteView) {
      ++count;
      newest.assign(key.begin(), key.end());
      return true;
    });
    if (count == wanted) return true;
    return found(column, newest, "extra_entries",
                 "the column has " + std::to_string(count) + " entries, the blocks give " + std::to_string(wanted));
  }

  bool same_applied() { return !applied_ || same_value(*applied_); }

  bool same_state() {
    struct Entry {
      Bytes key, value;
    };
    std::vector<Entry> wanted;
    state_.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
      wanted.push_back({Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
      return true;
    });
    size_t at = 0;
    bool same = true;
    store_.scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
      if (at >= wanted.size() || std::lexicographical_compare(key.begin(), key.end(), wanted[at].key.begin(), wanted[at].key.end())) {
        same = found(Column::kState, Bytes(key.begin(), key.end()), "extra_entries", "no block wrote this entry");
      } else if (!std::equal(key.begin(), key.end(), wanted[at].key.begin(), wanted[at].key.end())) {
        same = found(Column::kState, wanted[at].key, "missing_entry", "the blocks wrote this entry; the store has none");
      } else if (!std::equal(value.begin(), value.end(), wanted[at].value.begin(), wanted[at].value.end())) {
        same = differs(Column::kState, wanted[at].key, value, wanted[at].value);
      }
      ++at;
      return same;
    });
    if (same && at < wanted.size()) {
      same = found(Column::kState, wanted[at].key, "missing_entry", "the blocks wrote this entry; the store has none");
    }
    if (same) report_.state_entries = wanted.size();
    return same;
  }

  const StoreReader& store_;
  const Verifier& verifier_;
  Ledger ledger_;
  MemoryStore state_;
  StateTree tree_;
  Header parent_;
  Hash parent_digest_;
  Height height_ = 0;
  std::optional<StoreWrite> applied_;
  uint64_t txs_expected_ = 0, readings_expected_ = 0;
  AuditReport report_;
};

}  // namespace

const char* column_name(Column column) {
  switch (column) {
    case Column::kState: return "state";
    case Column::kBlocks: return "blocks";
    case Column::kTxs: return "txs";
    case Column::kReadings: return "readings";
    case Column::kMeta: return "meta";
  }
  return "unknown";
}

std::string finding_text(const AuditFinding& finding) {
  return "column " + finding.column + ", key " + to_hex(finding.key) + ", at height " + std::to_string(finding.height) +
         ": " + finding.code + ": " + finding.why;
}

Result<AuditReport> audit_store(const StoreReader& store, const Genesis& genesis, const Verifier& verifier,
                                const std::function<void(Height, Height)>& progress) {
  return Audit(store, genesis, verifier).run(progress);
}

}  // namespace tieline::cli
