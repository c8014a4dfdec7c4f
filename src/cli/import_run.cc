#include "cli/import_run.h"

#include <algorithm>
#include <deque>
#include <map>

#include "ledger/codes.h"

namespace tieline::cli {
namespace {

struct Range {
  uint64_t first = 0;
  uint64_t rows = 0;
};

enum class Verdict {
  kAccepted,
  kPlanAgain,  // these bytes can never count, but their readings still can
  kBusy,       // the same bytes may succeed later
  kContent,    // one or more of the readings are refused
  kRefused,    // the whole transaction, whatever it holds
};

Verdict verdict_of(const ImportOutcome& outcome) {
  switch (static_cast<TxCode>(outcome.code)) {
    case TxCode::ok:
      return Verdict::kAccepted;
    case TxCode::duplicate:
    case TxCode::sequence_too_old:
    case TxCode::sequence_too_far:
    case TxCode::expired:
    case TxCode::expiry_too_far:
    case TxCode::timestamp_old:
    case TxCode::timestamp_future:
      return Verdict::kPlanAgain;
    case TxCode::pool_full:
    case TxCode::too_many_pending:
      return Verdict::kBusy;
    case TxCode::unknown_meter:
    case TxCode::not_owner:
    case TxCode::misaligned_interval:
    case TxCode::bad_duration:
    case TxCode::future_interval:
    case TxCode::stale:
    case TxCode::over_capacity:
    case TxCode::before_window:
    case TxCode::overlap:
    case TxCode::bad_register:
    case TxCode::ramp:
      return Verdict::kContent;
    default:
      return Verdict::kRefused;
  }
}

class Import {
 public:
  Import(const ImportPlan& plan, ImportJournal& journal, ImportNetwork& network)
      : plan_(plan), rows_(*plan.rows), journal_(journal), network_(network) {}

  Result<ImportResult> run() {
    if (auto status = start(); !status) return status.error();
    while (!resend_.empty() || !unplanned_.empty()) {
      auto wave = next_wave();
      if (!wave) return wave.error();
      if (auto status = send(*wave); !status) return status.error();
    }
    std::sort(result_.rejected.begin(), result_.rejected.end(),
              [](const ImportRejection& a, const ImportRejection& b) { return a.line < b.line; });
    return std::move(result_);
  }

 private:
  struct Sent {
    ImportRecord record;
    bool from_before = false;
  };

  Status start() {
    result_.resumed = !journal_.was_empty();
    uint64_t row = 0;
    for (const ImportRecord& record : journal_.active()) {
      if (record.first_row + record.rows > rows_.size()) {
        return Error{"journal_foreign", "the journal covers more rows than the file has"};
      }
      if (record.first_row > row) unplanned_.push_back({row, record.first_row - row});
      resend_.push_back({record, true});
      next_sequence_ = std::max(next_sequence_, record.sequence + 1);
      row = record.first_row + record.rows;
    }
    if (row < rows_.size()) unplanned_.push_back({row, rows_.size() - row});
    return {};
  }

  // First what the journal already holds, so that its sequence numbers are settled before new ones are given out.
  Result<std::vector<Sent>> next_wave() {
    std::vector<Sent> wave;
    while (!resend_.empty() && wave.size() < kImportWaveMax) {
      wave.push_back(resend_.front());
      resend_.pop_front();
    }
    if (!wave.empty() || unplanned_.empty()) return wave;

    auto height = network_.height();
    if (!height) return height.error();
    auto highest = network_.highest_sequence(plan_.participant);
    if (!highest) return highest.error();
    next_sequence_ = std::max(settled_sequence_, *highest) + 1;
    std::vector<ImportRecord> records;
    while (!unplanned_.empty() && records.size() < kImportWaveMax) {
      Range& range = unplanned_.front();
      const uint64_t take = std::min<uint64_t>(range.rows, plan_.batch);
      records.push_back({range.first, take, next_sequence_++, network_.now_ms(), *height + kImportLifetime});
      range.first += take;
      range.rows -= take;
      if (range.rows == 0) unplanned_.pop_front();
    }
    if (auto status = journal_.append(records); !status) return status.error();
    for (const ImportRecord& record : records) wave.push_back({record, false});
    return wave;
  }

  Status send(std::vector<Sent> wave) {
    for (size_t tries = 0; !wave.empty(); ++tries) {
      if (tries >= kImportBusyTriesMax) return Error{"overloaded", "the validators' pools stay full; try again later"};
      if (tries > 0) network_.pause();
      std::vector<Blob> transactions;
      for (const Sent& sent : wave) transactions.push_back(import_transaction(plan_, sent.record));
      auto outcomes = network_.submit(transactions);
      if (!outcomes) return outcomes.error();
      TL_CHECK(outcomes->size() == wave.size());
      std::vector<Sent> busy;
      for (size_t i = 0; i < wave.size(); ++i) {
        if (verdict_of((*outcomes)[i]) == Verdict::kBusy) {
          busy.push_back(wave[i]);
        } else if (auto status = settle(wave[i], (*outcomes)[i]); !status) {
          return status;
        }
      }
      wave = std::move(busy);
    }
    return {};
  }

  Status settle(const Sent& sent, ImportOutcome outcome) {
    const ImportRecord& record = sent.record;
    if (verdict_of(outcome) == Verdict::kPlanAgain && !outcome.committed) {
      // Refused at the door of one validator: it may have been recorded all the same, through another one.
      auto found = network_.find(outcome.id);
      if (!found) return found.error();
      if (*found) outcome = **found;
    }
    if (outcome.committed) settled_sequence_ = std::max(settled_sequence_, record.sequence);
    switch (verdict_of(outcome)) {
      case Verdict::kAccepted:
        return accept(sent, outcome);
      case Verdict::kPlanAgain:
        return plan_again(record, outcome.code);
      case Verdict::kContent:
        return split(record, outcome.code);
      case Verdict::kBusy:
      case Verdict::kRefused:
        reject(record.first_row, record.rows, outcome.code);
        return {};
    }
    return {};
  }

  Status accept(const Sent& sent, const ImportOutcome& outcome) {
    auto receipt = network_.verified_receipt(outcome.id);
    if (!receipt) return receipt.error();
    if (plan_.keep_receipt) {
      if (auto status = plan_.keep_receipt(outcome.id, *receipt); !status) return status;
    }
    result_.accepted += sent.record.rows;
    if (sent.from_before) result_.already += sent.record.rows;
    ++result_.transactions;
    done(sent.record.rows);
    return {};
  }

  Status plan_again(const ImportRecord& record, uint16_t code) {
    if (++replans_[record.first_row] > kImportReplansMax) {
      reject(record.first_row, record.rows, code);
    } else {
      unplanned_.push_front({record.first_row, record.rows});
    }
    return {};
  }

  Status split(const ImportRecord& record, uint16_t code) {
    if (record.rows == 1) {
      reject(record.first_row, 1, code);
      return {};
    }
    // What was recorded long ago may lie before the window in which the ledger still knows what overlaps.
    if (code == number(TxCode::overlap) || code == number(TxCode::before_window)) {
      auto dropped = drop_recorded(record);
      if (!dropped) return dropped.error();
      if (*dropped) return {};
    }
    const uint64_t half = record.rows / 2;
    unplanned_.push_front({record.first_row + half, record.rows - half});
    unplanned_.push_front({record.first_row, half});
    return {};
  }

  // Rejects the rows whose intervals are recorded already and plans the rest again; false when there are none.
  Result<bool> drop_recorded(const ImportRecord& record) {
    struct Span {
      int64_t from, to;
    };
    std::map<MeterId, Span> spans;
    for (uint64_t i = 0; i < record.rows; ++i) {
      const Reading& r = rows_[record.first_row + i].reading;
      auto [it, fresh] = spans.try_emplace(r.meter, Span{r.start_s, r.start_s + r.duration_s});
      it->second = {std::min(it->second.from, r.start_s), std::max(it->second.to, r.start_s + r.duration_s)};
    }
    std::map<std::pair<MeterId, Obis>, std::map<int64_t, int64_t>> taken;  // start -> end
    for (const auto& [meter, span] : spans) {
      auto readings = network_.recorded(meter, span.from, span.to);
      if (!readings) return readings.error();
      for (const Reading& r : *readings) taken[{r.meter, r.obis}][r.start_s] = r.start_s + r.duration_s;
    }
    const auto is_taken = [&taken](const Reading& r) {
      const auto series = taken.find({r.meter, r.obis});
      if (series == taken.end()) return false;
      const auto next = series->second.lower_bound(r.start_s);
      if (next != series->second.end() && next->first < r.start_s + r.duration_s) return true;
      return next != series->second.begin() && std::prev(next)->second > r.start_s;
    };
    std::vector<Range> rest;
    bool any = false;
    for (uint64_t row = record.first_row; row < record.first_row + record.rows; ++row) {
      if (is_taken(rows_[row].reading)) {
        any = true;
        reject(row, 1, number(TxCode::overlap));
      } else if (!rest.empty() && rest.back().first + rest.back().rows == row) {
        ++rest.back().rows;
      } else {
        rest.push_back({row, 1});
      }
    }
    if (any) unplanned_.insert(unplanned_.begin(), rest.begin(), rest.end());
    return any;
  }

  void reject(uint64_t first, uint64_t rows, uint16_t code) {
    for (uint64_t row = first; row < first + rows; ++row) {
      result_.rejected.push_back({rows_[row].line, code_name(code), code_reason(code)});
    }
    done(rows);
  }

  void done(uint64_t rows) {
    done_ += rows;
    if (plan_.progress) plan_.progress(done_);
  }

  const ImportPlan& plan_;
  const std::vector<CsvRow>& rows_;
  ImportJournal& journal_;
  ImportNetwork& network_;
  std::deque<Sent> resend_;
  std::deque<Range> unplanned_;
  std::map<uint64_t, size_t> replans_;  // by first row
  uint64_t next_sequence_ = 1;
  uint64_t settled_sequence_ = 0;  // the highest of ours that is known to be recorded
  uint64_t done_ = 0;
  ImportResult result_;
};

}  // namespace

Blob import_transaction(const ImportPlan& plan, const ImportRecord& record) {
  std::vector<Reading> readings;
  readings.reserve(record.rows);
  for (uint64_t i = 0; i < record.rows; ++i) readings.push_back((*plan.rows)[record.first_row + i].reading);
  TransactionDraft draft;
  draft.chain = plan.chain;
  draft.signatories = {plan.participant};
  draft.sequence = record.sequence;
  draft.timestamp_ms = record.timestamp_ms;
  draft.expiry_height = record.expiry_height;
  draft.actions.push_back({ActionType::kReadings, encode_readings(readings)});
  const Signer* keys[] = {plan.signer};
  return Blob(build_transaction(draft, keys));
}

Result<ImportResult> run_import(const ImportPlan& plan, ImportJournal& journal, ImportNetwork& network) {
  TL_CHECK(plan.signer != nullptr && plan.rows != nullptr && plan.batch >= 1 && plan.batch <= kReadingsPerTxMax);
  return Import(plan, journal, network).run();
}

}  // namespace tieline::cli
