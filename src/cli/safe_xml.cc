#include "cli/safe_xml.h"

#include <algorithm>
#include <array>

#include "cli/readings_csv.h"

namespace tieline::cli {
namespace {

constexpr std::array<std::string_view, 5> kEntities = {"amp;", "lt;", "gt;", "quot;", "apos;"};
constexpr size_t kEntityBytesMax = 12;

std::string at_line(uint64_t line, const std::string& why) { return "line " + std::to_string(line) + ": " + why; }

bool is_character_reference(std::string_view after) {  // behind the &
  const std::string_view name = after.substr(0, std::min(after.find(';'), kEntityBytesMax));
  if (name.size() < 2 || name[0] != '#' || name.size() == kEntityBytesMax || name.size() == after.size()) return false;
  const bool hex = name[1] == 'x';
  const std::string_view digits = name.substr(hex ? 2 : 1);
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  });
}

bool starts(std::string_view text, std::string_view word) { return text.substr(0, word.size()) == word; }

// Where a stretch that is no markup ends: comments, CDATA and processing instructions hold no elements.
size_t end_of(std::string_view text, size_t at, std::string_view end) {
  const size_t found = text.find(end, at);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

// One pass over the bytes: what is forbidden, and how deep elements are nested. What is not well-formed is left to the
// parser.
Status scan(std::string_view text) {
  size_t depth = 0;
  uint64_t line = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (c == '&') {
      const std::string_view after = text.substr(i + 1);
      const bool known =
          std::any_of(kEntities.begin(), kEntities.end(), [&](std::string_view name) { return starts(after, name); });
      if (!known && !is_character_reference(after)) {
        return Error{"xml_entity", at_line(line, "an entity that XML itself does not define; none is read")};
      }
    }
    if (c != '<') continue;
    const std::string_view tag = text.substr(i + 1);
    size_t next = i;
    if (starts(tag, "!--")) {
      next = end_of(text, i + 4, "-->");
    } else if (starts(tag, "![CDATA[")) {
      next = end_of(text, i + 9, "]]>");
    } else if (starts(tag, "?")) {
      next = end_of(text, i + 2, "?>");
    } else if (starts(tag, "!")) {
      return Error{"xml_doctype", at_line(line, "a DOCTYPE or another declaration; none is read")};
    } else if (starts(tag, "/")) {
      depth -= depth > 0 ? 1 : 0;
    } else {
      // Attributes may hold '>' and '/', but only within quotes.
      char quote = 0;
      size_t end = i + 1;
      for (; end < text.size() && (quote != 0 || text[end] != '>'); ++end) {
        if (quote == 0 && (text[end] == '"' || text[end] == '\'')) {
          quote = text[end];
        } else if (quote == text[end]) {
          quote = 0;
        }
      }
      if (end > 0 && text[end - 1] != '/' && ++depth > kXmlDepthMax) {
        return Error{"xml_too_deep",
                     at_line(line, "more than " + std::to_string(kXmlDepthMax) + " elements in each other")};
      }
    }
    if (next == i) continue;
    line += static_cast<uint64_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                             text.begin() + static_cast<std::ptrdiff_t>(next), '\n'));
    i = next - 1;
  }
  return {};
}

std::string trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

}  // namespace

Result<SafeXml> SafeXml::parse(std::string_view text) {
  if (text.size() > kXmlBytesMax) {
    return Error{"xml_too_large", "the file has " + std::to_string(text.size()) + " bytes; at most " +
                                      std::to_string(kXmlBytesMax) + " are read at once: split it"};
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return Error{"xml_bad_encoding", "the file is not UTF-8; save it as UTF-8"};
  }
  if (Status s = scan(text); !s.ok()) return s.error();
  SafeXml out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') out.line_ends_.push_back(i);
  }
  out.document_ = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed = out.document_->load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_declaration, pugi::encoding_utf8);
  const auto line = [&](size_t offset) {
    return static_cast<uint64_t>(std::lower_bound(out.line_ends_.begin(), out.line_ends_.end(), offset) -
                                 out.line_ends_.begin()) +
           1;
  };
  if (!parsed) {
    return Error{"xml_malformed", at_line(line(static_cast<size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0))),
                                          std::string("no well-formed XML: ") + parsed.description())};
  }
  const std::string declared = out.document_->first_child().attribute("encoding").value();
  if (out.document_->first_child().type() == pugi::node_declaration && !declared.empty() && declared != "UTF-8" &&
      declared != "utf-8") {
    return Error{"xml_bad_encoding", "line 1: the file says that it is not UTF-8; save it as UTF-8"};
  }
  return out;
}

uint64_t SafeXml::line_of(pugi::xml_node node) const {
  const std::ptrdiff_t offset = node.offset_debug();
  if (offset < 0) return 1;
  return static_cast<uint64_t>(std::lower_bound(line_ends_.begin(), line_ends_.end(), static_cast<size_t>(offset)) -
                               line_ends_.begin()) +
         1;
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_of(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& child : node.children()) {
    if (local_name(child) == name) return child;
  }
  return {};
}

std::vector<pugi::xml_node> children_of(const pugi::xml_node& node, std::string_view name) {
  std::vector<pugi::xml_node> out;
  for (const pugi::xml_node& child : node.children()) {
    if (local_name(child) == name) out.push_back(child);
  }
  return out;
}

std::string text_of(const pugi::xml_node& node, std::string_view child) {
  return trimmed(child_of(node, child).child_value());
}

std::string attribute_of(const pugi::xml_node& node, std::string_view name) {
  return trimmed(node.attribute(std::string(name).c_str()).value());
}

}  // namespace tieline::cli
