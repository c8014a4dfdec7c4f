#pragma once
// What the chain says about private points, fetched from validators and put together into what the commands work on: a
// pseudonym's records, a complaint with all that belongs to it, and what a distributor's balance is about. Records are
// decoded from the transactions that brought them and compared with the commitments in the state. Errors: those of
// network_access.h, chain_invalid (what was fetched does not fit together), file_invalid.

#include <functional>

#include "cli/private_files.h"
#include "energy/private_actions.h"

namespace tieline::cli {

using Getter = std::function<Result<Json>(const std::string& target)>;

// The actions of this name in a committed transaction, as their payloads.
Result<std::vector<Bytes>> payloads_in(const Getter& get, const std::string& transaction, const std::string& action);

// What counts in so many slots from `start_s` on: records, and public substitutes where none counts. Slots that may
// still get a reading are left out.
Result<RecordsFile> fetch_records(const Getter& get, const energy::Pseudonym& pseudonym, Obis obis, int64_t start_s,
                                  uint32_t slots);

struct ComplaintFile {
  std::string state;  // as /v1/private/complaints says
  energy::Complaint complaint;
  energy::PrivateReading reading;
  std::optional<energy::Answer> answer;
};
Result<ComplaintFile> fetch_complaint(const Getter& get, const Hash& complaint);

// A balance without its proof, and what the distributor opened to make one.
struct RegionFile {
  energy::RegionBalance balance;
  energy::RegionOpening sums;
};
struct RegionOf {
  std::string distributor;
  ParticipantId id = 0;
  int64_t period_s = 0;
  int64_t start_s = 0;
};
// Error "does_not_open": a reading that is not sealed to the distributor as it should be.
Result<RegionFile> fetch_region(const Getter& get, const Genesis& genesis, const RegionOf& of,
                                const seal::SecretKey& key);

}  // namespace tieline::cli
