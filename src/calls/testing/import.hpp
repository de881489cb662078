#pragma once

#include <string>
#include <string_view>

// A small running call of another system.
namespace fabrica::calls::testing {

inline constexpr std::string_view kImportSheet =
    "id,round,organisation,organisation_name,organisation_country,organisation_kind,lead,lead_name,members,title,"
    "partition,amount_units,duration_days,purpose,submitted,state,decided,reason,form.title,form.requested_amount\r\n"
    "P3,R1,org-9,Åland Robotics,FI,sme,ville@x.example,Ville Öberg,,'=1+1 is a title,meluxina/gpu,9000,180,"
    "\"Two\nlines; \"\"quoted\"\".\",2026-03-29T11:00:00Z,reserve,2026-06-20T09:00:00Z,Next in rank.,,\r\n"
    "P4,R3,org-9,,,,ville@x.example,,a@x.example; b@x.example,Robots,meluxina/gpu,9000,180,Perception.,,draft,,,"
    "Robots,9000\r\n";

inline void replace(std::string& text, std::string_view from, std::string_view to) {
  auto const at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

// Rounds: R1 published, R2 being evaluated, R3 open until 2098.
inline std::string import_document() {
  std::string const offers =
      R"("offers":[{"partition":"meluxina/gpu","unit":"node_hour","min_units":100,"max_units":30000,"capacity_units":40000}])";
  return R"({"format":"fabrica-call-import/1","source_system":"access.example","call":{"id":"C1","state":"published",
"rules":{"title":"Taken over","summary":"","kind":"reviewed",
"opens":"2026-01-05T08:00:00Z",
"duration_days_max":365,"answer_working_days":60,"organisation_kinds":["sme","university"],"countries":["eu"],
"source":"https://access.example/C1",)" +
         offers +
         R"(,"reviewed":{"schedule":{"kind":"every_months","zone":"Europe/Brussels","first":"2026-03-30 10:00","months":6,
"answer":{"unit":"months","count":4}},"form":"first-come-short","steps":[{"step":"administrative"},{"step":"technical"},
{"step":"decision"}],"ranking":{"criteria":[{"id":"excellence","min_milli":0,"max_milli":5000,"step_milli":500,"weight":1}],
"tie_breaks":[{"kind":"earlier"},{"kind":"lottery"}],"lottery_commitment":""}}}},
"organisations":[{"id":"org-1","name":"Skaitļotāji","country":"LV","kind":"sme"},
{"id":"org-2","name":"جامعة المثال","country":"MT","kind":"university"}],
"people":[{"email":"zane@x.example","name":"Zane","organisation":"org-1"},
{"email":"layla@x.example","name":"ليلى","organisation":"org-2"},
{"email":"a@x.example","name":"A","organisation":"org-1"},{"email":"b@x.example","name":"B","organisation":"org-1"}],
"rounds":[{"id":"R1","name":"one","opens":"2026-01-05T08:00:00Z","closes":"2026-03-30T08:00:00Z","state":"published",)" +
         offers +
         R"(},{"id":"R2","name":"two","opens":"2026-03-30T08:00:00Z","closes":"2026-09-30T08:00:00Z","state":"evaluating",)" +
         offers +
         R"(},{"id":"R3","name":"three","opens":"2026-09-30T08:00:00Z","closes":"2098-03-30T08:00:00Z","state":"intake",)" +
         offers +
         R"(}],"proposals":[{"id":"P1","round":"R1","organisation":"org-1","title":"Speech","lead":"zane@x.example",
"partition":"meluxina/gpu","amount_units":20000,"duration_days":365,"purpose":"Pre-training.","civilian_purposes":"yes",
"submitted":"2026-03-28T15:20:00Z","state":"awarded","decision":{"decided":"2026-06-20T09:00:00Z","reason":"First.",
"amount_units":15000,"used_units":4200,"starts":"2026-07-01T00:00:00Z","ends":"2098-07-01T00:00:00Z"}},
{"id":"P2","round":"R2","organisation":"org-2","title":"نماذج","lead":"layla@x.example","partition":"meluxina/gpu",
"amount_units":12000,"duration_days":300,"purpose":"Models.",
"civilian_purposes":"yes","excluded_uses":"no","personal_data":"no",
"plan":{"parameters":7000000000,"tokens":200000000000,"nodes":8},
"form":{"title":"نماذج","requested_amount":12000},"submitted":"2026-09-29T20:00:00Z","state":"evaluating","step":"technical"}]})";
}

}  // namespace fabrica::calls::testing
