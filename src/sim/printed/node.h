#pragma once
// A correct validator of CBFT exactly as paper 000 prints it: a block is executed at 2f+1 CONFIRMs, there is no COMMIT,
// and a view change carries nothing but Q. It exists to show what that costs; nothing outside sim/ and paper/ may use
// it. Where the text is silent, the kindest reading is taken:
// - the PROPOSE is the primary's CONFIRM; "more than 2f+1" is read as 2f+1, or one crash would stop it;
// - a validator that has executed a block never CONFIRMs another one at its height, whatever a NEW-VIEW says;
// - everything is durable, so a crash is a silence; f+1 VIEW-CHANGEs to a higher view are joined;
// - who missed a block takes it over from f+1 others that executed it.

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "sim/printed/message.h"

namespace tieline::sim::printed {

// What Q stores, "the request set information of all completed PROPOSEs of the node": which ones are completed?
enum class Reading : uint8_t {
  kAccepted,  // those the node accepted and CONFIRMed
  kConfirmed  // those for which it holds 2f+1 CONFIRMs
};

// What a validator does to the world around it.
struct Outlet {
  std::function<void(MessagePtr)> send;  // to all others
  std::function<BlockName()> new_block;
  std::function<void(Height, BlockName)> executed;
  std::function<void(const std::string&)> say;
  std::function<void(bool reproposed)> entered_view;
};

class Node {
 public:
  Node(uint32_t id, size_t validators, Reading reading, int64_t timeout_us, Outlet outlet);

  void start(int64_t now_us);
  void receive(const MessagePtr& message, int64_t now_us);
  void timer(int64_t now_us);
  int64_t deadline_us() const { return next_propose_us_ < deadline_us_ ? next_propose_us_ : deadline_us_; }
  // The view that a time-out now would change to.
  View next_view() const { return (changing_ ? target_ : view_) + 1; }
  bool time_is_out(int64_t now_us) const { return now_us >= deadline_us_; }
  void resend();  // what the others may have lost; the world calls it now and then
  Height height() const { return executed_.size(); }
  size_t faulty() const { return f_; }

 private:
  uint32_t primary(View view) const { return static_cast<uint32_t>(view % n_); }  // equal credit: in turn
  void on_propose(const MessagePtr& m, int64_t now_us);
  void on_confirm(const MessagePtr& m, int64_t now_us);
  void on_view_change(const MessagePtr& m, int64_t now_us);
  void on_ack(const MessagePtr& m, int64_t now_us);
  void on_new_view(const MessagePtr& m, int64_t now_us);
  void on_state(const MessagePtr& m, int64_t now_us);
  void accept(View view, Height height, BlockName block, int64_t now_us);
  void count(const Message& confirm);
  void try_execute(int64_t now_us);
  void execute(Height height, BlockName block, int64_t now_us);
  void propose(int64_t now_us);
  void change_view(View to, int64_t now_us);
  void try_new_view(View view, int64_t now_us);
  void enter(const Message& new_view, int64_t now_us);
  void take_up(int64_t now_us);
  void send(Message message);

  uint32_t id_;
  size_t n_;
  size_t f_;
  Reading reading_;
  int64_t timeout_us_;
  Outlet outlet_;

  View view_ = 0;
  bool changing_ = false;
  View target_ = 0;  // while changing
  uint32_t failures_ = 0;
  int64_t deadline_us_ = 0;
  int64_t next_propose_us_ = 0;
  std::vector<BlockName> executed_;       // by height - 1
  std::map<Height, Reported> accepted_;   // the newest view's
  std::map<Height, Reported> confirmed_;  // the same, with 2f+1 CONFIRMs
  std::map<Height, BlockName> assigned_;  // X of the NEW-VIEW that began this view
  std::map<std::tuple<View, Height, BlockName>, std::set<uint32_t>> confirms_;
  std::map<View, std::map<uint32_t, MessagePtr>> changes_;
  std::map<std::pair<View, uint32_t>, std::set<uint32_t>> acks_;  // of (view, whose VIEW-CHANGE)
  std::map<std::pair<Height, BlockName>, std::set<uint32_t>> told_;
  std::vector<MessagePtr> later_;  // of views that are still to come
  MessagePtr last_change_, last_new_view_;
  std::optional<Message> last_proposal_;
};

}  // namespace tieline::sim::printed
