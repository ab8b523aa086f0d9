#include "tests/fuzz/shrink.h"

#include <algorithm>
#include <functional>

namespace anabranch::fuzz {
namespace {

class Shrinker {
 public:
  Shrinker(Shrunk start, int runs_max) : best_(std::move(start)), runs_max_(runs_max) {}

  Shrunk run() {
    Case cut = best_.small;
    if (best_.failure.step + 1 < cut.steps.size()) cut.steps.resize(best_.failure.step + 1);
    try_case(std::move(cut));
    for (bool is_smaller = true; is_smaller && best_.runs < runs_max_;) {
      is_smaller = false;
      is_smaller |= drop_views();
      is_smaller |= drop_steps();
      is_smaller |= drop_events();
      is_smaller |= drop_clauses();
      is_smaller |= drop_fields();
      is_smaller |= drop_tables();
      is_smaller |= drop_values();
    }
    return std::move(best_);
  }

 private:
  bool try_case(Case smaller) {
    if (best_.runs >= runs_max_) return false;
    ++best_.runs;
    bool invalid = false;
    auto failure = fuzz::run(smaller, nullptr, invalid);
    // The same mistake: the same kind, at the same view where one is named.
    if (invalid || !failure || failure->kind != best_.failure.kind || failure->view != best_.failure.view)
      return false;
    // A refusal may be another one than before, but an answer stays an answer.
    const bool was_error = best_.failure.text.find("error") != std::string::npos;
    const bool is_error = failure->text.find("error") != std::string::npos;
    if (was_error != is_error) return false;
    best_.small = std::move(smaller);
    best_.failure = std::move(*failure);
    return true;
  }

  // Elements of a list, in halves first, then one by one.
  template <typename List>
  bool drop_from(const std::function<List&(Case&)>& list, size_t least = 0) {
    bool is_smaller = false;
    for (size_t chunk = std::max<size_t>(list(best_.small).size() / 2, 1);; chunk /= 2) {
      for (size_t at = list(best_.small).size(); at > 0 && best_.runs < runs_max_;) {
        const size_t from = at > chunk ? at - chunk : 0;
        Case smaller = best_.small;
        List& items = list(smaller);
        if (at > items.size() || items.size() - (at - from) < least) {
          at = from;
          continue;
        }
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(from),
                    items.begin() + static_cast<std::ptrdiff_t>(at));
        is_smaller |= try_case(std::move(smaller));
        at = from;
      }
      if (chunk <= 1) break;
    }
    return is_smaller;
  }

  bool drop_views() {
    bool is_smaller = drop_from<std::vector<View>>([](Case& c) -> std::vector<View>& { return c.views; });
    for (size_t i = 0; i < best_.small.steps.size(); ++i) {
      if (!best_.small.steps[i].models.empty())
        is_smaller |=
            drop_from<std::vector<View>>([i](Case& c) -> std::vector<View>& { return c.steps[i].models; });
    }
    return is_smaller;
  }

  bool drop_steps() {
    return drop_from<std::vector<Step>>([](Case& c) -> std::vector<Step>& { return c.steps; });
  }

  bool drop_events() {
    bool is_smaller = false;
    for (size_t i = 0; i < best_.small.steps.size(); ++i) {
      if (!best_.small.steps[i].events.empty())
        is_smaller |=
            drop_from<std::vector<Event>>([i](Case& c) -> std::vector<Event>& { return c.steps[i].events; });
    }
    return is_smaller;
  }

  using ViewOf = std::function<View&(Case&)>;

  bool drop_clauses() {
    bool is_smaller = false;
    std::vector<ViewOf> views;
    for (size_t i = 0; i < best_.small.views.size(); ++i)
      views.push_back([i](Case& c) -> View& { return c.views[i]; });
    for (size_t i = 0; i < best_.small.steps.size(); ++i) {
      for (size_t j = 0; j < best_.small.steps[i].models.size(); ++j)
        views.push_back([i, j](Case& c) -> View& { return c.steps[i].models[j]; });
    }
    for (const ViewOf& view : views) {
      is_smaller |= drop_from<std::vector<View::Item>>(
          [&](Case& c) -> std::vector<View::Item>& { return view(c).items; }, 1);
      if (view(best_.small).plain_where.empty())
        is_smaller |=
            drop_from<std::vector<Sql>>([&](Case& c) -> std::vector<Sql>& { return view(c).where; });
      is_smaller |= drop_from<std::vector<Sql>>([&](Case& c) -> std::vector<Sql>& { return view(c).having; });
      is_smaller |=
          drop_from<std::vector<Sql>>([&](Case& c) -> std::vector<Sql>& { return view(c).order_by; });
      const auto clear = [&](const std::function<bool(View&)>& change) {
        Case smaller = best_.small;
        if (change(view(smaller))) is_smaller |= try_case(std::move(smaller));
      };
      clear([](View& v) { return std::exchange(v.qualify, Sql()).written != ""; });
      clear([](View& v) { return std::exchange(v.limit, "") != ""; });
      clear([](View& v) { return std::exchange(v.is_distinct, false); });
      clear([](View& v) { return std::exchange(v.group_by, Sql()).written != ""; });
      clear([](View& v) {
        const bool has_operand = !v.operand.empty();
        v.operand.clear();
        return has_operand;
      });
    }
    return is_smaller;
  }

  bool drop_fields() {
    bool is_smaller = false;
    for (size_t i = 0; i < best_.small.streams.size(); ++i)
      is_smaller |= drop_from<std::vector<Field>>(
          [i](Case& c) -> std::vector<Field>& { return c.streams[i].fields; }, 1);
    return is_smaller;
  }

  bool drop_tables() {
    bool is_smaller = drop_from<std::vector<Table>>([](Case& c) -> std::vector<Table>& { return c.tables; });
    is_smaller |=
        drop_from<std::vector<Stream>>([](Case& c) -> std::vector<Stream>& { return c.streams; }, 1);
    for (size_t i = 0; i < best_.small.tables.size(); ++i) {
      for (size_t j = 0; j < best_.small.tables[i].versions.size(); ++j)
        is_smaller |= drop_from<std::vector<std::vector<Value>>>(
            [i, j](Case& c) -> std::vector<std::vector<Value>>& { return c.tables[i].versions[j]; });
    }
    return is_smaller;
  }

  // Values of the events that are left, to NULL.
  bool drop_values() {
    if (best_.small.event_count() > 12) return false;
    bool is_smaller = false;
    for (size_t i = 0; i < best_.small.steps.size(); ++i) {
      for (size_t j = 0; j < best_.small.steps[i].events.size(); ++j) {
        std::vector<std::string> names;
        for (const auto& [name, value] : best_.small.steps[i].events[j].fields) {
          if (name != "id") names.push_back(name);
        }
        for (const std::string& name : names) {
          Case smaller = best_.small;
          smaller.steps[i].events[j].fields.erase(name);
          is_smaller |= try_case(std::move(smaller));
        }
      }
    }
    return is_smaller;
  }

  Shrunk best_;
  const int runs_max_;
};

}  // namespace

Shrunk shrink(const Case& of, const Failure& failure, int runs_max) {
  return Shrinker({of, failure, 0}, runs_max).run();
}

}  // namespace anabranch::fuzz
