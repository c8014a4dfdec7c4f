#include "standing/credit.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline::standing {
namespace {

uint32_t capped(Epoch epoch) { return static_cast<uint32_t>(std::min<Epoch>(epoch, UINT32_MAX)); }

}  // namespace

void encode(Writer& w, const CreditRecord& r) {
  w.u32(r.credit);
  w.u32(r.jailed_until);
  encode(w, r.last_equivocation);
  encode(w, r.last_proof);
  w.u64(r.joined);
  w.u32(r.probation_until);
}

void decode(Reader& r, CreditRecord& record) {
  record.credit = r.u32();
  record.jailed_until = r.u32();
  decode(r, record.last_equivocation);
  decode(r, record.last_proof);
  record.joined = r.u64();
  record.probation_until = r.u32();
}

CreditRecord initial_credit(const Member& member) {
  CreditRecord record;
  record.credit = member.credit;
  record.jailed_until = member.jailed_until;
  return record;
}

uint32_t half_median(const std::vector<CreditRecord>& seated, Epoch epoch) {
  std::vector<uint32_t> credits;
  for (const CreditRecord& r : seated)
    if (r.probation_until <= epoch) credits.push_back(r.credit);
  if (credits.empty()) return 0;
  std::sort(credits.begin(), credits.end());
  return credits[(credits.size() - 1) / 2] / 2;
}

CreditRecord newcomer_credit(const std::vector<CreditRecord>& seated, const std::vector<CreditRecord>& same_org,
                             Epoch epoch, Height height, const CreditParams& params) {
  CreditRecord record;
  record.credit = half_median(seated, epoch);
  record.joined = height;
  record.probation_until = capped(epoch + params.probation_epochs);
  for (const CreditRecord& known : same_org) {
    record.credit = std::min(record.credit, known.credit);
    record.jailed_until = std::max(record.jailed_until, known.jailed_until);
    if (known.last_proof && (!record.last_proof || *record.last_proof < *known.last_proof))
      record.last_proof = known.last_proof;
  }
  return record;
}

Committee next_committee(const Committee& seats, const std::vector<CreditRecord>& records, Epoch epoch,
                         const Hash& seed) {
  TL_CHECK(records.size() == seats.size());
  std::vector<Member> members = seats.members();
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].credit = records[i].credit;
    members[i].jailed_until = std::max(records[i].jailed_until, records[i].probation_until);
  }
  return Committee(epoch, seed, std::move(members), seats.count().faults);
}

Hash next_seed(const Hash& seed, const Hash& epoch_start_digest) {
  return tagged_hash("tieline/seed/1", {seed.view(), epoch_start_digest.view()});
}

bool punish_equivocation(CreditRecord& record, const Slot& slot, Epoch epoch, uint32_t jail_epochs) {
  if (record.last_equivocation && slot <= *record.last_equivocation) return false;
  record.last_equivocation = slot;
  record.last_proof = epoch;
  record.credit = 0;
  record.jailed_until = std::max(record.jailed_until, capped(epoch + kActsAfterEpochs + jail_epochs));
  return true;
}

}  // namespace tieline::standing
