#include "replica/recovery.h"

#include <algorithm>

namespace tieline::replica {
namespace {

using consensus::MessagePtr;
using consensus::VoteRecord;

struct FoundVote {
  Lsn lsn = 0;
  VoteRecord record;
};

template <class T>
std::optional<T> body_as(const LogRecord& record) {
  Reader r(record.body.view());
  T value;
  decode(r, value);
  if (!r.done()) return std::nullopt;
  return value;
}

// A record whose checksum holds but which does not decode was not written by this program: damage.
struct Found {
  std::optional<FoundVote> in_log;
  std::optional<FoundVote> in_sector;
  std::optional<FoundVote> newest;  // of both
  bool undecodable = false;
};

Found find_votes(const ParsedLog& log, const std::vector<std::optional<VoteSector>>& sectors) {
  Found found;
  for (auto it = log.records.rbegin(); it != log.records.rend(); ++it) {
    if (it->type != RecordType::kVote && it->type != RecordType::kReset) continue;
    if (std::optional<VoteRecord> vote = body_as<VoteRecord>(*it)) {
      found.in_log = FoundVote{it->lsn, std::move(*vote)};
    } else {
      found.undecodable = true;
    }
    break;
  }
  for (const auto& sector : sectors)
    if (sector && (!found.in_sector || sector->lsn > found.in_sector->lsn))
      found.in_sector = FoundVote{sector->lsn, sector->vote};
  found.newest = found.in_log;
  if (found.in_sector && (!found.newest || found.in_sector->lsn > found.newest->lsn)) found.newest = found.in_sector;
  return found;
}

std::optional<Certificate> find_certificate(const ParsedLog& log, const VoteRecord& vote) {
  for (auto it = log.records.rbegin(); it != log.records.rend(); ++it) {
    if (it->type != RecordType::kCertificate) continue;
    std::optional<Certificate> c = body_as<Certificate>(*it);
    if (c && c->slot == vote.high_slot && c->block == vote.high_block) return c;
  }
  return std::nullopt;
}

bool is_own_proposal(const consensus::Message& m, const VoteRecord& vote) {
  const auto* propose = std::get_if<consensus::Propose>(&m.payload);
  return propose != nullptr && vote.last_vote && propose->slot == vote.last_vote->slot &&
         propose->header.digest() == vote.last_vote->block;
}

bool is_own_view_change(const consensus::Message& m, const VoteRecord& vote) {
  const auto* change = std::get_if<consensus::ViewChange>(&m.payload);
  return change != nullptr && change->epoch == vote.epoch && change->view == vote.view;
}

// From the newest back, until everything that the vote asks for is found. Proposals stand in ascending order of slots,
// so that the newest one decides whether the last vote was for a proposal of one's own.
void find_messages(const ParsedLog& log, const VoteRecord& vote, consensus::Recovered& out) {
  const bool wants_new_view = vote.last_vote && vote.last_vote->new_view;
  bool proposal_decided = !vote.last_vote.has_value();
  for (auto it = log.records.rbegin(); it != log.records.rend(); ++it) {
    if (proposal_decided && (!wants_new_view || out.new_view) && (!vote.view_changing || out.own_view_change)) break;
    if (it->type != RecordType::kMessage) continue;
    Result<MessagePtr> decoded = consensus::decode_message(it->body);
    if (!decoded.ok()) continue;
    MessagePtr message = *decoded;
    if (std::holds_alternative<consensus::Propose>(message->payload)) {
      if (!proposal_decided && is_own_proposal(*message, vote)) out.own_proposal = message;
      proposal_decided = true;
    } else if (wants_new_view && !out.new_view && std::holds_alternative<consensus::NewView>(message->payload)) {
      if (message->digest == *vote.last_vote->new_view) out.new_view = message;
    } else if (!out.own_view_change && is_own_view_change(*message, vote)) {
      out.own_view_change = message;
    }
  }
}

// The header decides whether a body matters; only then is the whole block decoded.
std::optional<Height> height_of_body(const LogRecord& record) {
  Reader r(record.body.view());
  Header header;
  decode(r, header);
  if (!r.ok()) return std::nullopt;
  return header.height;
}

void collect_blocks(const ParsedLog& log, Height applied, RecoveredLog& out) {
  for (const LogRecord& record : log.records) {
    if (record.type == RecordType::kBody) {
      const std::optional<Height> height = height_of_body(record);
      if (!height || *height < applied) continue;
      Result<BlockPtr> block = decode_block(record.body);
      if (block.ok()) out.bodies.push_back({*block, record.lsn});
    } else if (record.type == RecordType::kCommit) {
      std::optional<CommitRecord> commit = body_as<CommitRecord>(record);
      if (commit && commit->height > applied) out.commits.push_back({std::move(*commit), record.lsn});
    }
  }
}

// Never written to.
bool is_blank(const Bytes& sector) {
  return std::all_of(sector.begin(), sector.end(), [](uint8_t b) { return b == 0; });
}

// The vote, and of the log what it speaks of.
void take(const VoteRecord& vote, const ParsedLog& log, RecoveredLog& out) {
  out.engine = {};
  out.engine.vote = vote;
  if (!vote.high_slot.is_epoch_start()) out.engine.high_qc = find_certificate(log, vote);
  find_messages(log, vote, out.engine);
}

// What the winning vote depends on; the code of the first thing that is missing.
const char* missing_for(const VoteRecord& vote, const RecoveredLog& found, Height applied) {
  if (!vote.high_slot.is_epoch_start() && !found.engine.high_qc) return "log_certificate_missing";
  if (vote.view_changing && !found.engine.own_view_change) return "log_view_change_missing";
  if (!vote.last_vote) return nullptr;
  if (vote.last_vote->new_view && !found.engine.new_view) return "log_new_view_missing";
  if (vote.last_vote->height <= applied) return nullptr;
  const bool held = std::any_of(found.bodies.begin(), found.bodies.end(),
                                [&](const RecoveredBody& b) { return b.block->digest == vote.last_vote->block; });
  return held ? nullptr : "log_body_missing";
}

}  // namespace

RecoveredLog recover_log(const DiskImage& disk, Height applied) {
  RecoveredLog out;
  if (disk.fresh) return out;

  std::vector<std::optional<VoteSector>> sectors;
  for (const Bytes& bytes : disk.vote_sectors) sectors.push_back(decode_sector(bytes));
  const bool any_sector = std::any_of(sectors.begin(), sectors.end(), [](const auto& s) { return s.has_value(); });
  // A sector that is neither whole nor blank may have named a vote that is nowhere else.
  bool sectors_sure = true;
  for (size_t i = 0; i < sectors.size(); ++i)
    sectors_sure = sectors_sure && (sectors[i] || is_blank(disk.vote_sectors[i]));
  const ParsedLog log = parse_log(disk.segments);
  Found found = find_votes(log, sectors);
  bool never_sent = false;

  collect_blocks(log, applied, out);
  if (found.newest) take(found.newest->record, log, out);
  // No vote leaves before a sector names it. One that stands in the log alone, behind a hole or without what it speaks
  // of, was written by a sync that never ended: the one that the newest sector names was the last that may have left.
  if (sectors_sure && found.in_log && !found.in_log->record.rejoining && found.in_sector &&
      found.in_sector->lsn < found.in_log->lsn &&
      (log.hole || missing_for(found.in_log->record, out, applied) != nullptr)) {
    found.newest = found.in_sector;
    take(found.newest->record, log, out);
    never_sent = true;
  }
  for (const LogRecord& record : log.records)
    if (record.type == RecordType::kCertificate)
      if (std::optional<Certificate> certificate = body_as<Certificate>(record))
        out.certificates.push_back(std::move(*certificate));

  if (!found.newest) {
    out.damage = "log_no_vote";
  } else if (!any_sector) {
    out.damage = "log_sectors_bad";
  } else if (found.newest->record.rejoining) {
    out.damage = "log_rejoining";
  } else if (never_sent) {
    const char* missing = missing_for(found.newest->record, out, applied);
    out.torn = missing != nullptr ? missing : "log_tail_unsynced";
  } else if (found.undecodable || log.hole) {
    (sectors_sure ? out.torn : out.damage) = "log_hole";
  } else if (!found.in_log || found.in_log->lsn < found.newest->lsn) {
    (sectors_sure ? out.torn : out.damage) = "log_behind_sector";  // a sector names a vote that the log does not hold
  } else {
    out.torn = missing_for(found.newest->record, out, applied);
  }

  Lsn highest = 0;
  for (const auto& sector : sectors)
    if (sector) highest = std::max(highest, sector->lsn);
  out.sector_behind = found.newest && highest < found.newest->lsn;
  out.next = std::max(log.last, highest) + 1;
  out.engine.damaged = out.damage != nullptr;
  out.begin_anew = out.engine.damaged || out.torn != nullptr;
  return out;
}

}  // namespace tieline::replica
