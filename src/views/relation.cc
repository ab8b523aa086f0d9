#include "views/relation.h"

namespace anabranch::views {

const model::RelationColumn* Relation::hidden(std::string_view column) const {
  for (const auto& candidate : hidden_columns) {
    if (candidate.name == column) return &candidate;
  }
  return nullptr;
}

Relation stream_relation(std::string name, const model::Schema& schema) {
  Relation relation;
  relation.name = std::move(name);
  relation.kind = Relation::Kind::stream;
  for (const auto& field : schema.fields) relation.columns.push_back({field.name, field.type.to_sql()});
  relation.hidden_columns = {{std::string(model::partition_column), "INTEGER"},
                             {std::string(model::offset_column), "BIGINT"},
                             {std::string(model::ingested_at_column), "TIMESTAMP WITH TIME ZONE"},
                             {std::string(model::raw_column), "VARCHAR"}};
  relation.order = {{std::string(model::offset_column)}, {std::string(model::partition_column)}};
  relation.is_of_events = true;
  return relation;
}

Relation table_relation(std::string name, std::vector<model::RelationColumn> columns, bool is_in_place) {
  Relation relation;
  relation.name = std::move(name);
  relation.kind = is_in_place ? Relation::Kind::table_in_place : Relation::Kind::table;
  relation.columns = std::move(columns);
  relation.hidden_columns = {{std::string(row_column), "BIGINT"}};
  relation.order = {{std::string(row_column)}};
  return relation;
}

}  // namespace anabranch::views
