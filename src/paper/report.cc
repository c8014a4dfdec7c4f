#include "paper/report.h"

#include "model/quorum.h"
#include "paper/colours.h"

namespace tieline::paper {
namespace {

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--panel:#f6f8fa;
--s0:#0b62c4;--s1:#b45309;--s2:#15803d;--s3:#7c3aed;--s4:#be185d;--s5:#0f766e;
--good:#dff3e4;--goodt:#14532d;--stop:#fdf0cc;--stopt:#713f12;--bad:#fbdcdc;--badt:#7f1d1d}
@media(prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e3e8ee;--soft:#98a4b3;--line:#2d3742;--panel:#171e26;
--s0:#5ea6ff;--s1:#f0a04b;--s2:#4ecb7d;--s3:#b08cff;--s4:#ff7ab2;--s5:#45c8bd;
--good:#173d26;--goodt:#b6efc8;--stop:#453510;--stopt:#fbe3a4;--bad:#4c1c1f;--badt:#ffc9c9}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:20px 16px 60px;background:var(--bg);color:var(--fg);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.4em 0}h2{font-size:1.25rem;margin:2em 0 .4em;padding-top:.6em;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.4em 0 .3em}p{max-width:76ch;margin:.5em 0}.soft,figcaption small{color:var(--soft)}
nav a{margin-right:1em}a{color:var(--s0)}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch;margin:.6em 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.6em 0 .3em}
th,td{padding:.3em .7em;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}
th{font-weight:600;color:var(--soft)}th:first-child,td:first-child{text-align:left}td.missing{color:var(--soft);font-style:italic}
table.rows{width:100%}table.rows td,table.rows th{text-align:left;white-space:normal}
table.rows code{font-size:.8rem;overflow-wrap:anywhere}
.tag{display:inline-block;padding:.05em .55em;border-radius:1em;font-size:.85rem;font-weight:600;white-space:nowrap;background:var(--panel);color:var(--soft)}
.tag.yes{background:var(--good);color:var(--goodt)}.tag.no{background:var(--bad);color:var(--badt)}
.plots,.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:12px 20px;margin:.8em 0}
figure{margin:0;padding:10px 12px;background:var(--panel);border-radius:8px;min-width:0;break-inside:avoid}
figcaption{font-weight:600;font-size:.95rem}figcaption small{font-weight:400;display:block}
.legend{display:flex;flex-wrap:wrap;gap:.2em 1em;font-size:.82rem;margin:.2em 0}
.legend i{display:inline-block;width:1.1em;height:3px;vertical-align:middle;margin-right:.35em;border-radius:2px}
svg.plot{width:100%;height:auto;display:block}svg text{font-size:11px;fill:var(--soft)}
svg .grid{stroke:var(--line)}svg path{fill:none}svg .line{stroke-width:2}
svg .s0{stroke:var(--s0)}svg .s1{stroke:var(--s1)}svg .s2{stroke:var(--s2)}svg .s3{stroke:var(--s3)}svg .s4{stroke:var(--s4)}svg .s5{stroke:var(--s5)}
svg circle.s0{fill:var(--s0)}svg circle.s1{fill:var(--s1)}svg circle.s2{fill:var(--s2)}svg circle.s3{fill:var(--s3)}svg circle.s4{fill:var(--s4)}svg circle.s5{fill:var(--s5)}
svg .arrow{stroke:var(--s0);stroke-width:1.4}svg .own{fill:var(--soft)}svg .did{fill:var(--s2)}
svg .strong{fill:var(--s2);font-weight:600}svg .end{fill:var(--s4);font-weight:700}svg .name{font-size:13px;font-weight:700;fill:var(--fg)}
.map td,.map th{text-align:center;padding:.2em .4em;border:2px solid var(--panel);font-size:.78rem;min-width:3.4em}
.map td.good{background:var(--good);color:var(--goodt)}.map td.stops{background:var(--stop);color:var(--stopt)}.map td.forks{background:var(--bad);color:var(--badt);font-weight:700}
.map td.f{border-right:4px solid var(--fg)}.maps{grid-template-columns:1fr}
@media(min-width:1000px){.maps{grid-template-columns:1fr 1fr}}
@media(max-width:760px){body{padding:12px 12px 40px}
table.rows thead{display:none}table.rows tr{display:block;padding:.6em 0;border-bottom:1px solid var(--line)}
table.rows td{display:grid;grid-template-columns:5.2em 1fr;gap:.6em;border:0;padding:.15em 0}
table.rows td::before{content:attr(data-name);color:var(--soft);font-size:.85rem}}
@media print{body{max-width:none;font-size:10.5pt;padding:0}nav{display:none}h2{break-after:avoid}.scroll{overflow:visible}
figure{background:none;border:1px solid var(--line)}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)";

std::string tag_of(const std::string& holds) {
  const std::string kind = holds == "yes" || holds == "formula holds" ? " yes" : holds == "no" ? " no" : "";
  return "<span class=\"tag" + kind + "\">" + escaped(holds) + "</span>";
}

std::string table_of_rows(const Report& report) {
  std::string html =
      "<table class=\"rows\"><thead><tr><th>row</th><th>claim</th><th>paper</th><th>ours</th><th>holds</th><th>why</th>"
      "<th>command</th></tr></thead><tbody>";
  const auto cell = [](const char* name, const std::string& content) {
    return std::string("<td data-name=\"") + name + "\"><span>" + content + "</span></td>";
  };
  for (const Part& part : report.parts)
    for (const Row& r : part.rows)
      html += "<tr>" + cell("row", "<a href=\"#" + escaped(part.section.id) + "\">" + escaped(r.id) + "</a>") +
              cell("claim", escaped(r.claim)) + cell("paper", escaped(r.paper)) + cell("ours", escaped(r.ours)) +
              cell("holds", tag_of(r.holds)) + cell("why", escaped(r.why)) +
              cell("command", "<code>" + escaped(r.command) + "</code>") + "</tr>\n";
  return html + "</tbody></table>";
}

std::string html_of_table(const Table& t) {
  std::string html = "<div class=\"scroll\"><table><caption>" + escaped(t.caption) + "</caption><thead><tr>";
  for (const std::string& h : t.head) html += "<th>" + escaped(h) + "</th>";
  html += "</tr></thead><tbody>";
  for (const auto& row : t.rows) {
    html += "<tr>";
    for (const std::string& c : row)
      html += c.starts_with("!") ? "<td class=\"missing\">" + escaped(c.substr(1)) + "</td>"
                                 : "<td>" + escaped(c) + "</td>";
    html += "</tr>";
  }
  return html + "</tbody></table></div>\n";
}

std::string html_of_plot(const Plot& p) {
  std::string html =
      "<figure><figcaption>" + escaped(p.title) + "<small>" + escaped(p.y_label) + "</small></figcaption>";
  if (p.series.size() > 1) {
    html += "<div class=\"legend\">";
    for (size_t i = 0; i < p.series.size(); ++i)
      html += "<span><i style=\"background:var(--s" + std::to_string(colour_of(p.series[i].name, i)) + ")\"></i>" +
              escaped(p.series[i].name) + "</span>";
    html += "</div>";
  }
  return html + svg_of(p) + "</figure>\n";
}

std::string html_of_map(const Map& m) {
  constexpr const char* kClass[] = {"none", "good", "stops", "forks"};
  constexpr const char* kText[] = {"", "ok", "stops", "forks"};
  std::string html = "<figure><figcaption>" + escaped(m.title) +
                     "<small>rows: n validators; columns: b Byzantine</small></figcaption><div class=\"scroll\">"
                     "<table class=\"map\"><thead><tr><th>n</th>";
  size_t most = 0;
  for (const auto& row : m.cells) most = std::max(most, row.size());
  for (size_t b = 0; b < most; ++b) html += "<th>" + std::to_string(b) + "</th>";
  html += "</tr></thead><tbody>";
  for (size_t i = 0; i < m.n.size(); ++i) {
    html += "<tr><th>" + std::to_string(m.n[i]) + "</th>";
    for (size_t b = 0; b < m.cells[i].size(); ++b) {
      const auto kind = static_cast<size_t>(m.cells[i][b]);
      html += std::string("<td class=\"") + kClass[kind] + (b == Quorum{m.n[i]}.f() ? " f" : "") + "\">" + kText[kind] +
              "</td>";
    }
    html += "</tr>";
  }
  return html + "</tbody></table></div></figure>\n";
}

std::string html_of_section(const Section& s) {
  std::string html = "<section><h2 id=\"" + escaped(s.id) + "\">" + escaped(s.title) + "</h2>\n";
  for (const std::string& t : s.text) html += "<p>" + escaped(t) + "</p>\n";
  if (!s.plots.empty()) {
    html += "<div class=\"plots\">";
    for (size_t i = 0; i < s.plots.size(); ++i) {
      const bool other = i > 0 && s.plots[i].y_label != s.plots[i - 1].y_label;  // what is compared stands in a row
      html += (other ? "</div><div class=\"plots\">" : "") + html_of_plot(s.plots[i]);
    }
    html += "</div>\n";
  }
  if (!s.maps.empty()) {
    html += "<div class=\"maps\">";
    for (const Map& m : s.maps) html += html_of_map(m);
    html += "</div>\n";
  }
  for (const Table& t : s.tables) html += html_of_table(t);
  for (const Diagram& d : s.diagrams) {
    const size_t dot = d.title.find(". Again: ");
    html += "<h3>A fork: " + escaped(d.title.substr(0, dot)) + "</h3>";
    if (dot != std::string::npos) html += "<p class=\"soft\"><code>" + escaped(d.title.substr(dot + 9)) + "</code></p>";
    html += "<div class=\"scroll\">" + svg_of(d) + "</div>\n";
  }
  return html + "</section>\n";
}

std::string head_of(const std::string& title) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width, initial-scale=1\"><title>" +
         escaped(title) + "</title><style>" + kStyle + "</style></head><body>\n";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string rows_csv(const Report& report) {
  std::string text = "id,claim,paper,ours,holds,why,command\n";
  for (const Part& part : report.parts) {
    for (const Row& r : part.rows) {
      std::string line;
      for (const std::string* field : {&r.id, &r.claim, &r.paper, &r.ours, &r.holds, &r.why, &r.command})
        line += (line.empty() ? "" : ",") + csv_field(*field);
      text += line + "\n";
    }
  }
  return text;
}

std::string html_of(const Page& page) {
  std::string html = head_of(page.title) + "<header><h1>" + escaped(page.title) + "</h1>\n";
  for (const std::string& text : page.lead) html += "<p>" + escaped(text) + "</p>\n";
  html += "<nav>";
  for (const Section& s : page.sections) html += "<a href=\"#" + escaped(s.id) + "\">" + escaped(s.title) + "</a>";
  html += "</nav></header>\n";
  for (const Section& s : page.sections) html += html_of_section(s);
  return html + "</body></html>\n";
}

std::string html_of(const Report& report) {
  std::string html = head_of("Tieline: paper 000, measured") + "<header><h1>Paper 000, measured</h1>\n";
  html +=
      "<p>What the paper on credit-based Byzantine consensus (CBFT) claims, beside what the engines of this repository "
      "do: "
      "the same code that runs in production, in simulated time, from fixed seeds. A claim that does not hold is said "
      "not "
      "to hold; what is not measured is said not to be.</p>\n";
  if (report.quick)
    html +=
        "<p><span class=\"tag no\">quick</span> This is the quick run: few seeds and small sizes, to see that "
        "everything works. Do not quote its numbers.</p>\n";
  html += "<nav><a href=\"#rows\">Results</a>";
  for (const Part& part : report.parts)
    html += "<a href=\"#" + escaped(part.section.id) + "\">" +
            escaped(part.section.title.substr(0, part.section.title.find(':'))) + "</a>";
  html += "</nav></header>\n<section><h2 id=\"rows\">Results</h2>\n" + table_of_rows(report) + "</section>\n";
  for (const Part& part : report.parts) html += html_of_section(part.section);
  return html + "</body></html>\n";
}

}  // namespace tieline::paper
