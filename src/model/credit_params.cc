#include "model/credit_params.h"

#include <array>
#include <charconv>

#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr const char* kFirstLine = "tieline credit weights 1";
constexpr size_t kWeightsTextMax = 64 * 1024;

constexpr const char* kDefaultWeightsText =
#include <credit_weights.inc>  // written by CMake from data/credit/weights.txt
    ;

struct ModelName {
  CreditModel model;
  const char* name;
};
constexpr std::array<ModelName, 3> kModels = {
    {{CreditModel::kNetwork, "network"}, {CreditModel::kLinear, "linear"}, {CreditModel::kFrozen, "frozen"}}};

Error invalid(std::string why) { return Error{"weights_invalid", std::move(why)}; }

// The words of a text, by lines; what stands behind # is a comment.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}
  std::string_view next() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r') {
        ++at_;
      } else {
        break;
      }
    }
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return text_.substr(begin, at_ - begin);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

template <class T>
bool parse_number(std::string_view word, T& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return !word.empty() && error == std::errc() && end == word.data() + word.size();
}

}  // namespace

const char* credit_model_name(CreditModel model) {
  for (const ModelName& m : kModels)
    if (m.model == model) return m.name;
  return "unknown";
}

std::optional<CreditModel> credit_model_from_name(std::string_view name) {
  for (const ModelName& m : kModels)
    if (name == m.name) return m.model;
  return std::nullopt;
}

Hash CreditWeights::hash() const { return tagged_hash("tieline/weights/1", {encoded(*this)}); }

void encode(Writer& w, const CreditWeights& weights) {
  w.u32(weights.hidden);
  w.u32(static_cast<uint32_t>(weights.values.size()));
  for (const int32_t v : weights.values) w.u32(static_cast<uint32_t>(v));
}

void decode(Reader& r, CreditWeights& weights) {
  weights.hidden = r.u32();
  weights.values.assign(r.count(CreditWeights::size_of(kHiddenMax), sizeof(int32_t)), 0);
  for (int32_t& v : weights.values) v = static_cast<int32_t>(r.u32());
  if (!weights.well_formed()) r.fail();
}

std::string weights_to_text(const CreditWeights& weights) {
  TL_CHECK(weights.well_formed());
  std::string out = std::string(kFirstLine) + "\nhidden " + std::to_string(weights.hidden) + "\n";
  const size_t row = kIndicators + 1;
  const size_t output = weights.hidden * row;
  for (size_t i = 0; i < weights.values.size(); ++i) {
    const bool ends = i < output ? (i + 1) % row == 0 : i + 1 == weights.values.size();
    out += std::to_string(weights.values[i]) + (ends ? "\n" : " ");
  }
  return out + "hash " + to_hex(weights.hash()) + "\n";
}

Result<CreditWeights> weights_from_text(std::string_view text) {
  if (text.size() > kWeightsTextMax) return invalid("the file is longer than any weights are");
  Words words(text);
  for (std::string_view wanted : {"tieline", "credit", "weights", "1", "hidden"}) {
    if (words.next() != wanted)
      return invalid(std::string("the file does not begin with '") + kFirstLine + "' and 'hidden'");
  }
  CreditWeights weights;
  if (!parse_number(words.next(), weights.hidden) || weights.hidden < 1 || weights.hidden > kHiddenMax)
    return invalid("'hidden' is not 1 to " + std::to_string(kHiddenMax));
  weights.values.assign(CreditWeights::size_of(weights.hidden), 0);
  for (size_t i = 0; i < weights.values.size(); ++i) {
    if (!parse_number(words.next(), weights.values[i]))
      return invalid("weight " + std::to_string(i + 1) + " of " + std::to_string(weights.values.size()) +
                     " is missing or no 32-bit number");
  }
  if (words.next() != "hash" || words.next() != to_hex(weights.hash()))
    return invalid("the hash in the file is not that of its weights, " + to_hex(weights.hash()));
  if (!words.next().empty()) return invalid("something stands behind the hash");
  return weights;
}

const CreditWeights& default_weights() {
  static const CreditWeights weights = weights_from_text(kDefaultWeightsText).value();
  return weights;
}

void encode(Writer& w, const CreditParams& p) {
  w.u8(static_cast<uint8_t>(p.model));
  each_credit_number(p, [&](const char*, uint32_t value) { w.u32(value); });
  each_credit_table(p, [&](const char*, const CreditTable& table) {
    w.u32(static_cast<uint32_t>(table.size()));
    for (const TablePoint& point : table) {
      w.u32(point.from);
      w.u32(point.to);
    }
  });
  encode(w, p.weights);
}

}  // namespace tieline
