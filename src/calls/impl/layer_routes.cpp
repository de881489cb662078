#include "calls/routes.hpp"
#include "calls/templates.hpp"
#include "forms/check.hpp"

namespace fabrica::calls {
namespace {

void add_template_routes(api::Api& api, Layers& layers) {
  api.get<std::vector<TemplateShown>>("/call-templates",
                                      {.id = "call_templates",
                                       .summary = "Calls of the field as templates, with sources; own before shipped",
                                       .tag = "calls",
                                       .open = true},
                                      [&](api::Call&, db::Tx& tx) { return layers.templates(tx); });
  api.get<TemplateShown>("/call-templates/{key}",
                         {.id = "call_template", .summary = "One call template", .tag = "calls", .open = true},
                         [&](api::Call& call, db::Tx& tx) { return layers.find_template(tx, call.path("key")); });
  api.put<schedule::CallTemplate, TemplateShown>(
      "/call-templates/{key}",
      {.id = "call_template_save",
       .summary = "A template of your own, in place of the shipped one or beside it",
       .tag = "calls"},
      [&](api::Call& call, db::Tx& tx, schedule::CallTemplate const& own) {
        return layers.save_template(tx, call.actor(), call.path("key"), own);
      });
  api.del<api::Nothing, api::Nothing>(
      "/call-templates/{key}", {.id = "call_template_remove", .summary = "Back to what is shipped", .tag = "calls"},
      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<api::Nothing> {
        FABRICA_DO(layers.remove_template(tx, call.actor(), call.path("key")));
        return api::Nothing{};
      });
  api.post<TemplateChoices, Call>(
      "/call-templates/{key}/call",
      {.id = "call_from_template", .summary = "Draft a call from a template and your choices", .tag = "calls"},
      [&](api::Call& call, db::Tx& tx, TemplateChoices const& choices) -> Result<Call> {
        FABRICA_TRY(auto made, layers.make_call(tx, call.actor(), call.path("key"), choices));
        call.created("/calls/" + made.id.text());
        return made;
      });
}

// The edition asked for, else what the key means now.
Result<std::string> form_text(api::Api& api, api::Call& call) {
  return api.database().read([&](db::Tx& tx) -> Result<std::string> {
    if (auto const digest = call.query("digest")) {
      FABRICA_TRY(auto const bound, FormShelf{}.of(tx, std::string{call.path("form")}, std::string{*digest}));
      if (bound.form->key != call.path("form"))
        return fail(Errc::not_found, "form", "The form of that digest has another key.");
      return json::write(*bound.form);
    }
    return FormShelf::newest_text(tx, call.path("form"));
  });
}

}  // namespace

void add_layer_routes(api::Api& api, Layers& layers) {
  add_template_routes(api, layers);
  api.get<std::vector<FormShown>>(
      "/forms",
      {.id = "form_list", .summary = "The forms calls may use; own before shipped", .tag = "forms", .open = true},
      [&](api::Call&, db::Tx& tx) { return layers.forms(tx); });
  api.raw("GET", "/forms/{form}",
          {.id = "form_get",
           .summary = "A form: sections, fields, conditions",
           .tag = "forms",
           .query = {{"digest", "an edition a call holds; the newest when absent"}},
           .open = true},
          [&](api::Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto text, form_text(api, call));
            return http::text_response(200, "application/json", std::move(text));
          });
  api.raw("GET", "/forms/{form}/schema",
          {.id = "form_schema",
           .summary = "JSON Schema of a form's complete answers",
           .tag = "forms",
           .query = {{"digest", "an edition a call holds; the newest when absent"}},
           .open = true},
          [&](api::Call& call, http::Request&) -> Result<http::Response> {
            FABRICA_TRY(auto const text, form_text(api, call));
            FABRICA_TRY(auto const form, forms::parse(text));
            return http::text_response(200, "application/schema+json",
                                       forms::json_schema(form, forms::Stage::submission));
          });
  api.put<json::Raw, FormShown>("/forms/{form}",
                                {.id = "form_save",
                                 .summary = "A form of your own; calls that are there keep the edition they hold",
                                 .tag = "forms"},
                                [&](api::Call& call, db::Tx& tx, json::Raw const& definition) {
                                  return layers.save_form(tx, call.actor(), call.path("form"), definition.text);
                                });
  api.del<api::Nothing, api::Nothing>("/forms/{form}",
                                      {.id = "form_remove", .summary = "Back to what is shipped", .tag = "forms"},
                                      [&](api::Call& call, db::Tx& tx, api::Nothing const&) -> Result<api::Nothing> {
                                        FABRICA_DO(layers.remove_form(tx, call.actor(), call.path("form")));
                                        return api::Nothing{};
                                      });
  api.get<std::vector<forms::Change>>(
      "/forms/{form}/changes",
      {.id = "form_changes",
       .summary = "What an own form says otherwise than the shipped one",
       .tag = "forms",
       .open = true},
      [&](api::Call& call, db::Tx& tx) { return layers.form_changes(tx, call.path("form")); });
}

}  // namespace fabrica::calls
