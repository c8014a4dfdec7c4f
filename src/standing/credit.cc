#include "standing/credit.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline::standing {

void encode(Writer& w, const CreditRecord& r) {
  w.u32(r.credit);
  w.u32(r.jailed_until);
  encode(w, r.last_equivocation);
}

void decode(Reader& r, CreditRecord& record) {
  record.credit = r.u32();
  record.jailed_until = r.u32();
  decode(r, record.last_equivocation);
}

CreditRecord initial_credit(const Member& member) { return {member.credit, member.jailed_until, std::nullopt}; }

Committee next_committee(const Committee& seats, const std::vector<CreditRecord>& records, Epoch epoch,
                         const Hash& seed) {
  TL_CHECK(records.size() == seats.size());
  std::vector<Member> members = seats.members();
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].credit = records[i].credit;
    members[i].jailed_until = records[i].jailed_until;
  }
  return Committee(epoch, seed, std::move(members), seats.count().faults, seats.certificates());
}

Hash next_seed(const Hash& seed, const Hash& epoch_start_digest) {
  return tagged_hash("tieline/seed/1", {seed.view(), epoch_start_digest.view()});
}

bool punish_equivocation(CreditRecord& record, const Slot& slot, Epoch epoch, uint32_t jail_epochs) {
  if (record.last_equivocation && slot <= *record.last_equivocation) return false;
  record.last_equivocation = slot;
  const Epoch until = epoch + kActsAfterEpochs + jail_epochs;
  record.jailed_until = std::max(record.jailed_until, static_cast<uint32_t>(std::min<Epoch>(until, UINT32_MAX)));
  return true;
}

}  // namespace tieline::standing
