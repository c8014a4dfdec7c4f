#pragma once
// Who takes part, as of an epoch: the participants and metering points of genesis (ledger/registry.h), those that votes
// have registered since, and what has become of keys and of the regulator's seat. All of that changes at the turn of an
// epoch only: what an epoch's blocks decide counts from the next one on (ledger/key_ring.h says why). A network without
// a market has the members of its genesis, and nothing is read for them.

#include <map>
#include <string>

#include "crypto/seal.h"
#include "energy/table.h"
#include "ledger/key_ring.h"
#include "ledger/registry.h"
#include "ledger/state.h"

namespace tieline {

inline constexpr uint32_t kRegisteredMax = 65'536;  // participants besides those of genesis

// What a vote registers of a member besides its participant record.
struct MemberRecord {
  OrgId org = 0;
  bls::PublicKey bls_key;  // possession proven
  seal::PublicKey seal_key;
  std::vector<std::string> meters;
  MeterId first_meter = 0;
  bool operator==(const MemberRecord&) const = default;
};
void encode(Writer& w, const MemberRecord& m);
void decode(Reader& r, MemberRecord& m);

// How many there are by now; the next ones follow.
struct MemberCounts {
  uint32_t participants = 0;
  uint32_t meters = 0;
  uint32_t flows = 0;   // that votes have registered
  uint32_t limits = 0;  // changes of limits: with none, those of genesis hold for its members
  bool operator==(const MemberCounts&) const = default;
};
void encode(Writer& w, const MemberCounts& c);
void decode(Reader& r, MemberCounts& c);

// Who has the regulator's seat from an epoch on, and who had it until then (0: those that genesis says).
struct RegulatorSeat {
  ParticipantId holder = 0;
  Epoch from = 0;
  ParticipantId before = 0;
  bool operator==(const RegulatorSeat&) const = default;
};
void encode(Writer& w, const RegulatorSeat& s);
void decode(Reader& r, RegulatorSeat& s);

// A number under a name.
struct NamedId {
  uint32_t id = 0;
  bool operator==(const NamedId&) const = default;
};
void encode(Writer& w, const NamedId& n);
void decode(Reader& r, NamedId& n);

Bytes participant_record_name(const ParticipantId& id);  // "participant/" u32, as genesis' ones
Bytes meter_record_name(const MeterId& id);              // "meter/" u32, as genesis' ones
Bytes member_name(const ParticipantId& id);              // "member/" u32
Bytes member_counts_name(const uint8_t& only);           // "members/" u8 0
Bytes regulator_seat_name(const uint8_t& only);          // "regulator/" u8 0
Bytes participant_named(const std::string& name);        // "name/" and its bytes: NamedId
Bytes meter_named(const std::string& name);              // "meter-name/" and its bytes: NamedId

class Members {
 public:
  // Reads of `view` what the blocks below left; both must outlive this.
  Members(const Registry& registry, const StateView& view, Epoch epoch)
      : registry_(registry), view_(view), epoch_(epoch) {}

  const Registry& registry() const { return registry_; }
  Epoch epoch() const { return epoch_; }
  bool knows(ParticipantId id) const { return registry_.knows(id) || key(id) != nullptr; }
  const PublicKey* key(ParticipantId id) const;  // in force; none: not registered
  const KeyRing& ring(ParticipantId id) const;   // all it has had, and one that may be pending
  Role role(ParticipantId id) const;             // as registered, of one that is known
  bool is_regulator(ParticipantId id) const;
  const energy::MeterPoint* meter(MeterId id) const;      // none: not registered
  const bls::PublicKey* bls_key(ParticipantId id) const;  // none: not in the market
  const MemberCounts& counts() const;

 private:
  const Registry& registry_;
  const StateView& view_;
  const Epoch epoch_;
  // What was read; pointers to it stay valid.
  mutable std::map<ParticipantId, KeyRing> rings_;
  mutable std::map<ParticipantId, std::optional<state::ParticipantRecord>> participants_;
  mutable std::map<ParticipantId, std::optional<MemberRecord>> members_;
  mutable std::map<MeterId, std::optional<energy::MeterPoint>> meters_;
  mutable std::optional<RegulatorSeat> seat_;  // holder 0: that of genesis
  mutable std::optional<MemberCounts> counts_;
};

// The key with which a signatory signed, of all it has had; of who has had one, that one, unchecked. None: by none.
const PublicKey* signing_key(const Transaction& tx, size_t signatory, const Members& members, const Verifier& verifier);
bool signed_by_any_key(const Transaction& tx, const Members& members, const Verifier& verifier);
// That each signatory signed with the key in force: else revoked_key. Whether it signed at all is checked before
// (Ledger::signing_keys), so that who never changed its key costs nothing here.
TxCode admit_keys(const Transaction& tx, const Members& members, const Verifier& verifier);

// Keys for evidence of bad signatures: those of genesis, as long as they have not changed. A signature by a key that
// was replaced is refused with a code and is nobody's fault, so of who changed its key nothing is proven. Lives no
// longer than what it is made of.
ParticipantKeys evidence_keys(const Ledger& ledger, const StateView& view);

// Names of participants and meters that were registered later; none: there is none of this name.
std::optional<uint32_t> registered_id(const StateView& view, const Bytes& name);

}  // namespace tieline
