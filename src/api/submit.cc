// POST /v1/transactions: the convenient way in. Bulk goes over the binary stream (api/stream_session.cc).
#include <nlohmann/json.hpp>

#include "api/routes.h"
#include "ledger/codes.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kReceiptRetryMs = 5;  // between a commit and its arrival in the store

struct Item {
  TxId id;
  bool answered = false;
  replica::TxOutcome outcome;
  std::optional<Bytes> receipt;
};

// One request that waits. Outcomes come through a handler that may outlive the request by nothing: it is closed first.
struct Waiting {
  explicit Waiting(asio::any_io_executor executor) : wake(executor, asio::steady_timer::time_point::max()) {}
  std::vector<Item> items;
  size_t unanswered = 0;
  asio::steady_timer wake;
};

// The signed bytes of one transaction alone, or any number of them each behind its u32 length. One alone starts with
// its version and chain, which no length and its transaction can look like.
Result<std::vector<Blob>> split(const Blob& body, const ChainId& chain, size_t count_max) {
  const ByteView bytes = body.view();
  const bool alone = bytes.size() > 33 && bytes[0] == kTxVersion &&
                     std::equal(chain.bytes.begin(), chain.bytes.end(), bytes.begin() + 1);
  if (alone) return std::vector<Blob>{body};
  std::vector<Blob> out;
  Reader r(bytes);
  while (r.ok() && r.left() > 0) {
    const ByteView tx = r.bytes(bytes.size());
    if (!r.ok()) break;
    if (out.size() == count_max)
      return Error{"too_many_transactions", "more than " + std::to_string(count_max) + " transactions in one request"};
    out.push_back(body.slice(r.offset() - tx.size(), tx.size()));
  }
  if (!r.ok() || out.empty())
    return Error{"malformed",
                 "the body must be the signed bytes of one transaction of this chain, or several, each behind "
                 "its length (u32, little-endian)"};
  return out;
}

Json item_json(const Item& item) {
  Json out = {{"id", to_hex(item.id)}};
  if (!item.answered) {
    out["state"] = "pending";
    return out;
  }
  out["state"] = item.outcome.committed ? "committed" : "refused";
  out["code"] = code_name(item.outcome.code);
  if (item.outcome.code != 0) out["why"] = code_reason(item.outcome.code);
  if (item.outcome.committed) {
    out["height"] = item.outcome.height;
    out["index"] = item.outcome.index;
  }
  if (item.receipt) out["receipt"] = to_hex(*item.receipt);
  return out;
}

// Submitting what is committed already is refused as a duplicate; to the one who asks it is the same answer as the
// first time, so that a request can be sent again after a broken connection.
void recognise_duplicate(Core& core, Item& item) {
  if (item.outcome.committed || item.outcome.code != number(TxCode::duplicate)) return;
  const auto place = find_tx(core.service.store(), item.id);
  if (!place) return;
  auto stored = core.service.receipt(item.id);
  if (!stored) return;
  item.outcome.committed = true;
  item.outcome.code = stored->result.code;
  item.outcome.height = place->height;
  item.outcome.index = place->index;
}

asio::awaitable<void> wait_for_outcomes(std::shared_ptr<Core> core, std::shared_ptr<Waiting> waiting,
                                        int64_t deadline_ms) {
  while (waiting->unanswered > 0 && !core->stopped && net::mono_ms() < deadline_ms) {
    waiting->wake.expires_after(std::chrono::milliseconds(std::max<int64_t>(1, deadline_ms - net::mono_ms())));
    co_await waiting->wake.async_wait(kAwait);
  }
  for (Item& item : waiting->items) {
    if (!item.answered || core->stopped) continue;
    recognise_duplicate(*core, item);
    while (item.outcome.committed && !item.receipt && !core->stopped) {
      auto receipt = core->service.receipt(item.id);
      if (receipt) {
        item.receipt = encoded(*receipt);
        break;
      }
      if (receipt.error().code != "not_applied_yet" && receipt.error().code != "not_found") break;
      if (net::mono_ms() >= deadline_ms || !code_consumes_sequence(item.outcome.code)) break;
      waiting->wake.expires_after(std::chrono::milliseconds(kReceiptRetryMs));
      co_await waiting->wake.async_wait(kAwait);
    }
  }
}

HttpResponse waited_answer(const HttpRequest& request, const std::vector<Item>& items) {
  if (items.size() == 1 && items[0].answered && !items[0].outcome.committed)
    return problem(422, code_name(items[0].outcome.code), code_reason(items[0].outcome.code));
  if (items.size() == 1 && items[0].receipt && request.accept == kBytesType)
    return {200, kBytesType, std::string(items[0].receipt->begin(), items[0].receipt->end()), {}};
  Json list = Json::array();
  bool all_known = true;
  for (const Item& item : items) {
    list.push_back(item_json(item));
    all_known = all_known && item.answered;
  }
  return {all_known ? 200u : 202u, kJsonType, Json({{"transactions", std::move(list)}}).dump(), {}};
}

}  // namespace

asio::awaitable<HttpResponse> post_transactions(std::shared_ptr<Core> core, HttpRequest request) {
  const ServerLimits& limits = core->config.limits;
  if (!request.content_type.empty() && !request.content_type.starts_with(kBytesType))
    co_return problem(415, "unsupported_media_type", "send the signed bytes as application/octet-stream");
  const auto wait = request.parameter("wait");
  if (wait && *wait != "commit") co_return problem(400, "bad_parameter", "'wait' is allowed to be 'commit' only");
  auto wait_ms = unsigned_parameter(request, "timeout_ms", static_cast<uint64_t>(limits.wait_ms_default), 1,
                                    static_cast<uint64_t>(limits.wait_ms_max));
  if (!wait_ms) co_return problem(400, wait_ms.error());
  auto blobs = split(request.body, core->service.ledger().chain(), limits.post_transactions_max);
  if (!blobs) co_return problem(400, blobs.error());

  auto waiting = std::make_shared<Waiting>(co_await asio::this_coro::executor);
  for (size_t i = 0; i < blobs->size(); ++i) {
    auto tx = Transaction::parse((*blobs)[i]);
    if (!tx) {
      const std::string where = blobs->size() == 1 ? "" : "transaction " + std::to_string(i) + " of the request: ";
      co_return problem(400, tx.error().code, where + tx.error().why + "; nothing was submitted");
    }
    waiting->items.push_back({(*tx)->id(), false, {}, {}});
  }
  waiting->unanswered = waiting->items.size();
  if (wait && core->waiting_requests >= limits.waiting_requests_max)
    co_return problem(503, "overloaded", "too many requests wait for a commit; nothing was submitted");

  const node::ClientId client = core->service.open_client([waiting](const std::vector<replica::TxOutcome>& outcomes) {
    for (const replica::TxOutcome& outcome : outcomes) {
      if (outcome.tag >= waiting->items.size() || waiting->items[outcome.tag].answered) continue;
      waiting->items[outcome.tag].answered = true;
      waiting->items[outcome.tag].outcome = outcome;
      --waiting->unanswered;
    }
    waiting->wake.cancel();
  });
  const Status submitted = core->service.submit(client, 0, *std::move(blobs));
  if (!submitted) {
    core->service.close_client(client);
    co_return problem(503, submitted.error());
  }
  if (!wait) {
    core->service.close_client(client);
    HttpResponse accepted = waited_answer(request, waiting->items);
    co_return accepted;
  }
  ++core->waiting_requests;
  co_await wait_for_outcomes(core, waiting, net::mono_ms() + static_cast<int64_t>(*wait_ms));
  --core->waiting_requests;
  if (!core->stopped) core->service.close_client(client);
  co_return waited_answer(request, waiting->items);
}

}  // namespace tieline::api
