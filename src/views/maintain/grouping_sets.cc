#include "views/maintain/grouping_sets.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "views/from_clause.h"

namespace anabranch::views {

using sql::Expr;

std::optional<std::string> GroupingSets::obstacle() const {
  constexpr size_t sets_max = 64;
  if (!any()) return std::nullopt;
  std::set<std::set<size_t>> different;
  for (const auto& set : select_.grouping_sets) different.insert({set.begin(), set.end()});
  if (different.size() != select_.grouping_sets.size())
    return "a grouping set that is there twice is computed when the view is read";
  if (different.size() > sets_max)
    return fmt::format("more than {} grouping sets are computed when the view is read", sets_max);
  return std::nullopt;
}

bool GroupingSets::is_in_set(size_t set, size_t group) const {
  const auto& members = select_.grouping_sets[set];
  return std::find(members.begin(), members.end(), group) != members.end();
}

Expr GroupingSets::key(size_t group) const {
  const auto constant = [](std::string text) {
    Expr expr;
    expr.kind = Expr::Kind::constant;
    expr.text = std::move(text);
    return expr;
  };
  Expr is_member;
  is_member.kind = Expr::Kind::other;
  is_member.name = "in";
  is_member.children.push_back(set_number());
  for (size_t set = 0; set < select_.grouping_sets.size(); ++set) {
    const bool is_lost = group == 0 && select_.grouping_sets[set].size() > 1 &&
                         is_planted("a grouping set loses its first key");
    if (is_in_set(set, group) && !is_lost) is_member.children.push_back(constant(std::to_string(set)));
  }
  Expr value;
  value.kind = Expr::Kind::other;
  value.name = "case";
  value.children = {std::move(is_member), select_.group_by[group], constant("NULL")};
  return value;
}

std::optional<Expr> GroupingSets::grouping(const Expr& call, const std::string& set_key) const {
  std::string text = "CASE " + set_key;
  const size_t sets = count();
  for (size_t set = 0; set < sets; ++set) {
    int64_t bits = 0;
    for (const Expr& argument : call.children) {
      size_t group = 0;
      while (group < select_.group_by.size() && !sql::same_expr(argument, select_.group_by[group])) ++group;
      if (group == select_.group_by.size()) return std::nullopt;
      bits = bits * 2 + (is_in_set(set, group) ? 0 : 1);
    }
    text += fmt::format(" WHEN {} THEN {}", set, bits);
  }
  Expr value = sql::text_expr(sets == 0 ? "0" : text + " END");
  value.alias = call.alias;
  return value;
}

std::string GroupingSets::with_empty_sets(const std::string& from,
                                          const std::vector<std::string>& keys) const {
  std::string all = from;
  for (size_t set = 0; set < count(); ++set) {
    if (!select_.grouping_sets[set].empty()) continue;
    all = fmt::format(
        "(FROM {0} UNION ALL BY NAME SELECT {1} AS {2} WHERE NOT EXISTS (SELECT 1 FROM {3} WHERE "
        "{2} = {1}))",
        all, set, keys.back(), from);
  }
  return all;
}

}  // namespace anabranch::views
