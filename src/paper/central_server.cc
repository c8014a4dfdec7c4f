#include "paper/central_server.h"

#include <sqlite3.h>

#include <initializer_list>
#include <variant>

namespace tieline::paper {
namespace {

constexpr uint64_t kSlotsAnHour = kHourSlots;
constexpr uint64_t kTolerancePpm = 20'000;  // of capacity, as genesis has it
constexpr uint64_t kPpm = 1'000'000;
constexpr const char* kSchema = R"(
CREATE TABLE participant (name TEXT PRIMARY KEY, watts INTEGER NOT NULL, cost_lo INTEGER NOT NULL,
                          cost_hi INTEGER NOT NULL, balance INTEGER NOT NULL);
CREATE TABLE meter (id INTEGER PRIMARY KEY, owner TEXT NOT NULL);
CREATE TABLE reading (meter INTEGER NOT NULL, slot INTEGER NOT NULL, wh INTEGER NOT NULL, PRIMARY KEY (meter, slot));
CREATE TABLE sale (id INTEGER PRIMARY KEY, plant TEXT NOT NULL, buyer TEXT NOT NULL, slot INTEGER NOT NULL,
                   wh INTEGER NOT NULL, paid INTEGER NOT NULL);
)";

}  // namespace

struct CentralServer::Database {
  using Value = std::variant<int64_t, std::string>;

  Database() {
    TL_CHECK(sqlite3_open(":memory:", &handle) == SQLITE_OK);
    TL_CHECK(sqlite3_exec(handle, kSchema, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~Database() { sqlite3_close(handle); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // The first number of the first row; none: there is no row. A broken constraint is told by `broken`.
  std::optional<int64_t> ask(const char* sql, std::initializer_list<Value> values, bool* broken = nullptr) {
    sqlite3_stmt* statement = nullptr;
    TL_CHECK(sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) == SQLITE_OK);
    int at = 0;
    for (const Value& value : values) {
      ++at;
      if (const auto* number = std::get_if<int64_t>(&value)) {
        TL_CHECK(sqlite3_bind_int64(statement, at, *number) == SQLITE_OK);
      } else {
        const std::string& text = std::get<std::string>(value);
        TL_CHECK(sqlite3_bind_text(statement, at, text.c_str(), static_cast<int>(text.size()), SQLITE_TRANSIENT) ==
                 SQLITE_OK);
      }
    }
    const int step = sqlite3_step(statement);
    std::optional<int64_t> out;
    if (step == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
      out = sqlite3_column_int64(statement, 0);
    if (broken != nullptr) *broken = step == SQLITE_CONSTRAINT;
    TL_CHECK(step == SQLITE_ROW || step == SQLITE_DONE || (broken != nullptr && step == SQLITE_CONSTRAINT));
    sqlite3_finalize(statement);
    return out;
  }

  sqlite3* handle = nullptr;
};

CentralServer::CentralServer(const std::vector<Account>& accounts) : db_(std::make_unique<Database>()) {
  MeterId meter = 0;
  for (const Account& account : accounts) {
    const GenesisParticipant& p = account.participant;
    const auto watts = static_cast<int64_t>(p.role == Role::kUser ? p.contracted_w : p.capacity_w);
    db_->ask("INSERT INTO participant VALUES (?, ?, ?, ?, ?)",
             {p.name, watts, static_cast<int64_t>(p.cost_lo), static_cast<int64_t>(p.cost_hi),
              static_cast<int64_t>(account.balance)});
    for (size_t i = 0; i < p.meters.size(); ++i) {
      db_->ask("INSERT INTO meter VALUES (?, ?)", {static_cast<int64_t>(++meter), p.name});
    }
  }
}

CentralServer::~CentralServer() = default;

std::string CentralServer::record(const ReadingRequest& r) {
  const auto watts = db_->ask("SELECT watts FROM participant WHERE name = ?", {r.who});
  if (!watts) return "unknown_signer";
  if (!db_->ask("SELECT id FROM meter WHERE id = ?", {static_cast<int64_t>(r.meter)})) return "unknown_meter";
  if (!db_->ask("SELECT id FROM meter WHERE id = ? AND owner = ?", {static_cast<int64_t>(r.meter), r.who}))
    return "not_owner";
  if (r.second != 0) return "misaligned_interval";
  if (r.slot > newest_slot_) return "future_interval";
  const auto most = static_cast<uint64_t>(*watts) / kSlotsAnHour;
  if (r.wh > most + most / kPpm * kTolerancePpm) return "over_capacity";
  bool twice = false;
  db_->ask("INSERT INTO reading VALUES (?, ?, ?)",
           {static_cast<int64_t>(r.meter), static_cast<int64_t>(r.slot), static_cast<int64_t>(r.wh)}, &twice);
  return twice ? "overlap" : "ok";
}

std::string CentralServer::declare_cost(const std::string& who, uint64_t cost) {
  const auto lo = db_->ask("SELECT cost_lo FROM participant WHERE name = ?", {who});
  if (!lo) return "unknown_signer";
  const auto hi = db_->ask("SELECT cost_hi FROM participant WHERE name = ?", {who});
  return cost < static_cast<uint64_t>(*lo) || cost > static_cast<uint64_t>(*hi) ? "cost_band" : "ok";
}

std::string CentralServer::declare_line(const std::string& who, uint64_t watts) {
  const auto registered = db_->ask("SELECT watts FROM participant WHERE name = ?", {who});
  if (!registered) return "unknown_signer";
  return watts > static_cast<uint64_t>(*registered) ? "line_capacity" : "ok";
}

std::string CentralServer::sell(const SaleRequest& r) {
  if (!db_->ask("SELECT watts FROM participant WHERE name = ?", {r.who})) return "unknown_signer";
  if (r.who != r.plant && r.who != r.buyer) return "not_a_party";
  for (const auto& [column, name] : {std::pair("plant", r.plant), std::pair("buyer", r.buyer)}) {
    const auto watts = db_->ask("SELECT watts FROM participant WHERE name = ?", {name});
    if (!watts) return "unknown_participant";
    const std::string sold = std::string("SELECT SUM(wh) FROM sale WHERE slot = ? AND ") + column + " = ?";
    const int64_t taken = db_->ask(sold.c_str(), {static_cast<int64_t>(r.slot), name}).value_or(0);
    if (static_cast<uint64_t>(taken) + r.wh > static_cast<uint64_t>(*watts) / kSlotsAnHour) return "over_committed";
  }
  const auto balance = db_->ask("SELECT balance FROM participant WHERE name = ?", {r.buyer});
  const unsigned __int128 price = static_cast<unsigned __int128>(r.wh) * r.price / kPpm;
  if (static_cast<uint64_t>(*balance) < price) return "insufficient_funds";
  const auto paid = static_cast<int64_t>(price);
  db_->ask("UPDATE participant SET balance = balance - ? WHERE name = ?", {paid, r.buyer});
  db_->ask("UPDATE participant SET balance = balance + ? WHERE name = ?", {paid, r.plant});
  db_->ask("INSERT INTO sale (plant, buyer, slot, wh, paid) VALUES (?, ?, ?, ?, ?)",
           {r.plant, r.buyer, static_cast<int64_t>(r.slot), static_cast<int64_t>(r.wh), paid});
  return "ok";
}

std::optional<uint64_t> CentralServer::reading(MeterId meter, uint32_t slot) const {
  const auto wh = db_->ask("SELECT wh FROM reading WHERE meter = ? AND slot = ?",
                           {static_cast<int64_t>(meter), static_cast<int64_t>(slot)});
  return wh ? std::optional(static_cast<uint64_t>(*wh)) : std::nullopt;
}

uint64_t CentralServer::sales() const {
  return static_cast<uint64_t>(db_->ask("SELECT COUNT(*) FROM sale", {}).value_or(0));
}

void CentralServer::overwrite(MeterId meter, uint32_t slot, uint64_t wh) {
  db_->ask("UPDATE reading SET wh = ? WHERE meter = ? AND slot = ?",
           {static_cast<int64_t>(wh), static_cast<int64_t>(meter), static_cast<int64_t>(slot)});
}

std::vector<CentralServer::Account> accounts_of(const DayGrid& grid) {
  std::vector<CentralServer::Account> out;
  for (const DayMember& m : grid.members) out.push_back({m.participant, m.balance});
  return out;
}

}  // namespace tieline::paper
