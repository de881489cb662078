# The law as shipped: what `shipped_rules()` and `shipped_duties()` parse.
fabrica_embed(fabrica_trust aiact ${CMAKE_SOURCE_DIR}/facts
  ${CMAKE_SOURCE_DIR}/facts/aiact_rules.tsv ${CMAKE_SOURCE_DIR}/facts/aiact_duties.tsv)
