#include "paper/credit_data.h"

#include <algorithm>
#include <map>

namespace tieline::paper {
namespace {

using standing::CreditEntry;

constexpr uint64_t kAwayPercent = 80;  // of the next epoch's slots: it was away

CreditRow labelled(const CreditEntry& now, const CreditEntry& next, const CreditParams& params) {
  CreditRow row;
  row.epoch = now.epoch;
  row.x = standing::indicators(now.observed, params);
  for (const standing::CreditEvent& e : now.events) row.proof |= e.kind == standing::CreditEventKind::kProof;
  const standing::Observed& then = next.observed;
  const uint64_t slots = uint64_t{then.absent} + then.signed_slots;
  const bool away = slots > 0 && then.absent * uint64_t{100} >= kAwayPercent * slots;
  row.led = then.led_views > 0;
  row.failed = then.failed_views > 0;
  if (row.led)
    row.target = (then.led_views - then.failed_views) * kCreditOne / then.led_views;
  else
    row.target = away ? 0 : kCreditOne;
  return row;
}

}  // namespace

std::vector<CreditRow> rows_of(const CreditRun& run, size_t number) {
  std::vector<CreditRow> out;
  for (size_t e = 0; e + 1 < run.epochs.size(); ++e) {
    for (size_t v = 0; v < run.epochs[e].size() && v < run.epochs[e + 1].size(); ++v) {
      CreditRow row = labelled(run.epochs[e][v], run.epochs[e + 1][v], run.params);
      row.run = number;
      row.validator = static_cast<ValidatorId>(v);
      out.push_back(row);
    }
  }
  return out;
}

bool is_sample(const CreditRow& row) { return row.led || row.target == 0; }

std::vector<Carried> carried(const std::vector<CreditRow>& rows, const CreditParams& params, const Model& model) {
  std::map<std::pair<size_t, ValidatorId>, uint32_t> credit;  // by run and validator
  std::vector<Carried> out;
  for (const CreditRow& row : rows) {
    auto& before = credit.try_emplace({row.run, row.validator}, kCreditOne / 2).first->second;
    Carried c{row, 0, 0};
    c.row.x.back() = before;
    c.output = model(c.row.x);
    c.credit = row.proof ? 0 : standing::moved_credit(before, c.output, params);
    before = c.credit;
    out.push_back(c);
  }
  return out;
}

std::vector<standing::Sample> samples_of(const std::vector<Carried>& rows) {
  std::vector<standing::Sample> out;
  for (const Carried& c : rows)
    if (is_sample(c.row)) out.push_back({c.row.x, c.row.target});
  return out;
}

std::vector<standing::Scored> scores_of(const std::vector<Carried>& rows) {
  std::vector<standing::Scored> out;
  for (const Carried& c : rows)
    if (c.row.led) out.push_back({c.credit, c.row.failed});
  return out;
}

}  // namespace tieline::paper
