#ifndef IRENEO_STORE_STATUS_MACROS_H_
#define IRENEO_STORE_STATUS_MACROS_H_

// Early return on errors, for .cc files. Not part of the public interface: no
// public header includes this.

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function if `expr`, an absl::Status, is not OK.
#define IRENEO_RETURN_IF_ERROR(expr)                                          \
  do {                                                                        \
    if (absl::Status status_macro_value = (expr); !status_macro_value.ok()) { \
      return status_macro_value;                                              \
    }                                                                         \
  } while (false)

// Assigns the value of `expr`, an absl::StatusOr, or returns its status.
#define IRENEO_ASSIGN_OR_RETURN(lhs, expr) \
  IRENEO_ASSIGN_OR_RETURN_IMPL_(           \
      IRENEO_STATUS_MACRO_CONCAT_(status_or_value_, __LINE__), lhs, expr)

#define IRENEO_ASSIGN_OR_RETURN_IMPL_(status_or, lhs, expr)  \
  auto status_or = (expr);                                   \
  if (!status_or.ok()) return std::move(status_or).status(); \
  lhs = *std::move(status_or)
#define IRENEO_STATUS_MACRO_CONCAT_(a, b) \
  IRENEO_STATUS_MACRO_CONCAT_INNER_(a, b)
#define IRENEO_STATUS_MACRO_CONCAT_INNER_(a, b) a##b

#endif  // IRENEO_STORE_STATUS_MACROS_H_
