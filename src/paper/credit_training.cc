#include "paper/credit_training.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/rng.h"

namespace tieline::paper {
namespace {

constexpr size_t kHeldOutOneIn = 4;
constexpr size_t kDraws = 1'000;  // of the bootstrap

using standing::Scored;

std::vector<CreditRun> run_all(const std::vector<CreditRunOptions>& all, size_t threads, const char* what,
                               const Told& told) {
  std::vector<CreditRun> out(all.size());
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(all.size(), threads, [&](size_t i) {
    out[i] = run_for_credit(all[i]);
    const std::lock_guard lock(mutex);
    told(std::string(what) + ": network " + std::to_string(++finished) + " of " + std::to_string(all.size()) +
         (out[i].what.empty() ? "" : ", " + out[i].name + ": " + out[i].what));
  });
  return out;
}

Model network_model(const CreditWeights& weights) {
  return [weights](const standing::Indicators& x) { return standing::network_output(weights, x); };
}
Model linear_model() {
  return [](const standing::Indicators& x) { return standing::linear_output(x); };
}

uint32_t auc_of(const std::vector<CreditRow>& rows, const CreditParams& params, const Model& model) {
  return standing::roc_area_ppm(scores_of(carried(rows, params, model))).value_or(0);
}

// Value, and the 2.5 % and 97.5 % points of `draws`.
Estimate estimate(uint64_t value, std::vector<uint64_t> draws) {
  std::sort(draws.begin(), draws.end());
  if (draws.empty()) return {value, value, value};
  return {value, draws[draws.size() * 25 / 1'000], draws[draws.size() * 975 / 1'000]};
}

// Draws of as many runs as there are, with replacement: by index.
std::vector<std::vector<size_t>> draws_of(size_t runs) {
  Rng rng(1);
  std::vector<std::vector<size_t>> out(kDraws);
  for (auto& draw : out)
    for (size_t i = 0; i < runs; ++i) draw.push_back(rng.below(runs));
  return out;
}

uint64_t auc_of_draw(const std::vector<std::vector<Scored>>& by_run, const std::vector<size_t>& draw) {
  std::vector<Scored> all;
  for (const size_t run : draw) all.insert(all.end(), by_run[run].begin(), by_run[run].end());
  return standing::roc_area_ppm(std::move(all)).value_or(0);
}

// 0 honest and near; then one for each kind.
size_t kind_of(const CreditRun& run, ValidatorId id) {
  for (const Conduct& c : run.conducts)
    if (c.id == id) return static_cast<size_t>(c.kind) + 1;
  return 0;
}
bool is_bad(const CreditRun& run, ValidatorId id) {
  const size_t kind = kind_of(run, id);
  return kind > 0 && kind <= kBadConducts;
}

// Scores by the share of failures of each validator's kind in these very runs.
std::vector<std::vector<Scored>> scores_by_kind(const std::vector<CreditRun>& runs) {
  std::array<uint64_t, static_cast<size_t>(ConductKind::kCount) + 1> led{}, failed{};
  const auto each = [&](auto visit) {
    for (size_t i = 0; i < runs.size(); ++i)
      for (const CreditRow& row : rows_of(runs[i], i))
        if (row.led) visit(i, row, kind_of(runs[i], row.validator));
  };
  each([&](size_t, const CreditRow& row, size_t kind) {
    ++led[kind];
    failed[kind] += row.failed ? 1 : 0;
  });
  std::vector<std::vector<Scored>> out(runs.size());
  each([&](size_t i, const CreditRow& row, size_t kind) {
    out[i].push_back({static_cast<uint32_t>((led[kind] - failed[kind]) * kCreditOne / led[kind]), row.failed});
  });
  return out;
}

}  // namespace

TrainingReport train_credit(const TrainingPlan& plan, std::vector<CreditRun> recorded, const Told& told) {
  // In turn, so that everybody is seen leading; and by credit, so that those are seen who no longer lead.
  std::vector<CreditRunOptions> wanted;
  for (size_t i = 0; i < plan.runs; ++i) {
    CreditRunOptions o;
    o.seed = plan.first_seed + i;
    o.epochs = plan.epochs;
    if (i % 2 == 1) o.policy = LeaderPolicy::kRotate;
    wanted.push_back(o);
  }
  std::vector<CreditRun> runs = run_all(wanted, plan.threads, "training", told);
  TrainingReport report;
  report.recorded = recorded.size();
  for (CreditRun& run : recorded) runs.push_back(std::move(run));
  report.runs = runs.size();
  const CreditParams params;
  std::vector<CreditRow> learnt, held;
  for (size_t i = 0; i < runs.size(); ++i) {
    const bool hold = i % kHeldOutOneIn == kHeldOutOneIn - 1;
    report.held_out_runs += hold ? 1 : 0;
    for (const CreditRow& row : rows_of(runs[i], i)) {
      (hold ? held : learnt).push_back(row);
      ++report.rows;
      report.samples += is_sample(row) ? 1 : 0;
      report.failing += row.led && row.failed ? 1 : 0;
    }
    for (const Conduct& c : runs[i].conducts) {
      if (c.honest())
        ++report.far;
      else
        ++report.conducts[static_cast<size_t>(c.kind)];
    }
  }
  report.auc_linear_ppm = auc_of(held, params, linear_model());
  const auto first = samples_of(carried(learnt, params, linear_model()));

  std::vector<CreditWeights> found(plan.hidden.size());
  report.sweep.resize(plan.hidden.size());
  std::mutex mutex;
  in_parallel(plan.hidden.size(), plan.threads, [&](size_t i) {
    standing::TrainingOptions options = plan.options;
    options.hidden = plan.hidden[i];
    std::vector<standing::Sample> samples = first;
    for (uint32_t round = 0; round < plan.rounds; ++round) {
      found[i] = standing::train(samples, options);
      samples = samples_of(carried(learnt, params, network_model(found[i])));
    }
    const Model model = network_model(found[i]);
    SweepRow& row = report.sweep[i];
    row = {plan.hidden[i], standing::mean_squared_error(found[i], samples_of(carried(held, params, model))),
           standing::mean_squared_error(found[i], samples), auc_of(held, params, model)};
    const std::lock_guard lock(mutex);
    told("training: " + std::to_string(row.hidden) + " hidden neurons, area under ROC on held-out runs " +
         std::to_string(row.auc_ppm) + " ppm");
  });
  size_t best = 0;
  for (size_t i = 1; i < report.sweep.size(); ++i)
    if (report.sweep[i].auc_ppm > report.sweep[best].auc_ppm) best = i;
  report.chosen = report.sweep.at(best).hidden;
  report.weights = found.at(best);
  return report;
}

EvaluationReport evaluate_credit(const EvaluationPlan& plan, const Told& told) {
  EvaluationReport report;
  const CreditParams params;
  std::vector<CreditRunOptions> wanted;
  for (size_t i = 0; i < plan.runs; ++i) {
    CreditRunOptions o;
    o.mix = Mix::kUnseen;
    o.seed = plan.first_seed + i;
    o.epochs = plan.epochs;
    o.tenures_per_epoch = 12;
    o.weights = plan.weights;
    if (i % 2 == 1) {
      o.policy = LeaderPolicy::kRotate;
      o.model = CreditModel::kNetwork;
    }
    wanted.push_back(o);
  }
  const std::vector<CreditRun> runs = run_all(wanted, plan.threads, "predictors", told);
  std::vector<std::vector<Scored>> network, answer, linear, none;
  const std::vector<std::vector<Scored>> known = scores_by_kind(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto rows = rows_of(runs[i], i);
    auto by_network = carried(rows, params, network_model(plan.weights));
    network.push_back(scores_of(by_network));
    for (Carried& c : by_network) c.credit = c.output;
    answer.push_back(scores_of(by_network));
    linear.push_back(scores_of(carried(rows, params, linear_model())));
    none.push_back(network.back());
    for (Scored& s : none.back()) {
      s.score = 0;  // who leads in turn is no better or worse than others
      ++report.rows;
      report.failing += s.failed ? 1 : 0;
    }
  }
  std::vector<size_t> all(runs.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::vector<uint64_t> n, a, k, l, r, margin;
  for (const auto& draw : draws_of(runs.size())) {
    n.push_back(auc_of_draw(network, draw));
    a.push_back(auc_of_draw(answer, draw));
    k.push_back(auc_of_draw(known, draw));
    l.push_back(auc_of_draw(linear, draw));
    r.push_back(auc_of_draw(none, draw));
    margin.push_back(n.back() - std::min(n.back(), l.back()));
  }
  report.auc_network = estimate(auc_of_draw(network, all), n);
  report.auc_answer = estimate(auc_of_draw(answer, all), a);
  report.auc_kind = estimate(auc_of_draw(known, all), k);
  report.auc_linear = estimate(auc_of_draw(linear, all), l);
  report.auc_round_robin = estimate(auc_of_draw(none, all), r);
  report.auc_margin =
      estimate(report.auc_network.value - std::min(report.auc_network.value, report.auc_linear.value), margin);

  // As leader policies: the same networks, three tenures an epoch as in the defaults of genesis.
  struct Tried {
    const char* name;
    EvaluationReport::Policy& at;
    LeaderPolicy policy;
    CreditModel model;
  };
  for (const Tried& t :
       {Tried{"credit of the network", report.network, LeaderPolicy::kRotate, CreditModel::kNetwork},
        Tried{"credit of the network, the highest first", report.strict, LeaderPolicy::kStrict, CreditModel::kNetwork},
        Tried{"credit of the sum", report.linear, LeaderPolicy::kRotate, CreditModel::kLinear},
        Tried{"round-robin", report.round_robin, LeaderPolicy::kRoundRobin, CreditModel::kFrozen}}) {
    std::vector<CreditRunOptions> tries;
    for (size_t i = 0; i < plan.runs; ++i) {
      CreditRunOptions o;
      o.mix = Mix::kUnseen;
      o.seed = plan.first_seed + plan.runs + i;
      o.epochs = plan.policy_epochs;
      o.tenures_per_epoch = 3;
      o.tenure_slots = 16;
      o.policy = t.policy;
      o.model = t.model;
      o.weights = plan.weights;
      tries.push_back(o);
    }
    const std::vector<CreditRun> tried = run_all(tries, plan.threads, t.name, told);
    const auto rate = [&](const std::vector<size_t>& which) {
      uint64_t failed = 0, blocks = 0;
      for (const size_t i : which) {
        failed += tried[i].failed_views;
        blocks += tried[i].blocks;
      }
      return blocks == 0 ? 0 : failed * 1'000'000 / blocks;
    };
    std::vector<uint64_t> drawn;
    for (const auto& draw : draws_of(tried.size())) drawn.push_back(rate(draw));
    t.at.view_changes = estimate(rate(all), drawn);
    for (const CreditRun& run : tried) {
      t.at.blocks += run.blocks;
      t.at.failed += run.failed_views;
      t.at.planned += run.planned_views;
      t.at.unfinished += run.what.empty() ? 0 : 1;
      for (const auto& epoch : run.epochs)
        for (size_t v = 0; v < epoch.size(); ++v)
          (is_bad(run, static_cast<ValidatorId>(v)) ? t.at.charged_bad : t.at.charged_honest) +=
              epoch[v].observed.failed_views;
    }
  }
  return report;
}

}  // namespace tieline::paper
