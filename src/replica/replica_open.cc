// What the disk and the store say at the start: the tip, the log's committed blocks above it, the bodies that are still
// uncommitted, and the vote.

#include <algorithm>

#include "ledger/memory_store.h"
#include "replica/recovery.h"
#include "replica/replica_impl.h"

namespace tieline::replica {

Result<std::unique_ptr<Replica>> Replica::open(Config config, const DiskImage& disk, const Store& store,
                                               const Signer& signer, const Verifier& verifier) {
  const EngineFactory make = [&](consensus::EngineConfig engine, consensus::ChainState chain,
                                 consensus::Recovered recovered, const Verifier& remembering) {
    return consensus::make_engine(std::move(engine), std::move(chain), std::move(recovered), signer, remembering);
  };
  return open_with_engine(std::move(config), disk, store, verifier, make, &signer);
}

Result<std::unique_ptr<Replica>> open_with_engine(Config config, const DiskImage& disk, const Store& store,
                                                  const Verifier& verifier, const EngineFactory& make,
                                                  const Signer* sealer) {
  auto replica = std::make_unique<ReplicaImpl>(std::move(config), store, verifier, sealer);
  if (Status s = replica->open(disk, make); !s.ok()) return s.error();
  return std::unique_ptr<Replica>(std::move(replica));
}

ReplicaImpl::ReplicaImpl(Config config, const Store& store, const Verifier& verifier, const Signer* sealer)
    : config_(std::move(config)),
      store_(store),
      verifier_(verifier),
      ledger_(config_.genesis, verifier_),
      context_{config_.limits, {}, nullptr},
      pool_(config_.limits, config_.genesis.market.has_value()),
      sealer_(sealer),
      spread_([this](const std::vector<Blob>& batch) -> std::optional<BatchSeal> {
        if (sealer_ == nullptr) return std::nullopt;
        return seal_batch(batch, ledger_.chain(), config_.self, committee_.epoch(), *sealer_);
      }),
      relay_(config_.genesis.consensus, ledger_.chain(), config_.self, sealer_, verifier_),
      checkpoints_(config_.genesis.consensus.checkpoint_blocks),
      history_(ledger_, verifier_) {}

Status ReplicaImpl::read_store() {
  const std::optional<AppliedTip> tip = applied_tip(store_);
  if (!tip) {
    // Empty: genesis goes in first, and until it is there it is read from memory.
    auto genesis = std::make_shared<MemoryStore>();
    genesis->apply(ledger_.genesis_batch());
    const Header header = ledger_.genesis_header();
    tree_.emplace(store_, header, header.digest());
    tree_->install(header, header.digest(), genesis);
    checkpoints_.load(*genesis);
    at_start_.emplace_back(StoreApply{0, ledger_.genesis_batch(), false, false});
  } else {
    if (tip->header.chain != ledger_.chain() || (tip->height == 0 && tip->digest != ledger_.genesis_header().digest()))
      return Error{"wrong_chain", "the store is of another chain than the genesis file"};
    tree_.emplace(store_, tip->header, tip->digest);
    tree_->remember_commit(tip->digest, tip->height);
    checkpoints_.load(store_);
    if (tip->height > 0) {
      Result<StoredBlock> stored = stored_block(store_, tip->height);
      if (!stored.ok()) return Error{"corrupt_store", "the block at the store's tip: " + stored.error().why};
      tip_proof_ = std::move(stored->proof);
    }
    auto stable = stored_stable(store_);
    if (!stable.ok()) return stable.error();
    checkpoints_.restore_stable(std::move(*stable));
    auto history = stored_history(store_);
    if (!history.ok()) return history.error();
    history_.restore(std::move(*history));
  }
  auto start = stored_epoch_start(store_);
  if (!start.ok()) return start.error();
  if (*start) {
    epoch_start_ = std::move(**start);
  } else {
    epoch_start_ = EpochStart{0, ledger_.genesis_header(), std::nullopt};
  }
  const Header& header = tree_->tip();
  const Epoch epoch = header.ends_epoch() ? header.epoch + 1 : header.epoch;
  const std::optional<Committee> committee = committee_of(tree_->committed_view(), epoch);
  if (!committee) return Error{"corrupt_store", "the store holds no committee of epoch " + std::to_string(epoch)};
  if (epoch_start_.epoch != epoch)
    return Error{"corrupt_store", "the store's record of where the epoch began is of epoch " +
                                      std::to_string(epoch_start_.epoch) + ", not of " + std::to_string(epoch)};
  committee_ = *committee;
  relay_.renew(committee_, header.time_ms);
  return {};
}

// Committed blocks that the log holds above the store, then bodies that are not committed yet.
void ReplicaImpl::replay(const RecoveredLog& log) {
  std::map<Hash, const RecoveredBody*> bodies;
  for (const RecoveredBody& body : log.bodies) bodies[body.block->digest] = &body;
  const auto execute = [&](const RecoveredBody& body) {
    const Header* parent = tree_->parent_header(body.block->header.parent);
    if (parent == nullptr) return false;
    if (tree_->find(body.block->digest) != nullptr) return true;
    Result<Execution> executed = ledger_.judge(*body.block, *parent, tree_->view_at(body.block->header.parent));
    if (!executed.ok()) return false;
    tree_->add({body.block, std::make_shared<Execution>(std::move(*executed)), 0, body.lsn});
    return true;
  };
  std::map<Height, const RecoveredCommit*> commits;
  for (const RecoveredCommit& commit : log.commits) commits[commit.record.height] = &commit;
  for (const auto& [height, commit] : commits) {
    if (height <= tree_->tip().height) continue;
    auto body = bodies.find(commit->record.block);
    if (height != tree_->tip().height + 1 || body == bodies.end() || !execute(*body->second)) break;
    if (!commit_block(commit->record.block, commit->record.proof, commit->lsn)) return;
  }
  // Parents stand before their children in the log.
  for (const RecoveredBody& body : log.bodies) execute(body);
}

consensus::ChainState ReplicaImpl::chain_state() const {
  consensus::ChainState chain;
  chain.tip = tree_->tip();
  chain.tip_digest = tree_->tip_digest();
  chain.tip_proof = tip_proof_;
  chain.committee = committee_;
  chain.epoch_start = epoch_start_.header.digest();
  chain.epoch_base = epoch_start_.header.height;
  chain.epoch_start_ms = epoch_start_.header.time_ms;
  chain.stable = checkpoints_.stable();
  chain.epoch_start_proof = epoch_start_.proof;
  return chain;
}

// Where a validator stands that has not voted yet.
consensus::VoteRecord ReplicaImpl::first_vote() const {
  consensus::VoteRecord vote;
  vote.epoch = committee_.epoch();
  vote.high_slot = Slot{vote.epoch, 0, -1};
  vote.high_height = epoch_start_.header.height;
  vote.high_block = epoch_start_.header.digest();
  return vote;
}

Status ReplicaImpl::open(const DiskImage& disk, const EngineFactory& make) {
  context_.effects = &at_start_;
  if (Status s = read_store(); !s.ok()) return s;
  builder_.emplace(ledger_, pool_, *tree_);
  desk_.emplace(ledger_, pool_, *tree_, verify_, [this](Height height) { return load_committed(height); });
  catch_up_.emplace(ledger_, verifier_, *tree_);

  const Height in_store = tree_->tip().height;
  RecoveredLog log = recover_log(disk, in_store);
  if (disk.fresh && in_store > 0) {
    // The store has seen blocks, so this validator may have voted: the log is gone, whatever the folder says.
    log.engine.damaged = true;
    log.begin_anew = true;
    log.damage = "log_gone";
  }
  journal_.emplace(log.next);
  for (const Certificate& certificate : log.certificates) note_certificate(certificate);
  replay(log);
  if (dead_) return Error{"corrupt_store", "replaying the log broke an invariant"};
  journal_->recovered(log);
  // A process killed between the two syncs of a vote leaves it in the log alone. Nothing may be built on it before a
  // sector names it too: were the log lost then, whole sectors would vouch for an older vote.
  const bool write_first = log.begin_anew || log.sector_behind || disk.fresh;
  if (log.engine.vote && !write_first) gate_.recovered(log.engine.vote->sequence);
  if (write_first) {
    consensus::VoteRecord vote = log.engine.vote.value_or(first_vote());
    vote.rejoining = log.engine.damaged;
    LogAppend first = journal_->begin(vote, log.begin_anew);
    gate_.persisted(vote.sequence, first.lsn);
    first_write_ = first.lsn;
    at_start_.emplace_back(std::move(first));
  }
  if (log.damage != nullptr)
    context_.note(std::string("the log is damaged (") + log.damage +
                  "): this validator must rejoin before it votes again");
  if (log.torn != nullptr)
    context_.note(std::string("the log lost its tail (") + log.torn +
                  "): the last vote that may have left stands, and what it speaks of is fetched from the others");
  for (const RecoveredBody& body : log.bodies) {
    const BlockNode* node = tree_->find(body.block->digest);
    if (node != nullptr && node->logged == body.lsn) log.engine.uncommitted.push_back(node->block->header);
    if (node == nullptr && body.block->header.height > tree_->tip().height) desk_->keep(body.block, body.lsn);
  }
  inbox_.clear();  // what the replay would have told the engine stands in its chain state

  consensus::EngineConfig engine;
  engine.chain = ledger_.chain();
  engine.params = config_.genesis.consensus;
  engine.self = config_.self;
  engine.rejoin_nonce = config_.rejoin_nonce;
  engine.trace = config_.record_trace;
  engine_ = make(std::move(engine), chain_state(), std::move(log.engine), verifier_);
  context_.effects = nullptr;
  return {};
}

}  // namespace tieline::replica
