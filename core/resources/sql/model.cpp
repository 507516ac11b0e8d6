#include "resources/sql/model.h"

#include "base/traits.h"

namespace parked::resources {

namespace {

constexpr std::array kSqlUses = {
    Named{SqlUse::unknown, "unknown"},
    Named{SqlUse::rows, "Rows"},
    Named{SqlUse::tx, "Tx"},
    Named{SqlUse::conn, "Conn"},
};
static_assert(isComplete(kSqlUses, SqlUse::conn));

}  // namespace

std::string_view sqlUseName(SqlUse use) { return rowOf(kSqlUses, use).name; }

}  // namespace parked::resources
