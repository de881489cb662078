#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace fabrica::db {

// The prepared statements of one connection by their text. Queries are constants, so the address of the text nearly
// always answers; the text is compared all the same, because another may lie where one was. Statement has a member
// `sql` that owns the text and a flag `busy`.
template <class Statement>
class StatementCache {
 public:
  Statement* find(std::string_view sql) {
    auto& slot = slot_of(sql);
    if (slot.statement && slot.key.data() == sql.data() && slot.statement->sql == sql) return slot.statement;
    auto const found = by_text_.find(sql);
    if (found == by_text_.end()) return nullptr;
    slot = Slot{sql, found->second.get()};
    return found->second.get();
  }

  Statement& put(std::string_view key, std::unique_ptr<Statement> statement) {
    auto& kept = *statement;
    by_text_.emplace(std::string_view{kept.sql}, std::move(statement));
    slot_of(key) = Slot{key, &kept};
    return kept;
  }

  // Texts made at run time must not fill the memory. Called between transactions, when no statement is in use.
  void trim() {
    if (by_text_.size() > kStatementsMax) clear();
  }
  void clear() {
    slots_ = {};
    by_text_.clear();
  }

 private:
  static constexpr std::size_t kStatementsMax = 512;

  struct Slot {
    std::string_view key;
    Statement* statement = nullptr;
  };

  Slot& slot_of(std::string_view sql) {
    auto const address = reinterpret_cast<std::uintptr_t>(sql.data());
    return slots_[(address ^ (address >> 8U) ^ sql.size()) % slots_.size()];
  }

  std::array<Slot, 256> slots_{};
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> by_text_;
};

// Marks that this thread runs a closure of `database`: calling the same database from inside would wait for itself.
class InsideClosure {
 public:
  explicit InsideClosure(void const* database) : outer_{current_} { current_ = database; }
  ~InsideClosure() { current_ = outer_; }
  InsideClosure(InsideClosure const&) = delete;
  InsideClosure& operator=(InsideClosure const&) = delete;
  static bool of(void const* database) { return current_ == database; }

 private:
  inline static thread_local void const* current_ = nullptr;
  void const* outer_;
};

}  // namespace fabrica::db
