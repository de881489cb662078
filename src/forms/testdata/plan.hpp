#pragma once

#include <string_view>

namespace fabrica::forms::testdata {

// What the program answered to POST /plan: a 7B model, 20e9 tokens, eight nodes, 0.3 extra, 500 GB of data. Modes,
// flags, facts and long explanations, which no form reads, are emptied.
inline constexpr std::string_view kPlan = R"json({
 "at": "2026-11-23T15:53:40.080557Z",
 "request": {
  "parameters": 7000000000,
  "tokens": 20000000000,
  "method": "pretrain",
  "precision": "bf16",
  "recompute": false,
  "overhead_share": 0.3,
  "nodes": 8,
  "checkpoints_kept": 3,
  "data_gb": 500,
  "sector": "",
  "civilian": true,
  "partitions": [
   "lumi/lumi-g",
   "leonardo/booster"
  ]
 },
 "work": {
  "flop_once": 840000000000000000000,
  "flop_total": 1.092e+21,
  "formula": "C = 6 x N x D: N all parameters, D tokens (forward and backward); total = C x (1 + overhead share)"
 },
 "storage": {
  "checkpoints_gb": 336,
  "tokens_gb": 80,
  "data_gb": 500,
  "total_gb": 916,
  "assumption": ""
 },
 "partitions": [
  {
   "partition": "lumi/lumi-g",
   "title": "LUMI-G",
   "system": "lumi",
   "country": "FI",
   "accelerator": "mi250x",
   "peak_tflops": 383,
   "utilisation": 0.3,
   "utilisation_source": "default: planning assumption (background)",
   "gpu_hours": 2639.976791412823,
   "node_hours": 659.9941978532057,
   "unit": "gpu_hour",
   "amount": 2639.976791412823,
   "gpu_hour_means": "one MI250X module, which is two GCDs",
   "device_hours": 5279.953582825646,
   "nodes": 8,
   "accelerators_per_node": 4,
   "accelerators": 32,
   "nodes_basis": "given",
   "wall_hours": 82.49927473165071,
   "memory": {
    "model_gb": 112,
    "accelerator_gb": 128,
    "used_gb_per_accelerator": 3.5,
    "nodes_least": 1,
    "fits": "yes",
    "assumption": ""
   },
   "energy": {
    "it_kwh": 1583.9860748476938,
    "kwh": 1647.3455178416016,
    "kgco2e": 130.46976501305485,
    "boundary": "",
    "carbon_basis": "lifecycle, location-based, yearly mean of FI, 2023",
    "sources": [
     "power: background knowledge (background)",
     "PUE: background knowledge (background)",
     "grid: Ember and Our World in Data, as shipped in codecarbon (MIT), global_energy_mix.json, commit b05965e (secondary)"
    ]
   },
   "unknown": [],
   "warnings": [
    "One GPU-hour is one MI250X module, which is two GCDs: 2,640 GPU-hours are 5,280 hours of single devices. Apply in GPU-hours."
   ]
  },
  {
   "partition": "leonardo/booster",
   "title": "Leonardo Booster",
   "system": "leonardo",
   "country": "IT",
   "accelerator": "a100_custom_64",
   "peak_tflops": 312,
   "utilisation": 0.4,
   "utilisation_source": "",
   "gpu_hours": 2430.5555555555557,
   "node_hours": 607.6388888888889,
   "unit": "node_hour",
   "amount": 607.6388888888889,
   "gpu_hour_means": "one custom A100",
   "nodes": 8,
   "accelerators_per_node": 4,
   "accelerators": 32,
   "nodes_basis": "given",
   "wall_hours": 75.95486111111111,
   "memory": {
    "model_gb": 112,
    "accelerator_gb": 64,
    "used_gb_per_accelerator": 3.5,
    "nodes_least": 1,
    "fits": "yes",
    "assumption": ""
   },
   "energy": {
    "it_kwh": 1317.5555555555557,
    "kwh": 1449.3111111111114,
    "kgco2e": 479.2871844444445,
    "boundary": "",
    "carbon_basis": "lifecycle, location-based, yearly mean of IT, 2023",
    "sources": [
     "power: TOP500; https://leonardo-supercomputer.cineca.eu/hpc-system (secondary)",
     "PUE: background knowledge (background)",
     "grid: Ember and Our World in Data, as shipped in codecarbon (MIT), global_energy_mix.json, commit b05965e (secondary)"
    ]
   },
   "unknown": [],
   "warnings": []
  }
 ],
 "modes": [],
 "flags": [],
 "warnings": [
  "The industrial AI Factory modes count GPU-hours, all other modes node-hours; each partition has its own unit.",
  "Wall times assume that speed grows with the number of nodes."
 ],
 "facts": []
})json";

}  // namespace fabrica::forms::testdata
