#pragma once
// From what a chain recorded to what a network learns: one row a validator and epoch, labelled by how the validator did
// in the epoch after. Runs are split as wholes, never by rows. The label is what the chain says, not what the simulator
// knows, so that recorded real runs give rows in the same way.

#include <functional>

#include "paper/credit_runs.h"
#include "standing/training.h"

namespace tieline::paper {

struct CreditRow {
  size_t run = 0;
  Epoch epoch = 0;
  ValidatorId validator = 0;
  standing::Indicators x{};
  bool proof = false;   // a proof came in this epoch: credit is gone, whatever a model says
  uint32_t target = 0;  // Q16.16: of the views it led in the next epoch, the share that did not fail; absent: 0
  bool led = false;     // in the next epoch: it is one of those whose failure is to be foreseen
  bool failed = false;  // and failed at least one view
};

// The answer of a model to eight indicators.
using Model = std::function<uint32_t(const standing::Indicators&)>;

// A validator whose next epoch says nothing (it neither led nor was away) still has a row, so that credit can be
// carried on, but is no sample.
std::vector<CreditRow> rows_of(const CreditRun& run, size_t number);
bool is_sample(const CreditRow& row);

// The same rows as they would be if `model` had kept the credit: x8 is the credit before, `credit` the one after.
struct Carried {
  CreditRow row;
  uint32_t output = 0, credit = 0;
};
std::vector<Carried> carried(const std::vector<CreditRow>& rows, const CreditParams& params, const Model& model);

std::vector<standing::Sample> samples_of(const std::vector<Carried>& rows);
std::vector<standing::Scored> scores_of(const std::vector<Carried>& rows);  // of those that led

}  // namespace tieline::paper
