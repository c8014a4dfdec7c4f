#pragma once
// The inside of a schedule: the event loop and who reacts to what. world.cc holds the loop and the hosts of the
// replicas, world_network.cc sessions and frames, world_faults.cc what goes wrong, world_clients.cc the clients.

#include <set>
#include <vector>

#include "sim/client_history.h"
#include "sim/event.h"
#include "sim/event_queue.h"
#include "sim/market_clients.h"
#include "sim/process.h"
#include "sim/schedule.h"
#include "sim/setup.h"

namespace tieline::sim {

// Up to this many validators; above, with the square of their number, as messages are.
inline constexpr size_t kBoundsAreFor = 16;
inline constexpr size_t kEventsInFlightMax = 60'000;
inline constexpr uint64_t kEventsMax = 2'000'000;
inline constexpr size_t kOpenPerClientMax = 16;
inline constexpr uint64_t kAheadOfOpenMax = 40;  // sequence numbers; a signer's window is at least 64
inline constexpr int64_t kTimeoutsToHeal = 10;   // of the largest back-off, T0 x 2^6
inline constexpr int64_t kBackoffMax = 64;

class World {
 public:
  World(const SimOptions& options, uint64_t seed, const Plan& plan, const TraceSink& trace);
  ScheduleResult run();

 private:
  using Kind = EventKind;
  struct ClientTx {
    TxId id;
    Blob bytes;
    TxPtr parsed;
    size_t client = 0;
    uint64_t sequence = 0;
    std::optional<uint64_t> step;  // of the market's clients
    bool valid = true;
    bool done = false;
    Mask asked = 0;  // bit a validator
    struct Answer {
      Height height = 0;
      uint16_t code = 0;
      uint32_t index = 0;
      Mask from = 0;
    };
    std::vector<Answer> answers;
    ClientHistory::Position begun;                 // when it was submitted
    std::optional<ClientHistory::Position> place;  // where it was acknowledged
    bool receipted = false;                        // one of those whose receipt is asked for
  };
  struct Client {
    SimSigner signer;
    uint64_t sequence = 0;
    int64_t reading_start_s = 0;
    std::set<uint64_t> open;  // sequence numbers that are not acknowledged
  };

  // world.cc
  void handle(Event event);
  void step(Process& p, replica::Input input);
  void carry_out(Process& p, replica::Effect& effect);
  void schedule_wake(Process& p);
  void start(Process& p);
  void crash(Process& p, bool power, int64_t down_us);
  void begin_write(Process& p);
  void sync_done(Process& p);
  void apply_to_store(Process& p);
  void watch(Process& p);
  int64_t io_time(int64_t mean_us);
  void resume(Process& p);
  void finish(ScheduleResult& result);

  // world_network.cc
  void send(Process& p, const std::vector<ValidatorId>& to, const Blob& frame, bool bulk);
  void send_as(Process& p, Mask to, const FramePtr& frame, bool bulk);
  void carry_out_treason(Process& p);
  void try_connect(ProcessId a, ProcessId b);
  void connect(ProcessId a, ProcessId b);
  void lose_session(ProcessId a, ProcessId b, int64_t detect_us);
  void tell(Process& at, const Process& about, bool up);
  void set_blocked(Mask from, Mask to, int by);
  bool linked(const Process& a, const Process& b) const;

  // world_faults.cc
  void begin_fault(size_t number);
  void end_fault(size_t number);
  void heal();
  void check_healed();
  size_t damaged_now() const;
  bool may_damage(const Process& p) const;
  template <class Visit>
  void each_link(Mask nodes, Visit&& visit);

  // world_clients.cc
  void client_tick(size_t client);
  void new_transaction(size_t client, bool valid);
  void submit(ClientTx tx, Bytes bytes);
  void market_tick();
  void submit_market(std::vector<MarketClients::Sent> list);
  void market_outcome(uint64_t step, const replica::TxOutcome& outcome);
  int64_t client_time_ms() const;
  void ask(uint64_t tx, Mask validators);
  void retry(uint64_t tx);
  void ordered_read();
  bool hidden_by_snapshot(const Process& p, Height height) const;
  void check_receipt(const ClientTx& tx);
  void outcome(const Process& p, const replica::TxOutcome& outcome);

  void say(const std::string& line);
  bool tracing() const { return static_cast<bool>(trace_); }
  int64_t now() const { return queue_.now_us(); }
  void push(int64_t time_us, Event event) { queue_.push(time_us, std::move(event)); }
  Mask everyone() const { return all_of(options_.validators); }

  SimOptions options_;
  uint64_t seed_;
  Plan plan_;
  const TraceSink& trace_;
  SimKeys keys_;
  Setup setup_;
  Rng rng_;  // hosts and faults
  Rng client_rng_;
  EventQueue<Event> queue_;
  std::vector<std::unique_ptr<Traitor>> traitors_;
  std::unique_ptr<Conspiracy> conspiracy_;
  std::vector<std::unique_ptr<Process>> processes_;
  Network network_;
  Checkers checkers_;
  std::vector<Client> clients_;
  std::vector<ClientTx> txs_;
  std::unordered_map<TxId, uint64_t> tx_by_id_;  // lookups only
  ClientHistory history_;
  std::optional<MarketClients> market_;
  ScheduleResult result_;
  replica::Effects effects_;
  std::vector<Treason> treasons_;
  bool healed_ = false;
  bool done_ = false;
  int64_t heal_us_ = 0;
  Mask traitor_mask_ = 0;
};

}  // namespace tieline::sim
