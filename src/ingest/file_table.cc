#include "ingest/file_table.h"

#include "ingest/csv_table.h"
#include "ingest/json_table.h"
#include "ingest/parquet_table.h"

namespace anabranch::ingest {
namespace {

class ParquetSource final : public TableSource {
 public:
  ParquetSource(std::vector<TableInput> files, std::vector<TableColumn> declared)
      : files_(std::move(files)), declared_(std::move(declared)) {}

  Result<SourceRows> open(sql::Database&, sql::Session& session) override {
    ParquetRows rows = TRY(open_parquet(session, files_, declared_));
    return SourceRows{std::move(rows.select), std::move(rows.columns)};
  }
  Error cause_of(sql::Session& session, const Error& error) override {
    return cause_in_parquet(session, files_, error);
  }

 private:
  const std::vector<TableInput> files_;
  const std::vector<TableColumn> declared_;
};

}  // namespace

Result<std::unique_ptr<TableSource>> file_table(const TableCopyJob& job) {
  std::vector<TableColumn> declared = TRY(job.declared());
  if (job.format == "parquet") return std::make_unique<ParquetSource>(job.inputs(), std::move(declared));
  if (job.format == "json")
    return std::make_unique<RowTableSource>(json_table(job.inputs(), std::move(declared)));
  CsvFormat format{std::nullopt, job.has_header, job.null_text};
  if (job.delimiter) format.delimiter = job.delimiter->front();
  return std::make_unique<RowTableSource>(csv_table(job.inputs(), std::move(format), std::move(declared)));
}

}  // namespace anabranch::ingest
