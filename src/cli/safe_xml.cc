#include "cli/safe_xml.h"

#include <algorithm>

#include "cli/xml_scan.h"

namespace tieline::cli {
namespace {

// An attribute that stands twice: XML has none, and of two a reader may take either.
struct TwiceSaid : pugi::xml_tree_walker {
  bool for_each(pugi::xml_node& node) override {
    for (pugi::xml_attribute a = node.first_attribute(); a; a = a.next_attribute()) {
      for (pugi::xml_attribute b = a.next_attribute(); b; b = b.next_attribute()) {
        if (std::string_view(a.name()) != b.name()) continue;
        where = node;
        return false;
      }
    }
    return true;
  }
  pugi::xml_node where;
};

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
  if (Status s = scan_xml(text); !s.ok()) return s.error();
  SafeXml out;
  out.line_ends_.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') out.line_ends_.push_back(static_cast<uint32_t>(i));
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
    return Error{"xml_malformed",
                 "line " + std::to_string(line(static_cast<size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0)))) +
                     ": no well-formed XML: " + parsed.description()};
  }
  TwiceSaid twice;
  out.document_->traverse(twice);
  if (twice.where) {
    return Error{"xml_malformed", "line " + std::to_string(out.line_of(twice.where)) +
                                      ": no well-formed XML: an attribute stands twice in one element"};
  }
  std::string declared = out.document_->first_child().attribute("encoding").value();
  std::transform(declared.begin(), declared.end(), declared.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (out.document_->first_child().type() == pugi::node_declaration && !declared.empty() && declared != "UTF-8") {
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

// All of it: comments and CDATA sections make several pieces of one text.
std::string text_of(const pugi::xml_node& node, std::string_view child) {
  std::string out;
  for (const pugi::xml_node& piece : child_of(node, child).children()) {
    if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) {
      out += piece.value();
    } else if (piece.type() == pugi::node_element) {
      out += "<" + std::string(piece.name()) + ">";
    }
  }
  return trimmed(out);
}

std::string attribute_of(const pugi::xml_node& node, std::string_view name) {
  return trimmed(node.attribute(std::string(name).c_str()).value());
}

}  // namespace tieline::cli
