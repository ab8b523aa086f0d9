#include "views/under_try.h"

#include <algorithm>

namespace anabranch::views {

using sql::Expr;

namespace {

// From five on the engine makes a join of them.
constexpr size_t values_max = 4;
constexpr size_t digits_max = 9;  // of a literal that is an INTEGER

bool is_list_of_constants(const Expr& in) {
  bool is_so = in.children.size() > values_max + 1;
  for (size_t i = 1; i < in.children.size(); ++i) {
    sql::visit_expr(in.children[i], [&](const Expr& node) {
      is_so = is_so && node.kind != Expr::Kind::column && node.kind != Expr::Kind::text && !node.query;
      return is_so;
    });
  }
  return is_so;
}

enum class Literal { integer, text, other };

Literal literal_of(const Expr& expr) {
  if (expr.kind != Expr::Kind::constant || expr.text.empty()) return Literal::other;
  if (expr.text.front() == '\'') return Literal::text;
  const bool is_integer =
      expr.text.size() <= digits_max &&
      std::all_of(expr.text.begin(), expr.text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_integer ? Literal::integer : Literal::other;
}

}  // namespace

std::optional<Expr> kept_within_try(const Expr& expr) {
  bool is_possible = true;
  Expr kept = sql::rewrite(expr, [&](const Expr& node) -> Box<Expr> {
    const bool is_in = node.is("in");
    if ((!is_in && !node.is("not_in")) || !is_list_of_constants(node)) return {};
    // Values of one kind: the engine gives each part of the list the type that it gives to all of it.
    const Literal kind = literal_of(node.children[1]);
    const auto value = kept_within_try(node.children[0]);
    is_possible = is_possible && value && kind != Literal::other &&
                  std::all_of(node.children.begin() + 1, node.children.end(),
                              [&](const Expr& each) { return literal_of(each) == kind; });
    if (!is_possible) return node;
    Expr all;
    all.kind = Expr::Kind::other;
    all.name = is_in ? "or" : "and";
    all.alias = node.alias;
    for (size_t i = 1; i < node.children.size(); i += values_max) {
      Expr part = node;
      part.alias.clear();
      part.children = {*value};
      for (size_t j = i; j < std::min(i + values_max, node.children.size()); ++j)
        part.children.push_back(node.children[j]);
      all.children.push_back(std::move(part));
    }
    return all;
  });
  if (!is_possible) return std::nullopt;
  return kept;
}

}  // namespace anabranch::views
