# The call templates as shipped: what templates() reads.
fabrica_embed(fabrica_schedule call_templates ${CMAKE_SOURCE_DIR}/facts ${CMAKE_SOURCE_DIR}/facts/call_templates.json)

# The templates repeat numbers of the facts, as a call does; the test compares them with the tables.
if(NOT FABRICA_FUZZ)
  add_library(fabrica_schedule_facts STATIC)
  target_link_libraries(fabrica_schedule_facts PUBLIC fabrica_base)
  set(compared)
  foreach(table access_modes cut_offs mode_offers mode_quotas partitions)
    list(APPEND compared ${CMAKE_SOURCE_DIR}/facts/${table}.tsv)
  endforeach()
  fabrica_embed(fabrica_schedule_facts compared_facts ${CMAKE_SOURCE_DIR}/facts ${compared})
  cmake_language(DEFER CALL target_link_libraries schedule_test PRIVATE fabrica_schedule_facts)
endif()
