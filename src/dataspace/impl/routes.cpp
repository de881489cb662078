#include "dataspace/routes.hpp"

namespace fabrica::dataspace {

void add_routes(api::Api& api, Dataspace& dataspace) {
  using api::Call;
  using api::Page;
  using api::PageOf;

  api.post<DatasetDraft, Dataset>(
      "/projects/{project}/datasets",
      {.id = "dataset_register", .summary = "Register a data set; it never changes after that", .tag = "datasets",
       .body_bytes_max = 8u << 20},
      [&dataspace](Call& call, db::Tx& tx, DatasetDraft const& draft) -> Result<Dataset> {
        FABRICA_TRY(auto const project, call.id("project"));
        FABRICA_TRY(auto made, dataspace.register_dataset(tx, call.actor(), project, draft));
        call.created("/datasets/" + made.id.text());
        return made;
      });
  api.list<Dataset>("/projects/{project}/datasets",
                    {.id = "datasets", .summary = "A project's data sets, oldest first, without their files",
                     .tag = "datasets"},
                    [&dataspace](Call& call, db::Tx& tx, Page const& page) -> Result<PageOf<Dataset>> {
                      FABRICA_TRY(auto const project, call.id("project"));
                      FABRICA_TRY(auto const after, page.after());
                      FABRICA_TRY(auto found, dataspace.datasets(tx, call.actor(), project, after, page.limit + 1));
                      return api::page_of(std::move(found), page, [](Dataset const& one) { return one.id.text(); });
                    });
  api.get<Dataset>("/datasets/{dataset}", {.id = "dataset", .summary = "A data set with its files", .tag = "datasets"},
                   [&dataspace](Call& call, db::Tx& tx) -> Result<Dataset> {
                     FABRICA_TRY(auto const id, call.id("dataset"));
                     return dataspace.dataset(tx, call.actor(), id);
                   });
  api.post<SplitDraft, Split>(
      "/datasets/{dataset}/splits",
      {.id = "split_create", .summary = "Split a data set at random; the seed is drawn here and committed with the files",
       .tag = "datasets"},
      [&dataspace](Call& call, db::Tx& tx, SplitDraft const& draft) -> Result<Split> {
        FABRICA_TRY(auto const dataset, call.id("dataset"));
        FABRICA_TRY(auto made, dataspace.create_split(tx, call.actor(), dataset, draft));
        call.created("/splits/" + made.id.text());
        return made;
      });
  api.list<Split>("/projects/{project}/splits",
                  {.id = "splits", .summary = "A project's splits, oldest first", .tag = "datasets"},
                  [&dataspace](Call& call, db::Tx& tx, Page const& page) -> Result<PageOf<Split>> {
                    FABRICA_TRY(auto const project, call.id("project"));
                    FABRICA_TRY(auto const after, page.after());
                    FABRICA_TRY(auto found, dataspace.splits(tx, call.actor(), project, after, page.limit + 1));
                    return api::page_of(std::move(found), page, [](Split const& one) { return one.id.text(); });
                  });
  api.get<Split>("/splits/{split}",
                 {.id = "split", .summary = "A split: splitting, committed or failed; ask again until it is not splitting",
                  .tag = "datasets"},
                 [&dataspace](Call& call, db::Tx& tx) -> Result<Split> {
                   FABRICA_TRY(auto const id, call.id("split"));
                   return dataspace.split(tx, call.actor(), id);
                 });
}

}  // namespace fabrica::dataspace
