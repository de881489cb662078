#include "db/testing/faults.hpp"

namespace fabrica::db {

class FaultyTx final : public Tx {
 public:
  FaultyTx(FaultyDatabase& database, Tx& inner) : database_{database}, inner_{inner} {}
  void after_commit(std::function<void()> notify) override { inner_.after_commit(std::move(notify)); }
  // A statement failed: the transaction is lost, whatever the closure then says.
  Result<> const& failure() const { return failure_; }

 protected:
  Result<> run_query(Query const& query, Param const* params, std::size_t count,
                     std::function<void(Row const&)> const& visit) override {
    FABRICA_DO(step());
    return inner_.run_query(query, params, count, visit);
  }
  Result<std::int64_t> run_change(Query const& query, Param const* params, std::size_t count) override {
    FABRICA_DO(step());
    return inner_.run_change(query, params, count);
  }
  Result<std::int64_t> run_insert(Query const& query, Param const* params, std::size_t count) override {
    FABRICA_DO(step());
    return inner_.run_insert(query, params, count);
  }
  Result<> run_script(std::string_view name, std::string_view sql) override {
    FABRICA_DO(step());
    return inner_.run_script(name, sql);
  }

 private:
  Result<> step() {
    if (failure_) failure_ = database_.step();
    return failure_;
  }

  FaultyDatabase& database_;
  Tx& inner_;
  Result<> failure_;
};

Result<> FaultyDatabase::step() {
  if (step_++ != fail_at_) return {};
  fired_ = true;
  return fail(Errc::unavailable, "database", "This step was told to fail.");
}

Result<> FaultyDatabase::run_read(Closure const& closure) {
  return inner_.read([&](Tx& inner) -> Result<> {
    FaultyTx tx{*this, inner};
    FABRICA_DO(closure(tx));
    return tx.failure();
  });
}

Result<> FaultyDatabase::run_write(Closure const& closure) {
  auto const kept = inner_.write([&](Tx& inner) -> Result<> {
    FaultyTx tx{*this, inner};
    FABRICA_DO(closure(tx));
    FABRICA_DO(tx.failure());
    return step();  // the commit fails and nothing was kept
  });
  if (!kept) return kept;
  return step();  // it was kept and the answer is lost
}

}  // namespace fabrica::db
