#include "ledger/ledger.h"

#include "crypto/hash.h"
#include "ledger/block_record.h"
#include "ledger/block_work.h"
#include "ledger/members.h"
#include "ledger/private_work.h"
#include "ledger/state.h"

namespace tieline {
namespace {

template <class T>
void put(WriteSet& writes, Bytes key, const T& record) {
  TL_CHECK(writes.emplace(std::move(key), encoded(record)).second);
}

WriteSet state_of_genesis(const Genesis& genesis, const ChainId& chain, const Committee& first) {
  WriteSet writes;
  MeterId meter = 0;
  for (const GenesisParticipant& p : genesis.participants) {
    put(writes, state::participant_key(p.id),
        state::ParticipantRecord{p.name, p.role, p.key, p.capacity_w, p.contracted_w, p.loss_ppm});
    for (size_t i = 0; i < p.meters.size(); ++i) put(writes, state::meter_key(++meter), energy::meter_point(p));
  }
  TL_CHECK(first.epoch() == 0);
  std::vector<standing::CreditRecord> records;
  for (const Member& m : first.members()) {
    records.push_back(standing::initial_credit(m));
    put(writes, state::credit_key(m.id), records.back());
    put(writes, state::trust_key(m.id), standing::initial_trust(m));
  }
  // The chain id stands for the digest of a block before the first epoch.
  put(writes, state::committee_key(0), first);
  put(writes, state::committee_key(1),
      standing::next_committee(first, records, 1, standing::next_seed(first.seed(), chain)));
  put(writes, state::tally_key(), standing::Tally{standing::empty_tally(first), {}});
  put(writes, state::credit_events_key(), standing::CreditEvents{});
  put(writes, state::credit_weights_key(), genesis.credit.weights);
  put(writes, state::totals_key(), state::Totals{});
  if (genesis.market) {
    put(writes, state::market_numbers_key(), genesis.market->numbers);
    energy::RecordWrites market;
    market_of_genesis(genesis).add_writes(market);
    for (auto& [name, value] : market) TL_CHECK(writes.emplace(state::key_of(name), std::move(value)).second);
  }
  return writes;
}

Header header_of_genesis(const Genesis& genesis, const ChainId& chain, const WriteSet& writes) {
  Header h;
  h.chain = chain;
  h.parent = chain;
  h.time_ms = genesis.time_ms;
  h.tx_root = tx_root({});
  h.evidence_root = sha256(ByteView{});
  h.result_root = result_root({});
  h.writes_digest = state::writes_digest(chain, writes);
  return h;
}

}  // namespace

Ledger::Ledger(Genesis genesis, const Verifier& verifier)
    : genesis_(std::move(genesis)),
      chain_(genesis_.chain_id()),
      first_committee_(genesis_.committee(chain_)),
      verifier_(verifier),
      registry_(genesis_) {
  TL_CHECK_MSG(genesis_.ledger.sequence_window >= 1 && genesis_.ledger.sequence_window <= kSequenceWindowMax,
               "genesis: ledger.sequence_window is between 1 and 1024");
  genesis_writes_ = state_of_genesis(genesis_, chain_, first_committee_);
  genesis_header_ = header_of_genesis(genesis_, chain_, genesis_writes_);
  // The epoch's record names the digest of the header, which names the digest of the writes; so it is written after
  // them, and is itself determined by the header.
  put(genesis_writes_, state::epoch_key(), state::EpochRecord{0, 0, genesis_header_.time_ms, genesis_header_.digest()});
}

Header Ledger::genesis_header() const { return genesis_header_; }

StoreBatch Ledger::genesis_batch() const {
  StoreBatch batch;
  batch.reserve(genesis_writes_.size() + 1);
  for (const auto& [key, value] : genesis_writes_) batch.push_back({Column::kState, key, value});
  batch.push_back(applied_write(genesis_header_, genesis_header_.digest()));
  return batch;
}

uint16_t Ledger::precheck(const Transaction& tx, const StateView& state, const Header& tip) const {
  const Members members(registry_, state, tip.ends_epoch() ? tip.epoch + 1 : tip.epoch);
  TxCode code = admit_static(tx, members, chain_, tip.height);
  if (code != TxCode::ok) return number(code);
  const auto signer = state::read_or_default<state::SignerRecord>(state, state::signer_key(tx.signer()),
                                                                  "damaged state record: signer");
  code = admit_sequence(tx, signer, genesis_.ledger);
  if (code == TxCode::ok) code = admit_keys(tx, members, verifier_);
  // By none of its signatory's keys: that is for the check of signatures to say.
  if (code == TxCode::revoked_key && !signed_by_any_key(tx, members, verifier_)) code = TxCode::ok;
  if (code == TxCode::ok && genesis_.private_points) code = check_private_static(tx, *genesis_.private_points, members);
  // No block can hold it.
  if (code == TxCode::ok && genesis_.private_points && private_work_us(tx) > energy::kPrivateWorkMax)
    code = TxCode::over_size;
  if (code == TxCode::ok && timestamp_is_old(tx, signer, genesis_.ledger)) code = TxCode::timestamp_old;
  return number(code);
}

ParticipantKeys Ledger::participant_keys() const {
  return [this](ParticipantId id) { return registry_.key(id); };
}

// Of who has had several keys, the one that verifies: what makes a block invalid is a signature by none of them, and
// whether it is the one in force is for execution to say. The state may end an epoch, so what comes into force in the
// next one is known too.
Result<std::vector<PublicKey>> Ledger::signing_keys(const Transaction& tx, const StateView& state) const {
  Epoch epoch = 0;  // without a market no key changes
  if (genesis_.market)
    epoch = state::must_read<state::EpochRecord>(state, state::epoch_key(), "damaged state record: epoch").epoch + 1;
  const Members members(registry_, state, epoch);
  std::vector<PublicKey> keys;
  keys.reserve(tx.signatories().size());
  bool bad = false;
  for (size_t i = 0; i < tx.signatories().size(); ++i) {
    const ParticipantId id = tx.signatories()[i];
    if (!members.knows(id)) {
      return Error{code_name(TxCode::unknown_signer), "participant " + std::to_string(id) + " is not registered"};
    }
    // One that is bad is enough: no more are tried for the others.
    const PublicKey* good = bad ? nullptr : signing_key(tx, i, members, verifier_);
    bad = good == nullptr;
    keys.push_back(bad ? *members.key(id) : *good);
  }
  return keys;
}

}  // namespace tieline
