#pragma once
// `tieline credit train` and `credit eval` without their command lines: networks are run, a BP network of each hidden
// width is trained on three quarters of the runs and tried on the rest; then network, hand-weighted sum and round-robin
// are compared on networks of another kind, as predictors and as leader policies. Pure functions of the options; runs
// happen some at a time, which changes nothing.

#include "paper/credit_data.h"
#include "paper/experiments.h"

namespace tieline::paper {

struct TrainingPlan {
  size_t runs = 80;  // simulated ones
  uint64_t first_seed = 0;
  uint32_t epochs = 12;
  std::vector<uint32_t> hidden = {4, 8, 12, 16, 24, 32};  // the sweep; the best is taken
  uint32_t rounds = 3;  // each with the previous credit (x8) that the network of the round before would have given
  standing::TrainingOptions options;
  size_t threads = 2;
};

struct SweepRow {
  uint32_t hidden = 0;
  uint32_t error_q16 = 0;    // mean squared, on the runs that were held out
  uint32_t trained_q16 = 0;  // on those it was trained on
  uint32_t auc_ppm = 0;      // on the runs that were held out
};
struct TrainingReport {
  size_t runs = 0, recorded = 0, rows = 0, samples = 0, failing = 0, held_out_runs = 0;
  std::array<size_t, kBadConducts> conducts{};  // bad validators by kind
  size_t far = 0;
  std::vector<SweepRow> sweep;
  uint32_t chosen = 0;
  uint32_t auc_linear_ppm = 0;  // the sum weighted by hand, on the same held-out runs
  CreditWeights weights;
};
// `recorded`: runs of real networks, used like the simulated ones.
TrainingReport train_credit(const TrainingPlan& plan, std::vector<CreditRun> recorded, const Told& told);

// A number with the middle 95 of 100 of what other draws of the same runs would have given.
struct Estimate {
  uint64_t value = 0, low = 0, high = 0;
};
struct EvaluationPlan {
  size_t runs = 24;  // for the predictors, and for each policy
  uint64_t first_seed = 0;
  uint32_t epochs = 12;         // of a run for the predictors
  uint32_t policy_epochs = 20;  // of a run for the policies
  CreditWeights weights;
  size_t threads = 2;
};
struct EvaluationReport {
  Estimate auc_network, auc_linear, auc_round_robin;  // millionths
  Estimate auc_answer;                                // of the network's answer alone, before it moves the credit
  // Of someone who knows of which kind every validator is, and how often that kind fails in these very networks: what
  // is above it is luck, or seen in the network and not in the validator.
  Estimate auc_kind;
  Estimate auc_margin;  // network - linear, in the same draws; low may be 0 for 'none'
  struct Policy {
    Estimate view_changes;  // thousandths of a view change a 1,000 blocks
    uint64_t blocks = 0, failed = 0, planned = 0, unfinished = 0;
    uint64_t charged_bad = 0, charged_honest = 0;  // failed views that the chain shows, by who led them
  } network, strict, linear, round_robin;  // rotate with the network's credit, strict with it, rotate with the sum's
  size_t rows = 0, failing = 0;
};
EvaluationReport evaluate_credit(const EvaluationPlan& plan, const Told& told);

}  // namespace tieline::paper
