# The shipped facts: every table of facts/ but the AI Act's, which trust/ embeds and reads.
file(GLOB fact_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/facts/*.tsv)
list(FILTER fact_files EXCLUDE REGEX "/aiact_[a-z]+\\.tsv$")
fabrica_embed(fabrica_facts facts ${CMAKE_SOURCE_DIR}/facts ${fact_files})
