#include "cli/xml_scan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cli/readings_csv.h"

namespace tieline::cli {
namespace {

constexpr std::array<std::string_view, 5> kEntities = {"amp;", "lt;", "gt;", "quot;", "apos;"};
constexpr size_t kReferenceBytesMax = 12;  // #x10FFFF; and some leading zeros

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_xml_character(uint32_t point) {
  if (point < 0x20) return point == '\t' || point == '\n' || point == '\r';
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

// A reference to no character, &#0; above all, would cut a value off where a C string ends.
bool is_character_reference(std::string_view after) {  // behind the &
  const std::string_view name = after.substr(0, std::min(after.find(';'), kReferenceBytesMax));
  if (name.size() < 2 || name[0] != '#' || name.size() == kReferenceBytesMax || name.size() == after.size())
    return false;
  const bool hex = name[1] == 'x';
  const char* const begin = name.data() + (hex ? 2 : 1);
  const char* const end = name.data() + name.size();
  uint32_t point = 0;
  const auto [stop, error] = std::from_chars(begin, end, point, hex ? 16 : 10);
  return error == std::errc{} && stop == end && is_xml_character(point);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Status scan() {
    if (Status s = check_bytes(); !s.ok()) return s;
    while (at_ < text_.size()) {
      Status s = text_[at_] == '<' ? markup() : character_data();
      if (!s.ok()) return s;
    }
    return {};
  }

 private:
  uint64_t line_of(size_t at) const {
    return static_cast<uint64_t>(std::count(
               text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at, text_.size())), '\n')) +
           1;
  }
  Error error_at(size_t at, const char* code, const std::string& why) const {
    return {code, "line " + std::to_string(line_of(at)) + ": " + why};
  }
  Error malformed(const std::string& why) const { return error_at(at_, "xml_malformed", why); }

  Status check_bytes() const {
    if (const size_t good = utf8_prefix(text_); good < text_.size())
      return error_at(good, "xml_bad_encoding", "the file is not UTF-8; save it as UTF-8");
    const auto control = std::find_if(text_.begin(), text_.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && !is_blank(c)) || c == 0x7f;
    });
    if (control != text_.end())
      return error_at(static_cast<size_t>(control - text_.begin()), "xml_bad_encoding", "a control character");
    return {};
  }

  Status entity(size_t at) const {
    const std::string_view after = text_.substr(at + 1);
    const bool known =
        std::any_of(kEntities.begin(), kEntities.end(), [&](std::string_view name) { return after.starts_with(name); });
    if (known || is_character_reference(after)) return {};
    return error_at(at, "xml_entity", "an entity that XML itself does not define, or no character; none is read");
  }

  Status character_data() {
    const char c = text_[at_];
    if (depth_ == 0 && !is_blank(c)) return malformed("text outside of the outermost element");
    if (c == '&') {
      if (Status s = entity(at_); !s.ok()) return s;
    }
    ++at_;
    return {};
  }

  Status markup() {
    const std::string_view tag = text_.substr(at_ + 1);
    if (tag.starts_with("!--")) return skip(4, "-->", "a comment that does not end");
    if (tag.starts_with("![CDATA[")) {
      if (depth_ == 0) return malformed("text outside of the outermost element");
      return skip(9, "]]>", "a CDATA section that does not end");
    }
    if (tag.starts_with("?")) return instruction();
    if (tag.starts_with("!")) return error_at(at_, "xml_doctype", "a DOCTYPE or another declaration; none is read");
    return tag.starts_with("/") ? end_tag() : start_tag();
  }

  Status skip(size_t begin, std::string_view end, const char* endless) {
    const size_t found = text_.find(end, at_ + begin);
    if (found == std::string_view::npos) return malformed(endless);
    at_ = found + end.size();
    return {};
  }

  // Of an XML declaration parsers read the attributes, and one whose quotes do not match would reach beyond its end.
  Status instruction() {
    const size_t begin = at_;
    if (Status s = skip(2, "?>", "a processing instruction that does not end"); !s.ok()) return s;
    const std::string_view inside = text_.substr(begin + 2, at_ - begin - 4);
    if (!inside.starts_with("xml") || (inside.size() > 3 && !is_blank(inside[3]))) return {};
    if (begin != 0) return error_at(begin, "xml_malformed", "an XML declaration that is not the first thing");
    char quote = 0;
    for (const char c : inside) {
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (quote == c) {
        quote = 0;
      }
    }
    if (quote != 0) return error_at(begin, "xml_malformed", "an XML declaration whose quotes do not match");
    return {};
  }

  Status end_tag() {
    if (depth_ == 0) return malformed("an end tag without its start");
    const size_t end = text_.find_first_of("<>", at_ + 1);
    if (end == std::string_view::npos || text_[end] == '<') return malformed("a tag that does not end");
    --depth_;
    at_ = end + 1;
    return {};
  }

  // Attributes may hold '>' and '/', but only within quotes, and '<' nowhere.
  Status start_tag() {
    if (depth_ == 0 && has_root_) return malformed("a second outermost element");
    has_root_ = true;
    char quote = 0;
    size_t end = at_ + 1, attributes = 0;
    for (; end < text_.size() && (quote != 0 || text_[end] != '>'); ++end) {
      const char c = text_[end];
      if (c == '<') break;
      if (c == '&') {
        if (Status s = entity(end); !s.ok()) return s;
      }
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
        ++attributes;
      } else if (quote == c) {
        quote = 0;
      }
    }
    if (end == text_.size() || text_[end] == '<') return malformed("a tag that does not end");
    if (attributes > kXmlAttributesMax)
      return error_at(at_, "xml_too_many",
                      "an element with more than " + std::to_string(kXmlAttributesMax) + " attributes");
    parts_ += 1 + attributes;
    if (parts_ > kXmlPartsMax)
      return error_at(at_, "xml_too_many",
                      "more than " + std::to_string(kXmlPartsMax) + " elements and attributes: split the file");
    if (text_[end - 1] != '/' && ++depth_ > kXmlDepthMax)
      return error_at(at_, "xml_too_deep", "more than " + std::to_string(kXmlDepthMax) + " elements in each other");
    at_ = end + 1;
    return {};
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t parts_ = 0;
  bool has_root_ = false;
};

}  // namespace

Status scan_xml(std::string_view text) { return Scanner(text).scan(); }

}  // namespace tieline::cli
