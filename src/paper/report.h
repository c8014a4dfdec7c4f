#pragma once
// What an experiment hands to the report, and the report itself: one HTML page that needs nothing else (plots are
// inline SVG; light, dark, phone, print), and a CSV a section beside it. The bytes depend on the results alone.

#include <string>
#include <vector>

#include "base/result.h"
#include "sim/printed/printed.h"

namespace tieline::paper {

struct Row {
  std::string id;
  std::string claim;
  std::string paper;    // what it says
  std::string ours;     // what was measured
  std::string holds;    // yes, partly, no, or not measured
  std::string why;      // one sentence
  std::string command;  // that gives this row again
};

struct Series {
  std::string name;
  std::vector<double> x, y, half;  // half: of the confidence interval; may be empty
};
struct Plot {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool logarithmic = false;
};
struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;  // a cell "!x" is marked as missing or bad
};
// A map of what an engine bears: rows of n, columns of b.
enum class Cell : uint8_t { kNone, kGood, kStops, kForks };
struct Map {
  std::string title;
  std::vector<size_t> n;
  std::vector<std::vector<Cell>> cells;  // [n][b]
};
struct Diagram {  // who said what to whom until two disagreed
  std::string title;
  size_t validators = 0;
  std::vector<sim::printed::Step> steps;
  std::string end;
};

struct Section {
  std::string id, title;
  std::vector<std::string> text;
  std::vector<Plot> plots;
  std::vector<Table> tables;
  std::vector<Map> maps;
  std::vector<Diagram> diagrams;
};
struct Csv {
  std::string name;
  std::string text;
};
struct Part {  // of an experiment
  std::vector<Row> rows;
  Section section;
  std::vector<Csv> csv;
};

struct Report {
  bool quick = false;
  std::vector<Part> parts;
};
std::string html_of(const Report& report);
// A page of sections alone, with the report's looks.
struct Page {
  std::string title;
  std::vector<std::string> lead;
  std::vector<Section> sections;
};
std::string html_of(const Page& page);
std::string rows_csv(const Report& report);

// Pieces of it, for tests.
std::string svg_of(const Plot& plot);
std::string svg_of(const Diagram& diagram);
std::string escaped(const std::string& text);
std::string csv_field(const std::string& text);

}  // namespace tieline::paper
