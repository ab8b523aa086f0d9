#include "front/remote/remote_table_copies.h"

namespace anabranch::front::remote {

Result<std::vector<TableInfo>> RemoteTableCopies::tables(const security::Caller& caller) {
  return engine_.ask(methods::tables, caller);
}

Result<std::vector<TableCopied>> RemoteTableCopies::copy(const security::Caller& caller,
                                                         const std::vector<std::string>& sources) {
  return engine_.order(methods::copy, caller, sources);
}

Status RemoteTableCopies::may_copy(const security::Caller& caller,
                                   const std::vector<std::string>& sources) const {
  return engine_.ask(methods::may_copy, caller, sources);
}

}  // namespace anabranch::front::remote
