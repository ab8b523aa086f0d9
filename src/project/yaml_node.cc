#include "project/yaml_node.h"

#include <map>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace anabranch::project {
namespace {

constexpr size_t nodes_max = 200'000;  // aliases of aliases can grow a tree without end

struct TooLarge {};  // thrown and caught in this file only

size_t count_nodes(const YamlNode& node) {
  size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  return count;
}

// Builds the tree from yaml-cpp's events. yaml-cpp's own tree would drop the place of keys and keys that
// stand twice.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Problems& problems) : source_(source), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = is_value_of_map() ? open_.back().key.place : place(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      problems_.error(place(mark), "an alias inside of what it stands for", "write it out");
      add(YamlNode{.place = place(mark)}, YAML::NullAnchor);
      return;
    }
    nodes_ += count_nodes(known->second);
    if (nodes_ > nodes_max) throw TooLarge();
    YamlNode node = known->second;  // a copy, since add() may grow the map
    add(std::move(node), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = value;
    node.is_plain = tag == "?" || tag.empty();
    node.place = place(mark);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    bool drops_value = false;  // of a key that has been reported
    YamlNode::Key key;
  };

  bool is_value_of_map() const {
    return !open_.empty() && open_.back().node.is_map() && open_.back().has_key;
  }
  Place place(const YAML::Mark& mark) const { return source_.place_at(mark.line, mark.column); }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    Open opened;
    opened.node.kind = kind;
    opened.node.place = place(mark);
    opened.anchor = anchor;
    open_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.node), closed.anchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    nodes_ += anchor == YAML::NullAnchor ? 1 : count_nodes(node);  // an anchor keeps a copy
    if (nodes_ > nodes_max) throw TooLarge();
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (!open_.back().node.is_map()) {
      open_.back().node.items.push_back(std::move(node));
    } else if (!open_.back().has_key) {
      add_key(open_.back(), node);
    } else {
      Open& map = open_.back();
      map.has_key = false;
      if (map.drops_value) return;
      map.node.keys.push_back(std::move(map.key));
      map.node.items.push_back(std::move(node));
    }
  }

  void add_key(Open& map, const YamlNode& node) {
    map.has_key = true;
    map.drops_value = false;
    map.key = {node.text, node.place};
    if (!node.is_scalar()) {
      problems_.error(node.place, fmt::format("a key must be text, not {}", node.describe()),
                      "put it in quotes");
      map.drops_value = true;
      return;
    }
    for (const YamlNode::Key& earlier : map.node.keys) {
      if (earlier.text != node.text) continue;
      problems_.error(node.place, fmt::format("the key '{}' stands twice", node.text),
                      fmt::format("it stands in line {} already: keep one", earlier.place.line));
      map.drops_value = true;
      return;
    }
  }

  const SourceText& source_;
  Problems& problems_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  size_t nodes_ = 0;
  YamlNode root_;
};

void report_syntax(const SourceText& source, const YAML::Exception& error, Problems& problems) {
  const bool has_mark = !error.mark.is_null();
  const Place place = has_mark ? source.place_at(error.mark.line, error.mark.column) : Place{source.file};
  const std::string_view line = has_mark ? line_of(source.text, place.line) : std::string_view();
  const size_t begin = line.find_first_not_of(" \t");
  const bool has_tab = line.substr(0, begin).find('\t') != std::string_view::npos;
  problems.error(place, fmt::format("not YAML: {}", error.msg),
                 has_tab ? "YAML wants spaces, not tabs, before a key"
                         : "check indentation, colons, quotes and brackets here and just above");
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

std::string YamlNode::describe() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return fmt::format("'{}'", text);
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "nothing";
}

std::string YamlNode::to_json() const {
  using Json = nlohmann::ordered_json;
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::scalar: {
      // A number keeps all the digits that were written.
      if (is_plain && Json::accept(text) && text.find_first_of("\"[{") == std::string::npos) return text;
      return Json(text).dump();
    }
    case Kind::sequence: {
      std::string json = "[";
      for (size_t i = 0; i < items.size(); ++i) json += (i ? "," : "") + items[i].to_json();
      return json + "]";
    }
    case Kind::map: {
      std::string json = "{";
      for (size_t i = 0; i < items.size(); ++i) {
        json += fmt::format("{}{}:{}", i ? "," : "", Json(keys[i].text).dump(), items[i].to_json());
      }
      return json + "}";
    }
  }
  return "null";
}

std::optional<YamlNode> parse_yaml(const SourceText& source, Problems& problems) {
  try {
    std::istringstream stream(source.text);
    YAML::Parser parser(stream);
    TreeBuilder tree(source, problems);
    if (!parser.HandleNextDocument(tree)) return YamlNode{.place = {source.file, 1, 1}};
    TreeBuilder rest(source, problems);
    if (parser.HandleNextDocument(rest)) {
      problems.error(rest.take().place, "a second YAML document in one file",
                     "remove the line '---' and what follows");
      return std::nullopt;
    }
    return tree.take();
  } catch (const TooLarge&) {
    problems.error({source.file}, fmt::format("more than {} values in one file", nodes_max),
                   "split it, or write out the aliases");
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    report_syntax(source, error, problems);
    return std::nullopt;
  }
}

}  // namespace anabranch::project
