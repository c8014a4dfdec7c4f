#include "api/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "ledger/codes.h"
#include "model/quorum.h"

namespace tieline::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Divided by, not multiplied with its inverse: a bound of 50 us is the double nearest to 5e-05.
constexpr double kMicrosPerSecond = 1e6;

class Families {
 public:
  void gauge(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    add(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  void counter(const char* name, const char* help, double value) {
    ClientMetric metric;
    metric.counter.value = value;
    add(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    MetricFamily& family = out.emplace_back();
    family.name = std::string("tieline_") + name;
    family.help = help;
    family.type = type;
    return family;
  }
  static void sample(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
  }
  void histogram(const char* name, const char* help, const node::Histogram& from, double per_unit) {
    ClientMetric metric;
    metric.histogram.sample_count = from.total();
    metric.histogram.sample_sum = static_cast<double>(from.sum()) / per_unit;
    uint64_t cumulative = 0;
    for (size_t i = 0; i <= from.bounds().size(); ++i) {
      cumulative += from.counts()[i];
      const double bound = i < from.bounds().size() ? static_cast<double>(from.bounds()[i]) / per_unit
                                                    : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({cumulative, bound});
    }
    add(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> out;
};

void add_state(Families& f, const node::NodeService& service) {
  const node::NodeStatus status = service.status();
  const auto& engine = status.replica.engine;
  f.gauge("height", "Height of the last committed block that this validator has applied",
          static_cast<double>(status.replica.applied));
  f.gauge("epoch", "Epoch of consensus", static_cast<double>(engine.epoch));
  f.gauge("view", "View of consensus within the epoch; grows when a primary is replaced",
          static_cast<double>(engine.view));
  f.gauge("primary", "Id of the validator that leads the view; -1 when there is none",
          engine.primary ? static_cast<double>(*engine.primary) : -1.0);
  f.gauge("is_primary", "1 if this validator leads the view",
          engine.primary == status.self && !engine.view_changing ? 1.0 : 0.0);
  f.gauge("view_changing", "1 while this validator waits for a new primary", engine.view_changing ? 1.0 : 0.0);
  f.gauge("catching_up", "1 while this validator fetches blocks that others have",
          status.replica.catching_up ? 1.0 : 0.0);
  f.gauge("pending", "Transactions in the pool, not yet in a committed block",
          static_cast<double>(status.replica.pending));
  f.gauge("peers", "Other validators that this one is connected to",
          static_cast<double>(status.replica.connected.size()));
  f.gauge("validators", "Validators in genesis", static_cast<double>(service.genesis().validators.size()));
  f.gauge("quorum", "Validators that must take part for progress",
          static_cast<double>(service.genesis().quorum().quorum()));
  if (const auto committee = committee_of(service.committed_state(), engine.epoch); committee && committee->weighted())
    f.gauge("weights_alarm", "1 while too few validators are trusted to weigh votes by: all weigh the same",
            committee->weights_alarm() ? 1.0 : 0.0);
  f.gauge("checkpoint_height", "Height of the last stable checkpoint", static_cast<double>(status.replica.checkpoint));
  f.gauge("store_flushed_height",
          "Height up to which the store alone would survive power loss; the log covers the rest",
          static_cast<double>(status.flushed));
  f.gauge("start_time_seconds", "When this process started, seconds since 1970",
          static_cast<double>(status.started_ms) / 1000.0);
}

void add_node(Families& f, const node::NodeMetrics& m) {
  f.histogram("finality_seconds", "From the first sight of a proposal to its commit, here", m.finality_us,
              kMicrosPerSecond);
  f.histogram("fsync_seconds", "One write and fdatasync of the log", m.fsync_us, kMicrosPerSecond);
  f.histogram("verify_seconds", "One signature, within its batch", m.verify_us, kMicrosPerSecond);
  f.histogram("verify_batch_signatures", "Signatures in one batch", m.verify_batch, 1.0);
  f.histogram("apply_seconds", "One batch of writes into the store", m.apply_us, kMicrosPerSecond);
  f.histogram("step_seconds", "One step of the replica with its effects", m.step_us, kMicrosPerSecond);
  f.histogram("block_transactions", "Transactions in a block", m.block_txs, 1.0);
  f.counter("blocks_total", "Blocks committed since the start of this process", static_cast<double>(m.blocks));
  f.counter("transactions_total", "Transactions committed, whatever their result", static_cast<double>(m.transactions));
  f.counter("readings_total", "Readings of committed transactions with result ok", static_cast<double>(m.readings));
  f.counter("verified_total", "Signatures of transactions checked", static_cast<double>(m.verified));
  f.counter("verify_cpu_seconds_total", "Processor time of the worker that checks them",
            static_cast<double>(m.verify_cpu_ns) * 1e-9);
  f.counter("log_bytes_total", "Bytes written to the log", static_cast<double>(m.log_bytes));
  f.counter("log_syncs_total", "fdatasync calls of the log", static_cast<double>(m.log_syncs));
  auto& rejected =
      f.add("rejected_total", "Transactions that were refused, in blocks or at the door, by code", MetricType::Counter);
  for (const auto& [code, count] : m.rejected)
    Families::sample(rejected, {{"code", code_name(code)}}, static_cast<double>(count));
  auto& counted = f.add("counted_total", "Things that happened, by name: dropped frames and why, view changes, fetches",
                        MetricType::Counter);
  for (const auto& [name, count] : m.counted) Families::sample(counted, {{"name", name}}, static_cast<double>(count));
  auto& queues = f.add("queue", "What waits now, by queue: inputs, log bytes, signatures, blocks for the store",
                       MetricType::Gauge);
  Families::sample(queues, {{"queue", "inputs"}}, static_cast<double>(m.inputs_queued));
  Families::sample(queues, {{"queue", "log_bytes"}}, static_cast<double>(m.log_queued_bytes));
  Families::sample(queues, {{"queue", "verify_signatures"}}, static_cast<double>(m.verify_queued));
  Families::sample(queues, {{"queue", "apply_blocks"}}, static_cast<double>(m.apply_queued));
}

void add_api(Families& f, const Metrics& m) {
  auto& requests = f.add("http_requests_total", "HTTP requests answered, by route and status", MetricType::Counter);
  for (const auto& [key, count] : m.requests)
    Families::sample(requests, {{"route", key.first}, {"status", std::to_string(key.second)}},
                     static_cast<double>(count));
  auto& closed =
      f.add("client_closed_total", "Client connections that this validator closed, and why", MetricType::Counter);
  for (const auto& [code, count] : m.closed) Families::sample(closed, {{"code", code}}, static_cast<double>(count));
  f.gauge("client_connections", "Client connections open now", static_cast<double>(m.connections));
  f.gauge("client_streams", "Binary streams open now", static_cast<double>(m.streams));
  f.gauge("client_event_streams", "Event streams open now", static_cast<double>(m.events_clients));
  f.counter("stream_transactions_total", "Transactions submitted over binary streams",
            static_cast<double>(m.stream_transactions));
  f.gauge("certificate_expiry_seconds", "When the TLS certificate of this validator expires, seconds since 1970",
          static_cast<double>(m.certificate_expiry_s));
}

}  // namespace

std::string metrics_text(const Metrics& api, const node::NodeService& service) {
  Families families;
  add_state(families, service);
  add_node(families, service.metrics());
  add_api(families, api);
  return prometheus::TextSerializer().Serialize(families.out);
}

}  // namespace tieline::api
